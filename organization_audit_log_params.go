package cloudflare

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-querystring/query"
)

// AuditLogListParams selects entries of an audit log. An entry must match Match and must not match Exclude.
type AuditLogListParams struct {
	Since  time.Time `url:"-"` // required
	Before time.Time `url:"-"` // required

	Match   AuditLogFilter `url:"-"` // an entry must match every filter that is set
	Exclude AuditLogFilter `url:"-"` // an entry must match no filter that is set

	Direction Direction `url:"direction,omitempty"` // by the time of the action; empty means DirectionDescending

	PageSize  int    `url:"limit,omitempty"`  // 1 to MaxPageSize; 0 means 100 for List and MaxPageSize for All
	PageToken string `url:"cursor,omitempty"` // the NextPageToken of a page that was listed with the same params
}

// AuditLogFilter is a set of filters. Each filter matches an entry that has any of its values. Nil filters are ignored.
// A filter must not be empty if it is not nil.
type AuditLogFilter struct {
	IDs []string `url:"id,omitempty"`

	ActionResults []AuditLogActionResult `url:"action_result,omitempty"`
	ActionTypes   []AuditLogActionType   `url:"action_type,omitempty"`

	ActorContexts    []AuditLogActorContext `url:"actor_context,omitempty"`
	ActorEmails      []string               `url:"actor_email,omitempty"`
	ActorIDs         []string               `url:"actor_id,omitempty"`
	ActorIPAddresses []string               `url:"actor_ip_address,omitempty"`
	ActorTokenIDs    []string               `url:"actor_token_id,omitempty"`
	ActorTokenNames  []string               `url:"actor_token_name,omitempty"`
	ActorTypes       []AuditLogActorType    `url:"actor_type,omitempty"`

	RawCFRayIDs    []string `url:"raw_cf_ray_id,omitempty"` // 16 hexadecimal digits each
	RawMethods     []string `url:"raw_method,omitempty"`
	RawStatusCodes []int    `url:"raw_status_code,omitempty"`
	RawURIs        []string `url:"raw_uri,omitempty"`

	ResourceIDs      []string `url:"resource_id,omitempty"`
	ResourceProducts []string `url:"resource_product,omitempty"`
	ResourceScopes   []string `url:"resource_scope,omitempty"` // the API documents only "organizations"
	ResourceTypes    []string `url:"resource_type,omitempty"`
}

// AuditLogHistoryParams selects entries of the history of a resource.
type AuditLogHistoryParams struct {
	ActionTime time.Time `url:"-"` // required: Action.Time of the entry whose history is requested
	Since      time.Time `url:"-"` // required
	Before     time.Time `url:"-"` // required

	Direction Direction `url:"direction,omitempty"` // by the time of the action; empty means DirectionDescending

	PageSize  int    `url:"limit,omitempty"`  // 1 to MaxPageSize; 0 means 100 for History and MaxPageSize for HistoryAll
	PageToken string `url:"cursor,omitempty"` // the NextPageToken of a page that was listed with the same params
}

func (p AuditLogListParams) call(organizationID string) call {
	return call{operation: listAuditLogs, ids: []string{organizationID}, query: checked(p.query())}
}

func (p AuditLogListParams) query() (url.Values, error) {
	values, err := encodeListParams(p, p.PageSize, cursors.maxSize)
	if err != nil {
		return nil, err
	}
	return values, cmp.Or(
		setPeriod(values, p.Since, p.Before),
		p.Match.addTo(values, "Match", ""),
		p.Exclude.addTo(values, "Exclude", ".not"),
	)
}

func (p AuditLogHistoryParams) call(organizationID, auditLogID string) call {
	return call{operation: getAuditLogsHistory, ids: []string{organizationID, auditLogID}, query: checked(p.query())}
}

func (p AuditLogHistoryParams) query() (url.Values, error) {
	values, err := encodeListParams(p, p.PageSize, cursors.maxSize)
	if err != nil {
		return nil, err
	}
	return values, cmp.Or(
		setTime(values, "action_time", "ActionTime", p.ActionTime),
		setPeriod(values, p.Since, p.Before),
	)
}

func setPeriod(values url.Values, since, before time.Time) error {
	if since.After(before) && !before.IsZero() {
		return invalid("Since is after Before")
	}
	return cmp.Or(setTime(values, "since", "Since", since), setTime(values, "before", "Before", before))
}

func setTime(values url.Values, param, name string, t time.Time) error {
	t = t.UTC()
	switch {
	case t.IsZero():
		return invalid("%s is not set", name)
	case t.Year() < 0 || t.Year() > 9999:
		return invalid("%s must be in a year between 0 and 9999", name)
	}
	values.Set(param, t.Format(time.RFC3339Nano))
	return nil
}

// addTo adds the filters to the parameters of a request. The suffix ".not" makes the filters exclude the entries that
// they match.
func (f AuditLogFilter) addTo(values url.Values, name, suffix string) error {
	if err := f.check(name + "."); err != nil {
		return err
	}
	filters, err := query.Values(f)
	if err != nil {
		return invalid("%s: %v", name, err)
	}
	for param, filter := range filters {
		values[param+suffix] = filter
	}
	return nil
}

func (f AuditLogFilter) check(prefix string) error {
	if f.RawStatusCodes != nil && len(f.RawStatusCodes) == 0 {
		return invalid("%sRawStatusCodes must be nil or not empty", prefix)
	}
	if slices.ContainsFunc(f.RawStatusCodes, func(code int) bool { return code < 100 || code > 999 }) {
		return invalid("%sRawStatusCodes must be between 100 and 999", prefix)
	}
	if slices.ContainsFunc(f.ActorEmails, func(email string) bool { return email != "" && !strings.Contains(email, "@") }) {
		return invalid("%sActorEmails has an element without @", prefix)
	}
	return cmp.Or(
		checkAnyOf(prefix+"IDs", f.IDs),
		checkAnyOf(prefix+"ActionResults", f.ActionResults),
		checkAnyOf(prefix+"ActionTypes", f.ActionTypes),
		checkAnyOf(prefix+"ActorContexts", f.ActorContexts),
		checkAnyOf(prefix+"ActorEmails", f.ActorEmails),
		checkAnyOf(prefix+"ActorIDs", f.ActorIDs),
		checkAnyOf(prefix+"ActorIPAddresses", f.ActorIPAddresses),
		checkAnyOf(prefix+"ActorTokenIDs", f.ActorTokenIDs),
		checkAnyOf(prefix+"ActorTokenNames", f.ActorTokenNames),
		checkAnyOf(prefix+"ActorTypes", f.ActorTypes),
		checkAnyOf(prefix+"RawCFRayIDs", f.RawCFRayIDs),
		checkAnyOf(prefix+"RawMethods", f.RawMethods),
		checkAnyOf(prefix+"RawURIs", f.RawURIs),
		checkAnyOf(prefix+"ResourceIDs", f.ResourceIDs),
		checkAnyOf(prefix+"ResourceProducts", f.ResourceProducts),
		checkAnyOf(prefix+"ResourceScopes", f.ResourceScopes),
		checkAnyOf(prefix+"ResourceTypes", f.ResourceTypes),
	)
}
