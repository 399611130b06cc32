package blackbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/cloudflare"
	"example.com/cloudflare/cloudflaretest"
)

// farServer speaks TLS and HTTP/1.1 or HTTP/2. Each connection to it takes a round trip to open, as over TCP, and
// delays every byte by half a round trip.
type farServer struct {
	http.Server
	pipes  *pipeListener
	opened atomic.Int32
	lines  sync.WaitGroup // what delays bytes
}

func newFarServer(handler http.Handler, version uint16, http2 bool) *farServer {
	certificate, _ := faultyCertificate()
	s := &farServer{
		Server: http.Server{
			Handler:   handler,
			Protocols: new(http.Protocols),
			ErrorLog:  log.New(io.Discard, "", 0), // connections that the client closes unused
			TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MaxVersion: version},
		},
		pipes: newPipeListener(),
	}
	s.Protocols.SetHTTP1(!http2)
	s.Protocols.SetHTTP2(http2)
	return s
}

func (s *farServer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.opened.Add(1)
	select {
	case <-time.After(roundTrip):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	far, err := s.pipes.dial(ctx)
	if err != nil {
		return nil, err
	}
	near, middle := net.Pipe()
	s.lines.Go(func() { delay(far, middle) })
	s.lines.Go(func() { delay(middle, far) })
	return near, nil
}

// delay copies what it reads half a round trip later, until from is closed.
func delay(to, from net.Conn) {
	type chunk struct {
		data []byte
		at   time.Time
	}
	chunks := make(chan chunk, 1024)
	go func() {
		defer close(chunks)
		for {
			data := make([]byte, 16<<10)
			n, err := from.Read(data)
			if err != nil {
				return
			}
			chunks <- chunk{data[:n], time.Now().Add(roundTrip / 2)}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.at))
		if _, err := to.Write(c.data); err != nil {
			_ = from.Close()
		}
	}
	_ = to.Close()
}

// startUp is what a program does first, with a client and a transport that are new.
type startUp func(ctx context.Context, c *cloudflare.Client, transport *http.Transport, id string) error

func getOnce(ctx context.Context, c *cloudflare.Client, _ *http.Transport, id string) error {
	_, err := c.Organizations.Get(ctx, id)
	return err
}

func getEightSideBySide(ctx context.Context, c *cloudflare.Client, transport *http.Transport, id string) error {
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- getOnce(ctx, c, transport, id) }()
	}
	all := make([]error, 0, cap(errs))
	for range cap(errs) {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func getTwice(ctx context.Context, c *cloudflare.Client, transport *http.Transport, id string) error {
	return errors.Join(getOnce(ctx, c, transport, id), getOnce(ctx, c, transport, id))
}

// getTwiceInTwoConnections fails unless the second connection resumes the TLS session of the first.
func getTwiceInTwoConnections(ctx context.Context, c *cloudflare.Client, transport *http.Transport, id string) error {
	first := getOnce(ctx, c, transport, id)
	transport.CloseIdleConnections()
	resumed := false
	second := getOnce(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeDone: func(state tls.ConnectionState, _ error) { resumed = state.DidResume },
	}), c, transport, id)
	if !resumed {
		return errors.Join(first, second, errors.New("the TLS session was not resumed"))
	}
	return errors.Join(first, second)
}

// The table is printed with -v. A script that runs every minute waits for its first row each time.
func TestStartUp(t *testing.T) {
	table := []string{"| job | requests | connections | round trips in a row |", "|---|---|---|---|"}
	for _, test := range []struct {
		name                              string
		version                           uint16
		http2                             bool
		run                               startUp
		requests, connections, roundTrips int
	}{
		{"Get, TLS 1.3 and HTTP/2", tls.VersionTLS13, true, getOnce, 1, 1, 3},
		{"Get, TLS 1.3 and HTTP/1.1", tls.VersionTLS13, false, getOnce, 1, 1, 3},
		{"Get, TLS 1.2 and HTTP/2", tls.VersionTLS12, true, getOnce, 1, 1, 4},
		{"two Gets, HTTP/2", tls.VersionTLS13, true, getTwice, 2, 1, 4},
		{"two Gets in two connections, TLS 1.3", tls.VersionTLS13, true, getTwiceInTwoConnections, 2, 2, 6},
		{"two Gets in two connections, TLS 1.2", tls.VersionTLS12, true, getTwiceInTwoConnections, 2, 2, 7},
		{"8 Gets side by side, HTTP/2", tls.VersionTLS13, true, getEightSideBySide, 8, 8, 3},
	} {
		fake := cloudflaretest.NewServer().ForTest(t)
		id := addOrganization(fake)
		synctest.Test(t, func(t *testing.T) {
			server := newFarServer(fake, test.version, test.http2)
			go server.ServeTLS(server.pipes, "", "")
			_, roots := faultyCertificate()
			transport := cloudflare.NewTransport()
			transport.DialContext, transport.TLSClientConfig.RootCAs = server.dial, roots

			start := time.Now()
			client := fake.Client(cloudflare.WithBaseURL("https://localhost/client/v4"), cloudflare.WithHTTPClient(&http.Client{Transport: transport}))
			assert.NoError(t, test.run(t.Context(), client, transport, id), test.name)
			inARow := int(math.Round(float64(time.Since(start)) / float64(roundTrip)))
			requests, connections := len(fake.Requests()), int(server.opened.Load())
			assert.Equal(t, test.requests, requests, "requests: %s", test.name)
			assert.LessOrEqual(t, connections, test.connections, "connections: %s", test.name)
			assert.LessOrEqual(t, inARow, test.roundTrips, "round trips in a row: %s", test.name)
			table = append(table, fmt.Sprintf("| %s | %d | %d | %d |", test.name, requests, connections, inARow))

			transport.CloseIdleConnections()
			assert.NoError(t, server.Close())
			server.lines.Wait()
		})
	}
	t.Log("\n" + strings.Join(table, "\n"))
}
