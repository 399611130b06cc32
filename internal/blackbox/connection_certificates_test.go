package blackbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// clientCertificate is signed by the certificate of the server, or by itself.
func clientCertificate(t *testing.T, trusted bool, change func(*x509.Certificate)) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		NotBefore:    time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, any(key)
	if trusted {
		certificate, _ := faultyCertificate()
		parent, err = x509.ParseCertificate(certificate.Certificate[0])
		require.NoError(t, err)
		signer = certificate.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

var errRevoked = errors.New("revoked")

// clientCertificates are those that a gateway rejects, and one that it accepts.
func clientCertificates(t *testing.T) map[string]*tls.Certificate {
	t.Helper()
	return map[string]*tls.Certificate{
		"none":    {},
		"unknown": clientCertificate(t, false, nil),
		"expired": clientCertificate(t, true, func(c *x509.Certificate) { c.NotAfter = c.NotBefore.AddDate(1, 0, 0) }),
		"revoked": clientCertificate(t, true, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(3) }),
		"wrong usage": clientCertificate(t, true, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}),
		"accepted": clientCertificate(t, true, nil),
	}
}

// newGateway returns a server that requires a certificate of the client.
func newGateway(t *testing.T, protocol string, version uint16) *faultyServer {
	t.Helper()
	server := newFaultyServer(t, protocol, listenLocally(t))
	server.config.MinVersion, server.config.MaxVersion = version, version
	server.config.ClientAuth = tls.RequireAndVerifyClientCert
	_, server.config.ClientCAs = faultyCertificate()
	server.config.VerifyPeerCertificate = func(_ [][]byte, chains [][]*x509.Certificate) error {
		if chains[0][0].SerialNumber.Int64() == 3 {
			return errRevoked
		}
		return nil
	}
	return server
}

func gatewayClient(t *testing.T, server *faultyServer, certificate *tls.Certificate) *cloudflare.Client {
	t.Helper()
	transport := faultyTransport()
	transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return certificate, nil
	}
	return faultyClient(t, server, transport)
}

// With TLS 1.3 a server checks the certificate of the client when the client has finished its handshake, and has sent
// the request. The server has read nothing of it, and another attempt would fail too.
func TestRejectedClientCertificates(t *testing.T) {
	certificates := clientCertificates(t)
	for _, protocol := range []string{"http/1.1", "h2"} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for name, certificate := range certificates {
				for _, call := range faultCalls() {
					t.Run(protocol+"/"+tls.VersionName(version)+"/"+name+"/"+call.name, func(t *testing.T) {
						server := newGateway(t, protocol, version)
						wrote := make(chan struct{})
						server.interfere(func(conn net.Conn) bool {
							if name == "accepted" {
								return false
							}
							if version == tls.VersionTLS13 {
								conn = &lateConn{Conn: conn, until: wrote}
							}
							_ = tls.Server(conn, server.config).Handshake() // fails
							_, _ = io.Copy(io.Discard, conn)                // a reset could overtake the alert
							return true
						}, nil)
						ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
							WroteRequest: func(httptrace.WroteRequestInfo) { close(wrote) },
						})
						var response cloudflare.Response
						err := call.do(ctx, gatewayClient(t, server, certificate), cloudflare.CaptureResponse(&response))
						assert.Equal(t, 1, response.Attempts)
						if name == "accepted" {
							require.NoError(t, err)
							return
						}
						assertMatchesOnly(t, err)
						assert.ErrorContains(t, err, "remote error: tls: ")
					})
				}
			}
		}
	}
}

// lateConn delivers nothing but the first record, a ClientHello, until a channel is closed.
type lateConn struct {
	net.Conn
	until   <-chan struct{}
	records int
	rest    int // of the first record
}

func (c *lateConn) Read(b []byte) (int, error) {
	if c.records == 0 {
		header := make([]byte, 5)
		if _, err := io.ReadFull(c.Conn, header); err != nil {
			return 0, err
		}
		c.records, c.rest = 1, int(header[3])<<8+int(header[4])
		return copy(b, header), nil
	}
	if c.rest == 0 {
		<-c.until
		return c.Conn.Read(b)
	}
	n, err := c.Conn.Read(b[:min(len(b), c.rest)])
	c.rest -= n
	return n, err
}

// A server that closes the connection behind its alert can reset it, but a small request does not lose the alert.
func TestRejectedClientCertificatesOverSockets(t *testing.T) {
	server := newGateway(t, "http/1.1", tls.VersionTLS13)
	for range 300 {
		var response cloudflare.Response
		err := retryCallOf(t, "POST").do(t.Context(), gatewayClient(t, server, &tls.Certificate{}), cloudflare.CaptureResponse(&response))
		assert.Equal(t, 1, response.Attempts)
		assertMatchesOnly(t, err)
		assert.ErrorContains(t, err, "tls: certificate required")
	}
}
