package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"example.com/cloudflare"
)

// examination fills a report.
type examination struct {
	client  *cloudflare.Client
	wire    *recorder
	report  *report
	private func(string) bool
	ray     bool        // add ray IDs
	waiting *time.Timer // to be stopped at the first response
	found   found
	listed  exchange // of the first probe
	listErr error
	fastest time.Duration
	knows   bool // an operation succeeded
}

func (x *examination) run(ctx context.Context) {
	for i, p := range probes {
		if ctx.Err() != nil {
			return
		}
		op := operation{Method: p.method, Route: p.route, Result: resultNotTested}
		switch id, what := x.needed(p); {
		case i > 0 && x.listed.status == 0:
			op.Reason = "no response to the first request"
		case id == "":
			op.Reason = "no " + what + " was found to try it with"
		default:
			x.try(ctx, p, &op)
		}
		x.report.Operations = append(x.report.Operations, op)
		if i == 0 {
			x.waiting.Stop()
			x.describeFirst()
		}
	}
	x.report.OK = x.listErr == nil
	x.describeOrganizations()
	x.describeCredential(ctx)
	x.report.Next = x.next()
	if x.fastest > 0 {
		x.report.Network.FastestMS = new(x.fastest.Milliseconds())
	}
}

func (x *examination) needed(p probe) (id, what string) {
	if p.needs == nil {
		return "nothing", ""
	}
	return p.needs(&x.found)
}

// try calls an operation and compares its response.
func (x *examination) try(ctx context.Context, p probe, op *operation) {
	items, err := p.call(ctx, x.client, &x.found)
	e := x.wire.take()
	op.Status = e.status
	if x.ray {
		op.RayID = rayID(e.header.Get("CF-Ray"))
	}
	if p.needs == nil {
		x.listed, x.listErr = e, err
	}
	if taken := e.received.Sub(e.sent); e.reused && e.status > 0 && (x.fastest == 0 || taken < x.fastest) {
		x.fastest = taken
	}
	if err == nil || neverSet(err, p) {
		op.Result, x.knows = resultOK, true
		if p.list {
			op.Items = &items
		}
		if err != nil {
			op.Reason = "never set"
		}
	} else {
		op.Result, op.Reason = resultFailed, reason(err, e, p, x.report.Credential.token)
		if apiErr, ok := errors.AsType[*cloudflare.Error](err); ok {
			for _, info := range apiErr.Errors {
				op.Codes = append(op.Codes, info.Code)
			}
			op.Codes = slices.Compact(op.Codes)
		}
	}
	if e.status >= 200 && e.status < 300 {
		op.differences = compareBody(e.body, p, x.private)
	}
}

var rayForm = regexp.MustCompile(`^[0-9a-f]{16}(-[A-Z]{3})?$`)

// rayID returns a ray ID, or an empty string for anything else in its header.
func rayID(header string) string {
	if !rayForm.MatchString(header) {
		return ""
	}
	return header
}

// neverSet reports whether a profile was never set, which the API client reports as an error. The organization or
// account of the profile exists, as an earlier operation found it.
func neverSet(err error, p probe) bool {
	return p.result == reflect.TypeFor[cloudflare.OrganizationProfile]() && errors.Is(err, cloudflare.ErrNotFound)
}

// envelope is what surrounds every result.
type envelope struct {
	Success    bool            `json:"success"`
	Errors     []message       `json:"errors,omitempty"`
	Messages   []message       `json:"messages,omitempty"`
	Result     json.RawMessage `json:"result"`
	ResultInfo *struct {
		NextPageToken string          `json:"next_page_token,omitempty"`
		TotalSize     json.RawMessage `json:"total_size,omitempty"`
		Count         json.RawMessage `json:"count,omitempty"`
		Cursor        string          `json:"cursor,omitempty"`
		HistoryStatus string          `json:"history_status,omitempty"`
		Page          json.RawMessage `json:"page,omitempty"`
		PerPage       json.RawMessage `json:"per_page,omitempty"`
		TotalCount    json.RawMessage `json:"total_count,omitempty"`
		TotalPages    json.RawMessage `json:"total_pages,omitempty"`
	} `json:"result_info,omitempty"`
}

type message struct {
	Code             json.RawMessage `json:"code,omitempty"`
	Message          string          `json:"message"`
	DocumentationURL string          `json:"documentation_url,omitempty"`
	Source           json.RawMessage `json:"source,omitempty"`
	ErrorChain       json.RawMessage `json:"error_chain,omitempty"`
}

func compareBody(body []byte, p probe, private func(string) bool) differences {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	decoder.UseNumber()
	var decoded any
	if decoder.Decode(&decoded) != nil {
		return differences{}
	}
	names := namesIn(decoded, nil)
	c := newComparison(func(field string) bool {
		folded := letters(field)
		return private(field) || slices.ContainsFunc(names, func(name string) bool {
			return strings.Contains(folded, name) || len(folded) > 3 && strings.Contains(name, folded)
		})
	})
	c.compare(decoded, reflect.TypeFor[envelope](), "")
	if object, ok := decoded.(map[string]any); ok {
		result := p.result
		if p.list {
			result = reflect.SliceOf(result)
		}
		c.compare(object["result"], result, "result")
	}
	return c.result()
}

