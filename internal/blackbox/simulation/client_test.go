package simulation_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"

	"example.com/cloudflare"
)

// client is a client under test, and what its hooks notice.
type client struct {
	*cloudflare.Client
	*world
	transport *http.Transport
	logs      bytes.Buffer
	retries   int
	timeout   time.Duration

	cached   string // the credential that the source returned last
	cachedAt time.Time
	pauses   []pause
}

// pause is a time in which the client must not send a request, because a response told it so.
type pause struct{ known, until time.Time }

const email = "secret-user@simulation.invalid" // also part of the credential

var trusted = func() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(good.Leaf)
	return pool
}()

func newClient(w *world, i int) *client {
	c := &client{world: w, timeout: 30 * time.Second}
	if w.oneTransport && i > 0 {
		c.transport = w.clients[0].transport
	} else {
		c.transport = cloudflare.NewTransport()
		c.transport.TLSClientConfig.RootCAs = trusted
		c.transport.DialContext = w.dial
		c.transport.Proxy = nil
		if w.proxy {
			c.transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid:3128"})
		}
		if w.calm {
			c.transport.HTTP2.SendPingTimeout = 0 // a ping would wait for the write that stalls
		}
	}
	rng := w.rand("client", i)
	if !w.calm {
		if !w.abrupt {
			c.retries = one(rng, 0, 1, 3, 3, 6)
		}
		c.timeout = one(rng, time.Second, 5*time.Second, 30*time.Second, 30*time.Second)
	}
	credential := cloudflare.WithAPIKey(w.secret, email)
	if w.rotations > 0 {
		credential = cloudflare.WithCredentialSource(c.source)
	} else if rng.IntN(2) == 0 {
		credential = cloudflare.WithAPIToken(w.secret)
	}
	var err error
	c.Client, err = cloudflare.NewClient(
		credential,
		cloudflare.WithBaseURL("https://"+host+"/client/v4"),
		cloudflare.WithHTTPClient(&http.Client{Transport: w.wrapper.wrap(c.transport)}),
		cloudflare.WithAttemptHook(c.observe),
		cloudflare.WithLimiter(limiter{w}),
		cloudflare.WithLogger(slog.New(slog.NewTextHandler(&c.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		cloudflare.WithMaxRetries(c.retries),
		cloudflare.WithTimeout(c.timeout),
		cloudflare.WithMaxRetryWait(one(rng, 0, 5*time.Second, 30*time.Second, 10*time.Minute)),
		cloudflare.WithMaxRateLimitWait(one(rng, 0, 10*time.Second, 5*time.Minute, 5*time.Minute)),
	)
	if err != nil {
		panic(err)
	}
	return c
}

// source returns the credential that was valid up to half a minute ago, or another one if that was rejected.
func (c *client) source(ctx context.Context) (cloudflare.Credential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, rejected := cloudflare.RejectedCredential(ctx)
	if c.cached == "" || rejected || time.Since(c.cachedAt) > 30*time.Second {
		c.cached, c.cachedAt = c.secret, time.Now()
	}
	return cloudflare.KeyCredential(c.cached, email), nil
}

// limiter admits attempts. From time to time it does not.
type limiter struct{ *world }

var errCircuit = errors.New("the circuit is open")

func (l limiter) Wait(ctx context.Context) error {
	c := callOf(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	c.asked++
	if l.happens(l.rand("limiter", c.id, c.asked), l.trouble/20) {
		l.count("limiter that admits no attempt")
		return errCircuit
	}
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
		if c.happens(c.rand("grab", c.id, n), c.grabs) {
			info.Conn.(*tls.Conn).NetConn().(*conn).grab(info.Reused)
			if !c.calm {
				time.Sleep(noticing)
			}
		}
	}})
}

// wrapper is how the transport is wrapped.
type wrapper string

const (
	wrapped   wrapper = "wrapped"   // in a type of its own
	reticent  wrapper = "reticent"  // in one that reports connections, but not what is written
	repeating wrapper = "repeating" // in one that repeats a request that failed
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (w wrapper) wrap(t *http.Transport) http.RoundTripper {
	switch w {
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
				response, err := t.RoundTrip(own)
				if try > 0 || err == nil && response.StatusCode != http.StatusServiceUnavailable {
					return response, err
				}
				if err == nil {
					_ = response.Body.Close()
				}
			}
		})
	}
	return t
}

// observe is the attempt hook.
func (c *client) observe(ctx context.Context, a cloudflare.Attempt) {
	call, now := callOf(ctx), time.Now()
	c.log(call.id, "attempt %d: %s %s: status %d, error %v, unknown %t, retry %t in %s",
		a.Number, a.Method, a.Path, a.StatusCode, a.Err, a.OutcomeUnknown, a.Retry, a.RetryIn)
	call.checkText(fmt.Sprintf("%+v", a))
	c.mu.Lock()
	defer c.mu.Unlock()
	call.reported.count(a.Method)
	call.last, call.lastOfAPI = a, false
	var pauses bool
	var wait time.Duration
	_, _ = fmt.Sscanf(a.RayID, ray, &call.lastOfAPI, &pauses, &wait)
	wait *= time.Millisecond
	if a.Err != nil {
		call.lastOfAPI = false
		pauses = pauses && (a.RetryAfter > 0 || len(a.RateLimits) > 0) // otherwise it was in the body, which is lost
	}
	if !pauses && a.StatusCode == http.StatusTooManyRequests {
		wait = 0
	}
	call.throttled = call.throttled || a.StatusCode == 429
	if a.Method != http.MethodGet {
		sent := call.connected > call.connectedBefore || c.wrapper != "" // which may send a request in a way of its own
		if a.StatusCode == 0 && sent || a.StatusCode/100 == 2 || a.StatusCode == 408 || a.StatusCode >= 500 {
			call.doubts++
		}
		if a.Number > 2+call.retries {
			call.violation("attempt %d of a write, with %d retries", a.Number, call.retries)
		}
	}
	call.connectedBefore = call.connected
	for _, p := range c.pauses {
		if a.Start.After(p.known) && a.Start.Before(p.until) {
			call.violation("attempt %d began in a pause that was known", a.Number)
		}
	}
	if a.Start.Before(call.notBefore) && !call.concurrent {
		call.violation("attempt %d began before the time that the last response requests", a.Number)
	}
	if pauses {
		c.pauses = append(c.pauses, pause{now, now.Add(wait)})
	}
	call.notBefore = now.Add(wait)
	if a.Duration > c.timeout+time.Second {
		call.violation("attempt %d took %s, with a timeout of %s", a.Number, a.Duration, c.timeout)
	}
}
