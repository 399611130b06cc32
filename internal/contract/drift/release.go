package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

// Cloudflare publishes its schema as an asset of releases of this repository, among releases of other things.
const (
	repository = "cloudflare/forge"
	asset      = "openapi.forge.json"
)

var tag = regexp.MustCompile(`^openapi@[0-9a-f]{40}$`)

const (
	releasesPerPage = 100
	maxPages        = 10
	maxSchemaBytes  = 256 << 20
)

type release struct {
	TagName     string    `json:"tag_name"`
	Draft       bool      `json:"draft"`
	PublishedAt time.Time `json:"published_at"`
	Assets      []struct {
		Name string `json:"name"`
		URL  string `json:"browser_download_url"`
	} `json:"assets"`
}

// newestSchema downloads the schema of the newest release that has one. api is the address of GitHub's API.
func newestSchema(ctx context.Context, client *http.Client, api string) (source string, document []byte, err error) {
	for page := 1; page <= maxPages; page++ {
		address := fmt.Sprintf("%s/repos/%s/releases?per_page=%d&page=%d", api, repository, releasesPerPage, page)
		data, err := get(ctx, client, address, os.Getenv("GITHUB_TOKEN"))
		if err != nil {
			return "", nil, err
		}
		var releases []release
		if err := json.Unmarshal(data, &releases); err != nil {
			return "", nil, fmt.Errorf("list of releases: %w", err)
		}
		if newest, address := newestOf(releases); address != "" {
			document, err := get(ctx, client, address, "")
			return repository + " " + newest, document, err
		}
		if len(releases) < releasesPerPage {
			break
		}
	}
	return "", nil, fmt.Errorf("%s has no release openapi@<commit> with the asset %s", repository, asset)
}

// newestOf returns the tag of the newest release with a schema and the address of the schema.
func newestOf(releases []release) (name, address string) {
	var published time.Time
	for _, r := range releases {
		if r.Draft || !tag.MatchString(r.TagName) || address != "" && !r.PublishedAt.After(published) {
			continue
		}
		for _, a := range r.Assets {
			if a.Name == asset {
				name, address, published = r.TagName, a.URL, r.PublishedAt
			}
		}
	}
	return name, address
}

// get returns the body of a successful response. The token may be empty.
func get(ctx context.Context, client *http.Client, address, token string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if token = strings.TrimSpace(token); token != "" { // without one, GitHub limits the requests of each IP address
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: status %s", address, response.Status)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, response.Body, maxSchemaBytes))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	return body, nil
}
