package cloudflaretest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRoutes(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	unknown := strings.Repeat("0", 32)
	for _, test := range []struct {
		method, path string
		status, code int
	}{
		{"GET", "/", 404, 7003},
		{"GET", "/zones", 404, 7003},
		{"GET", "/organizations/", 404, 7003},
		{"GET", "//organizations", 404, 7003},
		{"GET", "/x/../organizations", 404, 7003},
		{"GET", "/organizations/not-an-id", 404, 7003},
		{"GET", "/organizations/" + strings.ToUpper(id), 404, 7003},
		{"GET", "/organizations/" + id + "/roles", 404, 7003},
		{"GET", "/organizations/" + id + "/invites", 404, 7003},
		{"GET", "/user/tenants", 404, 7003},
		{"POST", "/accounts/move", 404, 7003},
		{"GET", "/accounts//profile", 404, 7003},
		{"GET", "/organizations/" + id + "%2Fprofile", 404, 7003},
		{"GET", "/organizations/" + unknown, 404, 1001},
		{"PUT", "/organizations/" + unknown, 404, 1001},
		{"DELETE", "/organizations/" + unknown, 404, 1001},
		{"GET", "/organizations/" + unknown + "/profile", 404, 1001},
		{"PUT", "/organizations/" + unknown + "/profile", 404, 1001},
		{"GET", "/organizations/" + unknown + "/accounts", 404, 1001},
		{"GET", "/organizations/" + unknown + "/members", 404, 1001},
		{"POST", "/organizations/" + unknown + "/members", 404, 1001},
		{"POST", "/organizations/" + unknown + "/members:batchCreate", 404, 1001},
		{"GET", "/organizations/" + id + "/members/" + unknown, 404, 1001},
		{"PUT", "/organizations/" + unknown + "/invites/code", 404, 1001},
		{"PUT", "/organizations/" + id + "/invites/code", 400, 1001},
		{"GET", "/organizations/" + unknown + "/logs/audit", 404, 0},
		{"GET", "/organizations/" + unknown + "/logs/audit/x/history", 404, 0},
		{"GET", "/organizations/" + unknown + "/billable/usage", 200, 0},
		{"GET", "/organizations/not-an-id/billable/usage", 400, 1183},
		{"GET", "/organizations/" + unknown + "/shares", 404, 1001},
		{"GET", "/organizations/" + unknown + "x/shares", 400, 1001},
		{"GET", "/accounts/unknown/organizations", 404, 1001},
		{"POST", "/accounts/unknown/move", 404, 1001},
		{"GET", "/accounts/unknown/profile", 404, 1001},
		{"PUT", "/accounts/unknown/profile", 404, 1001},
		{"PATCH", "/organizations/" + id, 405, 10000},
		{"DELETE", "/organizations", 405, 10000},
		{"PUT", "/organizations/" + id + "/members/" + unknown, 405, 10000},
		{"GET", "/organizations/" + id + "/members:batchCreate", 405, 10000},
	} {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			got := do(t, s, test.method, test.path, "")
			require.Equal(t, test.status, got.Status, got.Raw)
			if test.status != 200 {
				assert.Equal(t, test.code, got.Errors[0].Code)
			}
			if test.code == 7003 {
				assert.Equal(t, replyError{Code: 7000, Message: "No route for that URI"}, got.Errors[1])
			}
		})
	}

	outside, err := http.NewRequest("GET", strings.TrimSuffix(baseURL, basePath)+"/organizations", nil)
	require.NoError(t, err)
	outside.Header.Set("Authorization", "Bearer "+APIToken)
	assert.Equal(t, 7003, send(t, s, outside).Errors[0].Code)

	escaped := do(t, s, "GET", "/organizations/"+id+"/members%3AbatchCreate", "")
	assert.Equal(t, 405, escaped.Status, "an escaped colon is a colon")
}

func TestHead(t *testing.T) {
	s := NewServer().ForTest(t)
	id := s.AddOrganization("a", "")
	for path, status := range map[string]int{id: 200, strings.Repeat("0", 32): 404} {
		response, err := s.Transport().RoundTrip(newRequest(t, "HEAD", "/organizations/"+path, ""))
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, status, response.StatusCode)
		assert.Positive(t, response.ContentLength)
	}
}
