package cloudflaretest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuditLog describes an entry for [Server.AddAuditLog]. The fields have the names of the API's filters. Empty fields
// are absent in responses. Values that the API does not document are allowed.
type AuditLog struct {
	ID   string    // generated if empty, in the form of a UUID
	Time time.Time // generated if zero

	ActionDescription string
	ActionResult      string // such as success
	ActionType        string // such as create

	ActorContext   string // such as api_key
	ActorEmail     string
	ActorID        string
	ActorIPAddress string
	ActorTokenID   string
	ActorTokenName string
	ActorType      string // such as user

	RawCFRayID    string
	RawMethod     string
	RawStatusCode int
	RawURI        string
	RawUserAgent  string

	ResourceID       string
	ResourceProduct  string
	ResourceRequest  json.RawMessage
	ResourceResponse json.RawMessage
	ResourceScope    string // such as organizations
	ResourceType     string
}

// auditLog is an entry with its place in the order of recording, from 1.
type auditLog struct {
	AuditLog
	organizationID string
	number         int
}

type wireAuditLog struct {
	ID     string `json:"id"`
	Action struct {
		Description string    `json:"description,omitempty"`
		Result      string    `json:"result,omitempty"`
		Time        time.Time `json:"time"`
		Type        string    `json:"type,omitempty"`
	} `json:"action"`
	Actor struct {
		Context   string `json:"context,omitempty"`
		Email     string `json:"email,omitempty"`
		ID        string `json:"id,omitempty"`
		IPAddress string `json:"ip_address,omitempty"`
		TokenID   string `json:"token_id,omitempty"`
		TokenName string `json:"token_name,omitempty"`
		Type      string `json:"type,omitempty"`
	} `json:"actor,omitzero"`
	Organization struct {
		ID string `json:"id"`
	} `json:"organization"`
	Raw struct {
		CFRayID    string `json:"cf_ray_id,omitempty"`
		Method     string `json:"method,omitempty"`
		StatusCode int    `json:"status_code,omitempty"`
		URI        string `json:"uri,omitempty"`
		UserAgent  string `json:"user_agent,omitempty"`
	} `json:"raw,omitzero"`
	Resource *wireAuditResource `json:"resource,omitempty"`
}

type wireAuditResource struct {
	ID       string          `json:"id,omitempty"`
	Product  string          `json:"product,omitempty"`
	Request  json.RawMessage `json:"request,omitempty"`
	Response json.RawMessage `json:"response,omitempty"`
	Scope    string          `json:"scope,omitempty"`
	Type     string          `json:"type,omitempty"`
}

func (e *auditLog) wire() wireAuditLog {
	w := wireAuditLog{ID: e.ID}
	w.Action.Description, w.Action.Result, w.Action.Time, w.Action.Type = e.ActionDescription, e.ActionResult, e.Time.UTC(), e.ActionType
	w.Actor.Context, w.Actor.Email, w.Actor.ID, w.Actor.IPAddress = e.ActorContext, e.ActorEmail, e.ActorID, e.ActorIPAddress
	w.Actor.TokenID, w.Actor.TokenName, w.Actor.Type = e.ActorTokenID, e.ActorTokenName, e.ActorType
	w.Organization.ID = e.organizationID
	w.Raw.CFRayID, w.Raw.Method, w.Raw.StatusCode = e.RawCFRayID, e.RawMethod, e.RawStatusCode
	w.Raw.URI, w.Raw.UserAgent = e.RawURI, e.RawUserAgent
	resource := wireAuditResource{e.ResourceID, e.ResourceProduct, e.ResourceRequest, e.ResourceResponse, e.ResourceScope, e.ResourceType}
	if e.ResourceRequest != nil || e.ResourceResponse != nil || e.ResourceID+e.ResourceProduct+e.ResourceScope+e.ResourceType != "" {
		w.Resource = &resource
	}
	return w
}

