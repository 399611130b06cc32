// Package simulation_test runs the client in simulated worlds, and checks every report of the client against what
// really happened. A world has a network that delays and breaks connections, a server that fails in many ways, and
// actors that call every method, in the virtual time of testing/synctest. All of it comes from one seed.
package simulation_test

import (
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
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var (
	only   = flag.Uint64("seed", 0, "run the world of this seed only, and print what happens in it")
	first  = flag.Uint64("first", 1, "the first seed")
	worlds = flag.Uint64("worlds", 50, "the number of worlds")
)

func TestMain(m *testing.M) {
	flag.Parse()
	log.SetOutput(io.Discard) // net/http writes what it finds on idle connections
	os.Exit(m.Run())
}

func TestWorlds(t *testing.T) {
	from, to := *first, *first+*worlds
	if *only != 0 {
		from, to = *only, *only+1
	}
	total := figures{}
	defer func() { t.Log(total.String()) }()
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
		// net/http pools channels, which must not reach the next bubble. The second run empties what the first one kept.
		runtime.GC()
		runtime.GC()
	}
}

// figures counts what happened.
type figures map[string]int

func (f figures) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(&b, "\n%9d  %s", f[name], name)
	}
	return b.String()
}

// world is what the network, the server, the actors and the checks share.
type world struct {
	seed   uint64
	traits traits
	began  time.Time

	network *network
	api     *api
	running sync.WaitGroup // the servers and proxies

	mu         sync.Mutex
	calls      map[string]*call
	clients    []*client
	events     []event
	figures    figures
	violations []string
	quiet      bool // nothing fails any more
}

type event struct {
	at     time.Duration
	who    string
	format string
	args   []any
}

// traits are what a world is like. Each world has only some of the faults, so that every combination is reached.
type traits struct {
	http1, tls12 bool
	maxStreams   int
	latency      time.Duration
	badDials     float64 // the part of the dials that fails
	badConns     float64 // the part of the connections that breaks
	stalls       bool
	grabs        float64 // the part of the calls whose connection breaks when the transport takes it
	calm         bool    // one call at a time, and the only fault is a write that stalls in the HTTP/2 header
	proxy        bool
	badProxy     float64
	wrapper      wrapper

	trouble   float64 // the part of the requests to which the server responds in an unusual way
	restarts  int
	quota     int // requests per window; 0: any number
	window    time.Duration
	headers   bool // the server reports its limit
	rotations int
	pageLimit int

	actors, steps, clients int
	oneTransport           bool
	deadlines, cancels     float64
	pause                  time.Duration // the longest between two calls
}

func newTraits(rng *rand.Rand) traits {
	chance := func(p float64) bool { return rng.Float64() < p }
	part := func(parts ...float64) float64 { return parts[rng.IntN(len(parts))] }
	t := traits{
		http1:        chance(0.4),
		tls12:        chance(0.15),
		latency:      []time.Duration{time.Millisecond, 20 * time.Millisecond, 200 * time.Millisecond, 2 * time.Second}[rng.IntN(4)],
		badDials:     part(0, 0, 0.1, 0.4),
		badConns:     part(0, 0.1, 0.3, 0.7),
		grabs:        part(0, 0, 0.02, 0.2),
		proxy:        chance(0.15),
		badProxy:     part(0.1, 0.4),
		trouble:      part(0, 0.1, 0.2, 0.4),
		restarts:     int(part(0, 0, 1, 3)),
		window:       []time.Duration{10 * time.Second, time.Minute}[rng.IntN(2)],
		headers:      chance(0.5),
		rotations:    int(part(0, 0, 0, 1, 3)),
		pageLimit:    int(part(2, 5, 1000)),
		actors:       1 + rng.IntN(4),
		steps:        4 + rng.IntN(16),
		clients:      1 + rng.IntN(2),
		oneTransport: chance(0.5),
		deadlines:    part(0, 0.3, 0.7),
		cancels:      part(0, 0, 0.2),
		pause:        []time.Duration{0, time.Second, 30 * time.Second, 2 * time.Minute}[rng.IntN(4)],
	}
	if t.http1 {
		t.stalls = chance(0.3)
	} else if chance(0.15) {
		t.maxStreams = 1 + rng.IntN(3)
	}
	if chance(0.2) {
		t.quota = 5 + rng.IntN(20)
	}
	if chance(0.15) {
		t.wrapper = wrapper(1 + rng.IntN(3))
	}
	if chance(0.1) {
		t.becomeCalm()
	}
	return t
}

