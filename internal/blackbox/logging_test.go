package blackbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/cloudflare"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	loggedRay  = "86610873f8d987a9-IAD"
	loggedBody = `{"success":true,"errors":[],"messages":[],"result":{"id":"1","name":"x","create_time":"2026-01-01T00:00:00Z"}}`
)

// logged returns a client whose requests go to responder, and what it logs at level and above. Time and message, the
// same in all records, are left out.
func logged(t *testing.T, level slog.Level, responder httpmock.Responder, opts ...cloudflare.Option) (*cloudflare.Client, *bytes.Buffer) {
	t.Helper()
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(responder)
	out := new(bytes.Buffer)
	logger := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Equal(slog.String(slog.MessageKey, "cloudflare request")) {
				return slog.Attr{}
			}
			return a
		},
	}))
	client, err := cloudflare.NewClient(append([]cloudflare.Option{
		cloudflare.WithAPIToken("canary-token"),
		cloudflare.WithHTTPClient(&http.Client{Transport: transport}),
		cloudflare.WithLogger(logger),
	}, opts...)...)
	require.NoError(t, err)
	return client, out
}

func responding(status int, header http.Header) httpmock.Responder {
	body := ""
	if status == http.StatusOK {
		body = loggedBody
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(header)
}

// fixedWait is a limiter that lets every request through after the same time.
type fixedWait time.Duration

func (d fixedWait) Wait(context.Context) error {
	time.Sleep(time.Duration(d))
	return nil
}

func TestLogRecords(t *testing.T) {
	ray := http.Header{"Cf-Ray": {loggedRay}}
	slowly := responding(200, ray).Delay(250 * time.Millisecond)
	refused := httpmock.NewErrorResponder(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")})
	reset := httpmock.NewErrorResponder(errors.New("connection reset"))
	redirect := responding(307, http.Header{"Location": {"https://elsewhere.example/?secret=canary"}, "Cf-Ray": {loggedRay}})
	busy := responding(503, http.Header{"Retry-After": {"2"}, "Cf-Ray": {loggedRay}})
	const debug, info, warn = slog.LevelDebug, slog.LevelInfo, slog.LevelWarn
	retries := cloudflare.WithMaxRetries(3) // as ever

	for _, test := range []struct {
		name      string
		level     slog.Level
		method    string // GET gets an organization, POST creates one
		responses httpmock.Responder
		option    cloudflare.Option
		want      string
	}{
		{"success", debug, "GET", slowly, retries, `
			level=DEBUG method=GET path=/organizations/1 attempt=1 duration=250ms status=200 ray_id=` + loggedRay},
		{"success, not enabled", info, "GET", slowly, retries, ``},
		{"a second attempt", debug, "GET", busy.Then(slowly), retries, `
			level=WARN method=GET path=/organizations/1 attempt=1 duration=0s status=503 ray_id=` + loggedRay + ` retry_in=2s
			level=DEBUG method=GET path=/organizations/1 attempt=2 duration=250ms status=200 ray_id=` + loggedRay},
		{"a second attempt, successes not enabled", warn, "GET", busy.Then(slowly), retries, `
			level=WARN method=GET path=/organizations/1 attempt=1 duration=0s status=503 ray_id=` + loggedRay + ` retry_in=2s`},
		{"rejected", info, "GET", responding(404, ray), retries, `
			level=INFO method=GET path=/organizations/1 attempt=1 duration=0s status=404 ray_id=` + loggedRay},
		{"rejected, not enabled", warn, "GET", responding(404, ray), retries, ``},
		{"no ray", warn, "GET", responding(525, nil), retries, `
			level=WARN method=GET path=/organizations/1 attempt=1 duration=0s status=525`},
		{"after a wait for the limiter", debug, "GET", slowly, cloudflare.WithLimiter(fixedWait(3 * time.Second)), `
			level=DEBUG method=GET path=/organizations/1 attempt=1 duration=250ms status=200 ray_id=` + loggedRay + ` waited=3s`},
		{"a create that may have happened", warn, "POST", busy, retries, `
			level=WARN method=POST path=/organizations attempt=1 duration=0s status=503 ray_id=` + loggedRay + ` outcome_unknown=true`},
		{"no response", warn, "POST", reset, retries, `
			level=WARN method=POST path=/organizations attempt=1 duration=0s error="connection reset" outcome_unknown=true`},
		{"no response in time", warn, "POST", slowly.Delay(time.Hour), retries, `
			level=WARN method=POST path=/organizations attempt=1 duration=30s error="attempt timed out: no complete response within 30s" outcome_unknown=true`},
		{"never sent", warn, "POST", refused, cloudflare.WithMaxRetryWait(0), `
			level=WARN method=POST path=/organizations attempt=1 duration=0s error="dial tcp: connection refused" retry_in=0s
			level=WARN method=POST path=/organizations attempt=2 duration=0s error="dial tcp: connection refused" retry_in=0s
			level=WARN method=POST path=/organizations attempt=3 duration=0s error="dial tcp: connection refused" retry_in=0s
			level=WARN method=POST path=/organizations attempt=4 duration=0s error="dial tcp: connection refused"`},
		{"redirect", warn, "GET", redirect, retries, `
			level=WARN method=GET path=/organizations/1 attempt=1 duration=0s status=307 ray_id=` + loggedRay},
		{"trouble, not enabled", slog.LevelError, "GET", busy, retries, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, out := logged(t, test.level, test.responses, test.option)
				if test.method == "GET" {
					_, _ = client.Organizations.Get(t.Context(), "1")
				} else {
					_, _ = client.Organizations.Create(t.Context(), cloudflare.OrganizationCreateParams{Name: "x"})
				}
				assert.Equal(t, strings.ReplaceAll(strings.TrimSpace(test.want), "\n\t\t\t", "\n"), strings.TrimSpace(out.String()))
			})
		})
	}
}

