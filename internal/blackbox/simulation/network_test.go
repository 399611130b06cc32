package simulation_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// network carries the connections of a world. It fails dials, delays what is written, and breaks connections.
type network struct {
	*world

	mu       sync.Mutex
	listener *listener // nil while the server is down
	dials    map[string]int
}

// dial connects a client to the server, or to a proxy in front of it.
func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	id := callOf(ctx).id
	n.mu.Lock()
	n.dials[id]++
	id = fmt.Sprintf("%s dial %d", id, n.dials[id])
	l := n.listener
	n.mu.Unlock()
	rng := n.rand(id)
	fail := func(what string, err error) (net.Conn, error) {
		n.count("dial: " + what)
		n.log(id, "%s", what)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	time.Sleep(n.delay(rng))
	if n.happens(rng, n.traits.badDials) {
		switch rng.IntN(3) {
		case 0:
			select {
			case <-time.After(10 * time.Second): // as the dialer of NewTransport does
				return fail("timeout", os.ErrDeadlineExceeded)
			case <-ctx.Done():
				return fail("timeout", ctx.Err())
			}
		case 1:
			return fail("host not found for a moment", &net.DNSError{Err: "server misbehaving", Name: address, IsTemporary: true})
		}
		l = nil
	}
	refused := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	if l == nil {
		return fail("refused", refused)
	}
	near, far := n.connect(id, rng)
	if n.traits.proxy {
		status := http.StatusOK
		if n.happens(rng, n.traits.badProxy) {
			status = []int{403, 407, 502, 503, 504, 0}[rng.IntN(6)]
		}
		n.running.Go(func() { n.proxy(id, far, l, status) })
	} else if !l.accept(far) {
		return fail("refused", refused)
	}
	return near, nil
}

// proxy responds to the CONNECT on a connection, and passes the connection to the server if the status is 200. With the
// status 0, it closes the connection.
func (n *network) proxy(id string, c *conn, l *listener, status int) {
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	_, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil && status != 0 {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 %d %s\r\n\r\n", status, http.StatusText(status))
	}
	_ = c.SetReadDeadline(time.Time{})
	if err != nil || status != http.StatusOK || !l.accept(c) {
		n.count("proxy: no connection")
		n.log(id, "the proxy responds %d to CONNECT", status)
		_ = c.Close()
	}
}

// breakage is a way in which a connection breaks.
type breakage int

const (
	reset   breakage = iota // both ends notice, and may lose what is under way
	end                     // both ends notice, after they have read what is under way
	silence                 // no end notices: what is written is lost
	stall                   // what one end writes does not leave it for a while
)

func (b breakage) String() string { return [...]string{"reset", "end", "silence", "stall"}[b] }

// connect returns the two ends of a new connection, and decides whether and when it will break.
func (n *network) connect(id string, rng *rand.Rand) (client, server *conn) {
	n.count("connection")
	l := &link{network: n, id: id, changed: make(chan struct{})}
	client, server = &conn{link: l, cut: -1}, &conn{link: l, cut: -1}
	client.peer, server.peer = server, client
	for _, c := range []*conn{client, server} {
		c.rng = rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		c.latency = n.delay(rng)
	}
	if !n.happens(rng, n.traits.badConns) {
		return client, server
	}
	kind, victim := breakage(rng.IntN(3)), []*conn{client, server}[rng.IntN(2)]
	if n.traits.stalls && rng.IntN(4) == 0 {
		kind = stall
	}
	if rng.IntN(3) == 0 {
		time.AfterFunc(exponential(rng, 20*time.Second), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			victim.breaks(kind)
		})
		return client, server
	}
	// In a handshake, a client writes some 1,700 bytes, and a server 1,000.
	victim.cut, victim.cutKind = 1+rng.IntN([]int{1000, 3000, 10000}[rng.IntN(3)]), kind
	return client, server
}

// link is what the two ends of a connection share.
type link struct {
	*network
	id string

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something changes
}

// conn is one end of a connection. The lock of the link guards it.
type conn struct {
	*link
	peer    *conn
	rng     *rand.Rand
	latency time.Duration // of what this end writes

	inbox     []packet
	hangup    error // what Read returns after the inbox, from hangupAt on
	hangupAt  time.Time
	closed    bool
	readBy    time.Time
	writeBy   time.Time
	lost      bool // what this end writes is lost
	stalledBy time.Time
	written   int
	cut       int // the connection breaks when this end has written so many bytes; negative: never
	cutKind   breakage
}

type packet struct {
	at   time.Time
	data []byte
}

// change wakes those who wait.
func (l *link) change() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// wait releases the lock until something changes, or the first of these times has come. Zero times do not count.
func (l *link) wait(times ...time.Time) {
	var first <-chan time.Time
	var at time.Time
	for _, t := range times {
		if !t.IsZero() && (first == nil || t.Before(at)) {
			at, first = t, time.After(time.Until(t))
		}
	}
	changed := l.changed
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-changed:
	case <-first:
	}
}

