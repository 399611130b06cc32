package simulation_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The server of a world is a small Organizations API that remembers everything that it did. It shares no code with
// package cloudflaretest: the client meets two readings of the rules.

// resource is an organization, or something that belongs to one. Its earlier values remain.
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

var (
	never  = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
	nobody = &resource{born: never, parents: make([]text, 1), texts: make([]text, 1)}
)

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

func (r *resource) alive() bool { return r.died.Equal(never) }

// throughout reports whether the resource existed at every time between from and to, and within at some time.
func (r *resource) throughout(from, to time.Time) bool {
	return r.born.Before(from) && r.died.After(to)
}
func (r *resource) within(from, to time.Time) bool { return !r.born.After(to) && !r.died.Before(from) }

// The methods from here to handle need the lock of the world.

func (w *world) add(kind, parent, value string) *resource {
	now := time.Now()
	r := &resource{kind: kind, id: fmt.Sprintf("%032x", len(w.resources)+1), born: now, died: never, parents: []text{{parent, now}}, texts: []text{{value, now}}}
	w.resources = append(w.resources, r)
	return r
}

// find returns the resource with an ID, or nobody.
func (w *world) find(id string) *resource {
	if i := slices.IndexFunc(w.resources, func(r *resource) bool { return r.id == id }); i >= 0 {
		return w.resources[i]
	}
	return nobody
}

// in returns the resources of these kinds in an organization.
func (w *world) in(parent string, kinds ...string) (found []*resource) {
	for _, r := range w.resources {
		if slices.Contains(kinds, r.kind) && r.alive() && last(r.parents) == parent {
			found = append(found, r)
		}
	}
	return found
}

// readable reports whether reads find a resource. A new organization needs some time.
func (w *world) readable(r *resource) bool {
	return r.alive() && (r.kind != "organization" || time.Since(r.born) >= w.lag)
}

// populate creates what exists from the beginning, an hour ago.
func (w *world) populate() {
	w.secret = w.newSecret(0)
	rng := w.rand("api")
	for i := range 3 + rng.IntN(12) {
		parent := ""
		if i > 2 && rng.IntN(2) == 0 {
			parent = w.resources[0].id
		}
		org := w.add("organization", parent, fmt.Sprintf("Organization %d", i))
		for _, kind := range []string{"member", "account", "profile"} {
			if rng.IntN(2) == 0 {
				w.add(kind, org.id, fmt.Sprintf("%s-%d@example.com", kind, i))
			}
		}
	}
	for range rng.IntN(12) {
		w.add("share", "", "A share")
		w.add("log", "", "A log")
	}
	for _, r := range w.resources {
		r.born = w.began.Add(-time.Hour)
		r.parents[0].since, r.texts[0].since = r.born, r.born
	}
	w.original = len(w.resources)
}

// request is a request that arrived. Its input has every field that a body may have.
type request struct {
	*http.Request
	*call
	input struct {
		Name         string
		Parent, Unit struct{ ID string }
		BusinessName string        `json:"business_name"`
		Destination  string        `json:"destination_organization_id"`
		Member       memberInput   `json:"member"`
		Members      []memberInput `json:"members"`
		Profile      any
	}
}

type memberInput struct{ User struct{ Email string } }

type object = map[string]any

// describe returns a resource as the API sends it.
func describe(r *resource) object {
	value := last(r.texts)
	o := object{"id": r.id, "name": value, "business_name": value, "user": object{"id": r.id, "email": value}}
	if parent := last(r.parents); r.kind == "organization" && parent != "" {
		o["parent"] = object{"id": parent, "name": "Parent"}
	}
	return o
}

// operation carries out a request about a resource, which exists.
type operation func(w *world, r *request, found *resource) (status int, result, info any)

// operations are those of the API. The last ID in the path is that of the resource.
var operations = map[string]operation{
	"GET /organizations":                           list("organization"),
	"GET /organizations/{id}/accounts":             list("account"),
	"GET /organizations/{id}/members":              list("member"),
	"GET /organizations/{id}/logs/audit":           list("log"),
	"GET /organizations/{id}/shares":               list("share"),
	"GET /organizations/{id}":                      get,
	"GET /organizations/{id}/members/{member}":     get,
	"GET /organizations/{id}/profile":              getProfile,
	"GET /accounts/{id}/profile":                   getProfile,
	"POST /organizations":                          createOrganization,
	"POST /accounts":                               createAccount,
	"POST /organizations/{id}/members":             createMembers,
	"POST /organizations/{id}/members:batchCreate": createMembers,
	"PUT /organizations/{id}":                      updateOrganization,
	"PUT /organizations/{id}/profile":              updateProfile,
	"PUT /accounts/{id}/profile":                   updateProfile,
	"PUT /organizations/{id}/invites/{code}":       note,
	"DELETE /organizations/{id}":                   remove,
	"DELETE /organizations/{id}/members/{member}":  remove,
	"POST /accounts/{id}/move":                     moveAccount,
	"POST /notes":                                  note,
	"PATCH /notes":                                 note,
	"DELETE /notes":                                note,
}

