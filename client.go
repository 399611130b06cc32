package cloudflare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/cloudflare/internal/envelope"
	"example.com/cloudflare/internal/rest"
)

// Client talks to Cloudflare's Organizations API. Make one with [NewClient]; the zero value refuses every call. It is
// safe for any number of goroutines, and what configures it never changes.
type Client struct {
	Organizations        *OrganizationsService
	OrganizationProfile  *OrganizationProfileService
	OrganizationAccounts *OrganizationAccountsService
	OrganizationMembers  *OrganizationMembersService

	common service
}

// service is what all services are: a name for some calls of one core.
type service struct{ core *core }

// core is what the calls of a client share.
type core struct {
	rest       *rest.Sender
	maxRetries int
	token      bool                // authenticates with an API token
	scrub      func(string) string // takes the credential out of a text
}

// NewClient returns a client.
//
// With no credential option, the credential comes from the environment: CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY
// with CLOUDFLARE_EMAIL. An empty variable counts as unset. Token and key both set, a key without an e-mail address,
// or neither, is an error; an e-mail address beside a token is ignored. A credential option switches the environment
// off, and two of them are an error. Exactly one scheme is ever sent.
//
// Every error matches [ErrInvalidArgument] and names the option or the variable, but shows no credential.
func NewClient(opts ...Option) (*Client, error) {
	c := config{
		maxRetries: 3,
		rest: rest.Config{
			BaseURL:      "https://api.cloudflare.com/client/v4",
			UserAgent:    userAgent(),
			Timeout:      30 * time.Second,
			MaxRetryWait: 30 * time.Second,
		},
	}
	for i, opt := range opts {
		if opt == nil {
			return nil, invalid("option %d is nil", i+1)
		}
		opt(&c)
	}
	if c.credential == "" {
		c.fromEnvironment()
	}
	if c.err != nil {
		return nil, c.err
	}
	transport, err := rest.New(c.rest)
	if err != nil {
		return nil, fmt.Errorf("cloudflare: %w", err)
	}
	client := &Client{common: service{&core{transport, c.maxRetries, c.token, transport.Scrub}}}
	client.Organizations = (*OrganizationsService)(&client.common)
	client.OrganizationProfile = (*OrganizationProfileService)(&client.common)
	client.OrganizationAccounts = (*OrganizationAccountsService)(&client.common)
	client.OrganizationMembers = (*OrganizationMembersService)(&client.common)
	return client, nil
}

func (c *config) fromEnvironment() {
	const tokenVar, keyVar, emailVar = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"
	token, key, email := os.Getenv(tokenVar), os.Getenv(keyVar), os.Getenv(emailVar)
	switch {
	case token != "" && key != "":
		c.refuse("%s and %s are both set: only one credential can be sent", tokenVar, keyVar)
	case token != "":
		c.setToken(tokenVar, token)
	case key != "" && email == "":
		c.refuse("%s is set without %s", keyVar, emailVar)
	case key != "":
		c.setKey(keyVar, key, emailVar, email)
	default:
		c.refuse("no credential: set %s, or %s with %s, or use WithAPIToken or WithAPIKey", tokenVar, keyVar, emailVar)
	}
}

// userAgent names this module and its version, as the program that it is built into records it.
var userAgent = sync.OnceValue(func() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		own := reflect.TypeFor[Client]().PkgPath()
		for _, module := range append(info.Deps, &info.Main) {
			if module.Path == own && strings.HasPrefix(module.Version, "v") {
				version = module.Version
			}
		}
	}
	return "cloudflare-organizations-go/" + version + " (" + runtime.Version() + ")"
})

// Response is what a result leaves out. [CaptureResponse] fills it.
type Response struct {
	StatusCode int // zero if there was no answer
	Attempts   int // how many requests were sent
	Header     http.Header
	RayID      string // names the request in Cloudflare's logs
	Messages   []ResponseInfo
	RateLimits []RateLimit
	ResultInfo json.RawMessage // as it was sent
}

// RateLimit is one of the limits that an answer names: its Ratelimit header, joined by name with Ratelimit-Policy.
type RateLimit struct {
	Name             string
	Remaining, Quota int           // requests
	Reset, Window    time.Duration // until Remaining is Quota again, and from one such moment to the next
}

// Request is a call of [Client.Call].
type Request struct {
	Method string     // GET, HEAD, POST, PUT, PATCH or DELETE
	Path   []string   // raw segments below the base URL: {"organizations", id}
	Query  url.Values // nil for none
	Body   any        // marshalled as encoding/json/v2 does; a json.RawMessage is sent verbatim; nil for none
}

