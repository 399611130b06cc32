package doctor

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/cloudflare/cmd/cforg/internal/output"
)

// report is all that doctor found. Nothing in it is a secret, a name, an address or an ID.
type report struct {
	Program    string `json:"program"`
	OK         bool   `json:"ok"` // the list of organizations could be read
	Credential struct {
		Kind  string `json:"kind"`
		Known string `json:"known"` // whether the API knows it
		token bool
	} `json:"credential"`
	Organizations string `json:"organizations"`
	Network       struct {
		Server      string `json:"server"`
		Proxy       string `json:"proxy"`
		Protocol    string `json:"protocol,omitempty"`
		TLS         string `json:"tls,omitempty"`
		ConnectMS   *int64 `json:"connect_ms,omitempty"`
		HandshakeMS *int64 `json:"tls_handshake_ms,omitempty"`
		FastestMS   *int64 `json:"fastest_response_ms,omitempty"` // on a connection that was open already
		Problem     string `json:"problem,omitempty"`
	} `json:"network"`
	Clock struct {
		AheadSeconds *float64 `json:"ahead_seconds,omitempty"` // nil if it is not known
		Verdict      string   `json:"verdict"`
	} `json:"clock"`
	RateLimits []rateLimit `json:"rate_limits"`
	Operations []operation `json:"operations"`
	Next       string      `json:"next"` // what to do first
}

type rateLimit struct {
	Name      string `json:"name"`
	Remaining int    `json:"remaining"`
	Quota     int    `json:"quota"`
	ResetS    int    `json:"reset_s"`
	WindowS   int    `json:"window_s"`
}

// operation is what happened to one operation that reads.
type operation struct {
	Method string `json:"method"`
	Route  string `json:"route"`
	Result string `json:"result"` // ok, failed or not tested
	Status int    `json:"status,omitempty"`
	Codes  []int  `json:"codes,omitempty"`
	Reason string `json:"reason,omitempty"`
	RayID  string `json:"ray_id,omitempty"` // with --ray
	Items  *int   `json:"items,omitempty"`  // of a list
	differences
}

const resultOK, resultFailed, resultNotTested = "ok", "failed", "not tested"

// printer prints a report in two steps: first what is known without a request, and then the rest.
type printer struct {
	out    io.Writer
	asJSON bool
}

func (p printer) line(name, format string, args ...any) {
	fmt.Fprintf(p.out, "%-14s %s\n", name, fmt.Sprintf(format, args...))
}

func (p printer) local(r *report) {
	if p.asJSON {
		return
	}
	p.line("Program", "%s", r.Program)
	p.line("Credential", "%s", r.Credential.Kind)
	p.line("Server", "%s; proxy: %s", r.Network.Server, r.Network.Proxy)
}

func (p printer) rest(r *report) error {
	if p.asJSON {
		return output.JSON(p.out, r)
	}
	p.line("Known", "%s", r.Credential.Known)
	p.line("Organizations", "%s", r.Organizations)
	p.line("Network", "%s", r.networkText())
	p.line("Clock", "%s", r.Clock.Verdict)
	for _, limit := range r.RateLimits {
		p.line("Rate limit", "%s: %d of %d requests remain, reset in %d s, window of %d s", limit.Name, limit.Remaining, limit.Quota, limit.ResetS, limit.WindowS)
	}
	if r.Network.Problem != "" { // no operation was tested
		p.next(r)
		return nil
	}
	if r.RateLimits == nil {
		p.line("Rate limit", "not known: the response has no such header")
	}
	fmt.Fprintln(p.out)
	var rows [][]string
	for _, op := range r.Operations {
		rows = append(rows, []string{op.Method, op.text()})
	}
	if err := output.Table(p.out, []string{"OPERATION", "RESULT"}, rows); err != nil {
		return err
	}
	p.fields(r)
	p.next(r)
	return nil
}

func (p printer) next(r *report) { fmt.Fprintf(p.out, "\nDo this next: %s\n", r.Next) }

func (p printer) fields(r *report) {
	found := false
	for _, kind := range []struct {
		title string
		of    func(operation) []fieldCount
	}{
		{"in responses, but not known to the API client", func(op operation) []fieldCount { return op.Unknown }},
		{"expected by the API client, but missing in responses", func(op operation) []fieldCount { return op.Missing }},
		{"of another kind than the API client expects", func(op operation) []fieldCount { return op.OtherKind }},
	} {
		title := "\nFields " + kind.title + ":\n"
		for _, op := range r.Operations {
			for _, field := range kind.of(op) {
				fmt.Fprintf(p.out, "%s  %s  %s\n", title, op.Method, field)
				title, found = "", true
			}
		}
	}
	if !found && r.OK {
		fmt.Fprint(p.out, "\nAll fields of all responses are as the API client expects.\n")
	}
}

func (r *report) networkText() string {
	if r.Network.Problem != "" {
		return r.Network.Problem
	}
	parts := []string{r.Network.Protocol}
	if r.Network.TLS != "" {
		parts = append(parts, r.Network.TLS)
	}
	for _, part := range []struct {
		name string
		ms   *int64
	}{{"connect", r.Network.ConnectMS}, {"TLS handshake", r.Network.HandshakeMS}, {"fastest response", r.Network.FastestMS}} {
		if part.ms != nil {
			parts = append(parts, part.name+" "+strconv.FormatInt(*part.ms, 10)+" ms")
		}
	}
	return strings.Join(parts, ", ")
}

func (op operation) text() string {
	text := op.Result
	if op.Result != resultOK && op.Status > 0 {
		text += " " + strconv.Itoa(op.Status)
		for _, code := range op.Codes {
			text += fmt.Sprintf(", code %d", code)
		}
	}
	if op.Items != nil {
		text += ", " + output.Count(*op.Items, "item")
	}
	if op.Reason != "" {
		text += ": " + op.Reason
	}
	if op.RayID != "" {
		text += " (ray " + op.RayID + ")"
	}
	return text
}

// setClock compares the clocks by how far the local one is ahead.
func (r *report) setClock(ahead time.Duration, known bool) {
	if !known {
		r.Clock.Verdict = "not compared: the response has no Date header"
		return
	}
	seconds := ahead.Round(100 * time.Millisecond).Seconds()
	r.Clock.AheadSeconds = &seconds
	switch off := ahead.Round(time.Second).Abs(); {
	case off <= 2*time.Second:
		r.Clock.Verdict = "the local clock agrees with the server's"
	case ahead > 0:
		r.Clock.Verdict = fmt.Sprintf("the local clock is %s ahead of the server's", off)
	default:
		r.Clock.Verdict = fmt.Sprintf("the local clock is %s behind the server's", off)
	}
}
