package simulation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// api is a small server of the Organizations API that remembers everything that it did. It shares no code with package
// cloudflaretest: the client meets two readings of the rules.
type api struct {
	*world

	mu        sync.Mutex
	server    *http.Server
	life      int // counts the restarts that end what is under way
	resources []*resource
	first     int                  // how many there are from the beginning
	keys      map[string]*resource // by idempotency key
	secret    string               // the credential that is valid now
	window    time.Time            // when the window of the quota began
	used      int
}

// resource is an organization, or something that belongs to one.
type resource struct {
	kind, id   string
	parents    []text // the organization that it belongs to
	texts      []text // its name or email address
	born, died time.Time
}

// text is a value, and when the resource began to have it.
type text struct {
	value string
	since time.Time
}

func last(texts []text) string { return texts[len(texts)-1].value }

// had reports whether a resource had a value at some time between from and to.
func had(texts []text, value string, from, to time.Time) bool {
	for i, t := range texts {
		if t.value == value && !t.since.After(to) && (i+1 == len(texts) || !texts[i+1].since.Before(from)) {
			return true
		}
	}
	return false
}

func (r *resource) alive() bool { return r != nil && r.died.IsZero() }

// throughout reports whether the resource existed at every time between from and to, and within at some time.
func (r *resource) throughout(from, to time.Time) bool {
	return r != nil && r.born.Before(from) && (r.alive() || r.died.After(to))
}

func (r *resource) within(from, to time.Time) bool {
	return !r.born.After(to) && (r.alive() || !r.died.Before(from))
}

func newAPI(w *world) *api {
	a := &api{world: w, keys: map[string]*resource{}, secret: w.secret(0)}
	rng := w.rand("api")
	for i := range 3 + rng.IntN(12) {
		parent := ""
		if i > 2 && rng.IntN(2) == 0 {
			parent = a.resources[0].id
		}
		org := a.add("organization", parent, fmt.Sprintf("Organization %d", i))
		for _, kind := range []string{"member", "account", "profile"} {
			if rng.IntN(2) == 0 {
				a.add(kind, org.id, fmt.Sprintf("%s-%d@example.com", kind, i))
			}
		}
	}
	for range rng.IntN(12) {
		a.add("share", "", "A share")
		a.add("log", "", "A log")
	}
	a.first = len(a.resources)
	return a
}

// The methods from here to rotate are called with the lock held, or before anybody else knows the api.

func (a *api) add(kind, parent, says string) *resource {
	now := time.Now()
	r := &resource{kind: kind, id: fmt.Sprintf("%032x", len(a.resources)+1), born: now, parents: []text{{parent, now}}, texts: []text{{says, now}}}
	a.resources = append(a.resources, r)
	return r
}

