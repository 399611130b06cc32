package cloudflaretest

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBodies(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	account := s.AddAccount(id, Account{})
	for _, route := range [][2]string{
		{"POST", "/organizations"},
		{"PUT", "/organizations/" + id},
		{"PUT", "/organizations/" + id + "/profile"},
		{"POST", "/organizations/" + id + "/members"},
		{"POST", "/organizations/" + id + "/members:batchCreate"},
		{"PUT", "/organizations/" + id + "/invites/x"},
		{"POST", "/accounts"},
		{"POST", "/accounts/" + account + "/move"},
		{"PUT", "/accounts/" + account + "/profile"},
	} {
		do(t, s, route[0], route[1], "").failed(t, 400, "a JSON body is required")
		for _, body := range []string{`{"name":`, `null`, `[]`, `"x"`, `{"name":"x"} {}`} {
			do(t, s, route[0], route[1], body).failed(t, 400, "not a JSON object")
		}
	}

	for body, name := range map[string]string{
		`{"name":"x","name":"y"}`:                    "name",
		`{"name":"x","\u006eame":"x"}`:               "name",
		`{"name":"x","other":1,"other":2}`:           "other",
		`{"name":"x","parent":{"id":"a","id":"b"}}`:  "id",
		`{"name":"x","other":[1,{"a":{},"a":null}]}`: "a",
	} {
		do(t, s, "POST", "/organizations", body).failed(t, 400, `request body has the name "`+name+`" twice in one object`)
	}
	do(t, s, "POST", "/organizations/"+id+"/members:batchCreate", `{"members":[{"user":{"email":"a@example.com","email":"b@example.com"}}]}`).failed(t, 400, `"email" twice`)
	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x","Name":"y","other":[{"a":1e999},{"a":{"a":[]}}]}`).Status)

	do(t, s, "POST", "/organizations", `{"name":"x"`+strings.Repeat(" ", maxBodyBytes)+`}`).failed(t, 413, "too large")
	assert.Len(t, s.Requests()[len(s.Requests())-1].Body, maxBodyBytes)
	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"`+strings.Repeat(" ", maxBodyBytes-12)+`}`).Status)
}

func TestContentType(t *testing.T) {
	s := NewServer().ForTest(t)
	for contentType, status := range map[string]int{
		"application/json":                  200,
		"Application/JSON; charset=utf-8":   200,
		"":                                  415,
		"application/x-www-form-urlencoded": 415,
		"multipart/form-data; boundary=x":   415,
		"text/plain":                        415,
		"application/problem+json":          415,
		";":                                 415,
	} {
		r := newRequest(t, "POST", "/organizations", `{"name":"x"}`)
		r.Header.Set("Content-Type", contentType)
		got := send(t, s, r)
		assert.Equal(t, status, got.Status, contentType)
		if status == 415 {
			got.failed(t, 415, "Content-Type must be application/json")
		}
	}
	r := newRequest(t, "GET", "/organizations", "x")
	r.Header.Del("Content-Type")
	assert.Equal(t, 200, send(t, s, r).Status, "the body of a GET is ignored")
}

func TestGzip(t *testing.T) {
	s := NewServer().ForTest(t)
	for range 10 {
		s.AddOrganization("a", "")
	}
	get := func(query, accept string) (header http.Header, body []byte) {
		r := newRequest(t, "GET", "/organizations"+query, "")
		r.Header.Set("Accept-Encoding", accept)
		response, err := s.Transport().RoundTrip(r)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err = io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, int64(len(body)), response.ContentLength)
		assert.Equal(t, "Accept-Encoding", response.Header.Get("Vary"))
		return response.Header, body
	}
	_, plain := get("", "identity")
	require.True(t, json.Valid(plain))
	for accept, compressed := range map[string]bool{
		"gzip": true, "br, GZIP;q=0.5": true, "gzip;q=1.0, identity": true, "gzip;q=x": true,
		"br": false, "gzip;q=0": false, "gzip; q=0.0": false, "x-gzip": false,
	} {
		header, body := get("", accept)
		if !compressed {
			assert.Empty(t, header.Get("Content-Encoding"), accept)
			assert.Equal(t, plain, body, accept)
			continue
		}
		assert.Equal(t, "gzip", header.Get("Content-Encoding"), accept)
		assert.Less(t, len(body), len(plain)/2)
		r, err := gzip.NewReader(strings.NewReader(string(body)))
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, plain, got)
	}
	header, body := get("?name=none", "gzip")
	assert.Empty(t, header.Get("Content-Encoding"), "short responses are not compressed")
	assert.True(t, json.Valid(body))
}

func TestGzipIsCut(t *testing.T) {
	s := NewServer().ForTest(t)
	for range 10 {
		s.AddOrganization("a", "")
	}
	s.Fail(1, Cut())
	response, err := overSocket(t, s).RoundTrip(newRequest(t, "GET", "/organizations", ""))
	require.NoError(t, err)
	defer response.Body.Close()
	assert.True(t, response.Uncompressed)
	_, err = io.ReadAll(response.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "gzip", s.Requests()[0].Header.Get("Accept-Encoding"))
}

func TestErrorsIdentifyTheirSource(t *testing.T) {
	s := NewServer().ForTest(t)
	account := s.AddAccount("", Account{})
	for pointer, got := range map[string]reply{
		"/parent/id":                   do(t, s, "POST", "/organizations", `{"name":"x","parent":{"id":"no"}}`),
		"/unit/id":                     do(t, s, "POST", "/accounts", `{"name":"x","unit":{"id":"no"}}`),
		"/destination_organization_id": do(t, s, "POST", "/accounts/"+account+"/move", `{"destination_organization_id":"no"}`),
	} {
		got.failed(t, 400, "organization not found")
		assert.Contains(t, got.Raw, `"source":{"pointer":"`+pointer+`"}`)
	}
	got := do(t, s, "GET", "/accounts/"+account+"/profile", "")
	got.failed(t, 403, "Unauthorized")
	assert.Contains(t, got.Raw, `"documentation_url":"https://`)
	assert.NotContains(t, do(t, s, "POST", "/organizations", `{}`).Raw, "source")
}
