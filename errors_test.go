package cloudflare_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

func TestErrorText(t *testing.T) {
	list := func(c *cloudflare.Client) error {
		_, err := c.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
		return err
	}
	create := func(c *cloudflare.Client) error {
		_, err := c.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "n"})
		return err
	}
	const all = `{"success":false,"errors":[{"code":1,"message":"one","source":{"pointer":"/a"},"documentation_url":"https://d"},` +
		`{"message":"two","error_chain":[{"code":2,"message":"inner"}]}],"messages":[]}`
	for want, tt := range map[string]struct {
		call     func(*cloudflare.Client) error
		response roundTripper
	}{
		"cloudflare: GET /organizations: 409 Conflict: rejected (code 1003)": {
			list, respondError(409),
		},
		"cloudflare: GET /organizations: 409 Conflict: one (code 1) at /a, see https://d; two < inner (code 2) (ray " + rayID + ")": {
			list, respondWith(409, all, rayHeader),
		},
		"cloudflare: GET /organizations: 429 Too Many Requests: rejected (code 1003) (retry after 1m30s, ray " + rayID + ")": {
			list, respondWith(429, rejectedBody, rayHeader, "Retry-After: 90"),
		},
		"cloudflare: GET /organizations: 503 Service Unavailable: the body is empty (retry after 2m0s)": {
			list, respondWith(503, "", "Retry-After: 120"),
		},
		"cloudflare: GET /organizations: 503 Service Unavailable: the body is blank (2 attempts)": {
			list, respondWith(503, " \n"),
		},
		"cloudflare: POST /organizations: 520: \"oops\": outcome unknown: the write may or may not have happened": {
			create, respondWith(520, "oops"),
		},
		"cloudflare: POST /organizations: 200 OK: the response cannot be used: it has no result: " +
			"outcome unknown: the write may or may not have happened": {
			create, respondWith(200, `{"success":true}`),
		},
	} {
		client := newClient(t, tt.response, cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(time.Nanosecond),
			cloudflare.WithMaxRateLimitWait(0))
		assert.EqualError(t, tt.call(client), want)
	}
	assert.EqualError(t, &cloudflare.Error{Method: "GET", Path: "/x", StatusCode: 418, Attempts: 1, RayID: "r"},
		"cloudflare: GET /x: 418 I'm a teapot (ray r)")
}

// The error of a call that ended without a response names the last response that there was.
func TestCallErrorText(t *testing.T) {
	broken := errors.New("broken pipe")
	get := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Organizations.Get(ctx, "o1")
		return err
	}
	update := func(ctx context.Context, c *cloudflare.Client) error {
		_, err := c.Organizations.Update(ctx, "o1", cloudflare.OrganizationUpdateParams{Name: "n"})
		return err
	}
	for want, tt := range map[string]struct {
		call      func(context.Context, *cloudflare.Client) error
		responses []roundTripper
	}{
		"cloudflare: GET /organizations/o1: broken pipe (2 attempts)": {
			get, []roundTripper{fail(errors.New("an earlier cause")), fail(broken)},
		},
		"cloudflare: GET /organizations/o1: broken pipe (2 attempts); the last response was " +
			"GET /organizations/o1: 503 Service Unavailable: rejected (code 1003) (retry after 3s, 2 attempts, ray " + rayID + ")": {
			get, []roundTripper{respondWith(503, rejectedBody, rayHeader, "Retry-After: 3"), fail(broken)},
		},
		"cloudflare: PUT /organizations/o1: broken pipe (2 attempts); the last response was " +
			"PUT /organizations/o1: 503 Service Unavailable: rejected (code 1003) (2 attempts): " +
			"outcome unknown: the write may or may not have happened": {
			update, []roundTripper{respondError(503), fail(broken)},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := tt.call(t.Context(), newClient(t, newScript(t, tt.responses...), cloudflare.WithMaxRetries(1)))
			assert.EqualError(t, err, want)
			assert.ErrorIs(t, err, broken)
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newClient(t, sendNothing(t)).Organizations.Get(ended, "o1")
	assert.EqualError(t, err, "cloudflare: GET /organizations/o1: context canceled (nothing was sent)")
	assert.EqualError(t, &cloudflare.CallError{Method: "GET", Path: "/x", Attempts: 1}, "cloudflare: GET /x", "made by a user")
	assert.Empty(t, (&cloudflare.CallError{}).Unwrap())
}

// What ended an earlier attempt is not reported for a later one.
func TestEarlierCauseIsNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := errors.New("first cause")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		client, _ := newScriptedClient(t, fail(first), respondWith(503, "", "Retry-After: 10"))
		_, err := client.Organizations.Get(ctx, "o1")
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, first)
		assert.NotContains(t, err.Error(), "first cause")
		assert.ErrorContains(t, err, "the last response was GET /organizations/o1: 503")
	})
}