func (a *api) find(id string) *resource {
	i := slices.IndexFunc(a.resources, func(r *resource) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return a.resources[i]
}

// in returns the resources of a kind in an organization.
func (a *api) in(parent, kind string) (found []*resource) {
	for _, r := range a.resources {
		if r.kind == kind && r.alive() && last(r.parents) == parent {
			found = append(found, r)
		}
	}
	return found
}

// spend counts a request against the quota, and returns what remains until the reset, and the seconds until then.
func (a *api) spend() (remaining, resets int) {
	if time.Since(a.window) >= a.traits.window {
		a.window, a.used = time.Now(), 0
	}
	a.used++
	return a.traits.quota - a.used, int((a.traits.window-time.Since(a.window))/time.Second) + 1
}

// rotate replaces the credential.
func (a *api) rotate(n int) {
	a.count("credential that is replaced")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.secret = a.world.secret(n)
	a.log("operator", "the credential is now %s", a.secret)
}

func (w *world) secret(n int) string { return fmt.Sprintf("secret-%d-%d-abcdefghijklmnop", w.seed, n) }

// stop ends the server, with GOAWAY frames if it is graceful. Otherwise what is under way has no effect.
func (a *api) stop(graceful bool) {
	a.mu.Lock()
	server := a.server
	if !graceful {
		a.life++
	}
	a.mu.Unlock()
	if graceful {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // or Close ends what is left
	}
	_ = server.Close()
}

// reply is a response. It may end too early.
type reply struct {
	name   string
	status int
	header string // lines
	body   string
	ending ending
}

type ending int

const (
	whole   ending = iota
	half           // half of the body, and then the end of the stream or connection
	hanging        // half of the body, and then silence
	none           // no response
)

const (
	page  = "<html><body>Something is wrong with {credential}</body></html>"
	wrong = `{"success":false,"errors":[{"code":10001,"message":"wrong: {credential}"}],"messages":[],"result":null}`
)

// refusals say truthfully that the server did nothing.
var refusals = []reply{
	{"429", 429, "", wrong, whole},
	{"429 with Retry-After", 429, "Retry-After: 3", wrong, whole},
	{"429 with a long Retry-After", 429, "Retry-After: 100", page, whole},
	{"429 with a date", 429, "Retry-After: {date}", page, whole},
	{"429 with Ratelimit", 429, `Ratelimit: "default";r=0;t=7`, wrong, whole},
	{"429 with both", 429, "Retry-After: 2\nRatelimit: \"default\";r=0;t=4", wrong, whole},
	{"400", 400, "", wrong, whole},
	{"403 as HTML", 403, "", page, whole},
	{"404 of a gateway", 404, "", page, whole},
	{"half a 409", 409, "", wrong, half},
	{"half a 400, then silence", 400, "", page, hanging},
	{"redirect", 302, "Location: https://elsewhere.invalid/{credential}", "", whole},
	{"200 that reports a failure", 200, "", wrong, whole},
}

// accidents happen before or after the effect.
var accidents = []reply{
	{"500", 500, "", wrong, whole},
	{"500 as HTML", 500, "X-Credential: {credential}", page, whole},
	{"502", 502, "", page, whole},
	{"503 with Retry-After", 503, "Retry-After: 5", wrong, whole},
	{"504", 504, "", page, whole},
	{"524", 524, "", page, whole},
	{"408", 408, "", wrong, whole},
	{"half a 500", 500, "", wrong, half},
	{"half a 502, then silence", 502, "", page, hanging},
	{"silence", 0, "", "", hanging},
	{"end of the stream", 0, "", "", none},
}

// distortions follow the effect. An empty body stands for the right one.
var distortions = []reply{
	{"half the result", 200, "", "", half},
	{"half the result, then silence", 200, "", "", hanging},
	{"200 as HTML", 200, "", page, whole},
	{"200 without success", 200, "", `{"result":{"id":"1"}}`, whole},
	{"200 that is cut", 200, "", `{"success":true,"errors":[],"result":{"id":"0`, whole},
	{"200 about another resource", 200, "", `{"success":true,"errors":[],"result":{"id":"deadbeef","name":"other","user":{}}}`, whole},
}

// fate is what becomes of one request.
type fate struct {
	delay         time.Duration // before the effect
	early         bool          // the response comes before the body was read
	before, after *reply
}

func (a *api) fate(r *http.Request, c *call, n int) (f fate) {
	rng := a.rand("request", c.id, r.Method, r.URL.Path, n)
	if !a.happens(rng, a.traits.trouble) {
		return f
	}
	pick := func(replies []reply) *reply { return &replies[rng.IntN(len(replies))] }
	if rng.IntN(4) == 0 {
		a.count("response: late")
		f.delay = exponential(rng, 20*time.Second)
	}
	f.early = rng.IntN(4) == 0
	switch rng.IntN(5) {
	case 0, 1:
		f.before = pick(refusals)
	case 2:
		f.before = pick(accidents)
	case 3:
		f.after = pick(accidents)
	default:
		f.after = pick(distortions)
		if strings.Contains(f.after.body, "deadbeef") && !strings.HasSuffix(r.Pattern, "}") {
			f.after = &accidents[0] // nothing but the ID in the path could tell
		}
	}
	return f
}

// handler carries out a request, with the lock held.
type handler func(r request) (status int, result, info any)

type request struct {
	*http.Request
	*call
	input
}

// input has every field that a body may have.
type input struct {
	Name         string
	Parent, Unit struct{ ID string }
	Profile      *struct{}
	BusinessName string        `json:"business_name"`
	Destination  string        `json:"destination_organization_id"`
	Member       memberInput   `json:"member"`
	Members      []memberInput `json:"members"`
}

type memberInput struct{ User struct{ Email string } }

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	for route, handle := range map[string]handler{
		"GET /organizations":                           a.list("organization"),
		"POST /organizations":                          a.createOrganization,
		"GET /organizations/{id}":                      a.get,
		"PUT /organizations/{id}":                      a.updateOrganization,
		"DELETE /organizations/{id}":                   a.deleteOrganization,
		"GET /organizations/{id}/profile":              a.getProfile,
		"PUT /organizations/{id}/profile":              a.updateProfile,
		"GET /organizations/{id}/accounts":             a.list("account"),
		"GET /organizations/{id}/members":              a.list("member"),
		"POST /organizations/{id}/members":             a.createMember,
		"POST /organizations/{id}/members:batchCreate": a.createMembers,
		"GET /organizations/{id}/members/{member}":     a.get,
		"DELETE /organizations/{id}/members/{member}":  a.deleteMember,
		"PUT /organizations/{id}/invites/{code}":       a.note,
		"GET /organizations/{id}/logs/audit":           a.list("log"),
		"GET /organizations/{id}/shares":               a.list("share"),
		"POST /accounts":                               a.createAccount,
		"POST /accounts/{id}/move":                     a.moveAccount,
		"PUT /accounts/{id}/profile":                   a.updateProfile,
		"POST /notes":                                  a.note,
		"PATCH /notes":                                 a.note,
		"DELETE /notes":                                a.note,
	} {
		method, path, _ := strings.Cut(route, " ")
		mux.HandleFunc(method+" /client/v4"+path, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, handle) })
	}
	return mux
}

