package doctor

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare/cloudflaretest"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/cli/clitest"
)

func TestDoctorComparesClocks(t *testing.T) {
	for date, want := range map[time.Duration]string{
		0:                          "the local clock agrees with the server's",
		time.Second:                "the local clock agrees with the server's",
		-5 * time.Minute:           "the local clock is (5m0|4m59)s ahead of the server's",
		26 * time.Hour:             "the local clock is 26h0m[01]s behind the server's",
		-20 * 365 * 24 * time.Hour: "the local clock is (175200h0m0|175199h59m59)s ahead of the server's",
	} {
		clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
			w.Change = func(_ *http.Request, response *http.Response) {
				response.Header.Set("Date", time.Now().Add(date).UTC().Format(http.TimeFormat))
			}
			_, r := examine(t, w)
			assert.Regexp(t, want, r.Clock.Verdict)
		})
	}
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Change = func(_ *http.Request, response *http.Response) { response.Header.Set("Date", "yesterday, said Ada") }
		_, r := examine(t, w)
		assert.Contains(t, r.Clock.Verdict, "not compared")
		assert.Nil(t, r.Clock.AheadSeconds)
	})
}

func TestDoctorHidesNamesOfRateLimits(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Change = func(_ *http.Request, response *http.Response) {
			response.Header.Set("Ratelimit", `"ada@example.com";r=7;t=3, "burst";r=1;t=1`)
			response.Header.Del("Ratelimit-Policy")
		}
		_, r := examine(t, w)
		require.Len(t, r.RateLimits, 2)
		assert.Equal(t, []string{hidden, "burst"}, []string{r.RateLimits[0].Name, r.RateLimits[1].Name})
		assert.Equal(t, 7, r.RateLimits[0].Remaining)
	})
}

// Without a network, doctor says so, and which part of the way fails.
func TestDoctorWithoutANetwork(t *testing.T) {
	const host = "ada.internal.example"
	for want, err := range map[string]error{
		"could not be resolved: no network": &net.DNSError{Err: "no such host", Name: host, IsNotFound: true},
		"DNS does not respond":              &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true},
		"the connection was refused":        &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"there is no route to the server":   &net.OpError{Op: "dial", Err: syscall.ENETUNREACH},
		"the proxy could not be reached":    &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED},
		"the connection was reset":          &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"the connection failed":             errors.New("the cat of " + host + " sat on the cable"),
	} {
		var out, errs bytes.Buffer
		env := &cli.Env{Stdout: &out, Stderr: &errs, Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })}
		t.Setenv("CLOUDFLARE_API_TOKEN", "cfut_x1y2z3")
		t.Setenv("CLOUDFLARE_API_KEY", "")
		t.Setenv("CLOUDFLARE_EMAIL", "")
		t.Setenv("CLOUDFLARE_BASE_URL", "https://"+host+"/client/v4")
		code := cli.Execute(t.Context(), env, []string{"doctor"}, Command)
		assert.Equal(t, cli.ExitFailed, code)
		assert.Contains(t, out.String(), want)
		assert.Contains(t, out.String(), "Credential     an API token of a user\n")
		assert.Contains(t, out.String(), "Server         the server of the base URL; proxy: ")
		assert.NotContains(t, out.String()+errs.String(), host)
		assert.NotContains(t, out.String()+errs.String(), "x1y2z3")
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A server that does not respond is reported after less than two seconds, and given up after --timeout.
func TestDoctorTellsThatItWaits(t *testing.T) {
	clitest.InVirtualTime(t, func(t *testing.T, w *clitest.World) {
		w.Fail(1, cloudflaretest.Stall())
		start := time.Now()
		got := w.Run(t.Context(), Command, "", "--timeout", "5s")
		assert.Equal(t, 5*time.Second, time.Since(start))
		assert.Equal(t, cli.ExitFailed, got.Code)
		assert.Contains(t, got.Stderr, "no response for 1.5s; waiting for up to 5s (--timeout)\n")
		assert.Contains(t, got.Stdout, "Network        no response in time\n")

		quick := w.Run(t.Context(), Command, "")
		assert.NotContains(t, quick.Stderr, "no response")
	})
}
