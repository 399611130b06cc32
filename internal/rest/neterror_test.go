package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What an error alone proves, where the transport does not report what it does.
func TestJudgeWithoutReports(t *testing.T) {
	op := func(op string, err error) error { return &net.OpError{Op: op, Net: "tcp", Err: err} }
	notFound := &net.DNSError{Err: "no such host", Name: "a.invalid", IsNotFound: true}
	busy := &net.DNSError{Err: "server misbehaving", Name: "a.invalid", IsTemporary: true}
	certificate := &tls.CertificateVerificationError{Err: errors.New("signed by nobody")}
	notTLS := tls.RecordHeaderError{Msg: notTLSWords}
	version := errors.New(mismatchAlerts[0])
	refusal := func(code int) error { return &connectRefusal{proxy: "proxy:3128", code: code} }
	tests := []struct {
		name        string
		err         error
		write, read outcome
	}{
		{"dial refused", op("dial", syscall.ECONNREFUSED), unprocessed, unprocessed},
		{"dial timed out", op("dial", context.DeadlineExceeded), unprocessed, unprocessed},
		{"dial of a proxy refused", op("proxyconnect", op("dial", syscall.ECONNREFUSED)), unprocessed, unprocessed},
		{"dial of a proxy that has no address", op("proxyconnect", op("dial", notFound)), hopeless, hopeless},
		{"name server in trouble", op("dial", busy), unprocessed, unprocessed},
		{"host does not exist", op("dial", notFound), hopeless, hopeless},
		{"name server in trouble, bare", busy, unprocessed, unprocessed},
		{"host does not exist, bare", notFound, hopeless, hopeless},
		{"bad certificate", certificate, hopeless, hopeless},
		{"bad certificate of a proxy", op("proxyconnect", certificate), hopeless, hopeless},
		{"not TLS", notTLS, hopeless, hopeless},
		{"proxy is not TLS", op("proxyconnect", notTLS), hopeless, hopeless},
		{"proxy responds 403", refusal(403), hopeless, hopeless},
		{"proxy responds 407", refusal(407), hopeless, hopeless},
		{"proxy responds 502", refusal(502), unprocessed, unprocessed},
		{"proxy responds 404", refusal(404), unprocessed, unprocessed},

		// An alert may come after the request, when the server has looked at the client's certificate.
		{"TLS version", op("remote error", version), lost, hopeless},
		{"TLS version of a proxy", op("proxyconnect", op("remote error", version)), lost, hopeless},
		{"certificate of the client rejected", op("remote error", errors.New("tls: bad certificate")), lost, hopeless},
		{"another alert", op("remote error", errors.New("tls: internal error")), lost, lost},
		{"TLS record in the middle", tls.RecordHeaderError{Msg: "oversized record received with length 20527"}, lost, lost},
		{"connection reset while reading", op("read", syscall.ECONNRESET), lost, lost},
		{"connection reset while writing", op("write", syscall.ECONNRESET), lost, lost},
		{"proxy went away", op("proxyconnect", op("read", syscall.ECONNRESET)), lost, lost},
		{"end of the connection", io.EOF, lost, lost},
		{"context ended", context.Canceled, lost, lost},
		{"reason of a proxy", errors.New("Bad Gateway"), lost, lost},
		{"refused stream", errors.New("stream error: stream ID 3; REFUSED_STREAM; received from peer"), lost, lost},
		{"GOAWAY", errors.New(goAwayWords), lost, lost},
		{"anything else", errors.New("broken"), lost, lost},

		// What wraps one of these may have sent the request before, and then again by itself.
		{"dial refused, wrapped", fmt.Errorf("after 3 attempts: %w", op("dial", syscall.ECONNREFUSED)), lost, lost},
		{"dial refused, from an http.Client", &url.Error{Op: "Post", URL: "https://a.invalid", Err: op("dial", syscall.ECONNREFUSED)}, lost, lost},
		{"host does not exist, wrapped", fmt.Errorf("after 3 attempts: %w", notFound), lost, hopeless},
		{"bad certificate, wrapped", fmt.Errorf("after 3 attempts: %w", certificate), lost, hopeless},
		{"dial refused, joined", errors.Join(io.ErrUnexpectedEOF, op("dial", syscall.ECONNREFUSED)), lost, lost},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.write, (&trace{write: true}).judge(test.err, false), "write")
			assert.Equal(t, lost, (&trace{write: true}).judge(test.err, true), "write, after its context has ended")
			assert.Equal(t, test.read, new(trace).judge(test.err, false), "read")
		})
	}
}