// list returns an operation that divides a list into pages as the API divides this one.
func list(kind string) operation {
	return func(w *world, r *request, _ *resource) (int, any, any) {
		query := r.URL.Query()
		limit, token := w.pageLimit, query.Get("page_token")+query.Get("cursor") // the server may send smaller pages
		for _, size := range []string{"page_size", "limit", "per_page"} {
			if n, err := strconv.Atoi(query.Get(size)); err == nil {
				limit = min(limit, n)
			}
		}
		page, _ := strconv.Atoi(query.Get("page"))
		items, total, next := []object{}, 0, ""
		for _, item := range w.resources {
			if item.kind != kind || !w.readable(item) || !selected(r, item) {
				continue
			}
			total++
			switch {
			case page > 0 && total <= (page-1)*limit || item.id <= token:
			case len(items) < limit:
				items = append(items, describe(item))
			case next == "":
				next = items[limit-1]["id"].(string)
			}
		}
		switch {
		case kind == "share":
			return 200, items, object{"page": page, "per_page": limit, "total_pages": (total + limit - 1) / limit}
		case kind == "log":
			return 200, items, object{"cursor": next}
		case next == "":
			return 200, items, object{"total_size": total}
		}
		return 200, items, object{"total_size": total, "next_page_token": next}
	}
}

// selected reports whether a resource belongs to the list that a request asks for.
func selected(r *request, item *resource) bool {
	query, parent := r.URL.Query(), last(item.parents)
	of := query.Get("parent.id")
	if item.kind == "account" || item.kind == "member" {
		of = r.PathValue("id")
	}
	value := query.Get("name") + query.Get("user.email")
	return (of == "" || of == parent || of == "null" && parent == "") && (value == "" || value == last(item.texts)) &&
		(len(query["id"]) == 0 || slices.Contains(query["id"], item.id))
}

func get(w *world, r *request, found *resource) (int, any, any) {
	if !w.readable(found) {
		return 404, nil, nil
	}
	return 200, describe(found), nil
}

func getProfile(w *world, r *request, of *resource) (int, any, any) {
	for _, profile := range w.in(of.id, "profile") {
		return 200, describe(profile), nil
	}
	return 200, nil, nil
}

func createOrganization(w *world, r *request, _ *resource) (int, any, any) {
	if id := r.input.Parent.ID; id != "" && !w.find(id).alive() {
		return 404, nil, nil
	}
	r.did("", false)
	return 200, describe(w.add("organization", r.input.Parent.ID, r.input.Name)), nil
}

// createAccount creates one account for each idempotency key.
func createAccount(w *world, r *request, _ *resource) (int, any, any) {
	key := r.Header.Get("Idempotency-Key")
	if w.keys[key] == nil {
		if !w.find(r.input.Unit.ID).alive() {
			return 404, nil, nil
		}
		r.did("", false)
		w.keys[key] = w.add("account", r.input.Unit.ID, r.input.Name)
	}
	return 200, describe(w.keys[key]), nil
}

func createMembers(w *world, r *request, of *resource) (int, any, any) {
	if len(r.input.Members) == 0 {
		r.did("", false)
		return 200, describe(w.add("member", of.id, r.input.Member.User.Email)), nil
	}
	var created []object
	for _, m := range r.input.Members {
		r.did(m.User.Email, false)
		created = append(created, describe(w.add("member", of.id, m.User.Email)))
	}
	return 200, created, nil
}

// updateOrganization clears the profile if the request omits it.
func updateOrganization(w *world, r *request, found *resource) (int, any, any) {
	r.did("", true)
	found.texts = append(found.texts, text{r.input.Name, time.Now()})
	for _, profile := range w.in(found.id, "profile") {
		if r.input.Profile == nil {
			if r.keepsProfile && profile.throughout(r.start, time.Now()) {
				r.violation("the update loses the profile")
			}
			profile.died = time.Now()
		}
	}
	return 200, describe(found), nil
}

func updateProfile(w *world, r *request, of *resource) (int, any, any) {
	r.did("", true)
	if profiles := w.in(of.id, "profile"); len(profiles) > 0 {
		profiles[0].texts = append(profiles[0].texts, text{r.input.BusinessName, time.Now()})
	} else {
		w.add("profile", of.id, r.input.BusinessName)
	}
	return 204, nil, nil
}

