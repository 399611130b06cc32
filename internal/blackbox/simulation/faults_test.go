package simulation_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is a response. It may end too early.
type reply struct {
	name   string
	status int
	header string // lines
	wait   int    // milliseconds
	pauses bool   // wait concerns every request, not only the next attempt
	body   string
	ending ending
	second string // the body of the second response
}

type ending int

const (
	whole   ending = iota
	half           // half of the body, and then the end of the stream or connection
	hanging        // half of the body, and then silence
	none           // no response
	twice          // a second response follows
)

const (
	page  = "<html><body>Something is wrong with {credential}</body></html>"
	wrong = `{"success":false,"errors":[{"code":10001,"message":"wrong: {credential}"}],"messages":[],"result":null}`
)

// refusals say truthfully that the server did nothing.
var refusals = []reply{
	{name: "429", status: 429, body: wrong},
	{name: "429 with Retry-After", status: 429, header: "Retry-After: 3", wait: 3000, pauses: true, body: wrong},
	{name: "429 with a long Retry-After", status: 429, header: "Retry-After: 100", wait: 100000, pauses: true, body: page},
	{name: "429 with a date", status: 429, header: "Retry-After: {date}", wait: 8000, pauses: true, body: page},
	{name: "429 with a fraction", status: 429, header: "Retry-After: 4.5", wait: 4500, pauses: true, body: wrong},
	{name: "429 with a list", status: 429, header: "Retry-After: 2, 6", wait: 6000, pauses: true, body: wrong},
	{name: "429 with two Retry-After", status: 429, header: "Retry-After: 7\nRetry-After: 1", wait: 7000, pauses: true, body: wrong},
	{name: "429 that requests a wait in its body", status: 429, wait: 11000, pauses: true, body: `{"retry_after":11,"error_code":1015}`},
	{name: "429 with Ratelimit", status: 429, header: `Ratelimit: "default";r=0;t=7`, wait: 7000, pauses: true, body: wrong},
	{name: "429 with two limits", status: 429, header: `Ratelimit: "user";r=9;t=2, "default";r=0;t=5`, wait: 5000, pauses: true, body: wrong},
	{name: "429 with both", status: 429, header: "Retry-After: 2\nRatelimit: \"default\";r=0;t=4", wait: 4000, pauses: true, body: wrong},
	{name: "400", status: 400, body: wrong},
	{name: "401", status: 401, body: wrong},
	{name: "403 as HTML", status: 403, body: page},
	{name: "404 of a gateway", status: 404, body: page},
	{name: "half a 409", status: 409, body: wrong, ending: half},
	{name: "half a 400, then silence", status: 400, body: page, ending: hanging},
	{name: "redirect", status: 302, header: "Location: https://elsewhere.invalid/{credential}"},
	{name: "200 that reports a failure", status: 200, body: wrong},
}

// accidents happen before or after the effect.
var accidents = []reply{
	{name: "500", status: 500, body: wrong},
	{name: "500 as HTML", status: 500, header: "X-Credential: {credential}", body: page},
	{name: "502", status: 502, body: page},
	{name: "503 with Retry-After", status: 503, header: "Retry-After: 5", wait: 5000, body: wrong},
	{name: "503 with a fraction", status: 503, header: "Retry-After: 1.25", wait: 1250, body: page},
	{name: "504", status: 504, body: page},
	{name: "524", status: 524, body: page},
	{name: "408", status: 408, body: wrong},
	{name: "half a 500", status: 500, body: wrong, ending: half},
	{name: "half a 502, then silence", status: 502, body: page, ending: hanging},
	{name: "silence", ending: hanging},
	{name: "end of the stream", ending: none},
}

// distortions follow the effect. An empty body stands for the right one.
var distortions = []reply{
	{name: "half the result", status: 200, ending: half},
	{name: "half the result, then silence", status: 200, ending: hanging},
	{name: "200 as HTML", status: 200, body: page},
	{name: "200 without success", status: 200, body: `{"result":{"id":"1"}}`},
	{name: "200 that is cut", status: 200, body: `{"success":true,"errors":[],"result":{"id":"0`},
	{name: "200 about another resource", status: 200, body: `{"success":true,"errors":[],"result":{"id":"deadbeef","name":"other","user":{}}}`},
}

// surprises follow the effect over HTTP/1.1: the connection ends, or a gateway that did not wait for the response of
// the server passes it on too.
var surprises = []reply{
	{name: "end of the connection", ending: none},
	{name: "502, and a second response", status: 502, body: page, ending: twice},
	{name: "504, and a second response", status: 504, body: page, ending: twice},
	{name: "408, and a second response", status: 408, body: page, ending: twice},
}

// fate is what becomes of one request.
type fate struct {
	delay         time.Duration // before the effect
	early         bool          // the response comes before the body was read
	before, after *reply
}

func (w *world) draws(rng *rand.Rand, r *http.Request, c *call) (f fate) {
	if !w.happens(rng, w.trouble) {
		return f
	}
	if rng.IntN(4) == 0 {
		w.count("response: late")
		f.delay = exponential(rng, 20*time.Second)
	}
	f.early = rng.IntN(4) == 0
	pick := func(replies []reply) *reply { return &replies[rng.IntN(len(replies))] }
	kind := rng.IntN(5)
	if w.abrupt && !c.concurrent {
		kind = 5
	}
	switch kind {
	case 0, 1:
		f.before = pick(refusals)
	case 2:
		f.before = pick(accidents)
	case 3:
		f.after = pick(accidents)
	case 5:
		f.after = pick(surprises)
	default:
		f.after = pick(distortions)
		if strings.Contains(f.after.body, "deadbeef") && !strings.HasSuffix(r.Pattern, "}") {
			f.after = &accidents[0] // nothing but the ID in the path could tell
		}
	}
	return f
}

// send writes the response to a request with this secret. The client may have gone.
func (out reply) send(w http.ResponseWriter, r *http.Request, secret string) {
	fill := strings.NewReplacer("{credential}", secret, "{date}", time.Now().UTC().Add(9*time.Second).Format(http.TimeFormat))
	body := fill.Replace(out.body)
	for line := range strings.Lines(out.header) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			w.Header().Add(name, fill.Replace(value))
		}
	}
	// The hooks of the client see the ray ID: the truth about the response, which the client does not read.
	w.Header().Set("Cf-Ray", fmt.Sprintf(ray, out.ending == whole && strings.Contains(out.body, `"success":`) && json.Valid([]byte(out.body)), out.pauses, out.wait))
	if out.status != 204 {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	if out.ending == twice {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		for _, next := range []reply{{status: out.status, body: body}, {status: 200, body: out.second}} {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 %d Something\r\nContent-Length: %d\r\n\r\n%s", next.status, len(next.body), next.body)
			time.Sleep(draw(rand.New(rand.NewPCG(1, uint64(len(body)))), 10*time.Second))
		}
		time.Sleep(30 * time.Second)
		return
	}
	if out.ending != whole {
		body = body[:len(body)/2]
	}
	if out.status != 0 {
		w.WriteHeader(out.status)
		_, _ = io.WriteString(w, body)
	}
	if out.ending == whole {
		return
	}
	if out.status != 0 {
		_ = http.NewResponseController(w).Flush()
	}
	if out.ending == hanging {
		select {
		case <-r.Context().Done():
		case <-time.After(3 * time.Minute):
		}
	}
	panic(http.ErrAbortHandler)
}

// ray says whether the API itself sent a response, whether every request must wait, and for how many milliseconds.
const ray = "api=%t pauses=%t wait=%d"