func TestErrorLogValue(t *testing.T) {
	full := newClient(t, respondWith(503, errorBody(1001, "no"), rayHeader))
	_, unknown := full.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "n"})
	synctest.Test(t, func(t *testing.T) { // waits for retries
		client, _ := newScriptedClient(t, fail(connectionReset), respondWith(409, errorBody(1001, "no")))
		keyed := client.Call(t.Context(), cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: "k-1"}, nil)
		_, lost := newClient(t, fail(connectionReset)).Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "n"})

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		client, _ = newScriptedClient(t, respondWith(503, errorBody(1001, "no"), rayHeader, "Retry-After: 10"))
		interrupted := client.Call(ctx, cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: "k-2"}, nil)

		_, unsent := client.Organizations.Get(ctx, "o1")
		for name, tt := range map[string]struct {
			err  error
			want string
		}{
			"an error with everything": {unknown, `err.message="cloudflare: POST /organizations: 503 Service Unavailable: no (code 1001) (ray ` + rayID +
				`): outcome unknown: the write may or may not have happened" err.method=POST err.path=/organizations err.status=503 ` +
				`err.attempts=1 err.ray_id=` + rayID + ` err.codes=[1001] err.outcome_unknown=true`},
			"an error with a key": {keyed, `err.message="cloudflare: POST /x: 409 Conflict: no (code 1001) (2 attempts): ` +
				`outcome unknown: the write may or may not have happened" err.method=POST err.path=/x err.status=409 ` +
				`err.attempts=2 err.codes=[1001] err.idempotency_key=k-1 err.outcome_unknown=true`},
			"the least error": {&cloudflare.Error{Method: "GET", Path: "/x", StatusCode: 404, Attempts: 2},
				`err.message="cloudflare: GET /x: 404 Not Found (2 attempts)" err.method=GET err.path=/x err.status=404 err.attempts=2`},
			"no response": {lost, `err.message="` + lost.Error() + `" err.method=POST err.path=/organizations ` +
				`err.attempts=1 err.outcome_unknown=true`},
			"no response after another": {interrupted, `err.message="` + interrupted.Error() + `" err.method=POST err.path=/x err.status=503 ` +
				`err.attempts=1 err.ray_id=` + rayID + ` err.codes=[1001] err.idempotency_key=k-2 err.outcome_unknown=true`},
			"nothing sent": {unsent, `err.message="cloudflare: GET /organizations/o1: context canceled (nothing was sent)" ` +
				`err.method=GET err.path=/organizations/o1 err.attempts=0`},
			"the least of a call": {&cloudflare.CallError{}, `err.message="cloudflare: a call" err.method="" err.path="" err.attempts=0`},
		} {
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).Info("m", "err", tt.err)
			assert.Contains(t, out.String(), "msg=m "+tt.want+"\n", name)
		}
	})
}

func TestPageError(t *testing.T) {
	cause := errors.New("cause")
	assert.EqualError(t, &cloudflare.PageError{Err: cause}, "cause")
	later := &cloudflare.PageError{PageToken: "t", Err: cause}
	assert.EqualError(t, later, "cause (not on the first page; set PageToken to resume)")
	assert.Same(t, cause, errors.Unwrap(later))
}