func remove(w *world, r *request, found *resource) (int, any, any) {
	if contents := w.in(found.id, "organization", "account", "member"); len(contents) > 0 {
		old := func(item *resource) bool { return item.parents[len(item.parents)-1].since.Before(r.start.Add(-w.lag)) }
		if r.concurrent && slices.ContainsFunc(contents, old) {
			r.violation("DeleteIfEmpty deletes an organization that was never empty")
		}
		return 409, nil, nil
	}
	r.did("", true)
	found.died = time.Now()
	return 200, object{"id": found.id}, nil
}

func moveAccount(w *world, r *request, account *resource) (int, any, any) {
	if !w.find(r.input.Destination).alive() {
		return 404, nil, nil
	}
	r.did("", false)
	from := last(account.parents)
	account.parents = append(account.parents, text{r.input.Destination, time.Now()})
	return 200, object{"account_id": account.id, "source_organization_id": from, "destination_organization_id": r.input.Destination}, nil
}

// note only remembers that it was called. With an idempotency key, it does so once.
func note(w *world, r *request, _ *resource) (int, any, any) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || w.keys[key] == nil {
		r.did("", key == "" && (r.repeatable || r.Method == http.MethodDelete || r.Method == http.MethodPut))
		w.keys[key] = nobody
	}
	return 200, object{"call": r.call.id}, nil
}

// process carries out a request, unless the credential or the quota do not permit it. It needs the lock.
func (w *world) process(r *request, life int, secret string, handle operation) reply {
	if w.life != life {
		return reply{name: "the server was killed", ending: none}
	}
	if secret != w.secret {
		return reply{name: "403, the credential was replaced", status: 403, body: `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`}
	}
	var out reply
	if w.quota > 0 {
		if time.Since(w.spending) >= w.traits.window {
			w.spending, w.used = time.Now(), 0
		}
		w.used++
		remaining, resets := w.quota-w.used, int((w.traits.window-time.Since(w.spending))/time.Second)+1
		if w.headers {
			out.header = fmt.Sprintf("Ratelimit: \"default\";r=%d;t=%d", max(remaining, 0), resets)
		}
		if w.headers && remaining <= 0 || remaining < 0 {
			out.wait, out.pauses = 1000*resets, true
		}
		if remaining < 0 {
			out.name, out.status, out.body = "429, the quota is used up", 429, wrong
			out.header += fmt.Sprintf("\nRetry-After: %d", resets)
			return out
		}
	}
	found := nobody
	var result, info any
	for _, name := range []string{"id", "member"} {
		if id := r.PathValue(name); id != "" {
			if found = w.find(id); !found.alive() {
				out.status = 404
			}
		}
	}
	if out.status == 0 {
		out.status, result, info = handle(w, r, found)
	}
	if out.status == 204 {
		return out
	}
	problems := []any{}
	if out.status >= 300 {
		problems = append(problems, object{"code": 1000 + out.status, "message": http.StatusText(out.status)})
	}
	body, err := json.Marshal(object{"success": out.status < 300, "errors": problems, "messages": []any{}, "result": result, "result_info": info})
	if err != nil {
		panic(err)
	}
	out.body = string(body)
	return out
}

func (w *world) handler() http.Handler {
	mux := http.NewServeMux()
	for route, handle := range operations {
		method, path, _ := strings.Cut(route, " ")
		mux.HandleFunc(method+" /client/v4"+path, func(rw http.ResponseWriter, r *http.Request) { w.serve(rw, r, handle) })
	}
	return mux
}

// serve decides what becomes of a request.
func (w *world) serve(rw http.ResponseWriter, r *http.Request, handle operation) {
	w.mu.Lock()
	c, life := w.calls[r.Header.Get("X-Call")], w.life
	n := c.arrive(r.Method, r.URL.Path)
	w.mu.Unlock()
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.Header.Get("X-Auth-Key")
	rng := w.rand("request", c.id, r.Method, r.URL.Path, n)
	f := w.draws(rng, r, c)
	respond := func(what string, out reply) {
		w.log(c.id, "request %d: %s %s: %s %d %s", n, r.Method, r.URL.Path, what, out.status, out.name)
		if out.name != "" {
			w.count("response: " + out.name)
		}
		out.send(rw, r, secret)
	}
	if f.before != nil && f.early {
		respond("not read", *f.before)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.log(c.id, "request %d: %s %s: the body is not complete", n, r.Method, r.URL.Path)
		panic(http.ErrAbortHandler)
	}
	time.Sleep(f.delay)
	if f.before != nil {
		respond("not processed", *f.before)
		return
	}
	req := &request{Request: r, call: c}
	_ = json.Unmarshal(body, &req.input) // there may be no body
	w.mu.Lock()
	out := w.process(req, life, secret, handle)
	w.mu.Unlock()
	if f.after != nil && out.status < 300 && out.ending == whole {
		right := out.body
		out = *f.after
		if out.body == "" {
			out.body = right
		} else if out.ending == twice {
			out.second = right
		}
	}
	respond("processed", out)
}
