package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Some conditions appear only in the error texts of net/http and crypto/tls. This file is the only one that matches
// these texts. TestConnectionFaults and TestWordsOfTLS fail if a Go release changes them.

const (
	goAwayWords      = "http2: Transport received Server's graceful shutdown GOAWAY"
	firstGoAwayWords = "http2: Transport received GOAWAY from server ErrCode:" // with an error, for the first stream of a connection
	streamWords      = "stream error: "
	refusedWords     = "; REFUSED_STREAM; received from peer"
	tooLargeWords    = "http2: request header list larger than peer's advertised limit" // nothing of the request was sent

	// net/http wraps the error of a request that it would have repeated if it could.
	adviceBefore = "http2: Transport: cannot retry err ["
	adviceAfter  = "] after Request.Body was written; define Request.GetBody to avoid this error"

	noHostWords = "http: no Host in request URL"

	notTLSWords     = "first record does not look like a TLS handshake"
	tlsVersionWords = "tls: server selected unsupported protocol version "
	accessDenied    = "tls: access denied" // an alert about a certificate
)

// mismatchAlerts are the words of TLS alerts with which a server ends a handshake that cannot succeed.
var mismatchAlerts = []string{
	"tls: protocol version not supported", "tls: handshake failure", "tls: insufficient security level", "tls: no application protocol",
}

// disclaimed reports whether the server reported over HTTP/2 that it did not process the request.
func disclaimed(err error) bool {
	text := err.Error()
	return text == goAwayWords || strings.HasPrefix(text, firstGoAwayWords) ||
		strings.HasPrefix(text, streamWords) && strings.HasSuffix(text, refusedWords)
}

// neverConnected reports whether the type of err proves that there was no connection. It does not unwrap err: a
// transport that wraps another one may have sent the request before the failure that it reports.
func neverConnected(err error) bool {
	if failure, ok := err.(*connectionError); ok {
		err = failure.err
	}
	if op, ok := err.(*net.OpError); ok && op.Op == "proxyconnect" { // net/http puts it around the dial to a proxy
		err = op.Err
	}
	switch e := err.(type) {
	case *net.DNSError, *tls.CertificateVerificationError, *connectRefusal:
		return true
	case tls.RecordHeaderError:
		return e.Msg == notTLSWords
	case *net.OpError:
		return e.Op == "dial"
	}
	return false
}

// isHopeless reports whether err shows that another attempt would fail too. Either the host does not exist, or its
// certificate is not trusted, or it does not trust that of the client, or it does not support a common version of TLS,
// or a proxy rejects the request, or the URL and the header are too large.
func isHopeless(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok && record.Msg == notTLSWords {
		return true
	}
	if refusal, ok := errors.AsType[*connectRefusal](err); ok {
		return refusal.code == http.StatusForbidden || refusal.code == http.StatusProxyAuthRequired
	}
	text := err.Error()
	return slices.Contains(mismatchAlerts, alertOf(err)) || rejectsCertificate(err) || strings.Contains(text, tlsVersionWords) ||
		strings.Contains(text, tooLargeWords)
}

// rejectsCertificate reports whether the server did not accept the certificate of the client, or that there is none.
// With TLS 1.3 it says so after the handshake of the client, which may have sent a request by then.
func rejectsCertificate(err error) bool {
	alert := alertOf(err)
	return strings.Contains(alert, "certificate") || alert == accessDenied
}

// alertOf returns the words of the TLS alert with which the server ended the connection, or an empty string.
func alertOf(err error) string {
	for op, ok := errors.AsType[*net.OpError](err); ok; op, ok = errors.AsType[*net.OpError](op.Err) {
		if op.Op == "remote error" {
			return op.Err.Error()
		}
	}
	return ""
}

// isOwnFault reports whether the reason of err is the request or the configuration, not the network or a server.
func isOwnFault(err error) bool {
	return errors.Is(err, errProxied) || strings.Contains(err.Error(), tooLargeWords)
}

// connectRefusal is the error of a CONNECT to which a proxy responded with another status than 200.
type connectRefusal struct {
	proxy  string // host and port
	code   int
	status string // code and reason
}

func (e *connectRefusal) Error() string {
	return fmt.Sprintf("proxy %s responded %s to CONNECT", e.proxy, e.status)
}

// checkConnect returns an error if a proxy responds to CONNECT with anything but 200.
func checkConnect(_ context.Context, proxy *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &connectRefusal{proxy.Host, response.StatusCode, response.Status}
}

// explain adds facts that net/http omits to the error of a round trip: that there was no connection, and which proxy
// was used.
func (s *Sender) explain(err error, r *http.Request, seen *trace) error {
	text := err.Error()
	if reason, ok := strings.CutPrefix(text, adviceBefore); ok { // the advice is to set GetBody
		return errors.New(strings.TrimSuffix(reason, adviceAfter))
	}
	asked, got := seen.connection()
	if _, refused := err.(*connectRefusal); refused || got {
		return err
	}
	var proxy *url.URL
	if s.proxy != nil {
		proxy, _ = s.proxy(r) // if it fails, err says so
	}
	// Without checkConnect, net/http keeps only the reason phrase of a response to CONNECT.
	if code := statusWithText(text); proxy != nil && code != 0 {
		return &connectRefusal{proxy.Host, code, fmt.Sprint(code, " ", text)}
	}
	op, _ := err.(*net.OpError)
	switch {
	case !asked:
		return err
	case op != nil && slices.Contains([]string{"dial", "proxyconnect", "socks connect"}, op.Op): // their texts already say it
		return err
	case proxy != nil:
		return &connectionError{"no connection through proxy " + proxy.Host, err}
	}
	return &connectionError{"no connection", err}
}

// connectionError adds to an error that there was no connection.
type connectionError struct {
	text string
	err  error
}

func (e *connectionError) Error() string { return e.text + ": " + e.err.Error() }

func (e *connectionError) Unwrap() error { return e.err }

// statusWithText returns the status with a standard reason, or 0.
func statusWithText(reason string) int {
	for code := 300; code < 600; code++ {
		if text := http.StatusText(code); text != "" && text == reason {
			return code
		}
	}
	return 0
}