func due(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

var errReset = os.NewSyscallError("read", syscall.ECONNRESET)

func (c *conn) Read(b []byte) (int, error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	for {
		next := c.hangupAt
		if len(c.inbox) > 0 {
			next = c.inbox[0].at
		}
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case due(c.readBy):
			return 0, os.ErrDeadlineExceeded
		case !due(next):
			c.wait(next, c.readBy)
		case len(c.inbox) == 0:
			return 0, c.hangup
		default:
			n := copy(b, c.inbox[0].data)
			if c.inbox[0].data = c.inbox[0].data[n:]; len(c.inbox[0].data) == 0 {
				c.inbox = c.inbox[1:]
			}
			return n, nil
		}
	}
}

func (c *conn) Write(b []byte) (n int, err error) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	for {
		var broken time.Time
		if errors.Is(c.hangup, errReset) {
			broken = c.hangupAt
		}
		switch {
		case c.closed:
			return n, net.ErrClosed
		case due(c.writeBy):
			return n, os.ErrDeadlineExceeded
		case due(broken):
			return n, errReset
		case n == len(b):
			return n, nil
		case !due(c.stalledBy) && !c.stalledBy.IsZero() && len(b) > alert:
			c.wait(c.stalledBy, c.writeBy, broken)
			continue
		}
		until := len(b)
		if c.cut >= 0 {
			until = min(until, n+c.cut-c.written)
		}
		c.send(b[n:until])
		c.written += until - n
		n = until
		if c.written == c.cut {
			c.cut = -1
			c.breaks(c.cutKind)
		}
	}
}

// alert is at least the size of the last record of TLS. A stall delays it, but does not block its writer: net/http
// holds a mutex when it closes an idle connection, and the clock of a bubble stands still while somebody waits for a
// mutex.
const alert = 50

// send delivers b to the other end, after a delay.
func (c *conn) send(b []byte) {
	at := later(time.Now(), c.stalledBy).Add(c.latency)
	if c.rng.IntN(4) == 0 {
		at = at.Add(time.Duration(c.rng.Int64N(int64(c.latency) + 1)))
	}
	switch inbox := c.peer.inbox; {
	case c.lost:
	case c.peer.closed:
		c.hang(errReset, at.Add(c.latency))
	default:
		if len(inbox) > 0 {
			at = later(at, inbox[len(inbox)-1].at)
		}
		c.peer.inbox = append(inbox, packet{at, bytes.Clone(b)})
		c.change()
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// hang ends what c can read after its inbox.
func (c *conn) hang(err error, at time.Time) {
	if c.hangup == nil {
		c.hangup, c.hangupAt = err, at
		c.change()
	}
}

// breaks breaks the connection at this end.
func (c *conn) breaks(kind breakage) {
	if c.closed || c.peer.closed || c.hangup != nil {
		return
	}
	c.count("connection: " + kind.String())
	c.log(c.id, "%s after %d bytes to this end, and %d from it", kind, c.peer.written, c.written)
	both := c.rng.IntN(2) == 0
	switch kind {
	case reset, end:
		for _, e := range []*conn{c, c.peer} {
			e.lost = true
			if kind == end {
				e.hang(io.EOF, time.Now().Add(e.latency))
				continue
			}
			e.hang(errReset, time.Now().Add(time.Duration(c.rng.Int64N(int64(e.latency)))))
			if both {
				e.inbox = nil
			}
		}
	case silence:
		c.lost, c.peer.lost = true, c.peer.lost || both
	case stall:
		c.stalledBy = time.Now().Add(time.Duration(c.rng.Int64N(int64(time.Minute))))
	}
}

// longestStall bounds the stalls of a calm world.
const longestStall = 10 * time.Second

// grab breaks the connection at the moment when the transport takes it for a request.
func (c *conn) grab(reused bool) {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	switch {
	case !c.traits.calm:
		c.count("connection: reset when it is taken")
		c.log(c.id, "reset when it is taken")
		for _, e := range []*conn{c, c.peer} {
			e.inbox, e.lost = nil, true
			e.hang(errReset, time.Now())
		}
	case reused:
		c.count("connection: stall in a header of HTTP/2")
		c.log(c.id, "stalls when it is taken")
		c.stalledBy = time.Now().Add(time.Duration(c.rng.Int64N(int64(longestStall))))
	}
}

// Close closes this end. As in TCP, the other end sees a reset if there was something left to read.
func (c *conn) Close() error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	switch {
	case c.lost:
	case len(c.inbox) > 0:
		c.peer.hang(errReset, time.Now().Add(c.latency))
	default:
		c.peer.hang(io.EOF, time.Now().Add(c.latency))
	}
	c.change()
	return nil
}

func (c *conn) set(t time.Time, deadlines ...*time.Time) error {
	c.link.mu.Lock()
	defer c.link.mu.Unlock()
	for _, d := range deadlines {
		*d = t
	}
	c.change()
	return nil
}

func (c *conn) SetDeadline(t time.Time) error      { return c.set(t, &c.readBy, &c.writeBy) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.set(t, &c.readBy) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.set(t, &c.writeBy) }
func (c *conn) LocalAddr() net.Addr                { return address }
func (c *conn) RemoteAddr() net.Addr               { return address }

var address = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}

// listener is where a server accepts connections.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// accept passes a connection to the server, and reports whether it took it.
func (l *listener) accept(c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.closed:
		return false
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return address }
