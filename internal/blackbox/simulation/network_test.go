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

var (
	errRefused = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	errReset   = os.NewSyscallError("read", syscall.ECONNRESET)
	address    = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
)

// manner is how a server behaves in the handshake of a connection.
type manner int

const (
	polite    manner = iota
	untrusted        // it has another certificate
	demanding        // it demands one of the client
)

// dial connects a client to the server, or to a proxy in front of it. It fails some dials.
func (w *world) dial(ctx context.Context, _, address string) (net.Conn, error) {
	id := callOf(ctx).id
	w.mu.Lock()
	w.dials[id]++
	id = fmt.Sprintf("%s dial %d", id, w.dials[id])
	l := w.listener
	w.mu.Unlock()
	rng, how := w.rand(id), polite
	fail := func(what string, err error) (net.Conn, error) {
		w.count("dial: " + what)
		w.log(id, "%s", what)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	time.Sleep(draw(rng, w.latency))
	if w.happens(rng, w.badDials) {
		switch rng.IntN(5) {
		case 0:
			select {
			case <-time.After(10 * time.Second): // as the dialer of NewTransport does
				return fail("timeout", os.ErrDeadlineExceeded)
			case <-ctx.Done():
				return fail("timeout", ctx.Err())
			}
		case 1:
			return fail("host not found for a moment", &net.DNSError{Err: "server misbehaving", Name: address, IsTemporary: true})
		case 2:
			how = one(rng, untrusted, demanding)
			w.count("dial: trouble with a certificate")
			w.log(id, "certificate: %d", how)
		default:
			l = nil
		}
	}
	if l == nil {
		return fail("refused", errRefused)
	}
	near, far := w.connect(id, rng)
	far.manner = how
	if w.proxy {
		status := http.StatusOK
		if w.happens(rng, w.badProxy) {
			status = one(rng, 403, 407, 502, 503, 504, 0)
		}
		w.running.Go(func() { w.tunnel(id, far, l, status) })
	} else if !l.accept(far) {
		return fail("refused", errRefused)
	}
	return near, nil
}

// tunnel responds to the CONNECT on a connection, and passes the connection to the server if the status is 200. With
// the status 0, it closes the connection.
func (w *world) tunnel(id string, c *conn, l *listener, status int) {
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	_, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil && status != 0 {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 %d %s\r\n\r\n", status, http.StatusText(status))
	}
	_ = c.SetReadDeadline(time.Time{})
	if err != nil || status != http.StatusOK || !l.accept(c) {
		w.count("proxy: no connection")
		w.log(id, "the proxy responds %d to CONNECT", status)
		_ = c.Close()
	}
}

// draw draws a time below d.
func draw(rng *rand.Rand, d time.Duration) time.Duration { return time.Duration(rng.Int64N(int64(d))) }

// breakage is a way in which a connection breaks.
type breakage string

const (
	reset   breakage = "reset"   // both ends notice, and may lose what is under way
	end     breakage = "end"     // both ends notice, after they have read what is under way
	silence breakage = "silence" // no end notices: what is written is lost
	stall   breakage = "stall"   // what one end writes does not leave it for a while
)

// link is what the two ends of a connection share.
type link struct {
	*world
	id      string
	lock    sync.Mutex
	changed *sync.Cond
}

// conn is one end of a connection. The lock of the link guards it.
type conn struct {
	*link
	peer    *conn
	rng     *rand.Rand
	latency time.Duration // of what this end writes
	manner  manner

	inbox     []packet
	hangup    error // what Read returns after the inbox, from hangupAt on
	hangupAt  time.Time
	closed    bool
	readBy    time.Time
	writeBy   time.Time
	lost      bool // what this end writes is lost
	stalledBy time.Time
	cut       int // the connection breaks after so many bytes more; negative: never
	cutKind   breakage
}

type packet struct {
	at   time.Time
	data []byte
}

// connect returns the two ends of a new connection, and decides whether and when it will break.
func (w *world) connect(id string, rng *rand.Rand) (client, server *conn) {
	w.count("connection")
	l := &link{world: w, id: id}
	l.changed = sync.NewCond(&l.lock)
	newEnd := func() *conn {
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		return &conn{link: l, rng: own, latency: time.Microsecond + draw(rng, w.latency), cut: -1}
	}
	client, server = newEnd(), newEnd()
	client.peer, server.peer = server, client
	if !w.happens(rng, w.badConns) {
		return client, server
	}
	victim, kind := one(rng, client, server), one(rng, reset, end, silence)
	if w.stalls && rng.IntN(4) == 0 {
		kind = stall
	}
	if rng.IntN(3) == 0 {
		time.AfterFunc(exponential(rng, 20*time.Second), func() {
			l.lock.Lock()
			defer l.lock.Unlock()
			victim.breaks(kind)
		})
	} else { // in a handshake, a client writes some 1,700 bytes, and a server 1,000
		victim.cut, victim.cutKind = 1+rng.IntN(one(rng, 1000, 3000, 10000)), kind
	}
	return client, server
}

// wait waits until something changes, or the first of these times has come. Zero times do not count.
func (l *link) wait(times ...time.Time) {
	for _, t := range times {
		if !t.IsZero() {
			defer time.AfterFunc(time.Until(t), func() {
				l.lock.Lock() // so that the wait has begun
				defer l.lock.Unlock()
				l.changed.Broadcast()
			}).Stop()
		}
	}
	l.changed.Wait()
}

func due(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (c *conn) Read(b []byte) (int, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
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

// alert is at least the size of the last record of TLS. A stall delays it, but does not block its writer: net/http
// holds a mutex when it closes an idle connection, and the clock of a bubble stands still while somebody waits for a
// mutex.
const alert = 50

func (c *conn) Write(b []byte) (n int, err error) {
	c.lock.Lock()
	defer c.lock.Unlock()
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
		case !c.stalledBy.IsZero() && !due(c.stalledBy) && len(b) > alert:
			c.wait(c.stalledBy, c.writeBy, broken)
			continue
		}
		part := b[n:]
		if c.cut >= 0 {
			part = part[:min(len(part), c.cut)]
			c.cut -= len(part)
		}
		c.send(part)
		n += len(part)
		if c.cut == 0 {
			c.cut = -1
			c.breaks(c.cutKind)
		}
	}
}

// send delivers b to the other end, after a delay.
func (c *conn) send(b []byte) {
	at := later(time.Now(), c.stalledBy).Add(c.latency)
	if c.rng.IntN(4) == 0 {
		at = at.Add(draw(c.rng, c.latency))
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
		c.changed.Broadcast()
	}
}

// hang ends what c can read after its inbox.
func (c *conn) hang(err error, at time.Time) {
	if c.hangup == nil {
		c.hangup, c.hangupAt = err, at
		c.changed.Broadcast()
	}
}

// breaks breaks the connection at this end.
func (c *conn) breaks(kind breakage) {
	if c.closed || c.peer.closed || c.hangup != nil {
		return
	}
	c.count("connection: " + string(kind))
	c.log(c.id, "%s", kind)
	both := c.rng.IntN(2) == 0
	switch kind {
	case silence:
		c.lost, c.peer.lost = true, c.peer.lost || both
	case stall:
		c.stalledBy = time.Now().Add(draw(c.rng, time.Minute))
	default:
		for _, e := range []*conn{c, c.peer} {
			e.lost = true
			if kind == end {
				e.hang(io.EOF, time.Now().Add(e.latency))
				continue
			}
			e.hang(errReset, time.Now().Add(draw(c.rng, e.latency)))
			if both {
				e.inbox = nil
			}
		}
	}
}

// longestStall bounds the stalls of a calm world.
const longestStall = 10 * time.Second

// grab breaks the connection at the moment when the transport takes it for a request.
func (c *conn) grab(reused bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch {
	case !c.calm:
		c.count("connection: reset when it is taken")
		c.log(c.id, "reset when it is taken")
		for _, e := range []*conn{c, c.peer} {
			e.inbox, e.lost = nil, true
			e.hang(errReset, time.Now())
		}
	case reused:
		c.count("connection: stall in a header of HTTP/2")
		c.log(c.id, "stalls when it is taken")
		c.stalledBy = time.Now().Add(draw(c.rng, longestStall))
	}
}

// Close closes this end. As in TCP, the other end sees a reset if there was something left to read.
func (c *conn) Close() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	reason := io.EOF
	if len(c.inbox) > 0 {
		reason = errReset
	}
	if !c.closed && !c.lost {
		c.peer.hang(reason, time.Now().Add(c.latency))
	}
	c.closed = true
	c.changed.Broadcast()
	return nil
}

func (c *conn) set(t time.Time, deadlines ...*time.Time) error {
	c.lock.Lock()
	defer c.lock.Unlock()
	for _, d := range deadlines {
		*d = t
	}
	c.changed.Broadcast()
	return nil
}

func (c *conn) SetDeadline(t time.Time) error      { return c.set(t, &c.readBy, &c.writeBy) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.set(t, &c.readBy) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.set(t, &c.writeBy) }
func (c *conn) LocalAddr() net.Addr                { return address }
func (c *conn) RemoteAddr() net.Addr               { return address }

// listener is where a server accepts connections.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
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