func TestLogLevels(t *testing.T) {
	for level, statuses := range map[slog.Level][]int{
		slog.LevelDebug: {200, 201, 204, 299},
		slog.LevelInfo:  {400, 401, 403, 404, 407, 409, 410, 428, 430, 499},
		slog.LevelWarn:  {300, 301, 304, 308, 399, 408, 429, 500, 503, 525, 599, 600},
	} {
		for _, status := range statuses {
			client, out := logged(t, slog.LevelDebug, responding(status, nil), cloudflare.WithMaxRetries(0))
			_, _ = client.Organizations.Get(t.Context(), "1")
			assert.Regexp(t, fmt.Sprintf(`^level=%s method=GET .* status=%d\n$`, level, status), out.String())
		}
	}
}

func TestLogOfCallsTheCallerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, out := logged(t, slog.LevelDebug, responding(200, nil).Delay(time.Hour))
		late, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, _ = client.Organizations.Get(late, "1")
		gone, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		_, _ = client.Organizations.Get(gone, "1")
		assert.Equal(t, `level=WARN method=GET path=/organizations/1 attempt=1 duration=2s error="context deadline exceeded"
level=INFO method=GET path=/organizations/1 attempt=1 duration=3s error="context canceled"
`, out.String())
	})
}

// A server that echoes the credential, a redirect with a secret in it, and arguments that are nobody's business but
// the API's: none of it may be in any record.
func TestLogOfHostileAnswers(t *testing.T) {
	echo := http.Header{"Cf-Ray": {"canary-token"}, "Location": {"https://elsewhere.example/?x=canary"}, "Retry-After": {"canary"}}
	failure := &url.Error{Op: "Get", URL: "https://elsewhere.example/canary-token", Err: errors.New("Bearer canary-token")}
	responders := []httpmock.Responder{
		httpmock.NewErrorResponder(failure),
		responding(200, echo),
		httpmock.NewStringResponder(200, `{"success":false,"errors":[{"code":1,"message":"canary"}]}`).HeaderSet(echo),
		httpmock.NewStringResponder(200, `{"success":true,"messages":["canary"],"result":"canary"}`).HeaderSet(echo),
		httpmock.NewStringResponder(200, "canary").HeaderSet(echo),
	}
	for _, status := range []int{204, 307, 400, 401, 403, 404, 409, 429, 500, 503, 520} {
		responders = append(responders, httpmock.NewStringResponder(status, `{"success":false,"errors":[{"message":"canary-token"}]}`).HeaderSet(echo))
	}
	for _, responder := range responders {
		client, out := logged(t, slog.LevelDebug, responder, cloudflare.WithMaxRetryWait(0), cloudflare.WithUserAgent("canary/1"))
		ctx, profile := t.Context(), cloudflare.OrganizationProfile{BusinessName: "canary"}
		opts := []cloudflare.CallOption{cloudflare.SetHeader("X-Extra", "canary"), cloudflare.AddQuery("extra", "canary")}
		_, _ = client.Organizations.List(ctx, cloudflare.OrganizationListParams{NameContains: "canary", PageToken: "canary"}, opts...)
		_, _ = client.Organizations.Get(ctx, "canary-token", opts...) // pasted into the wrong place
		_, _ = client.Organizations.Create(ctx, cloudflare.OrganizationCreateParams{Name: "canary", Profile: &profile}, opts...)
		_ = client.OrganizationProfile.Update(ctx, "1", profile, opts...)
		assert.GreaterOrEqual(t, strings.Count(out.String(), "\n"), 4, "one record an attempt at the least")
		assert.NotContains(t, out.String(), "canary")
	}
}

type logTrace struct{}

// traceHandler adds to each record what it finds in the context, as handlers that tie records to traces do.
type traceHandler struct{ slog.Handler }

func (h traceHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Add("trace_id", ctx.Value(logTrace{}))
	return h.Handler.Handle(ctx, r)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

// What a program has set up for its logger holds for the client's records too: attributes that name one of several
// clients, and what its handler takes from the context of the call.
func TestWithLoggerKeepsTheLoggersOwn(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(traceHandler{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})})
	client, _ := logged(t, slog.LevelDebug, responding(200, nil), cloudflare.WithLogger(logger.With("tenant", "blue")))
	_, err := client.Organizations.Get(context.WithValue(t.Context(), logTrace{}, "4bf92f35"), "1")
	require.NoError(t, err)
	assert.Contains(t, out.String(), " tenant=blue ")
	assert.Contains(t, out.String(), " trace_id=4bf92f35")
}
