package cloudflare_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestOnlyTheAPIReportsNotFound(t *testing.T) {
	for name, tt := range map[string]struct {
		body     string
		notFound bool
		text     string
	}{
		"the API":                        {`{"success":false,"errors":[{"code":1001,"message":"no"}],"messages":[]}`, true, "no (code 1001)"},
		"the API, without any error":     {`{"success":false,"errors":[],"messages":[]}`, true, ""},
		"the API, without a message key": {`{"success":false,"errors":[{"message":"not found near action_time"}],"result_info":{"count":0}}`, true, ""},
		"an unknown route":               {`{"success":false,"errors":[{"code":7003,"message":"Could not route"}]}`, false, "Could not route"},
		"an unknown route, in a chain":   {`{"success":false,"errors":[{"message":"no","error_chain":[{"code":7000}]}]}`, false, ""},
		"HTML":                           {`<html><h1>404</h1></html>`, false, "not a response of the API"},
		"nothing":                        {"", false, "not a response of the API"},
		"another API":                    {`{"error":"not found"}`, false, "not a response of the API"},
		"the edge":                       {`{"title":"Not Found","status":404}`, false, "not a response of the API"},
		"a success":                      {`{"success":true,"errors":[],"result":{}}`, false, "not a response of the API"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newKeyClient(t, respondWith(404, tt.body))
			_, err := client.Organizations.Get(t.Context(), "o1")
			var e *cloudflare.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 404, e.StatusCode)
			assert.Equal(t, tt.notFound, errors.Is(err, cloudflare.ErrNotFound), err)
			assert.ErrorContains(t, err, tt.text)

			_, err = cloudflare.Collect(client.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
			assert.Equal(t, tt.notFound, errors.Is(err, cloudflare.ErrNotFound), err)
		})
	}

	client := newKeyClient(t, respondWith(404, ""))
	err := client.Call(t.Context(), cloudflare.Request{Method: http.MethodHead, Path: []string{"organizations", "o1"}}, nil)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound, "HEAD has no body")
	assert.ErrorIs(t, &cloudflare.Error{StatusCode: 404}, cloudflare.ErrNotFound, "in a user's mock")
}

func TestA404NamesAnIncompleteBaseURL(t *testing.T) {
	for base, hint := range map[string]bool{
		"https://api.cloudflare.com":               true,
		"https://gateway.example.com/cloudflare":   true,
		"https://api.cloudflare.com/client/v4":     false,
		"https://api.cloudflare.com/client/v4/":    false,
		"https://gateway.example.com/x/client/v4/": false,
	} {
		for _, body := range []string{"<html>", `{"success":false,"errors":[{"code":7003,"message":"Could not route"}]}`} {
			_, err := newKeyClient(t, respondWith(404, body), cloudflare.WithBaseURL(base)).Organizations.Get(t.Context(), "o1")
			assert.Equal(t, hint, strings.Contains(err.Error(), "/client/v4"), err)
		}
	}
}

func TestA404OfTheAPIDoesNotNameTheBaseURL(t *testing.T) {
	client := newKeyClient(t, respondWith(404, notFoundBody), cloudflare.WithBaseURL("https://gateway.example.com/cloudflare"))
	_, err := client.Organizations.Get(t.Context(), "o1")
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.NotContains(t, err.Error(), "/client/v4")
}

// A gateway's 404 must not look like a resource that is gone, whatever the method.
func TestAGatewaysNotFoundThroughTheFake(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	id := server.AddOrganization("Org", "")
	client := server.Client()
	gateway := cloudflaretest.Status(404, http.Header{"Content-Type": {"text/html"}}, "<html>no such page</html>")

	for name, call := range map[string]func(context.Context) error{
		"Get":    func(ctx context.Context) error { _, err := client.Organizations.Get(ctx, id); return err },
		"Delete": func(ctx context.Context) error { _, err := client.Organizations.Delete(ctx, id); return err },
		"members": func(ctx context.Context) error {
			_, err := cloudflare.Collect(client.OrganizationMembers.All(ctx, id, cloudflare.OrganizationMemberListParams{}))
			return err
		},
		"profile": func(ctx context.Context) error { _, err := client.OrganizationProfile.Get(ctx, id); return err },
	} {
		server.Fail(1, gateway)
		err := call(t.Context())
		if assert.Error(t, err, name) {
			assert.NotErrorIs(t, err, cloudflare.ErrNotFound, name)
		}
	}
	_, err := client.OrganizationProfile.Get(t.Context(), id)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.ErrorContains(t, err, "200 OK: the profile was never set")
}

