package cloudflaretest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// auditFilters are the filters of audit logs. Each has an inverse whose name ends in ".not".
var auditFilters = []struct {
	name   string
	field  func(*auditLog) string
	values []string // the allowed ones; nil for any
}{
	{"action_result", func(e *auditLog) string { return e.ActionResult }, []string{"success", "failure"}},
	{"action_type", func(e *auditLog) string { return e.ActionType }, []string{"create", "delete", "view", "update"}},
	{"actor_context", func(e *auditLog) string { return e.ActorContext }, []string{"api", "api_key", "api_token", "dash", "oauth", "origin_ca_key"}},
	{"actor_email", func(e *auditLog) string { return e.ActorEmail }, nil},
	{"actor_id", func(e *auditLog) string { return e.ActorID }, nil},
	{"actor_ip_address", func(e *auditLog) string { return e.ActorIPAddress }, nil},
	{"actor_token_id", func(e *auditLog) string { return e.ActorTokenID }, nil},
	{"actor_token_name", func(e *auditLog) string { return e.ActorTokenName }, nil},
	{"actor_type", func(e *auditLog) string { return e.ActorType }, []string{"cloudflare_admin", "system", "user"}},
	{"id", func(e *auditLog) string { return e.ID }, nil},
	{"raw_cf_ray_id", func(e *auditLog) string { return e.RawCFRayID }, nil},
	{"raw_method", func(e *auditLog) string { return e.RawMethod }, nil},
	{"raw_status_code", func(e *auditLog) string { return strconv.Itoa(e.RawStatusCode) }, nil},
	{"raw_uri", func(e *auditLog) string { return e.RawURI }, nil},
	{"resource_id", func(e *auditLog) string { return e.ResourceID }, nil},
	{"resource_product", func(e *auditLog) string { return e.ResourceProduct }, nil},
	{"resource_scope", func(e *auditLog) string { return e.ResourceScope }, []string{"organizations"}},
	{"resource_type", func(e *auditLog) string { return e.ResourceType }, nil},
}

// auditFilter returns one test for all filters of a query. An entry matches a filter if it has one of the values. It
// matches an inverse filter if it does not have any of the values.
func auditFilter(query url.Values) (func(*auditLog) bool, error) {
	var tests []func(*auditLog) bool
	for _, f := range auditFilters {
		for _, param := range []string{f.name, f.name + ".not"} {
			if !query.Has(param) {
				continue
			}
			if err := checkAuditFilter(query, param, f.name, f.values); err != nil {
				return nil, err
			}
			tests = append(tests, func(e *auditLog) bool {
				return slices.Contains(query[param], f.field(e)) == (param == f.name)
			})
		}
	}
	return all(tests), nil
}

func checkAuditFilter(query url.Values, param, filter string, values []string) error {
	if values != nil {
		return checkEnum(query, param, values...)
	}
	for _, value := range query[param] {
		switch filter {
		case "actor_email":
			if !strings.Contains(value, "@") {
				return fmt.Errorf("%s must be an email address", param)
			}
		case "raw_status_code":
			if _, err := strconv.Atoi(value); err != nil {
				return fmt.Errorf("%s must be an integer", param)
			}
		}
	}
	return nil
}
