package blackbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// credentials has an option for each kind of credential.
var credentials = map[string]cloudflare.Option{
	"token": cloudflare.WithAPIToken(canaryToken),
	"key":   cloudflare.WithAPIKey(canaryKey, canaryEmail),
}

// sent returns the headers of a request that carry credentials.
func sent(r *http.Request) string {
	return strings.Join([]string{r.Header.Get("Authorization"), r.Header.Get("X-Auth-Key"), r.Header.Get("X-Auth-Email")}, " ")
}

// Every request carries exactly one credential and goes to the base URL.
func TestEveryMethodSendsOneCredential(t *testing.T) {
	all := []string{"Authorization", "X-Auth-Key", "X-Auth-Email", "X-Auth-User-Service-Key", "Cookie", "Proxy-Authorization"}
	want := map[string]map[string]string{
		"token": {"Authorization": "Bearer " + canaryToken},
		"key":   {"X-Auth-Key": canaryKey, "X-Auth-Email": canaryEmail},
	}
	for scheme, credential := range credentials {
		for _, m := range everyMethod {
			var got *http.Request
			c, err := cloudflare.NewClient(credential, cloudflare.WithMaxRetries(0), cloudflare.WithHTTPClient(&http.Client{
				Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					got = r
					return respondWith(200, m.success())(r)
				}),
			}))
			require.NoError(t, err)
			_, err = m.call(t.Context(), c)
			require.NoError(t, err)
			for _, name := range all {
				assert.Equal(t, want[scheme][name], got.Header.Get(name), "%s: %s", m.name, name)
			}
			assert.Equal(t, "https://api.cloudflare.com/client/v4"+m.path(), "https://"+got.URL.Host+got.URL.Path)
			assert.Equal(t, "api.cloudflare.com", got.Host)
			assert.NotContains(t, got.URL.String(), canary)
		}
	}
}

// NewClient rejects credentials with characters that they cannot have. It does not trim them, so that the caller
// notices the mistake, and its errors do not contain them.
func TestInvalidCredentials(t *testing.T) {
	bad := []string{
		"", " ", canary + " ", " " + canary, canary + "\n", canary + "\r\nX-Evil: 1", canary + "\x00", "\t" + canary, canary + " " + canary,
		canary + "\x7f", canary + "é", "\ufeff" + canary, canary + "\u200b", canary + "\u00a0", canary + "\xff", "Bearer " + canary,
	}
	for _, value := range bad {
		attempts := map[string][]cloudflare.Option{
			"WithAPIToken":  {cloudflare.WithAPIToken(value)},
			"WithAPIKey":    {cloudflare.WithAPIKey(value, "a@example.com")},
			"WithAPIKey's ": {cloudflare.WithAPIKey("key", "@"+value+" ")},
		}
		for name, opts := range attempts {
			_, err := cloudflare.NewClient(opts...)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%s %q", name, value)
			assert.ErrorContains(t, err, "WithAPI")
			requireNoCanary(t, name, err)
		}
		if value == "" || strings.Contains(value, "\x00") { // which stands for unset, or which no environment holds
			continue
		}
		for _, env := range []map[string]string{
			{"CLOUDFLARE_API_TOKEN": value},
			{"CLOUDFLARE_API_KEY": value, "CLOUDFLARE_EMAIL": "a@example.com"},
			{"CLOUDFLARE_API_KEY": "key", "CLOUDFLARE_EMAIL": "@" + value + " "},
			{"CLOUDFLARE_API_KEY": "key", "CLOUDFLARE_EMAIL": canary},
			{"CLOUDFLARE_API_KEY": canary},
			{"CLOUDFLARE_API_KEY": canary, "CLOUDFLARE_API_TOKEN": canary},
		} {
			_, err := newFromEnvironment(t, env)
			require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, "%v", env)
			assert.ErrorContains(t, err, "CLOUDFLARE_")
			requireNoCanary(t, "the environment", err)
		}
	}
	for name, opts := range map[string][]cloudflare.Option{
		"an email without @": {cloudflare.WithAPIKey("key", canary)},
		"no email":           {cloudflare.WithAPIKey(canary, "")},
		"two":                {cloudflare.WithAPIToken(canary), cloudflare.WithAPIKey(canary, "a@"+canary)},
		"two tokens":         {cloudflare.WithAPIToken(canary), cloudflare.WithAPIToken(canary + "2")},
	} {
		_, err := cloudflare.NewClient(opts...)
		require.ErrorIs(t, err, cloudflare.ErrInvalidArgument, name)
		requireNoCanary(t, name, err)
	}
}

