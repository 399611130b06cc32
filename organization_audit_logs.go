package cloudflare

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-querystring/query"
)

// OrganizationAuditLogsService lists the audit log of an organization, which records the actions of its users. Use it
// as Client.OrganizationAuditLogs. The API keeps entries for 18 months.
//
// The API documents that audit logs accept an API token, but not which permission the token needs.
type OrganizationAuditLogsService service

var (
	listAuditLogs       = newList("/organizations/{organization_id}/logs/audit", keyOrToken(""), cursors)
	getAuditLogsHistory = newList("/organizations/{organization_id}/logs/audit/{audit_log_id}/history", keyOrToken(""), cursors)
)

// AuditLog is an entry of an audit log. The API may omit every field.
type AuditLog struct {
	ID           string               `json:"id"`
	Action       AuditLogAction       `json:"action,omitzero"`
	Actor        AuditLogActor        `json:"actor,omitzero"`
	Organization AuditLogOrganization `json:"organization,omitzero"`
	Raw          AuditLogRaw          `json:"raw,omitzero"`
	Resource     AuditLogResource     `json:"resource,omitzero"`
}

// keepsRaw marks an AuditLog as an item that keeps JSON as sent: the request and the response of the action.
func (*AuditLog) keepsRaw() {}

// AuditLogAction describes the action of an entry.
type AuditLogAction struct {
	Description string               `json:"description,omitzero"`
	Result      AuditLogActionResult `json:"result,omitzero"`
	Time        time.Time            `json:"time,omitzero"`
	Type        AuditLogActionType   `json:"type,omitzero"`
}

// AuditLogActor identifies the user or system that performed the action. Most fields are empty if the actor is not a
// user.
type AuditLogActor struct {
	Context   AuditLogActorContext `json:"context,omitzero"`
	Email     string               `json:"email,omitzero"`
	ID        string               `json:"id,omitzero"`
	IPAddress string               `json:"ip_address,omitzero"`
	TokenID   string               `json:"token_id,omitzero"`
	TokenName string               `json:"token_name,omitzero"`
	Type      AuditLogActorType    `json:"type,omitzero"`
}

// AuditLogOrganization is the organization of an entry.
type AuditLogOrganization struct {
	ID string `json:"id,omitzero"`
}

// AuditLogRaw describes the HTTP request behind an entry.
type AuditLogRaw struct {
	CFRayID    string `json:"cf_ray_id,omitzero"` // 16 hexadecimal digits, without the suffix of the CF-Ray header
	Method     string `json:"method,omitzero"`
	StatusCode int    `json:"status_code,omitzero"`
	URI        string `json:"uri,omitzero"`
	UserAgent  string `json:"user_agent,omitzero"`
}

// AuditLogResource describes the resource of the action. Request, Response and Scope are JSON as sent, and may contain
// personal data. Scope is a JSON string at present, although the API's schema calls it an object.
type AuditLogResource struct {
	ID       string          `json:"id,omitzero"`
	Product  string          `json:"product,omitzero"`
	Request  json.RawMessage `json:"request,omitzero"`
	Response json.RawMessage `json:"response,omitzero"`
	Scope    json.RawMessage `json:"scope,omitzero"`
	Type     string          `json:"type,omitzero"`
}

// AuditLogActionResult is the result of an action. The API may send other values than the constants.
type AuditLogActionResult string

// The documented results of an action.
const (
	AuditLogActionResultSuccess AuditLogActionResult = "success"
	AuditLogActionResultFailure AuditLogActionResult = "failure"
)

// AuditLogActionType is the type of an action. The API may send other values than the constants.
type AuditLogActionType string

// The documented types of an action. The API does not record views at present.
const (
	AuditLogActionTypeCreate AuditLogActionType = "create"
	AuditLogActionTypeDelete AuditLogActionType = "delete"
	AuditLogActionTypeUpdate AuditLogActionType = "update"
	AuditLogActionTypeView   AuditLogActionType = "view"
)

// AuditLogActorContext identifies how an actor was authenticated. The API may send other values than the constants.
type AuditLogActorContext string

// The documented contexts of an actor. AuditLogActorContextAPI means that the kind of credential was not recorded.
const (
	AuditLogActorContextAPI         AuditLogActorContext = "api"
	AuditLogActorContextAPIKey      AuditLogActorContext = "api_key"
	AuditLogActorContextAPIToken    AuditLogActorContext = "api_token"
	AuditLogActorContextDash        AuditLogActorContext = "dash"
	AuditLogActorContextOAuth       AuditLogActorContext = "oauth"
	AuditLogActorContextOriginCAKey AuditLogActorContext = "origin_ca_key"
)

// AuditLogActorType is the type of an actor. The API may send other values than the constants.
type AuditLogActorType string