// serve decides what becomes of a request.
func (a *api) serve(w http.ResponseWriter, r *http.Request, handle handler) {
	c := a.callWith(r.Header.Get("X-Call"))
	n := c.arrive(r.Method, r.URL.Path)
	a.mu.Lock()
	life := a.life
	a.mu.Unlock()
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("X-Auth-Key")
	answer := func(what string, out reply) {
		a.log(c.id, "request %d: %s %s: %s %d %s", n, r.Method, r.URL.Path, what, out.status, out.name)
		if out.name != "" {
			a.count("response: " + out.name)
		}
		out.send(w, r, secret)
	}
	f := a.fate(r, c, n)
	if f.before != nil && f.early {
		answer("not read", *f.before)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.log(c.id, "request %d: %s %s: the body is not complete", n, r.Method, r.URL.Path)
		panic(http.ErrAbortHandler)
	}
	time.Sleep(f.delay)
	if f.before != nil {
		answer("not processed", *f.before)
		return
	}
	a.mu.Lock()
	out := a.process(r, c, life, secret, body, handle)
	a.mu.Unlock()
	if f.after != nil && out.status < 300 {
		right := out.body
		if out = *f.after; out.body == "" {
			out.body = right
		}
	}
	answer("processed", out)
}

// process carries out a request, unless the credential or the quota do not permit it. The caller holds the lock.
func (a *api) process(r *http.Request, c *call, life int, secret string, body []byte, handle handler) reply {
	if a.life != life {
		return reply{name: "the server was killed", ending: none}
	}
	if secret != a.secret {
		return reply{name: "403, the credential was replaced", status: 403, body: `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`}
	}
	var header string
	if a.traits.quota > 0 {
		remaining, resets := a.spend()
		if a.traits.headers {
			header = fmt.Sprintf("Ratelimit: \"default\";r=%d;t=%d", max(remaining, 0), resets)
		}
		if remaining < 0 {
			return reply{name: "429, the quota is used up", status: 429, header: header + fmt.Sprintf("\nRetry-After: %d", resets), body: wrong}
		}
	}
	req := request{Request: r, call: c}
	_ = json.Unmarshal(body, &req.input) // there may be no body
	var result, info any
	status := http.StatusNotFound
	if id := r.PathValue("id"); id == "" || a.find(id).alive() {
		status, result, info = handle(req)
	}
	if status == http.StatusNoContent {
		return reply{status: status, header: header}
	}
	problems := []any{}
	if status >= 300 {
		problems = append(problems, object{"code": 1000 + status, "message": http.StatusText(status)})
	}
	text, err := json.Marshal(object{"success": status < 300, "errors": problems, "messages": []any{}, "result": result, "result_info": info})
	if err != nil {
		panic(err)
	}
	return reply{status: status, header: header, body: string(text)}
}

