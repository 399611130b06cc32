// Package simulation_test runs the client in simulated worlds, and checks every report of the client against what
// really happened. A world has a network that delays and breaks connections, a server that fails in many ways, and
// actors that call every method, in the virtual time of testing/synctest. All of it comes from one seed.
package simulation_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"maps"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	only   = flag.Uint64("seed", 0, "run the world of this seed only, and print what happens in it")
	first  = flag.Uint64("first", 1, "the first seed")
	worlds = flag.Uint64("worlds", 50, "the number of worlds")
)

func TestWorlds(t *testing.T) {
	from, to := *first, *first+*worlds
	if *only != 0 {
		from, to = *only, *only+1
	}
	log.SetOutput(io.Discard) // net/http writes what it finds on idle connections
	total := map[string]int{}
	defer func() {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(total)) {
			fmt.Fprintf(&b, "\n%9d  %s", total[name], name)
		}
		t.Log(b.String())
	}()
	for seed := from; seed < to; seed++ {
		// A world takes some 30 ms, unless a goroutine waits for a mutex: then the clock of the bubble stands still.
		stuck := time.AfterFunc(time.Minute, func() {
			debug.SetTraceback("all")
			panic(fmt.Sprintf("the world of seed %d does not end", seed))
		})
		synctest.Test(t, func(t *testing.T) { run(t, seed, total) })
		stuck.Stop()
		if t.Failed() {
			t.Fatalf("seed %d: repeat this world with -seed %d", seed, seed)
		}
		// net/http pools channels, which must not reach the next bubble. The second run empties what the first one
		// kept.
		runtime.GC()
		runtime.GC()
	}
}

// world is one simulation. Its methods are in the file of their subject.
type world struct {
	traits
	seed    uint64
	began   time.Time
	quiet   atomic.Bool    // nothing fails any more
	running sync.WaitGroup // servers, proxies and the operator

	noting     sync.Mutex
	events     []string
	violations []string
	figures    map[string]int

	mu       sync.Mutex // guards the rest, and what is known about a call
	calls    map[string]*call
	clients  []*client
	dials    map[string]int
	listener *listener // nil while the server is down
	server   *http.Server
	life     int // counts the restarts that end what is under way

	resources []*resource
	original  int                  // how many there are from the beginning
	keys      map[string]*resource // by idempotency key
	secret    string               // the credential that is valid now
	spending  time.Time            // when the window of the quota began
	used      int
}

// traits are what a world is like. Each world has only some of the faults, so that every combination is reached.
type traits struct {
	http1, tls12        bool
	maxStreams          int
	latency             time.Duration
	badDials, badConns  float64 // the part of the dials that fails, and of the connections that breaks
	stalls              bool
	grabs               float64 // the part of the requests whose connection breaks when the transport takes it
	calm                bool    // one call at a time, and the only fault is a write that stalls in the HTTP/2 header
	proxy               bool
	badProxy            float64
	wrapper             wrapper
	trouble             float64 // the part of the requests to which the server responds in an unusual way
	restarts, rotations int
	quota               int // requests per window; 0: any number
	window              time.Duration
	headers             bool // the server reports its limit
	abrupt              bool // connections end after the effect, or a gateway responds a second time; nothing is retried
	pageLimit           int
	lag                 time.Duration // until a new organization can be read

	actors, steps, clients int
	oneTransport           bool
	deadlines, cancels     float64
	pause                  time.Duration // the longest between two calls
}