// The documented types of an actor.
const (
	AuditLogActorTypeCloudflareAdmin AuditLogActorType = "cloudflare_admin"
	AuditLogActorTypeSystem          AuditLogActorType = "system"
	AuditLogActorTypeUser            AuditLogActorType = "user"
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
// A non-nil filter must not be empty.
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

// AuditLogHistoryPage is one page of the history of a resource.
type AuditLogHistoryPage struct {
	Page[AuditLog]
	Status HistoryStatus
}

// HistoryStatus reports how well the API identified the resource of a history. The API may send other values than the
// constants.
type HistoryStatus string

// The documented statuses of a history.
const (
	HistoryStatusExact       HistoryStatus = "exact"       // identified by its URI
	HistoryStatusApproximate HistoryStatus = "approximate" // identified without its URI
	HistoryStatusUnavailable HistoryStatus = "unavailable" // not identified; the history is empty
)

// List returns one page of the audit log of an organization, newest entries first unless params.Direction says
// otherwise. See [OrganizationAuditLogsService.All] for all pages.
//
// List returns an error that matches [ErrInvalidArgument] if Since or Before is not set, if Since is after Before, or
// if PageSize is negative or larger than [MaxPageSize]. A non-nil filter must not be empty, and must not have an empty
// element, an ID that is not valid, an email address without @, a status code that is not between 100 and 999, or more
// than 16,384 bytes in the query.
//
// Credential: a global API key, or an API token.
//
// API: GET /organizations/{organization_id}/logs/audit
func (s *OrganizationAuditLogsService) List(ctx context.Context, organizationID string, params AuditLogListParams, opts ...CallOption) (*Page[AuditLog], error) {
	return list[AuditLog](ctx, (*service)(s), params.call(organizationID), opts)
}

// All returns an iterator over the entries of an organization's audit log that match params, page after page. It works
// like [OrganizationsService.All]. The same arguments are invalid as in [OrganizationAuditLogsService.List].
//
// To poll the log, use [DirectionAscending] and set Since to the time of the last entry that was read. Some entries may
// be recorded late: set Since some minutes earlier to read those too. Skip entries whose ID was read before, ignoring
// the case of ASCII letters, but not entries without an ID. An entry without
// a time must not change where the next poll begins. The API does not document whether Since and Before include entries
// of exactly that time, nor how late an entry can be. After a [*PageError], begin again at Since instead of the token.
//
// Credential: a global API key, or an API token.
//
// API: GET /organizations/{organization_id}/logs/audit
func (s *OrganizationAuditLogsService) All(ctx context.Context, organizationID string, params AuditLogListParams, opts ...CallOption) iter.Seq2[*AuditLog, error] {
	return all[AuditLog](ctx, (*service)(s), params.call(organizationID), opts)
}

// History returns one page of the history of a resource, newest entries first unless params.Direction says otherwise.
// The entry with the ID auditLogID, whose time is params.ActionTime, identifies the resource. The Status of the page
// reports how well the API could do that. See [OrganizationAuditLogsService.HistoryAll] for all pages.
//
// History returns [ErrNotFound] if the log does not have an entry with this ID near ActionTime. A [CaptureResponse]
// then holds a ResultInfo with a history_status.
//
// History returns an error that matches [ErrInvalidArgument] if ActionTime, Since or Before is not set, if Since is
// after Before, or if PageSize is negative or larger than [MaxPageSize].
//
// Credential: a global API key, or an API token.
//
// API: GET /organizations/{organization_id}/logs/audit/{audit_log_id}/history
func (s *OrganizationAuditLogsService) History(ctx context.Context, organizationID, auditLogID string, params AuditLogHistoryParams, opts ...CallOption) (*AuditLogHistoryPage, error) {
	page, info, err := listWithInfo[AuditLog](ctx, (*service)(s), params.call(organizationID, auditLogID), opts)
	if err != nil {
		return nil, err
	}
	return &AuditLogHistoryPage{*page, HistoryStatus(info.HistoryStatus)}, nil
}

// HistoryAll returns an iterator over the history of a resource, page after page. It works like
// [OrganizationsService.All], and yields no entries if the history is empty or if the API could not identify the
// resource. Use [OrganizationAuditLogsService.History] to get the status. The same arguments are invalid in both
// methods.
//
// Credential: a global API key, or an API token.
//
// API: GET /organizations/{organization_id}/logs/audit/{audit_log_id}/history
func (s *OrganizationAuditLogsService) HistoryAll(ctx context.Context, organizationID, auditLogID string, params AuditLogHistoryParams, opts ...CallOption) iter.Seq2[*AuditLog, error] {
	return all[AuditLog](ctx, (*service)(s), params.call(organizationID, auditLogID), opts)
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
	if err := checkFilters(f, filters, name+".", suffix); err != nil {
		return err
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
	if slices.ContainsFunc(f.ResourceIDs, isNullText) { // otherwise, the form of these IDs is not known
		return invalid("%sResourceIDs must not contain \"null\"", prefix)
	}
	return cmp.Or(
		checkIDs(prefix+"IDs", f.IDs),
		checkAnyOf(prefix+"ActionResults", f.ActionResults),
		checkAnyOf(prefix+"ActionTypes", f.ActionTypes),
		checkAnyOf(prefix+"ActorContexts", f.ActorContexts),
		checkAnyOf(prefix+"ActorEmails", f.ActorEmails),
		checkIDs(prefix+"ActorIDs", f.ActorIDs),
		checkAnyOf(prefix+"ActorIPAddresses", f.ActorIPAddresses),
		checkIDs(prefix+"ActorTokenIDs", f.ActorTokenIDs),
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