// send writes the response to a request with this secret. The client may have gone.
func (out reply) send(w http.ResponseWriter, r *http.Request, secret string) {
	fill := strings.NewReplacer("{credential}", secret, "{date}", time.Now().UTC().Add(9*time.Second).Format(http.TimeFormat))
	body := fill.Replace(out.body)
	if out.status != 0 {
		for line := range strings.Lines(out.header) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			w.Header().Set(name, fill.Replace(value))
		}
		if out.status != http.StatusNoContent {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		if out.ending != whole {
			body = body[:len(body)/2]
		}
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

type object = map[string]any

// describe returns a resource as the API sends it.
func describe(r *resource) object {
	o := object{"id": r.id, "name": last(r.texts), "user": object{"id": r.id, "email": last(r.texts)}}
	if parent := last(r.parents); r.kind == "organization" && parent != "" {
		o["parent"] = object{"id": parent, "name": "Parent"}
	}
	return o
}

func (a *api) get(r request) (int, any, any) {
	found := a.find(r.PathValue("id"))
	if id := r.PathValue("member"); id != "" {
		found = a.find(id)
	}
	if !found.alive() {
		return http.StatusNotFound, nil, nil
	}
	return http.StatusOK, describe(found), nil
}

// list returns a handler that lists resources in the way in which the API divides such a list into pages.
func (a *api) list(kind string) handler {
	return func(r request) (int, any, any) {
		query := r.URL.Query()
		limit, token := a.traits.pageLimit, query.Get("page_token")+query.Get("cursor") // the server may send smaller pages
		for _, size := range []string{"page_size", "limit", "per_page"} {
			if n, err := strconv.Atoi(query.Get(size)); err == nil {
				limit = min(limit, n)
			}
		}
		n, numbered := 0, kind == "share"
		if numbered {
			n, _ = strconv.Atoi(query.Get("page"))
		}
		items, total, next := []object{}, 0, ""
		for _, item := range a.resources {
			if item.kind != kind || !item.alive() || !selected(r, item) {
				continue
			}
			total++
			switch {
			case numbered && (total <= (n-1)*limit || total > n*limit) || item.id <= token:
			case len(items) < limit:
				items = append(items, describe(item))
			case next == "":
				next = items[limit-1]["id"].(string)
			}
		}
		switch {
		case numbered:
			return 200, items, object{"page": n, "per_page": limit, "total_pages": (total + limit - 1) / limit}
		case kind == "log":
			return 200, items, object{"cursor": next}
		case next == "":
			return 200, items, object{"total_size": total}
		}
		return 200, items, object{"total_size": total, "next_page_token": next}
	}
}

// selected reports whether a resource belongs to the list that a request asks for.
func selected(r request, item *resource) bool {
	query, parent := r.URL.Query(), last(item.parents)
	of := query.Get("parent.id")
	if item.kind == "account" || item.kind == "member" {
		of = r.PathValue("id")
	}
	text := query.Get("name") + query.Get("user.email")
	return (of == "" || of == parent || of == "null" && parent == "") && (text == "" || text == last(item.texts)) &&
		(len(query["id"]) == 0 || slices.Contains(query["id"], item.id))
}

func (a *api) createOrganization(r request) (int, any, any) {
	if id := r.Parent.ID; id != "" && !a.find(id).alive() {
		return http.StatusNotFound, nil, nil
	}
	r.did("", false)
	return http.StatusOK, describe(a.add("organization", r.Parent.ID, r.Name)), nil
}

// updateOrganization clears the profile if the request omits it.
func (a *api) updateOrganization(r request) (int, any, any) {
	r.did("", true)
	found := a.find(r.PathValue("id"))
	found.texts = append(found.texts, text{r.Name, time.Now()})
	for _, profile := range a.in(found.id, "profile") {
		if r.Profile != nil {
			continue
		}
		if r.keepsProfile && profile.throughout(r.start, time.Now()) {
			r.violation("the update loses the profile")
		}
		profile.died = time.Now()
	}
	return http.StatusOK, describe(found), nil
}

func (a *api) deleteOrganization(r request) (int, any, any) {
	found := a.find(r.PathValue("id"))
	for _, kind := range []string{"organization", "account", "member"} {
		if len(a.in(found.id, kind)) > 0 {
			return http.StatusConflict, nil, nil
		}
	}
	r.did("", true)
	found.died = time.Now()
	return http.StatusOK, object{"id": found.id}, nil
}

func (a *api) getProfile(r request) (int, any, any) {
	for _, profile := range a.in(r.PathValue("id"), "profile") {
		return http.StatusOK, object{"business_name": last(profile.texts)}, nil
	}
	return http.StatusOK, nil, nil
}

func (a *api) updateProfile(r request) (int, any, any) {
	r.did("", true)
	if profiles := a.in(r.PathValue("id"), "profile"); len(profiles) > 0 {
		profiles[0].texts = append(profiles[0].texts, text{r.BusinessName, time.Now()})
	} else {
		a.add("profile", r.PathValue("id"), r.BusinessName)
	}
	return http.StatusNoContent, nil, nil
}

func (a *api) createMember(r request) (int, any, any) {
	r.did("", false)
	return http.StatusOK, describe(a.add("member", r.PathValue("id"), r.Member.User.Email)), nil
}

func (a *api) createMembers(r request) (int, any, any) {
	var created []object
	for _, m := range r.Members {
		r.did(m.User.Email, false)
		created = append(created, describe(a.add("member", r.PathValue("id"), m.User.Email)))
	}
	return http.StatusOK, created, nil
}

func (a *api) deleteMember(r request) (int, any, any) {
	found := a.find(r.PathValue("member"))
	if !found.alive() {
		return http.StatusNotFound, nil, nil
	}
	r.did("", true)
	found.died = time.Now()
	return http.StatusNoContent, nil, nil
}

// createAccount creates one account for each idempotency key.
func (a *api) createAccount(r request) (int, any, any) {
	key := r.Header.Get("Idempotency-Key")
	if a.keys[key] == nil {
		if !a.find(r.Unit.ID).alive() {
			return http.StatusNotFound, nil, nil
		}
		r.did("", false)
		a.keys[key] = a.add("account", r.Unit.ID, r.Name)
	}
	return http.StatusOK, describe(a.keys[key]), nil
}

func (a *api) moveAccount(r request) (int, any, any) {
	account := a.find(r.PathValue("id"))
	if !a.find(r.Destination).alive() {
		return http.StatusNotFound, nil, nil
	}
	r.did("", false)
	from := last(account.parents)
	account.parents = append(account.parents, text{r.Destination, time.Now()})
	return http.StatusOK, object{"account_id": account.id, "source_organization_id": from, "destination_organization_id": r.Destination}, nil
}

// note only remembers that it was called. With an idempotency key, it does so once.
func (a *api) note(r request) (int, any, any) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || a.keys[key] == nil {
		r.did("", key == "" && (r.repeatable || r.Method == http.MethodDelete || r.Method == http.MethodPut))
		a.keys[key] = new(resource)
	}
	return http.StatusOK, object{"call": r.id}, nil
}