func one[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func newTraits(rng *rand.Rand) traits {
	chance := func(p float64) bool { return rng.Float64() < p }
	if chance(0.1) {
		// Other writes would wait for a write that stalls with a mutex, and then the clock of the bubble would stand
		// still.
		return traits{
			calm: true, grabs: 0.4, deadlines: 1, latency: 20 * time.Millisecond, pageLimit: 1000,
			actors: 1, steps: 4 + rng.IntN(16), clients: 1, pause: 3 * time.Second,
		}
	}
	t := traits{
		http1:        chance(0.4),
		tls12:        chance(0.15),
		latency:      one(rng, time.Millisecond, 20*time.Millisecond, 200*time.Millisecond, 2*time.Second),
		badDials:     one(rng, 0, 0, 0.1, 0.4),
		badConns:     one(rng, 0, 0.1, 0.3, 0.7),
		grabs:        one(rng, 0, 0, 0.02, 0.2),
		proxy:        chance(0.15),
		badProxy:     one(rng, 0.1, 0.4),
		trouble:      one(rng, 0, 0.1, 0.2, 0.4),
		restarts:     one(rng, 0, 0, 1, 3),
		rotations:    one(rng, 0, 0, 0, 1, 3),
		window:       one(rng, 10*time.Second, time.Minute),
		headers:      chance(0.5),
		pageLimit:    one(rng, 2, 5, 1000),
		lag:          one(rng, 0, 0, time.Second, 10*time.Second),
		actors:       1 + rng.IntN(4),
		steps:        4 + rng.IntN(16),
		clients:      1 + rng.IntN(2),
		oneTransport: chance(0.5),
		deadlines:    one(rng, 0, 0.3, 0.7),
		cancels:      one(rng, 0, 0, 0.2),
		pause:        one(rng, 0, time.Second, 30*time.Second, 2*time.Minute),
	}
	switch {
	case t.http1:
		t.stalls = chance(0.3)
	case chance(0.15):
		t.maxStreams = 1 + rng.IntN(3)
	}
	if chance(0.2) {
		t.quota = 5 + rng.IntN(20)
	}
	if chance(0.15) {
		t.wrapper = one(rng, wrapped, reticent, repeating)
	} else if t.http1 && chance(0.3) { // another call at the same time, or a wrapper, may get the second response
		t.abrupt, t.actors, t.steps, t.pause, t.trouble = true, 1, 20, time.Second, 0.4
		t.latency = min(t.latency, 20*time.Millisecond)
	}
	return t
}

// rand returns a source of randomness for one purpose. No decision depends on the order in which goroutines run.
func (w *world) rand(purpose ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintln(h, purpose...)
	return rand.New(rand.NewPCG(w.seed, h.Sum64()))
}

func exponential(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(rng.ExpFloat64() * float64(mean))
}

// happens decides whether a fault happens that is so probable.
func (w *world) happens(rng *rand.Rand, part float64) bool {
	return rng.Float64() < part && !w.quiet.Load()
}

func (w *world) log(who, format string, args ...any) {
	event := fmt.Sprintf("\n%12.6f  %-12s  %s", time.Since(w.began).Seconds(), who, fmt.Sprintf(format, args...))
	w.noting.Lock()
	defer w.noting.Unlock()
	w.events = append(w.events, event)
}

func (w *world) count(what string) {
	w.noting.Lock()
	defer w.noting.Unlock()
	w.figures[what]++
}

// run runs one world in a bubble.
func run(t *testing.T, seed uint64, total map[string]int) {
	w := &world{
		seed: seed, began: time.Now(), figures: map[string]int{"world": 1},
		calls: map[string]*call{}, dials: map[string]int{}, keys: map[string]*resource{},
	}
	w.traits = newTraits(w.rand("traits"))
	w.log("world", "seed %d: %+v", seed, w.traits)
	w.populate()
	w.start()
	for i := range w.traits.clients {
		w.clients = append(w.clients, newClient(w, i))
	}
	var actors sync.WaitGroup
	for i := range w.actors {
		actors.Go(newActor(w, i).live)
	}
	stop := make(chan struct{})
	w.running.Go(func() { w.operate(stop) })
	actors.Wait()
	close(stop)
	w.quiet.Store(true)
	time.Sleep(10 * time.Minute) // what is still under way may arrive
	for _, c := range w.clients {
		c.transport.CloseIdleConnections()
	}
	w.stop(false)
	w.running.Wait()
	time.Sleep(time.Minute) // a server may wait before it closes a connection
	synctest.Wait()         // until connections and handlers have ended too
	w.checkAll()

	for name, n := range w.figures {
		total[name] += n
	}
	if len(w.violations) > 0 || *only == seed {
		t.Log(strings.Join(w.events, ""))
	}
	for _, v := range w.violations {
		t.Error(v)
	}
}

const host = "simulation.invalid"

// certificate returns a certificate for the host that is valid at any time, that of a bubble too. Only one is trusted.
func certificate(trusted byte) tls.Certificate {
	// All signatures of this kind have one size, so that a seed cuts connections at the same place.
	key := ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), trusted))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

var good, bad = certificate(1), certificate(0)

// start begins to serve. A server that is started again has new keys for its session tickets, as after a deploy.
func (w *world) start() {
	config := &tls.Config{Certificates: []tls.Certificate{good}}
	if w.tls12 {
		config.MaxVersion = tls.VersionTLS12
	}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		own := config.Clone()
		switch hello.Conn.(*conn).manner {
		case untrusted:
			own.Certificates = []tls.Certificate{bad}
		case demanding:
			own.ClientAuth = tls.RequireAnyClientCert
		default:
			return nil, nil
		}
		return own, nil
	}
	server := &http.Server{
		Handler: w.handler(), TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0), Protocols: new(http.Protocols),
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: w.maxStreams},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(!w.http1)
	l := &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
	w.mu.Lock()
	w.listener, w.server = l, server
	w.mu.Unlock()
	w.running.Go(func() { _ = server.ServeTLS(l, "", "") })
}

// stop ends the server, with GOAWAY frames if it is graceful. Otherwise what is under way has no effect.
func (w *world) stop(graceful bool) {
	w.mu.Lock()
	server := w.server
	w.listener = nil
	if !graceful {
		w.life++
	}
	w.mu.Unlock()
	if graceful {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // or Close ends what is left
	}
	_ = server.Close()
}

// operate restarts the server and replaces the credential from time to time.
func (w *world) operate(stop <-chan struct{}) {
	rng := w.rand("operator")
	for _, i := range rng.Perm(w.restarts + w.rotations) {
		select {
		case <-time.After(exponential(rng, 30*time.Second)):
		case <-stop:
			return
		}
		if i >= w.restarts {
			w.count("credential that is replaced")
			w.mu.Lock()
			w.secret = w.newSecret(i + 1)
			w.log("operator", "the credential is now %s", w.secret)
			w.mu.Unlock()
			continue
		}
		graceful := rng.IntN(2) == 0
		w.count("restart")
		w.log("operator", "restarts the server, graceful: %t", graceful)
		w.stop(graceful)
		time.Sleep(exponential(rng, 2*time.Second))
		w.start()
	}
}

func (w *world) newSecret(n int) string {
	return fmt.Sprintf("secret-%d-%d-abcdefghijklmnop", w.seed, n)
}
