package doctor

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

// change returns a hook that changes the bodies of responses to paths with a suffix.
func change(t *testing.T, suffix string, edit func(body map[string]any)) func(*http.Request, *http.Response) {
	return func(r *http.Request, response *http.Response) {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return
		}
		var body map[string]any
		decoder := json.NewDecoder(response.Body)
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&body))
		edit(body)
		encoded, err := json.Marshal(body)
		require.NoError(t, err)
		response.Body = io.NopCloser(bytes.NewReader(encoded))
		response.ContentLength = int64(len(encoded))
	}
}

func items(body map[string]any) (all []map[string]any) {
	for _, item := range body["result"].([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

// Every operation of the API client that only reads is tried.
func TestDoctorTriesEveryOperation(t *testing.T) {
	files, err := filepath.Glob("../../../../../organization*.go")
	require.NoError(t, err)
	routes := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^// API: (GET /\S+)$`).FindAllStringSubmatch(string(source), -1) {
			routes[match[1]] = true
		}
	}
	tried := map[string]bool{}
	for _, p := range probes {
		tried[p.route] = true
	}
	assert.Equal(t, routes, tried)
	assert.NotEmpty(t, routes)
}

func TestDoctorOnAServerThatLies(t *testing.T) {
	const accounts = "/accounts"
	for name, test := range map[string]struct {
		edit    func(body map[string]any)
		unknown []fieldCount
		missing []fieldCount
		other   []fieldCount
	}{
		"an unknown field": {func(body map[string]any) { items(body)[0]["new_thing"] = "Ada" },
			[]fieldCount{{"result[].new_thing", 1, 6}}, nil, nil},
		"an unknown field in an object": {func(body map[string]any) {
			for _, a := range items(body) {
				a["settings"].(map[string]any)["x_newSetting"] = true
			}
		}, []fieldCount{{"result[].settings.x_newSetting", 6, 6}}, nil, nil},
		"an unknown field of the envelope": {func(body map[string]any) { body["result_info"].(map[string]any)["cursors"] = "Ada" },
			[]fieldCount{{"result_info.cursors", 1, 1}}, nil, nil},
		"keys that are data": {func(body map[string]any) {
			items(body)[0]["ada@example.com"] = 1
			items(body)[1]["0123456789abcdef0123456789abcdef"] = 1
			items(body)[2][cloudflaretest.APIKey] = 1
			items(body)[3]["x\x1b[2J"] = 1
			items(body)[4]["Skylark"] = 1
			items(body)[5]["is_"+strings.ToLower(strings.ReplaceAll(items(body)[0]["name"].(string), " ", "_"))] = 1
		}, []fieldCount{{"result[]." + hidden, 6, 6}}, nil, nil},
		"a missing field": {func(body map[string]any) { delete(items(body)[0], "type"); delete(items(body)[1], "type") },
			nil, []fieldCount{{"result[].type", 2, 6}}, nil},
		"a missing object": {func(body map[string]any) { delete(items(body)[0], "settings") },
			nil, []fieldCount{{"result[].settings", 1, 6}}, nil},
		"a missing time": {func(body map[string]any) { delete(items(body)[0], "created_on") },
			nil, []fieldCount{{"result[].created_on", 1, 6}}, nil},
		"another kind": {func(body map[string]any) { items(body)[0]["created_on"] = 1700000000 },
			nil, nil, []fieldCount{{"result[].created_on: number, not string", 1, 6}}},
		"an object for a list": {func(body map[string]any) { body["result"] = map[string]any{"ada@example.com": 1} },
			nil, nil, []fieldCount{{"result: object, not array", 1, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
				w.Change = change(t, accounts, test.edit)
				text, r := examine(t, w)
				op := r.operation("OrganizationAccounts.List")
				assert.Equal(t, differences{test.unknown, test.missing, test.other}, op.differences)
				for _, field := range append(append(test.unknown, test.missing...), test.other...) {
					assert.Contains(t, text.Stdout, "  OrganizationAccounts.List  "+field.String()+"\n")
				}
			})
		})
	}
}