func TestAKeyWithoutOrganizations(t *testing.T) {
	server := cloudflaretest.NewServer()
	defer server.Close()
	client, err := cloudflare.NewClient(cloudflare.WithBaseURL(server.URL),
		cloudflare.WithAPIKey(cloudflaretest.APIKeyWithoutOrganizations, cloudflaretest.Email))
	require.NoError(t, err)

	_, err = client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	assert.ErrorIs(t, err, cloudflare.ErrForbidden)
	assert.ErrorContains(t, err, "no Organizations")
	_, err = client.Organizations.Get(t.Context(), "0123456789abcdef0123456789abcdef")
	assert.ErrorContains(t, err, "no Organizations")

	const forbidden = `{"success":false,"errors":[{"code":%d,"message":"Authentication error"}]}`
	for name, tt := range map[string]struct {
		client *cloudflare.Client
		hint   bool
	}{
		"a key":        {newKeyClient(t, respondWith(403, fmt.Sprintf(forbidden, 10000))), true},
		"another code": {newKeyClient(t, respondWith(403, fmt.Sprintf(forbidden, 9109))), false},
		"400":          {newKeyClient(t, respondWith(400, fmt.Sprintf(forbidden, 10000))), false},
	} {
		_, err := tt.client.Organizations.Get(t.Context(), "o1")
		assert.Equal(t, tt.hint, strings.Contains(err.Error(), "no Organizations"), "%s: %v", name, err)
		err = tt.client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"zones"}}, nil)
		assert.NotContains(t, err.Error(), "no Organizations", name)
	}
}

func TestResponsesAboutAnotherID(t *testing.T) {
	const id, other = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	result := func(id string) string {
		return fmt.Sprintf(`{"success":true,"errors":[],"messages":[],"result":{"id":%q,"name":"Org"}}`, id)
	}
	calls := map[string]func(*cloudflare.Client) error{
		"Get": func(c *cloudflare.Client) error { _, err := c.Organizations.Get(t.Context(), id); return err },
		"Update": func(c *cloudflare.Client) error {
			_, err := c.Organizations.Update(t.Context(), id, cloudflare.OrganizationUpdateParams{Name: "Org"})
			return err
		},
		"Delete": func(c *cloudflare.Client) error { _, err := c.Organizations.Delete(t.Context(), id); return err },
		"members.Get": func(c *cloudflare.Client) error {
			_, err := c.OrganizationMembers.Get(t.Context(), "o1", id)
			return err
		},
		"Modify": func(c *cloudflare.Client) error {
			_, err := c.Organizations.Modify(t.Context(), id, func(*cloudflare.OrganizationUpdateParams) error {
				t.Error("another organization must not be changed")
				return nil
			})
			return err
		},
	}
	for name, call := range calls {
		err := call(newKeyClient(t, respondWith(200, result(other))))
		if assert.ErrorContains(t, err, "another ID", name) {
			assert.NotContains(t, err.Error(), other, "%s: the result is not quoted", name)
			write := name == "Update" || name == "Delete"
			assert.Equal(t, write, errors.Is(err, cloudflare.ErrOutcomeUnknown), name)
		}
		if name != "Modify" {
			assert.NoError(t, call(newKeyClient(t, respondWith(200, result(id)))), name)
			assert.NoError(t, call(newKeyClient(t, respondWith(200, result(strings.ToUpper(id))))), name)
		}
	}
}

