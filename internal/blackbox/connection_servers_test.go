package blackbox

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// faultyServer speaks HTTP/1.1 or HTTP/2 over TLS by itself, frame by frame, so that it can fail at any point. It
// counts what reached it and what it carried out.
type faultyServer struct {
	net.Listener
	config   *tls.Config
	settings []byte // of HTTP/2

	mu          sync.Mutex
	connect     func(net.Conn) bool  // sees each connection before TLS; true: it has dealt with it
	request     func(*exchange) bool // sees each request; true: it has dealt with it
	connections int
	arrived     int // requests that were read to their end
	carriedOut  int
}

// newFaultyServer serves protocol, which is "http/1.1" or "h2", until the test ends.
func newFaultyServer(t *testing.T, protocol string, listener net.Listener) *faultyServer {
	t.Helper()
	certificate, _ := faultyCertificate()
	s := &faultyServer{
		Listener: listener,
		config:   &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol}},
	}
	serveUntilCleanup(t, listener, s.serve)
	return s
}

// serveUntilCleanup serves each connection until the test ends, and then closes those that are open.
func serveUntilCleanup(t *testing.T, listener net.Listener, serve func(net.Conn)) {
	t.Helper()
	var all sync.WaitGroup
	var open sync.Map
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			all.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Range(func(conn, _ any) bool {
			_ = conn.(net.Conn).Close()
			return true
		})
		all.Wait()
	})
}

// faultyCertificate is for localhost and 127.0.0.1, and valid at any time, that of synctest too.
var faultyCertificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
})

// interfere sets what becomes of the next connections and requests. Each function may be nil.
func (s *faultyServer) interfere(connect func(net.Conn) bool, request func(*exchange) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connect, s.request = connect, request
}

// counts returns how many requests arrived, and how many were carried out.
func (s *faultyServer) counts() (arrived, carriedOut int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived, s.carriedOut
}

func (s *faultyServer) serve(conn net.Conn) {
	s.mu.Lock()
	s.connections++
	connect := s.connect
	s.mu.Unlock()
	if connect != nil && connect(conn) {
		return
	}
	secure := tls.Server(conn, s.config)
	if secure.Handshake() != nil {
		return
	}
	if secure.ConnectionState().NegotiatedProtocol == "h2" {
		s.serveFrames(conn, secure)
		return
	}
	reader := bufio.NewReader(secure)
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		if !s.exchange(&exchange{server: s, raw: conn, conn: secure, method: r.Method}) {
			return
		}
	}
}

// exchange deals with a request that arrived, and reports whether the connection goes on.
func (s *faultyServer) exchange(x *exchange) bool {
	s.mu.Lock()
	s.arrived++
	request := s.request
	s.mu.Unlock()
	if request == nil || !request(x) {
		x.carryOut()
		x.respond(200, faultySuccess)
	}
	return !x.closed
}

const faultySuccess = `{"success":true,"errors":[],"messages":[],"result":{"id":"a7b9c3d2e8f4a1b5c6d0e9f2a3b7c4d8","name":"Acme"}}`

// exchange is one request and its response.
type exchange struct {
	server *faultyServer
	raw    net.Conn // below TLS
	conn   net.Conn
	method string // HTTP/1.1 only
	stream uint32 // HTTP/2 only
	closed bool
}

func (x *exchange) h2() bool { return x.stream != 0 }

func (x *exchange) carryOut() {
	x.server.mu.Lock()
	defer x.server.mu.Unlock()
	x.server.carriedOut++
}

// respond sends a whole response. The header is given as names and values in turn.
func (x *exchange) respond(status int, body string, header ...string) {
	x.head(status, len(body), header...)
	x.body(body, true)
}

// head sends a header that announces a body of a length.
func (x *exchange) head(status, length int, header ...string) {
	header = append(header, "content-length", fmt.Sprint(length))
	if x.h2() {
		block := field(":status", fmt.Sprint(status))
		for i := 0; i < len(header); i += 2 {
			block = append(block, field(header[i], header[i+1])...)
		}
		x.frame(frameHeaders, flagEndHeaders, x.stream, block)
		return
	}
	text := fmt.Sprintf("HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for i := 0; i < len(header); i += 2 {
		text += header[i] + ": " + header[i+1] + "\r\n"
	}
	x.write(text + "\r\n")
}

func (x *exchange) body(data string, end bool) {
	if !x.h2() {
		x.write(data)
		return
	}
	flags := byte(0)
	if end {
		flags = flagEndStream
	}
	x.frame(frameData, flags, x.stream, []byte(data))
}

func (x *exchange) write(text string) { _, _ = io.WriteString(x.conn, text) } // the client may have gone

// close ends the connection in an orderly way, and reset without one.
func (x *exchange) close() { x.closed = true; _ = x.conn.Close() }

func (x *exchange) reset() {
	x.closed = true
	resetConn(x.raw)
}

func resetConn(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// HTTP/2, as far as these tests speak it (RFC 9113).
const (
	frameData      = 0
	frameHeaders   = 1
	frameReset     = 3
	frameSettings  = 4
	framePing      = 6
	frameGoAway    = 7
	flagAck        = 1
	flagEndStream  = 1
	flagEndHeaders = 4

	codeNone     = 0
	codeProtocol = 1
	codeInternal = 2
	codeRefused  = 7
	codeCalm     = 11
)

func (x *exchange) frame(kind, flags byte, stream uint32, payload []byte) {
	_ = writeFrame(x.conn, kind, flags, stream, payload) // the client may have gone
}

// resetStream ends the stream with a code.
func (x *exchange) resetStream(code uint32) {
	x.frame(frameReset, 0, x.stream, binary.BigEndian.AppendUint32(nil, code))
}

// goAway tells the client which stream is the last one that may be processed.
func (x *exchange) goAway(last, code uint32) {
	payload := binary.BigEndian.AppendUint32(nil, last)
	x.frame(frameGoAway, 0, 0, binary.BigEndian.AppendUint32(payload, code))
}

func writeFrame(w io.Writer, kind, flags byte, stream uint32, payload []byte) error {
	frame := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	frame = binary.BigEndian.AppendUint32(frame, stream)
	_, err := w.Write(append(frame, payload...))
	return err
}

// field is a header field in HPACK: a literal with a new name, not indexed, not compressed.
func field(name, value string) []byte {
	return append(append([]byte{0, byte(len(name))}, name...), append([]byte{byte(len(value))}, value...)...)
}

func (s *faultyServer) serveFrames(raw, conn net.Conn) {
	reader := bufio.NewReader(conn)
	if _, err := io.CopyN(io.Discard, reader, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	if writeFrame(conn, frameSettings, 0, 0, s.settings) != nil {
		return
	}
	for {
		var head [9]byte
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(reader, payload); err != nil {
			return
		}
		switch {
		case kind == frameSettings && flags&flagAck == 0, kind == framePing && flags&flagAck == 0:
			if kind == frameSettings {
				payload = nil
			}
			if writeFrame(conn, kind, flagAck, 0, payload) != nil {
				return
			}
		case (kind == frameHeaders || kind == frameData) && flags&flagEndStream != 0:
			if !s.exchange(&exchange{server: s, raw: raw, conn: conn, stream: stream}) {
				return
			}
		}
	}
}