// becomeCalm removes everything but a stall in the header of an HTTP/2 request. Other writes would wait for it with a
// mutex, and then the clock of the bubble would stand still.
func (t *traits) becomeCalm() {
	*t = traits{
		calm: true, grabs: 0.4, deadlines: 1, latency: 20 * time.Millisecond, pageLimit: 1000,
		actors: 1, steps: t.steps, clients: 1, pause: 3 * time.Second,
	}
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

// delay draws the latency of a dial or of one end of a connection.
func (w *world) delay(rng *rand.Rand) time.Duration {
	return time.Microsecond + time.Duration(rng.Int64N(int64(w.traits.latency)))
}

// happens decides whether a fault happens that is so probable.
func (w *world) happens(rng *rand.Rand, part float64) bool {
	happens := rng.Float64() < part
	w.mu.Lock()
	defer w.mu.Unlock()
	return happens && !w.quiet
}

func (w *world) log(who, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, event{time.Since(w.began), who, format, args})
}

func (w *world) count(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.figures[what]++
}

// run runs one world in a bubble.
func run(t *testing.T, seed uint64, total figures) {
	w := &world{seed: seed, began: time.Now(), calls: map[string]*call{}, figures: figures{"world": 1}}
	w.traits = newTraits(w.rand("traits"))
	w.log("world", "seed %d: %+v", seed, w.traits)
	w.network = &network{world: w, dials: map[string]int{}}
	w.api = newAPI(w)
	w.start()
	for i := range w.traits.clients {
		w.clients = append(w.clients, newClient(w, i))
	}
	var actors []*actor
	for i := range w.traits.actors {
		actors = append(actors, newActor(w, i))
	}
	var everybody sync.WaitGroup
	for _, a := range actors {
		everybody.Go(a.live)
	}
	stop := make(chan struct{})
	w.running.Go(func() { w.operate(stop) })
	everybody.Wait()
	close(stop)
	w.mu.Lock()
	w.quiet = true
	w.mu.Unlock()
	time.Sleep(10 * time.Minute) // what is still under way may arrive
	for _, c := range w.clients {
		c.transport.CloseIdleConnections()
	}
	w.api.stop(false)
	w.running.Wait()
	synctest.Wait() // until connections and handlers have ended too
	w.checkAll()

	for name, n := range w.figures {
		total[name] += n
	}
	if len(w.violations) > 0 || *only == seed {
		var story strings.Builder
		for _, e := range w.events {
			fmt.Fprintf(&story, "\n%12.6f  %-12s  %s", e.at.Seconds(), e.who, fmt.Sprintf(e.format, e.args...))
		}
		t.Log(story.String())
	}
	for _, v := range w.violations {
		t.Error(v)
	}
}

// certificate is valid for the host of the server at any time, that of a bubble too.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // its signatures have one size, so a seed cuts at the same place
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		DNSNames:     []string{host},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
})

const host = "simulation.invalid"

// start begins to serve. A server that is started again has new keys for its session tickets, as after a deploy.
func (w *world) start() {
	own, _ := certificate()
	config := &tls.Config{Certificates: []tls.Certificate{own}}
	if w.traits.tls12 {
		config.MaxVersion = tls.VersionTLS12
	}
	server := &http.Server{
		Handler:   w.api.handler(),
		TLSConfig: config,
		ErrorLog:  log.New(io.Discard, "", 0),
		Protocols: new(http.Protocols),
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: w.traits.maxStreams},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(!w.traits.http1)
	l := newListener()
	w.network.mu.Lock()
	w.network.listener = l
	w.network.mu.Unlock()
	w.api.mu.Lock()
	w.api.server = server
	w.api.mu.Unlock()
	w.running.Go(func() { _ = server.ServeTLS(l, "", "") })
}

// operate restarts the server and replaces the credential from time to time.
func (w *world) operate(stop <-chan struct{}) {
	rng := w.rand("operator")
	var times []time.Duration
	for range w.traits.restarts + w.traits.rotations {
		times = append(times, exponential(rng, 30*time.Second))
	}
	for i, after := range times {
		select {
		case <-time.After(after):
		case <-stop:
			return
		}
		if i >= w.traits.restarts {
			w.api.rotate(i - w.traits.restarts + 1)
			continue
		}
		graceful := rng.IntN(2) == 0
		w.log("operator", "restarts the server, graceful: %t", graceful)
		w.count("restart")
		w.network.mu.Lock()
		w.network.listener = nil
		w.network.mu.Unlock()
		w.api.stop(graceful)
		time.Sleep(exponential(rng, 2*time.Second))
		w.start()
	}
}
