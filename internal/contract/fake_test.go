package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The workload shows that the fake accepts what the client sends, but not that it reads it. The tests in this file send
// requests of the workload again with one thing changed. The fake must respond in another way.

// send sends a request to the fake of a world, and returns its response on one line.
func (w *world) send(t *testing.T, r request) (status int, response string) {
	t.Helper()
	method, _, _ := strings.Cut(r.operation, " ")
	sent, err := http.NewRequest(method, "https://cloudflaretest.invalid/client/v4"+r.path+"?"+r.query.Encode(), bytes.NewReader(r.body))
	require.NoError(t, err)
	sent.Header = r.header
	received, err := w.server.Transport().RoundTrip(sent)
	require.NoError(t, err)
	body, err := io.ReadAll(received.Body)
	require.NoError(t, err)
	return received.StatusCode, fmt.Sprint(received.StatusCode, " ", string(body))
}

func aWorld(t *testing.T) *world {
	t.Helper()
	w, err := newWorld()
	require.NoError(t, err)
	t.Cleanup(w.server.Close)
	return w
}

// succeeded returns the requests of the workload for an operation that succeeded.
func succeeded(t *testing.T, op contractOperation) (all []request) {
	t.Helper()
	ran, err := ran()
	require.NoError(t, err)
	for _, r := range ran.succeeded {
		if r.operation == op.name {
			r.query, r.header = maps.Clone(r.query), r.header.Clone()
			all = append(all, r)
		}
	}
	require.NotEmpty(t, all, op.name)
	return all
}

// The response to a request with a parameter differs from that to a request without it, for one value at least: one
// that nothing has, or one of the values in the response. Required parameters get another value.
func TestFakeReadsEveryParameter(t *testing.T) {
	for _, op := range contractOperations(t) {
		for _, param := range op.params {
			if param.In != "query" {
				continue
			}
			w, read := aWorld(t), false
			for _, r := range succeeded(t, op) { // those of DeleteIfEmpty list nothing, whatever the parameters
				if read = w.reads(t, op, param, r); read {
					break
				}
			}
			assert.True(t, read, "%s: the fake ignores the parameter %q", op.name, param.Name)
		}
	}
}

// reads reports whether some value of a parameter changes the response to a request without optional parameters.
func (w *world) reads(t *testing.T, op contractOperation, param *openapi3.Parameter, r request) bool {
	maps.DeleteFunc(r.query, func(name string, _ []string) bool {
		return !slices.ContainsFunc(op.params, func(p *openapi3.Parameter) bool { return p.Name == name && p.Required })
	})
	_, without := w.send(t, r)
	for _, value := range append([]string{"~", "true", "false"}, valuesIn(t, without)...) {
		r.query.Set(param.Name, value)
		if status, with := w.send(t, r); with != without {
			assert.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status, "%s: %s=%s", op.name, param.Name, value)
			return true
		}
	}
	return false
}

// valuesIn returns the strings and numbers in a response that send returned.
func valuesIn(t *testing.T, response string) (all []string) {
	t.Helper()
	_, body, _ := strings.Cut(response, " ")
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err, response)
		switch token := token.(type) {
		case string, json.Number:
			all = append(all, fmt.Sprint(token))
		}
	}
}

// An account that is created twice with one key is the same account.
func TestFakeReadsEveryHeader(t *testing.T) {
	for _, op := range contractOperations(t) {
		for _, param := range op.params {
			if param.In != "header" {
				continue
			}
			r := succeeded(t, op)[0]
			require.NotEmpty(t, r.header.Get(param.Name))
			w := aWorld(t)
			_, first := w.send(t, r)
			_, again := w.send(t, r)
			r.header.Del(param.Name)
			_, without := w.send(t, r)
			assert.Equal(t, first, again, op.name)
			assert.NotEqual(t, first, without, "%s: the fake ignores the header %q", op.name, param.Name)
		}
	}
}

// A field of the wrong type is an error, so the fake reads it.
func TestFakeReadsEveryField(t *testing.T) {
	for _, op := range contractOperations(t) {
		if op.requestBody() == nil {
			continue
		}
		for place := range schemasIn(op.requestBody()) {
			tried := false
			for _, r := range succeeded(t, op) {
				var body any
				require.NoError(t, json.Unmarshal(r.body, &body))
				body, ok := withNumberAt(place, body)
				if !ok {
					continue
				}
				tried = true
				var err error
				r.body, err = json.Marshal(body)
				require.NoError(t, err)
				status, response := aWorld(t).send(t, r)
				assert.Equal(t, http.StatusBadRequest, status, "%s: the fake ignores the field %q: %s: %s", op.name, place, r.body, response)
			}
			assert.True(t, tried, "%s: the client never sends the field %q", op.name, place)
		}
	}
}

// withNumberAt returns a body with a number at a place such as "members[].user.email", and reports whether the body has
// that place.
func withNumberAt(place string, body any) (any, bool) {
	if place == "" {
		return 7, true
	}
	if items, ok := strings.CutPrefix(place, "[]"); ok {
		list, _ := body.([]any)
		if len(list) == 0 {
			return nil, false
		}
		list[0], ok = withNumberAt(strings.TrimPrefix(items, "."), list[0])
		return list, ok
	}
	end := len(place)
	if i := strings.IndexAny(place, ".["); i >= 0 {
		end = i
	}
	object, _ := body.(map[string]any)
	value, ok := object[place[:end]]
	if !ok {
		return nil, false
	}
	object[place[:end]], ok = withNumberAt(strings.TrimPrefix(place[end:], "."), value)
	return object, ok
}

// The fake accepts a token where api.yaml does.
func TestFakeAcceptsTokens(t *testing.T) {
	for _, op := range contractOperations(t) {
		r, w := succeeded(t, op)[0], aWorld(t)
		w.server.AddToken("a-token", r.header.Get("X-Auth-Email"))
		r.header.Del("X-Auth-Email")
		r.header.Del("X-Auth-Key")
		r.header.Set("Authorization", "Bearer a-token")
		if status, response := w.send(t, r); op.acceptsToken() {
			assert.Less(t, status, 300, "%s with a token: %s", op.name, response)
		} else {
			assert.Equal(t, http.StatusForbidden, status, "%s with a token: %s", op.name, response)
			assert.Contains(t, response, "10000", op.name)
		}
	}
}

// Worlds are equal, or a request of the workload would be about something else in another world.
func TestWorldsAreEqual(t *testing.T) {
	a, b := aWorld(t), aWorld(t)
	a.server, b.server = nil, nil
	assert.Equal(t, a, b)
	_, ok := withNumberAt("members[].user.email", map[string]any{"members": []any{map[string]any{"user": map[string]any{"email": "x"}}}})
	assert.True(t, ok)
}