func newFromEnvironment(t *testing.T, env map[string]string) (*cloudflare.Client, error) {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"} {
		t.Setenv(name, env[name])
	}
	return cloudflare.NewClient()
}

// A credential that is passed as another argument is in no error and no log record, whether the argument is rejected or
// sent.
func TestMisplacedCredentialsAreNotShown(t *testing.T) {
	wrong := map[string]func(ctx context.Context, c *cloudflare.Client, value string) error{
		"SetHeader's value": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.SetHeader("X-Mine", value))
			return err
		},
		"SetHeader's key": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.SetHeader(value, "x"))
			return err
		},
		"AddQuery's value": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.AddQuery("q", value))
			return err
		},
		"AddQuery's key": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Get(ctx, "o1", cloudflare.AddQuery(value, "x"))
			return err
		},
		"a name": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: value})
			return err
		},
		"a filter": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{NameContains: value})
			return err
		},
		"a page token": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.Organizations.List(ctx, cloudflare.OrganizationListParams{PageToken: value})
			return err
		},
		"Call's method": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: value, Route: "/x"}, nil)
		},
		"Call's route": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Route: value}, nil)
		},
		"a segment of Call's route": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Route: "/x/" + value + "/y"}, nil)
		},
		"a placeholder of Call's route": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Route: "/x/{" + value + "}", PathValues: []string{".."}}, nil)
		},
		"Call's path value": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Route: "/x/{name}", PathValues: []string{value}}, nil)
		},
		"Call's path value without a placeholder": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Route: "/x", PathValues: []string{value}}, nil)
		},
		"Call's query": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "GET", Route: "/x", Query: url.Values{value: {"x"}}}, nil, cloudflare.AddQuery(value, "y"))
		},
		"Call's idempotency key": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "POST", Route: "/x", IdempotencyKey: value}, nil)
		},
		"an account's idempotency key": func(ctx context.Context, c *cloudflare.Client, value string) error {
			_, err := c.OrganizationAccounts.Create(ctx, cloudflare.AccountCreateParams{Name: "Shop", IdempotencyKey: value})
			return err
		},
		"Call's body": func(ctx context.Context, c *cloudflare.Client, value string) error {
			return c.Call(ctx, cloudflare.Request{Method: "POST", Route: "/x", Body: json.RawMessage(value)}, nil)
		},
	}
	for _, m := range everyIDMethod {
		wrong[m.name] = func(ctx context.Context, c *cloudflare.Client, value string) error { return m.call(ctx, c, value) }
	}
	responses := map[string]roundTripper{
		"404":         respondWith(404, `{"success":false,"errors":[{"code":7003,"message":"no route"}]}`),
		"500":         respondWith(500, ""),
		"no response": func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"unusable":    respondWith(200, "<html>"),
	}
	for name, call := range wrong {
		for response, transport := range responses {
			for _, value := range []string{canaryToken, "Bearer " + canaryToken, canaryToken + "\n", "/" + canaryToken, canaryToken + "\xff"} {
				var logged bytes.Buffer
				c := newClient(t, transport, noRetries, cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
				err := call(t.Context(), c, value)
				require.Error(t, err, "%s, %s, %q", name, response, value)
				requireNoCanary(t, fmt.Sprintf("%s, %s, %q", name, response, value), err)
				assert.NotContains(t, logged.String(), canary)
			}
		}
	}
	// Nothing can be found before the source has returned a credential. Errors then have the route and no value.
	source := func(context.Context) (cloudflare.Credential, error) {
		return cloudflare.Credential{}, errors.New("the vault is sealed")
	}
	for name, call := range wrong {
		for _, value := range []string{canaryToken, "Bearer " + canaryToken, canaryToken + "\n", "/" + canaryToken, canaryToken + "\xff"} {
			ended, cancel := context.WithCancelCause(t.Context())
			cancel(errors.New("because of " + value))
			for _, ctx := range []context.Context{t.Context(), ended} {
				client, err := cloudflare.NewClient(cloudflare.WithCredentialSource(source), cloudflare.WithHTTPClient(&http.Client{Transport: sendNothing(t)}))
				require.NoError(t, err)
				err = call(ctx, client, value)
				require.Error(t, err, "%s, %q", name, value)
				requireNoCanary(t, fmt.Sprintf("%s before the source, %q", name, value), err)
			}
		}
	}
	for _, value := range []string{canaryToken + "\n", " " + canaryToken} {
		_, err := cloudflare.NewClient(cloudflare.WithAPIToken("token"), cloudflare.WithUserAgent(value))
		require.Error(t, err)
		requireNoCanary(t, "WithUserAgent", err)
	}
}
