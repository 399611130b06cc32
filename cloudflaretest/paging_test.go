package cloudflaretest

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPaging(t *testing.T) {
	s := NewServer().ForTest(t)
	for i := range 25 {
		s.AddOrganization(fmt.Sprintf("org-%02d", i), "")
	}
	s.AddOrganization("other", "")

	var names []string
	token, pages := "", 0
	for {
		got := do(t, s, "GET", "/organizations?name.startsWith=org&page_token="+token, "")
		if pages == 0 { // an empty token did not come from the server
			got.failed(t, 400, "page_token")
			got = do(t, s, "GET", "/organizations?name.startsWith=org", "")
		}
		pages++
		names = append(names, got.names(t)...)
		assert.Equal(t, 25, *got.ResultInfo.TotalSize)
		if got.ResultInfo.NextPageToken == nil {
			break
		}
		token = *got.ResultInfo.NextPageToken
		assert.Equal(t, token, url.QueryEscape(token), "safe in a query")
		assert.NotContains(t, token, "10")
	}
	assert.Equal(t, 3, pages)
	require.Len(t, names, 25)
	assert.Equal(t, "org-00", names[0])
	assert.Equal(t, "org-24", names[24])
	assert.IsIncreasing(t, names)

	list := func(query string) reply { return do(t, s, "GET", "/organizations?"+query, "") }
	first := *list("name.startsWith=org").ResultInfo.NextPageToken
	assert.Len(t, list("name.startsWith=org&page_size=20&page_token="+first).names(t), 15, "another size is fine")
	for _, query := range []string{
		"page_token=" + first,
		"name.startsWith=other&page_token=" + first,
		"name.startsWith=org&parent.id=null&page_token=" + first,
		"name.startsWith=org&page_token=garbage",
		"name.startsWith=org&page_token=2",
		"name.startsWith=org&page_token=%21%21",
		"name.startsWith=org&page_token=" + first + "AA",
		"name.startsWith=org&page_token=" + first + "%21",
	} {
		list(query).failed(t, 400, "page_token is not valid")
	}
	id := s.AddOrganization("holder", "")
	do(t, s, "GET", "/organizations/"+id+"/members?name.startsWith=org&page_token="+first, "").failed(t, 400, "page_token")

	for query, size := range map[string]int{"page_size=1": 1, "page_size=0": 10, "page_size=1000": 27, "page_size=26": 26, "page_size=27": 27} {
		got := list(query)
		assert.Len(t, got.names(t), size, query)
		assert.Equal(t, size < 27, got.ResultInfo.NextPageToken != nil, query)
	}
	for _, size := range []string{"1001", "-1", "x", "", "1.5", "99999999999999999999"} {
		list("page_size="+size).failed(t, 400, "page_size must be between 0 and 1000")
	}
	empty := list("name=nobody")
	assert.JSONEq(t, `[]`, string(empty.Result))
	assert.Equal(t, 0, *empty.ResultInfo.TotalSize)

	for _, name := range names { // a list that shrinks under its reader ends
		require.Equal(t, 200, do(t, s, "DELETE", "/organizations/"+idOf(t, s, name), "").Status)
	}
	assert.Empty(t, list("name.startsWith=org&page_token="+first).names(t))
}

func idOf(t *testing.T, s *Server, name string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var id string
	for _, o := range s.organizations {
		if o.name.exact == name {
			id = o.id
		}
	}
	return id
}

func TestManyOrganizations(t *testing.T) {
	s := NewServer().ForTest(t)
	for i := range 10_001 {
		s.AddOrganization(fmt.Sprint("Organization ", i), "")
	}
	query, seen, pages := "", 0, 0
	for more := true; more; pages++ {
		got := do(t, s, "GET", "/organizations?page_size=100&name.contains=ORGANIZATION"+query, "")
		seen += len(got.names(t))
		if more = got.ResultInfo.NextPageToken != nil; more {
			query = "&page_token=" + *got.ResultInfo.NextPageToken
		}
	}
	assert.Equal(t, 10_001, seen)
	assert.Equal(t, 101, pages)
}