// The zero value of every error can be printed, logged and matched, alone and in other errors.
func TestZeroErrors(t *testing.T) {
	for want, zero := range map[string]error{
		"cloudflare: a call: no status": &cloudflare.Error{},
		"cloudflare: a call":            &cloudflare.CallError{},
		"cloudflare: a page failed":     &cloudflare.PageError{},
		"cloudflare: a batch failed (created: 0; unknown: 0; not created: 0)":               &cloudflare.BatchError{},
		`cloudflare: 0 organizations without a parent are named "": `:                       &cloudflare.AmbiguousError{},
		"cloudflare: organization  is not empty: organizations: 0, accounts: 0, members: 0": &cloudflare.NotEmptyError{},

		"cloudflare: a page failed (not on the first page; set PageToken to resume)": &cloudflare.PageError{PageToken: "t"},
		"cloudflare: a page failed (created: 0; unknown: 0; not created: 0)":         &cloudflare.BatchError{Err: &cloudflare.PageError{}},
		"cloudflare: a call: 500 Internal Server Error":                              &cloudflare.Error{StatusCode: 500},
		"cloudflare: GET: no status (2 attempts)":                                    &cloudflare.Error{Method: "GET", Attempts: 2},
		"cloudflare: /x (2 attempts)":                                                &cloudflare.CallError{Path: "/x", Attempts: 2},

		// Whether anything was sent is only known for a call of the client.
		"cloudflare: a call\n" + cloudflare.ErrOutcomeUnknown.Error(): errors.Join(&cloudflare.CallError{}, cloudflare.ErrOutcomeUnknown),
		"cloudflare: PUT /x\n" + cloudflare.ErrOutcomeUnknown.Error(): errors.Join(&cloudflare.CallError{Method: "PUT", Path: "/x"}, cloudflare.ErrOutcomeUnknown),
	} {
		assert.EqualError(t, zero, want)
		wrapped := fmt.Errorf("wrapped: %w", errors.Join(errors.New("first"), zero))
		assert.EqualError(t, wrapped, "wrapped: first\n"+want)
		assert.ErrorIs(t, wrapped, zero)
		for _, format := range []string{"%v", "%+v", "%#v", "%q", "%s"} {
			assert.NotContains(t, fmt.Sprintf(format, zero), "PANIC", "%s of %T", format, zero)
		}
		slog.New(slog.NewTextHandler(io.Discard, nil)).Info("m", "err", zero)
		target := reflect.New(reflect.TypeOf(zero))
		assert.True(t, errors.As(wrapped, target.Interface()), "%T", zero)
		for _, sentinel := range []error{
			cloudflare.ErrInvalidArgument, cloudflare.ErrUnauthorized, cloudflare.ErrForbidden, cloudflare.ErrNotFound,
			cloudflare.ErrConflict, cloudflare.ErrRateLimited, cloudflare.ErrAttemptTimeout,
		} {
			assert.NotErrorIs(t, wrapped, sentinel)
		}
	}
}

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
			client := newClient(t, respondWith(404, tt.body))
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

	client := newClient(t, respondWith(404, ""))
	err := client.Call(t.Context(), cloudflare.Request{Method: http.MethodHead, Route: "/organizations/{organization_id}", PathValues: []string{"o1"}}, nil)
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
			_, err := newClient(t, respondWith(404, body), cloudflare.WithBaseURL(base)).Organizations.Get(t.Context(), "o1")
			assert.Equal(t, hint, strings.Contains(err.Error(), "/client/v4"), err)
		}
	}
}

func TestA404OfTheAPIDoesNotNameTheBaseURL(t *testing.T) {
	client := newClient(t, respondWith(404, notFoundBody), cloudflare.WithBaseURL("https://gateway.example.com/cloudflare"))
	_, err := client.Organizations.Get(t.Context(), "o1")
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.NotContains(t, err.Error(), "/client/v4")
}

// A gateway's 404 must not look like a resource that is gone, whatever the method.
func TestAGatewaysNotFoundThroughTheFake(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
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
	assert.ErrorContains(t, err, "404 Not Found: profile not found")
	server.FailNext("GET /organizations/{organization_id}/profile", cloudflaretest.Status(200, nil, `{"success":true,"result":null}`))
	_, err = client.OrganizationProfile.Get(t.Context(), id)
	assert.ErrorIs(t, err, cloudflare.ErrNotFound)
	assert.ErrorContains(t, err, "200 OK: the profile was never set")
}

