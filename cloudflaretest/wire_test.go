package cloudflaretest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBodies(t *testing.T) {
	s := start(t)
	id := s.AddOrganization("a", "")
	for _, route := range [][2]string{
		{"POST", "/organizations"},
		{"PUT", "/organizations/" + id},
		{"PUT", "/organizations/" + id + "/profile"},
		{"POST", "/organizations/" + id + "/members"},
		{"POST", "/organizations/" + id + "/members:batchCreate"},
	} {
		do(t, s, route[0], route[1], "").failed(t, 400, "a JSON body is required")
		for _, body := range []string{`{"name":`, `null`, `[]`, `"x"`, `{"name":"x"} {}`} {
			do(t, s, route[0], route[1], body).failed(t, 400, "not a JSON object")
		}
	}

	do(t, s, "POST", "/organizations", `{"name":"x"`+strings.Repeat(" ", maxBodyBytes)+`}`).failed(t, 413, "too large")
	assert.Len(t, s.Requests()[len(s.Requests())-1].Body, maxBodyBytes)
	assert.Equal(t, 200, do(t, s, "POST", "/organizations", `{"name":"x"`+strings.Repeat(" ", maxBodyBytes-12)+`}`).Status)
}