func TestErrorsQuoteNoResult(t *testing.T) {
	const email, name = "ann.secret@example.com", "Ann Secret"
	member := `{"id":"m1","status":"active","user":{"id":"u1","email":"` + email + `","name":"` + name + `"},"create_time":"2026-01-02T03:04:05Z"}`
	for what, body := range map[string]string{
		"a field of the wrong type":   `{"success":true,"result":[` + strings.Replace(member, `"id":"m1"`, `"id":{"a":"`+email+`"}`, 1) + `]}`,
		"a time that cannot be read":  `{"success":true,"result":[` + strings.Replace(member, "2026-01-02", name, 1) + `]}`,
		"no success":                  `{"result":[` + member + `]}`,
		"an item without an ID":       `{"success":true,"result":[` + strings.Replace(member, `"id":"m1",`, "", 1) + `]}`,
		"cut":                         `{"success":true,"result":[` + member,
		"an object for a list":        `{"success":true,"result":` + member + `}`,
		"a list without an envelope":  `[` + member + `]`,
		"a string":                    `"` + email + `"`,
		"a duplicate name":            `{"success":true,"result":[{"id":"m1","status":"` + email + `","status":"` + email + `"}]}`,
		"a boolean that is a string":  `{"success":true,"result":[{"id":"m1","user":{"two_factor_authentication_enabled":"` + email + `"}}]}`,
		"a byte order mark, then cut": "\ufeff" + `{"success":true,"result":[` + member,
		"two byte order marks":        "\ufeff\ufeff" + `{"success":true,"result":[` + member + `]}`,
		"a letter of Latin-1":         "\xe9" + `{"success":true,"result":[` + member + `]}`,
		"JSONP":                       `callback({"success":true,"result":[` + member + `]})`,
		"JSONP of a list":             `callback(["` + email + `"])`,
		"a prefix":                    `while(1);{"success":true,"result":[` + member + `]}`,
		"another value before":        `true{"success":true,"result":[` + member + `]}`,
		"a page with a script":        `<script>result={"email":"` + email + `","name":"` + name + `"}</script>`,
		"UTF-16":                      "\xff\xfe" + strings.Join(strings.Split(`{"result":["`+email+name+`"]}`, ""), "\x00"),
	} {
		client := newKeyClient(t, respondWith(200, body))
		_, err := client.OrganizationMembers.List(t.Context(), "o1", cloudflare.OrganizationMemberListParams{})
		if assert.ErrorContains(t, err, "cannot be used", what) {
			assert.NotContains(t, err.Error(), email, what)
			assert.NotContains(t, err.Error(), name, what)
			assert.NotContains(t, err.Error(), "a n n", what)
		}
		var result []struct {
			ID     string
			Status int
		}
		err = client.Call(t.Context(), cloudflare.Request{Method: "GET", Path: []string{"members"}}, &result)
		if err != nil { // it ignores fields that the type does not have
			assert.NotContains(t, err.Error(), email, what)
			assert.NotContains(t, err.Error(), name, what)
		}
	}
	_, err := newKeyClient(t, respondWith(200, "<html><title>Sign in</title>")).Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, "Sign in", "the page of a proxy is quoted")
}

func TestUnrequestedContentEncodingIsNamed(t *testing.T) {
	client := newKeyClient(t, respondWith(200, "\x1b\x03\x00\xf8", "Content-Encoding: br"))
	_, err := client.Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, `Content-Encoding "br"`)
	client = newKeyClient(t, respondWith(500, "\x1b\x03\x00\xf8", "Content-Encoding: br"))
	_, err = client.Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, `Content-Encoding "br"`)
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestByteOrderMarkIsSkipped(t *testing.T) {
	org, err := newKeyClient(t, respondWith(200, "\ufeff"+`{"success":true,"result":{"id":"o1"}}`)).Organizations.Get(t.Context(), "o1")
	require.NoError(t, err)
	assert.Equal(t, "o1", org.ID)
	_, err = newKeyClient(t, respondWith(403, "\ufeff"+`{"success":false,"errors":[{"code":9109,"message":"Unauthorized"}]}`)).Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, "Unauthorized (code 9109)")
}

func TestOddTimesCostNoPage(t *testing.T) {
	const odd = "2018-09-24 11:41:36.697534+00"
	body := `{"success":true,"result":[{"id":"a1","created_on":"` + odd + `","settings":{"access_approval_expiry":"` + odd + `"}},{"id":"a2","created_on":"2026-01-02T03:04:05Z"}]}`
	accounts, err := cloudflare.Collect(newKeyClient(t, respondWith(200, body)).OrganizationAccounts.All(t.Context(), "o1", cloudflare.OrganizationAccountListParams{}))
	require.NoError(t, err)
	require.Len(t, accounts, 2)
	assert.Equal(t, "2018-09-24T11:41:36.697534Z", accounts[0].CreatedOn.UTC().Format("2006-01-02T15:04:05.999999Z07:00"))
	expiry, ok := accounts[0].Settings.AccessApprovalExpiry.Get()
	assert.True(t, ok)
	assert.Equal(t, 2018, expiry.Year())
}