func TestAKeyWithoutOrganizations(t *testing.T) {
	server := cloudflaretest.NewServer().ForTest(t)
	client := server.Client(cloudflare.WithAPIKey(cloudflaretest.APIKeyWithoutOrganizations, cloudflaretest.Email))

	_, err := client.Organizations.List(t.Context(), cloudflare.OrganizationListParams{})
	assert.ErrorIs(t, err, cloudflare.ErrForbidden)
	assert.ErrorContains(t, err, "no Organizations")
	_, err = client.Organizations.Get(t.Context(), "0123456789abcdef0123456789abcdef")
	assert.ErrorContains(t, err, "no Organizations")

	const forbidden = `{"success":false,"errors":[{"code":%d,"message":"Authentication error"}]}`
	for name, tt := range map[string]struct {
		client *cloudflare.Client
		hint   bool
	}{
		"a key":        {newClient(t, respondWith(403, fmt.Sprintf(forbidden, 10000))), true},
		"another code": {newClient(t, respondWith(403, fmt.Sprintf(forbidden, 9109))), false},
		"400":          {newClient(t, respondWith(400, fmt.Sprintf(forbidden, 10000))), false},
	} {
		_, err := tt.client.Organizations.Get(t.Context(), "o1")
		assert.Equal(t, tt.hint, strings.Contains(err.Error(), "no Organizations"), "%s: %v", name, err)
		err = tt.client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/zones"}, nil)
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
		err := call(newClient(t, respondWith(200, result(other))))
		if assert.ErrorContains(t, err, "another ID", name) {
			assert.NotContains(t, err.Error(), other, "%s: the result is not quoted", name)
			write := name == "Update" || name == "Delete"
			assert.Equal(t, write, errors.Is(err, cloudflare.ErrOutcomeUnknown), name)
		}
		if name != "Modify" {
			assert.NoError(t, call(newClient(t, respondWith(200, result(id)))), name)
			assert.NoError(t, call(newClient(t, respondWith(200, result(strings.ToUpper(id))))), name)
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
		client := newClient(t, respondWith(200, body))
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
		err = client.Call(t.Context(), cloudflare.Request{Method: "GET", Route: "/members"}, &result)
		if err != nil { // it ignores fields that the type does not have
			assert.NotContains(t, err.Error(), email, what)
			assert.NotContains(t, err.Error(), name, what)
		}
	}
	_, err := newClient(t, respondWith(200, "<html><title>Sign in</title>")).Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, "Sign in", "the page of a proxy is quoted")
}

func TestUnrequestedContentEncodingIsNamed(t *testing.T) {
	client := newClient(t, respondWith(200, "\x1b\x03\x00\xf8", "Content-Encoding: br"))
	_, err := client.Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, `Content-Encoding "br"`)
	client = newClient(t, respondWith(500, "\x1b\x03\x00\xf8", "Content-Encoding: br"), noRetries)
	_, err = client.Organizations.Get(t.Context(), "o1")
	assert.ErrorContains(t, err, `Content-Encoding "br"`)
	assert.NotContains(t, err.Error(), "\x1b")
}

// The time until another try is found in every error that knows it.
func TestRetryAfter(t *testing.T) {
	const minute = time.Minute
	limited, hinted := &cloudflare.CallError{RetryAfter: minute}, &cloudflare.Error{StatusCode: 503, RetryAfter: 2 * minute}
	for name, tt := range map[string]struct {
		err  error
		want time.Duration
	}{
		"nil":                           {nil, 0},
		"another error":                 {errors.New("x"), 0},
		"no wait":                       {&cloudflare.Error{StatusCode: 429}, 0},
		"a call":                        {limited, minute},
		"a response":                    {hinted, 2 * minute},
		"wrapped":                       {fmt.Errorf("x: %w", limited), minute},
		"joined, the longest is first":  {errors.Join(hinted, limited), 2 * minute},
		"joined, the longest is second": {errors.Join(errors.New("x"), limited, fmt.Errorf("y: %w", hinted)), 2 * minute},
		"two in one text":               {fmt.Errorf("%w; %w", limited, hinted), 2 * minute},
		"of a page":                     {&cloudflare.PageError{Err: limited}, minute},
		"of a batch":                    {&cloudflare.BatchError{Err: hinted}, 2 * minute},
	} {
		assert.Equal(t, tt.want, cloudflare.RetryAfter(tt.err), name)
	}
	assert.ErrorIs(t, limited, cloudflare.ErrRateLimited, "made by a user")
	assert.NotErrorIs(t, &cloudflare.CallError{}, cloudflare.ErrRateLimited)
	assert.NotErrorIs(t, hinted, cloudflare.ErrRateLimited)
}
