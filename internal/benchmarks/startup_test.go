package benchmarks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"example.com/cloudflare/internal/benchmarks/wire"
)

// BenchmarkStartUp runs a program from its start to its end, as a script does that runs every minute. The program lists
// 100 organizations over TLS. It reaches the server through a proxy, because its URL is that of the API.
func BenchmarkStartUp(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("SSL_CERT_FILE has no effect")
	}
	proxy, certificate, connections := serveAsTheAPI(b)
	for _, name := range []string{"byhand", "cloudflare"} {
		b.Run(name, func(b *testing.B) {
			program := filepath.Join(b.TempDir(), name)
			if out, err := exec.Command("go", "build", "-trimpath", "-o", program, "./programs/"+name).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			before, cpu := connections.Load(), time.Duration(0)
			for b.Loop() {
				run := exec.Command(program)
				run.Env = []string{"HTTPS_PROXY=" + proxy, "SSL_CERT_FILE=" + certificate, "CLOUDFLARE_API_TOKEN=" + token}
				if out, err := run.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				cpu += run.ProcessState.UserTime() + run.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(connections.Load()-before)/float64(b.N), "connections/op")
			b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// serveAsTheAPI starts a server for api.cloudflare.com, and a proxy whose every CONNECT reaches that server. It returns
// the proxy's URL, the file that holds the server's certificate, and the number of connections.
func serveAsTheAPI(b *testing.B) (proxy, certificate string, connections *atomic.Int64) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{"api.cloudflare.com"},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		b.Fatal(err)
	}
	certificate = filepath.Join(b.TempDir(), "certificate.pem")
	if err := os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		b.Fatal(err)
	}
	quiet := log.New(io.Discard, "", 0)
	tunnels := make(tunnels)
	server := &http.Server{
		Handler:   wire.New(wire.PageSize),
		ErrorLog:  quiet,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
	}
	go server.ServeTLS(tunnels, "", "")
	connections = new(atomic.Int64)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	accepted := &http.Server{ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		connections.Add(1)
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
			tunnels <- conn
		}
	})}
	go accepted.Serve(listener)
	b.Cleanup(func() { _, _ = accepted.Close(), server.Close() })
	return "http://" + listener.Addr().String(), certificate, connections
}

// tunnels is a listener for connections that a proxy has accepted.
type tunnels chan net.Conn

func (t tunnels) Accept() (net.Conn, error) {
	if conn, ok := <-t; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (t tunnels) Addr() net.Addr { return &net.TCPAddr{} }
func (t tunnels) Close() error   { close(t); return nil }
