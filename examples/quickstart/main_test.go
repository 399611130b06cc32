package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

const wantTour = `All seven operations, over HTTP, on an embedded server at http://127.0.0.1:PORT/client/v4

Organizations.Create         POST /organizations
  Acme Group   c8c49e23…   2026-01-01 00:00:01
  Europe       d62d0718…   2026-01-01 00:00:02
  Berlin       9118c418…   2026-01-01 00:00:03
  Paris        2bfb1665…   2026-01-01 00:00:04
  Asia         67b85b89…   2026-01-01 00:00:05
  Tokyo        d33727ef…   2026-01-01 00:00:06

Organizations.All            GET /organizations
  Acme Group     c8c49e23…
  ├─ Europe      d62d0718…
  │  ├─ Berlin   9118c418…
  │  └─ Paris    2bfb1665…
  └─ Asia        67b85b89…
     └─ Tokyo    d33727ef…

Organizations.Get            GET /organizations/{id}
  name                  Berlin
  id                    9118c418337d3af474c39e3ddbf69cc0
  created               2026-01-01 00:00:03
  parent                Europe
  may create accounts   enabled

Organizations.Update         PUT /organizations/{id}
  Berlin   is now   Berlin & Potsdam

OrganizationProfile.Update   PUT /organizations/{id}/profile
  Berlin & Potsdam   has a profile now

OrganizationProfile.Get      GET /organizations/{id}/profile
  name       Acme Berlin GmbH
  e-mail     berlin@example.com
  phone      +49 30 555 0100
  address    1 Example Platz, Berlin
  metadata   {"crm": 4711}

Organizations.Delete         DELETE /organizations/{id}
  Asia    refused   organization is not empty: it has sub-organizations
  Tokyo   deleted
  Asia    deleted

Organizations.All            GET /organizations
  Acme Group               c8c49e23…
  └─ Europe                d62d0718…
     ├─ Berlin & Potsdam   9118c418…
     └─ Paris              2bfb1665…

Done, in 15 requests. To see your own organizations: go run ./examples/quickstart -live

`

func TestEmbeddedTour(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), nil, &stdout, &stderr), stderr.String())
	assert.Equal(t, wantTour, regexp.MustCompile(`:\d+/`).ReplaceAllString(stdout.String(), ":PORT/"))
	assert.Empty(t, stderr.String())
}

func TestReadTourOnlyReads(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.AddOrganization("Below", server.AddOrganization("Root\x1b[2J", ""))

	var stdout bytes.Buffer
	r := &report{out: &stdout}
	require.NoError(t, readTour(t.Context(), r, server.Client()))
	r.end()

	assert.Equal(t, `Your organizations. Nothing is changed.

Organizations.All            GET /organizations
  Root[2J    c8c49e23…
  └─ Below   d62d0718…

Organizations.Get            GET /organizations/{id}
  name                  Root[2J
  id                    c8c49e23426968ab787f286c1172f028
  created               2026-01-01 00:00:01
  may create accounts   enabled

OrganizationProfile.Get      GET /organizations/{id}/profile
  none

`, stdout.String())
	for _, request := range server.Requests() {
		assert.Equal(t, http.MethodGet, request.Method)
	}
}

func TestReadTourOfNothing(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	var stdout bytes.Buffer
	r := &report{out: &stdout}
	require.NoError(t, readTour(t.Context(), r, server.Client()))
	r.end()
	assert.Contains(t, stdout.String(), "\n  none\n")
}

// A parent that the credential does not cover must not hide its children.
func TestListWithoutTheParent(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	root := server.AddOrganization("Root", "")
	server.Fail(1, cloudflaretest.Status(http.StatusOK, nil, `{"success": true, "result": [
		{"id": "1", "name": "Child", "parent": {"id": "`+root+`", "name": "Root"}}, {"id": "2", "name": "Other"}]}`))
	var stdout bytes.Buffer
	r := &report{out: &stdout}
	_, err := r.list(t.Context(), server.Client())
	require.NoError(t, err)
	r.end()
	assert.Contains(t, stdout.String(), "\n  Child   1…\n  Other   2…\n")
}

// What the server says of parents may be wrong. No organization is lost to that, and nothing hangs.
func TestListOfACircle(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.Fail(1, cloudflaretest.Status(http.StatusOK, nil, `{"success": true, "result": [
		{"id": "1", "name": "Snake", "parent": {"id": "2"}}, {"id": "2", "name": "Tail", "parent": {"id": "1"}},
		{"id": "3", "name": "Own", "parent": {"id": "3"}}]}`))
	var stdout bytes.Buffer
	r := &report{out: &stdout}
	_, err := r.list(t.Context(), server.Client())
	require.NoError(t, err)
	r.end()
	assert.Contains(t, stdout.String(), "\n  Snake     1…\n  └─ Tail   2…\n  Own       3…\n")
}

func TestReadTourWithAToken(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	server.AddOrganization("Root", "")
	client, err := cloudflare.NewClient(cloudflare.WithBaseURL(server.URL), cloudflare.WithAPIToken(cloudflaretest.APIToken))
	require.NoError(t, err)

	var stdout bytes.Buffer
	r := &report{out: &stdout}
	require.NoError(t, readTour(t.Context(), r, client), "the list is what a token is for")
	r.end()
	assert.Contains(t, stdout.String(), "user API tokens support only some Organizations operations")
	assert.Contains(t, stdout.String(), "Root")
}

func TestExitCodes(t *testing.T) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
		t.Setenv(name, "")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx            context.Context
		args           []string
		code           int
		stdout, stderr string
	}{
		"help":                    {t.Context(), []string{"-h"}, 0, "Usage: quickstart [-live | -serve]", ""},
		"unknown flag":            {t.Context(), []string{"-x"}, 2, "", "flag provided but not defined: -x"},
		"argument":                {t.Context(), []string{"x"}, 2, "", "unexpected argument: x"},
		"live without credential": {t.Context(), []string{"-live"}, 1, "", "set CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY with CLOUDFLARE_EMAIL"},
		"interrupted":             {cancelled, nil, 130, "All seven operations", "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			assert.Equal(t, tt.code, run(tt.ctx, tt.args, &stdout, &stderr))
			assert.Contains(t, stdout.String(), tt.stdout)
			assert.Contains(t, stderr.String(), tt.stderr)
			if tt.code == 0 {
				assert.Empty(t, stderr.String())
			}
		})
	}
}

// The printed commands, without curl: each reaches the server while it is open.
func TestServeForCurl(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	done := make(chan int)
	go func() {
		code := run(ctx, []string{"-serve"}, in, io.Discard)
		in.Close()
		done <- code
	}()

	var statuses []int
	for lines := bufio.NewScanner(out); len(statuses) < 4 && lines.Scan(); {
		quoted := regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(lines.Text(), -1)
		if len(quoted) == 0 {
			continue
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, quoted[2][1], nil)
		require.NoError(t, err)
		for _, header := range quoted[:2] {
			name, value, _ := strings.Cut(header[1], ": ")
			req.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		answer.Body.Close()
		statuses = append(statuses, answer.StatusCode)
	}
	assert.Equal(t, []int{200, 200, 200, 404}, statuses)
	stop()
	go io.Copy(io.Discard, out) // so that the end of the output is not waited for
	assert.Equal(t, 0, <-done)
}