// What crypto/tls says of a handshake that cannot succeed.
func TestWordsOfTLS(t *testing.T) {
	handshake := func(response string) error {
		near, far := net.Pipe()
		defer near.Close()
		go func() {
			defer far.Close()
			_, _ = far.Read(make([]byte, 4096))
			_, _ = io.WriteString(far, response)
			_, _ = io.Copy(io.Discard, far)
		}()
		return tls.Client(near, &tls.Config{ServerName: "localhost", NextProtos: []string{"h2"}}).Handshake()
	}
	for code, alert := range map[byte]string{
		40: "tls: handshake failure", 70: "tls: protocol version not supported", 71: "tls: insufficient security level",
		120: "tls: no application protocol",
	} {
		assert.Contains(t, mismatchAlerts, alert)
		err := handshake("\x15\x03\x03\x00\x02\x02" + string(rune(code)))
		var op *net.OpError
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "remote error", op.Op)
		assert.EqualError(t, op.Err, alert)
		assert.True(t, isHopeless(err))
	}
	assert.Len(t, mismatchAlerts, 4)
	for code, alert := range map[byte]string{
		42: "bad certificate", 43: "unsupported certificate", 44: "revoked certificate", 45: "expired certificate",
		46: "unknown certificate", 48: "unknown certificate authority", 49: "access denied", 116: "certificate required",
	} {
		err := handshake("\x15\x03\x03\x00\x02\x02" + string(rune(code)))
		assert.ErrorContains(t, err, "remote error: tls: "+alert)
		assert.True(t, rejectsCertificate(err))
		assert.True(t, isHopeless(err))
	}
	for code, alert := range map[byte]string{80: "internal error", 90: "user canceled", 22: "record overflow"} {
		err := handshake("\x15\x03\x03\x00\x02\x02" + string(rune(code)))
		assert.ErrorContains(t, err, alert)
		assert.False(t, isHopeless(err), alert)
	}

	serverHello := "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x02" + strings.Repeat("r", 32) + "\x00\xc0\x13\x00"
	err := handshake(serverHello)
	assert.EqualError(t, err, tlsVersionWords+"302")
	assert.True(t, isHopeless(err))

	err = handshake("HTTP/1.1 400 Bad Request\r\n\r\n")
	var record tls.RecordHeaderError
	require.ErrorAs(t, err, &record)
	assert.Equal(t, notTLSWords, record.Msg)
	assert.True(t, isHopeless(err))
}

func TestStatusWithText(t *testing.T) {
	for text, want := range map[string]int{
		"Forbidden": 403, "Proxy Authentication Required": 407, "Bad Gateway": 502, "Service Unavailable": 503, "Moved Permanently": 301,
		"": 0, "EOF": 0, "OK": 0, "forbidden": 0, "Forbidden ": 0, "Blocked": 0,
	} {
		assert.Equal(t, want, statusWithText(text), "%q", text)
	}
}

// The name of a proxy is its host and port: its URL may have a password.
func TestProxyErrorsShowNoPassword(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "proxy.invalid:3128", User: url.UserPassword("user", "pa55word")}
	checked := checkConnect(t.Context(), proxy, nil, &http.Response{StatusCode: 407, Status: "407 No"})
	s := &Sender{proxy: http.ProxyURL(proxy)}
	asked := &trace{asked: true}
	for _, err := range []error{
		checked,
		s.explain(errors.New("Forbidden"), nil, new(trace)),
		s.explain(errors.New("Forbidden"), nil, asked),
		s.explain(io.EOF, nil, asked),
		s.explain(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, nil, asked),
	} {
		assert.ErrorContains(t, err, "proxy proxy.invalid:3128")
		assert.NotContains(t, err.Error(), "user")
		assert.NotContains(t, err.Error(), "pa55word")
	}
	require.NoError(t, checkConnect(t.Context(), proxy, nil, &http.Response{StatusCode: 200}))
}

// What names its place is not explained, and neither is what happened after there was a connection.
func TestExplain(t *testing.T) {
	proxy := &url.URL{Scheme: "http", Host: "proxy.invalid:3128"}
	behind, direct := &Sender{proxy: http.ProxyURL(proxy)}, &Sender{}
	asked, got := &trace{asked: true}, &trace{asked: true, got: true}
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for _, tt := range []struct {
		name   string
		sender *Sender
		seen   *trace
		err    error
		want   string
	}{
		{"dial", behind, asked, dial, "dial tcp: connection refused"},
		{"dial to the proxy", behind, asked, &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial}, "proxyconnect tcp: dial tcp: connection refused"},
		{"handshake", direct, asked, io.EOF, "no connection: EOF"},
		{"handshake behind a proxy", behind, asked, io.EOF, "no connection through proxy proxy.invalid:3128: EOF"},
		{"reason that is not standard", behind, asked, errors.New("Blocked"), "no connection through proxy proxy.invalid:3128: Blocked"},
		{"standard reason", behind, asked, errors.New("Forbidden"), "proxy proxy.invalid:3128 responded 403 Forbidden to CONNECT"},
		{"standard reason, to a read", behind, new(trace), errors.New("Forbidden"), "proxy proxy.invalid:3128 responded 403 Forbidden to CONNECT"},
		{"standard reason without a proxy", direct, new(trace), errors.New("Forbidden"), "Forbidden"},
		{"standard reason on a connection", behind, got, errors.New("Forbidden"), "Forbidden"},
		{"on a connection", behind, got, io.EOF, "EOF"},
		{"transport that does not report", behind, new(trace), io.EOF, "EOF"},
		{"advice of net/http", direct, got, errors.New(adviceBefore + "x" + adviceAfter), "x"},
	} {
		err := tt.sender.explain(tt.err, nil, tt.seen)
		assert.EqualError(t, err, tt.want, tt.name)
	}
}
