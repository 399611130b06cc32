package simulation_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/cloudflare"
)

// client is a client under test, and what its hooks notice.
type client struct {
	*cloudflare.Client
	*world
	transport *http.Transport
	logs      logs

	cached   string // the credential that the source returned last
	cachedAt time.Time
	pauses   []pause
}

// pause is a time in which the client must not send a request, because a response told it so.
type pause struct{ known, until time.Time }

func newClient(w *world, i int) *client {
	c := &client{world: w}
	if w.traits.oneTransport && i > 0 {
		c.transport = w.clients[0].transport
	} else {
		_, roots := certificate()
		c.transport = cloudflare.NewTransport()
		c.transport.TLSClientConfig.RootCAs = roots
		c.transport.DialContext = w.network.dial
		c.transport.Proxy = nil
		if w.traits.proxy {
			c.transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid:3128"})
		}
		if w.traits.calm {
			c.transport.HTTP2.SendPingTimeout = 0 // a ping would wait for the write that stalls
		}
	}
	rng := w.rand("client", i)
	options := []cloudflare.Option{
		cloudflare.WithBaseURL("https://" + host + "/client/v4"),
		cloudflare.WithHTTPClient(&http.Client{Transport: wrap(c.transport, w.traits.wrapper)}),
		cloudflare.WithAttemptHook(c.observe),
		cloudflare.WithLimiter(limiter{w}),
		cloudflare.WithLogger(slog.New(slog.NewTextHandler(&c.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		cloudflare.WithMaxRetryWait([]time.Duration{0, 5 * time.Second, 30 * time.Second, 10 * time.Minute}[rng.IntN(4)]),
	}
	if w.traits.calm {
		options = append(options, cloudflare.WithMaxRetries(0))
	} else {
		options = append(options,
			cloudflare.WithMaxRetries([]int{0, 1, 3, 3, 6}[rng.IntN(5)]),
			cloudflare.WithTimeout([]time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 30 * time.Second}[rng.IntN(4)]))
	}
	switch {
	case w.traits.rotations > 0:
		options = append(options, cloudflare.WithCredentialSource(c.source))
	case rng.IntN(2) == 0:
		options = append(options, cloudflare.WithAPIToken(w.api.secret))
	default:
		options = append(options, cloudflare.WithAPIKey(w.api.secret, email))
	}
	var err error
	if c.Client, err = cloudflare.NewClient(options...); err != nil {
		panic(err)
	}
	return c
}

const email = "secret-user@simulation.invalid" // also part of the credential

// source returns the credential that was valid up to half a minute ago.
func (c *client) source(context.Context) (cloudflare.Credential, error) {
	c.api.mu.Lock()
	defer c.api.mu.Unlock()
	if c.cached == "" || time.Since(c.cachedAt) > 30*time.Second {
		c.cached, c.cachedAt = c.api.secret, time.Now()
	}
	return cloudflare.KeyCredential(c.cached, email), nil
}

// observe is the attempt hook.
func (c *client) observe(ctx context.Context, a cloudflare.Attempt) {
	call := callOf(ctx)
	c.log(call.id, "attempt %d: %s %s: status %d, error %v, unknown %t, retry %t in %s",
		a.Number, a.Method, a.Path, a.StatusCode, a.Err, a.OutcomeUnknown, a.Retry, a.RetryIn)
	call.checkText(fmt.Sprintf("%+v", a))
	began := a.Start
	c.mu.Lock()
	call.reported++
	if isWrite(a.Method) {
		call.reportedWrites++
	}
	if a.OutcomeUnknown {
		call.reportedUnknown++
	}
	early := slices.ContainsFunc(c.pauses, func(p pause) bool { return began.After(p.known) && began.Before(p.until) })
	for _, limit := range a.RateLimits {
		if limit.Remaining == 0 {
			c.pauses = append(c.pauses, pause{time.Now(), time.Now().Add(min(limit.Reset, 5*time.Minute))})
		}
	}
	c.mu.Unlock()
	if early {
		call.violation("attempt %d began in a pause that was known", a.Number)
	}
}

// limiter admits attempts. From time to time it does not.
type limiter struct{ *world }

func (l limiter) Wait(ctx context.Context) error {
	c := callOf(ctx)
	l.mu.Lock()
	c.asked++
	n := c.asked
	l.mu.Unlock()
	if l.happens(l.rand("limiter", c.id, n), l.traits.trouble/20) {
		l.count("limiter that admits no attempt")
		return errors.New("the circuit is open")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.admitted++
	return nil
}

// noticing is how long a transport may take to notice that a connection broke when it was taken.
const noticing = time.Millisecond

// trace returns a context in which the connections of a call are counted, and may break when they are taken.
func (c *call) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		c.mu.Lock()
		c.connected++
		n := c.connected
		c.mu.Unlock()
		if c.happens(c.rand("grab", c.id, n), c.traits.grabs) {
			info.Conn.(*tls.Conn).NetConn().(*conn).grab(info.Reused)
			if !c.traits.calm {
				time.Sleep(noticing)
			}
		}
	}})
}

// wrapper is how the transport is wrapped.
type wrapper int

const (
	native    wrapper = iota
	wrapped           // in a type of its own
	reticent          // in one that reports connections, but not what is written
	repeating         // in one that repeats a request that failed
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func wrap(t *http.Transport, how wrapper) http.RoundTripper {
	switch how {
	case wrapped:
		return struct{ http.RoundTripper }{t}
	case reticent:
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			ctx, cancel := context.WithCancel(context.WithValue(context.Background(), callKey{}, callOf(r.Context())))
			context.AfterFunc(r.Context(), cancel)
			full := httptrace.ContextClientTrace(r.Context())
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: full.GetConn, GotConn: full.GotConn})
			return t.RoundTrip(r.WithContext(ctx))
		})
	case repeating:
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			var body []byte
			if r.Body != nil {
				body, _ = io.ReadAll(r.Body) // it is a buffer
			}
			for try := 0; ; try++ {
				own := r.Clone(r.Context())
				if r.Body != nil {
					own.Body = io.NopCloser(bytes.NewReader(body))
				}
				if response, err := t.RoundTrip(own); err == nil || try > 0 {
					return response, err
				}
			}
		})
	}
	return t
}

// logs collects what a logger writes.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string { return l.text.String() }