// AddAuditLog adds an entry to an organization's audit log. Writes through the API add entries of their own.
// AddAuditLog panics if the organization does not exist, if the ID is taken, or if ResourceRequest or ResourceResponse
// is not JSON.
func (s *Server) AddAuditLog(organizationID string, e AuditLog) (auditLogID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustHave("AddAuditLog", organizationID)
	if e.ID != "" && slices.ContainsFunc(s.auditLogs[organizationID], func(other *auditLog) bool { return other.ID == e.ID }) {
		panic(fmt.Sprintf("cloudflaretest: AddAuditLog: there is already an entry %q", e.ID))
	}
	for _, data := range []json.RawMessage{e.ResourceRequest, e.ResourceResponse} {
		if data != nil && !json.Valid(data) {
			panic(fmt.Sprintf("cloudflaretest: AddAuditLog: ResourceRequest or ResourceResponse is not JSON: %s", data))
		}
	}
	e.ResourceRequest, e.ResourceResponse = slices.Clone(e.ResourceRequest), slices.Clone(e.ResourceResponse)
	return s.addAuditLog(organizationID, e)
}

func (s *Server) addAuditLog(organizationID string, e AuditLog) (auditLogID string) {
	s.audited++
	id := fakeID("audit log", s.audited)
	e.ID = cmp.Or(e.ID, fmt.Sprintf("%s-%s-4%s-8%s-%s", id[:8], id[8:12], id[13:16], id[17:20], id[20:]))
	// One microsecond per entry makes the times of entries differ, and keeps them later than the resources created
	// before.
	e.Time = cmp.Or(e.Time, s.now().Add(time.Duration(s.audited)*time.Microsecond))
	s.auditLogs[organizationID] = append(s.auditLogs[organizationID], &auditLog{e, organizationID, s.audited})
	return e.ID
}

// change describes a write to one resource, for the audit log of an organization.
type change struct{ organizationID, resourceType, resourceID string }

func (c *call) changed(organizationID, resourceType, resourceID string) {
	c.changes = append(c.changes, change{organizationID, resourceType, resourceID})
}

// recordChanges adds an entry for each change of a call that succeeded.
func (s *Server) recordChanges(c *call, resp response) {
	actions := map[string]string{http.MethodPost: "create", http.MethodPut: "update", http.MethodDelete: "delete"}
	for _, change := range c.changes {
		e := AuditLog{
			ActionDescription: actions[c.Method] + " " + change.resourceType,
			ActionResult:      "success",
			ActionType:        actions[c.Method],
			ActorContext:      "api_key",
			ActorEmail:        c.caller.email,
			ActorID:           userID(c.caller.email),
			ActorIPAddress:    "192.0.2.1",
			ActorType:         "user",
			RawCFRayID:        c.ray,
			RawMethod:         c.Method,
			RawStatusCode:     resp.status,
			RawURI:            c.path,
			RawUserAgent:      c.UserAgent(),
			ResourceID:        change.resourceID,
			ResourceProduct:   "organizations",
			ResourceScope:     "organizations",
			ResourceType:      change.resourceType,
		}
		if c.caller.token != "" {
			e.ActorContext, e.ActorTokenID, e.ActorTokenName = "api_token", fakeID("token", c.caller.token), "cloudflaretest"
		}
		if c.route.hasBody() {
			e.ResourceRequest = c.body
		}
		if body, ok := resp.body.(envelope); ok {
			data, err := json.Marshal(body.Result)
			if err != nil {
				panic(err) // every result is made of types of this package
			}
			e.ResourceResponse = data
		}
		s.addAuditLog(change.organizationID, e)
	}
}

// auditEnvelope wraps audit logs. It has no messages, and its errors have no code.
type auditEnvelope struct {
	Success    bool           `json:"success"`
	Errors     []auditMessage `json:"errors"`
	Result     any            `json:"result,omitempty"`
	ResultInfo any            `json:"result_info,omitempty"`
}

type auditMessage struct {
	Message string `json:"message"`
}

type auditInfo struct {
	Count  string `json:"count"` // a string, unlike that of a history
	Cursor string `json:"cursor,omitempty"`
}

type historyInfo struct {
	Count         int    `json:"count"`
	Cursor        string `json:"cursor,omitempty"`
	HistoryStatus string `json:"history_status"`
}

func auditFailure(status int, err error) response {
	return response{status, auditEnvelope{Errors: []auditMessage{{err.Error()}}}}
}

// findAuditLogs returns an organization's audit log, which remains after the organization is deleted.
func (s *Server) findAuditLogs(c *call) ([]*auditLog, error) {
	id := c.params["organization"]
	if entries := s.auditLogs[id]; len(entries) > 0 || s.organization[id] != nil {
		return entries, nil
	}
	return nil, errors.New("organization not found")
}

