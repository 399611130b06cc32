package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var commits = []string{strings.Repeat("a", 40), strings.Repeat("b", 40), strings.Repeat("c", 40)}

// releasePages serves pages of releases and their assets as GitHub does, the assets from another host.
func releasePages(t *testing.T, pages ...[]map[string]any) (api string, tokens *[]string) {
	tokens = new([]string)
	assets := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*tokens = append(*tokens, "asset:"+r.Header.Get("Authorization"))
		fmt.Fprintf(w, `{"paths": {}, "of": %q}`, r.URL.Path)
	}))
	t.Cleanup(assets.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*tokens = append(*tokens, r.Header.Get("Authorization"))
		if r.URL.Path != "/repos/cloudflare/forge/releases" || r.URL.Query().Get("per_page") != "100" {
			http.NotFound(w, r)
			return
		}
		page := 0
		fmt.Sscan(r.URL.Query().Get("page"), &page)
		releases := []map[string]any{}
		if page <= len(pages) {
			releases = pages[page-1]
		}
		data, err := json.Marshal(releases)
		assert.NoError(t, err)
		w.Write([]byte(strings.ReplaceAll(string(data), "ASSETS", assets.URL)))
	}))
	t.Cleanup(server.Close)
	return server.URL, tokens
}

func aRelease(tag string, day int, assets ...string) map[string]any {
	list := []map[string]any{}
	for _, name := range assets {
		list = append(list, map[string]any{"name": name, "browser_download_url": "ASSETS/" + tag + "/" + name})
	}
	return map[string]any{"tag_name": tag, "published_at": time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), "assets": list}
}

func TestNewestSchema(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "t0ken")
	full := []map[string]any{}
	for range releasesPerPage {
		full = append(full, aRelease("cf@1.0.0", 28, asset))
	}
	draft := aRelease("openapi@"+commits[2], 27, asset)
	draft["draft"] = true
	api, tokens := releasePages(t, full, []map[string]any{
		draft,
		aRelease("openapi@"+commits[1], 20, "notes.txt"), // without the schema
		aRelease("openapi@"+commits[0], 10, "notes.txt", asset),
		aRelease("openapi@"+commits[1], 12, asset),
		aRelease("openapi@"+commits[2], 11, asset),
		aRelease("openapi@main", 26, asset),
	})
	source, document, err := newestSchema(t.Context(), http.DefaultClient, api)
	require.NoError(t, err)
	assert.Equal(t, "cloudflare/forge openapi@"+commits[1], source)
	assert.JSONEq(t, `{"paths": {}, "of": "/openapi@`+commits[1]+`/openapi.forge.json"}`, string(document))
	assert.Equal(t, []string{"Bearer t0ken", "Bearer t0ken", "asset:"}, *tokens, "the token is for the API only")
}

func TestNoNewestSchema(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "")
	api, tokens := releasePages(t, []map[string]any{aRelease("cf@1.0.0", 1, asset)})
	_, _, err := newestSchema(t.Context(), http.DefaultClient, api)
	assert.ErrorContains(t, err, "has no release openapi@<commit>")
	assert.Equal(t, []string{""}, *tokens)
	_, _, err = newestSchema(t.Context(), http.DefaultClient, api+"/nowhere")
	assert.ErrorContains(t, err, "status 404")
}