// Call reaches any other endpoint that answers in JSON with the usual envelope, under the same rules as the methods
// of the services: for SDKs that wrap this one, and for endpoints that it has no method for. The result is decoded
// into result, a pointer, as encoding/json/v2 does; a *json.RawMessage receives it verbatim; nil means that none is
// due.
//
// It refuses a bad method or path, a body that cannot be marshalled, and a result that is not a pointer.
func (c *Client) Call(ctx context.Context, req Request, result any, opts ...CallOption) error {
	if c == nil {
		return invalid("the client is nil")
	}
	var refused error
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	if !slices.Contains(methods, req.Method) {
		refused = invalid("the method is not one of %s", strings.Join(methods, ", "))
	}
	if v := reflect.ValueOf(result); result != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		refused = invalid("the result is a %T that is nil or no pointer", result)
	}
	return c.common.do(ctx, request{req.Method, req.Path, req.Query, req.Body, refused}, &envelope.Envelope{Result: envelope.Result{Into: result}}, opts)
}

// request is one call as a method describes it.
type request struct {
	method string
	path   []string
	query  url.Values // nil for none
	body   any        // nil for none

	refused error // why it must not be sent: kept until the options of the call are applied
}

// one makes a call whose result is a T.
func one[T any](ctx context.Context, s *service, req request, opts []CallOption) (*T, error) {
	result := new(T)
	if err := s.do(ctx, req, &envelope.Envelope{Result: envelope.Result{Into: result}}, opts); err != nil {
		return nil, err
	}
	return result, nil
}

// do is the one path from a method to the core and back: options, request, answer, env.
func (s *service) do(ctx context.Context, req request, env *envelope.Envelope, opts []CallOption) error {
	if s == nil || s.core == nil {
		return invalid("the client was not made by NewClient")
	}
	if ctx == nil {
		return invalid("the context is nil")
	}
	c := s.core
	how, err := c.apply(opts)
	if err != nil {
		return err
	}
	if req.refused != nil {
		return req.refused
	}
	wire, err := c.encode(req, how)
	if err != nil {
		return err
	}
	env.ResultInfo.Keep = how.capture != nil
	answer, err := c.rest.Do(ctx, wire)
	if err != nil {
		return c.failed(req.method, err, how.capture)
	}
	defer answer.Release()
	return c.answered(req.method, answer, env, how.capture)
}

// apply lets the options of a call fill what they change.
func (c *core) apply(opts []CallOption) (call, error) {
	if len(opts) == 0 { // the next line moves a call to the heap
		return call{maxRetries: c.maxRetries}, nil
	}
	how := call{maxRetries: c.maxRetries}
	for i, opt := range opts {
		if opt == nil {
			return how, invalid("call option %d is nil", i+1)
		}
		opt(&how)
	}
	return how, how.err
}

// encode turns a call into what goes over the wire, or refuses it.
func (c *core) encode(req request, how call) (rest.RawRequest, error) {
	wire := rest.RawRequest{Method: req.method, Path: req.path, Header: how.header, MaxRetries: how.maxRetries}
	for i := 1; i < len(req.path); i += 2 {
		if what := idAfter(req.path[i-1]); what != "" {
			if err := checkID(what, req.path[i]); err != nil {
				return wire, err
			}
		}
	}
	var err error
	if req.query != nil || how.query != nil {
		if wire.Query, err = c.encodeQuery(req.query, how.query); err != nil {
			return wire, err
		}
	}
	if req.body != nil {
		if wire.Body, err = encodeBody(req.body); err != nil {
			return wire, invalid("body: %s", c.scrub(err.Error()))
		}
	}
	return wire, nil
}

// idAfter names the ID that follows a segment of a path, or is empty if none does.
func idAfter(segment string) string {
	switch segment {
	case "organizations":
		return "organization ID"
	case "members":
		return "member ID"
	}
	return ""
}

// checkID refuses what cannot be the ID of anything. It does not ask for 32 hexadecimal digits: the API documents
// that, and itself shows others.
func checkID(what, id string) error {
	if id == NoParent {
		return invalid("%s: %q stands for none", what, id)
	}
	if why := rest.RefuseSegment(id); why != "" {
		return invalid("%s %s", what, why)
	}
	// A comma would make two IDs of one in a filter, as the API may split there.
	if strings.ContainsFunc(id, func(r rune) bool {
		return r == ',' || unicode.IsSpace(r) || r > unicode.MaxASCII && unicode.Is(unicode.Cf, r)
	}) {
		return invalid("%s contains a comma, white space or an invisible character", what)
	}
	return nil
}

func (c *core) encodeQuery(values, added url.Values) (string, error) {
	all := values
	if len(added) > 0 {
		all = maps.Clone(values)
		if all == nil {
			all = make(url.Values)
		}
	}
	for key, value := range added {
		if _, taken := all[key]; taken {
			return "", invalid("AddQuery: the params set %q too", c.scrub(key))
		}
		all[key] = value
	}
	for key, values := range all {
		if !utf8.ValidString(key) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return "", invalid("query parameter %q is not valid UTF-8", c.scrub(key))
		}
	}
	return all.Encode(), nil
}

func encodeBody(body any) ([]byte, error) {
	if raw, ok := body.(json.RawMessage); ok {
		if !jsontext.Value(raw).IsValid() {
			return nil, errors.New("not valid JSON")
		}
		return slices.Clone(raw), nil // a transport may still read it when the caller has it back
	}
	return jsonv2.Marshal(body)
}