func (s *Server) listAuditLogs(c *call) response {
	entries, err := s.findAuditLogs(c)
	if err != nil {
		return auditFailure(http.StatusNotFound, err)
	}
	matches, err := auditFilter(c.query)
	if err != nil {
		return auditFailure(http.StatusBadRequest, err)
	}
	items, cursor, err := c.auditPage(filter(entries, matches))
	if err != nil {
		return auditFailure(http.StatusBadRequest, err)
	}
	return response{http.StatusOK, auditEnvelope{true, []auditMessage{}, items, auditInfo{strconv.Itoa(len(items)), cursor}}}
}

// historyWindow is how far the time of an entry may be from action_time.
const historyWindow = time.Minute

func (s *Server) auditLogHistory(c *call) response {
	entries, err := s.findAuditLogs(c)
	if err != nil {
		return historyNotFound(err)
	}
	actionTime, err := timeParam(c.query, "action_time", time.RFC3339)
	if err != nil {
		return auditFailure(http.StatusBadRequest, err)
	}
	found := slices.IndexFunc(entries, func(e *auditLog) bool {
		return e.ID == c.params["id"] && e.Time.Sub(actionTime).Abs() <= historyWindow
	})
	if found < 0 {
		return historyNotFound(errors.New("audit log entry not found near action_time"))
	}

	source, status := entries[found], "approximate"
	switch {
	case source.ResourceID == "":
		status = "unavailable"
	case source.RawURI != "":
		status = "exact"
	}
	items, cursor, err := c.auditPage(filter(entries, func(e *auditLog) bool {
		return source.ResourceID != "" && e.ResourceID == source.ResourceID && e.ResourceType == source.ResourceType
	}))
	if err != nil {
		return auditFailure(http.StatusBadRequest, err)
	}
	return response{http.StatusOK, auditEnvelope{true, []auditMessage{}, items, historyInfo{len(items), cursor, status}}}
}

// historyNotFound is the only failure with a result_info.
func historyNotFound(err error) response {
	return response{http.StatusNotFound, auditEnvelope{
		Errors:     []auditMessage{{err.Error()}},
		ResultInfo: historyInfo{HistoryStatus: "unavailable"},
	}}
}

// auditPage returns one page of the entries between since and before, and the cursor of the next one. A cursor
// identifies an entry, so entries that are added later neither hide nor repeat others. A full page always has a cursor,
// so a list may end with an empty page.
func (c *call) auditPage(entries []*auditLog) (items []wireAuditLog, cursor string, err error) {
	since, sinceErr := timeParam(c.query, "since", time.DateOnly, time.RFC3339)
	before, beforeErr := timeParam(c.query, "before", time.DateOnly, time.RFC3339)
	limit, limitErr := intParam(c.query, "limit", 1, 1000, 100)
	last, cursorErr := c.position(cursorParams)
	if err := cmp.Or(sinceErr, beforeErr, checkEnum(c.query, "direction", "asc", "desc"), limitErr, cursorErr); err != nil {
		return nil, "", err
	}
	entries = filter(entries, func(e *auditLog) bool { return !e.Time.Before(since) && !e.Time.After(before) })
	slices.SortFunc(entries, func(a, b *auditLog) int {
		if c.query.Get("direction") != "asc" {
			a, b = b, a
		}
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.number, b.number))
	})
	start := 1 + slices.IndexFunc(entries, func(e *auditLog) bool { return e.number == last })
	end := min(start+limit, len(entries))
	items = make([]wireAuditLog, 0, end-start)
	for _, e := range entries[start:end] {
		items = append(items, e.wire())
	}
	if len(items) == limit {
		cursor = c.token(entries[end-1].number, cursorParams)
	}
	return items, cursor, nil
}

// timeParam returns a query parameter that is a time in one of the layouts.
func timeParam(query url.Values, name string, layouts ...string) (t time.Time, err error) {
	if query.Get(name) == "" {
		return t, fmt.Errorf("%s is required", name)
	}
	for _, layout := range layouts {
		if t, err = time.Parse(layout, query.Get(name)); err == nil {
			return t, nil
		}
	}
	return t, fmt.Errorf("%s must have the form %s", name, strings.Join(layouts, " or "))
}