// namesIn appends the letters of the names and email addresses in a value. A server may use them as names of fields.
func namesIn(value any, names []string) []string {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			names = namesIn(item, names)
		}
	case map[string]any:
		for key, item := range value {
			text, _ := item.(string)
			if text = letters(text); len(text) > 3 && (strings.HasSuffix(key, "name") || strings.HasSuffix(key, "email")) {
				names = append(names, text)
			}
			names = namesIn(item, names)
		}
	}
	return names
}

// letters returns the letters and digits of a text in lower case.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// describeFirst reports what the first response says about the network, the clock and the rate limits.
func (x *examination) describeFirst() {
	r, e := x.report, x.listed
	switch {
	case e.status == 0:
		r.Network.Problem = noResponse(x.listErr)
		r.Clock.Verdict = "not compared"
		return
	case e.connect > 0:
		r.Network.ConnectMS = new(e.connect.Milliseconds())
	}
	if e.tls > 0 {
		r.Network.HandshakeMS = new(e.tls.Milliseconds())
	}
	r.Network.Protocol, r.Network.TLS = e.protocol, e.tlsName
	r.setClock(e.skew())
	for _, limit := range x.found.response.RateLimits {
		r.RateLimits = append(r.RateLimits, rateLimit{
			shown(limit.Name, x.private), limit.Remaining, limit.Quota, int(limit.Reset.Seconds()), int(limit.Window.Seconds()),
		})
	}
}

// describeOrganizations reports whether the account has Organizations.
func (x *examination) describeOrganizations() {
	switch op := x.report.Operations[0]; {
	case op.Status == 0:
		x.report.Organizations = "not known"
	case errors.Is(x.listErr, cloudflare.ErrForbidden) && !errors.Is(x.listErr, cloudflare.ErrUnauthorized):
		x.report.Organizations = "no, or not for this credential: without the feature, the API responds with 403"
	case x.listErr != nil:
		x.report.Organizations = "not known: " + op.Reason
	case *op.Items == 0:
		x.report.Organizations = "none is visible to this credential"
	case *op.Items == sample:
		x.report.Organizations = fmt.Sprintf("yes, at least %d", sample)
	default:
		x.report.Organizations = fmt.Sprintf("yes, %d", *op.Items)
	}
}

// describeCredential reports whether the API knows the credential.
func (x *examination) describeCredential(ctx context.Context) {
	known := &x.report.Credential.Known
	switch {
	case x.listed.status == 0:
		*known = "not known: no response"
	case x.knows:
		*known = "yes, the API knows the credential"
	case errors.Is(x.listErr, cloudflare.ErrUnauthorized):
		*known = "no, the API does not know the credential"
	default:
		*known = x.verify(ctx)
	}
}

// verify requests the user of the credential, if nothing else succeeded. This needs no permission with a key. For a
// token, there is an endpoint that verifies it.
func (x *examination) verify(ctx context.Context) string {
	route := "/user"
	if x.report.Credential.token {
		route = "/user/tokens/verify"
	}
	err := x.client.Call(ctx, cloudflare.Request{Method: http.MethodGet, Route: route}, nil)
	switch {
	case err == nil && errors.Is(x.listErr, cloudflare.ErrForbidden):
		return "yes, the API knows the credential, but it may not list organizations"
	case err == nil:
		return "yes, the API knows the credential"
	case errors.Is(err, cloudflare.ErrUnauthorized):
		return "no, the API does not know the credential"
	case errors.Is(err, cloudflare.ErrForbidden):
		return "perhaps not: the API also rejected a request that needs no permission"
	}
	return "not known: it could not be verified"
}

// next returns what to do first.
func (x *examination) next() string {
	e, err := x.listed, x.listErr
	switch {
	case err == nil:
		return "nothing: the list of organizations can be read"
	case strings.HasSuffix(x.report.Network.Proxy, badProxy):
		return "correct the variable of the proxy in the environment"
	case e.status == http.StatusProxyAuthRequired:
		return "add the user and password of the proxy to HTTPS_PROXY, or ask who runs the proxy"
	case e.status == 0:
		return "mend the network: " + x.report.Network.Problem
	case errors.Is(err, cloudflare.ErrRateLimited):
		return "wait until the rate limit is reset, and run this command again"
	case errors.Is(err, cloudflare.ErrUnauthorized):
		return "replace the credential: the API does not accept it"
	case errors.Is(err, cloudflare.ErrForbidden):
		return "use a global API key of a user who administers the organization, or ask Cloudflare whether the account has Organizations"
	case e.cut, errors.Is(err, cloudflare.ErrUnavailable) && e.status < http.StatusInternalServerError:
		return "ask who runs the proxy or gateway between this machine and the API, and check the base URL"
	case errors.Is(err, cloudflare.ErrUnavailable):
		return "run this command again in some minutes; if it still fails, open a support case with the output of --ray"
	}
	return "open a support case with the output of --ray"
}
