package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"example.com/cloudflare"
)

// fieldCount counts in how many of the objects at a place a field was unknown, missing or of another kind.
type fieldCount struct {
	Path  string `json:"path"`
	Count int    `json:"count"`
	Of    int    `json:"of"`
}

func (c fieldCount) String() string {
	if c.Of == 1 {
		return c.Path
	}
	return fmt.Sprintf("%s (%d of %d)", c.Path, c.Count, c.Of)
}

// differences tell where responses and the types of the API client differ.
type differences struct {
	Unknown   []fieldCount `json:"unknown,omitempty"`    // in a response, but not in the type
	Missing   []fieldCount `json:"missing,omitempty"`    // in the type, but not in a response
	OtherKind []fieldCount `json:"other_kind,omitempty"` // a number instead of a string, for example
}

// comparison compares JSON values with types. It keeps names and paths, and no values.
type comparison struct {
	private func(name string) bool // a name that must not be shown
	seen    map[string]int         // how many values were at a path

	unknown, missing, other findings
}

// findings are counts by path.
type findings map[string]*finding

type finding struct {
	at    string // the path of the values that are counted
	count int
}

func (f findings) add(path, at string) {
	if f[path] == nil {
		f[path] = &finding{at: at}
	}
	f[path].count++
}

func newComparison(private func(string) bool) *comparison {
	return &comparison{private, map[string]int{}, findings{}, findings{}, findings{}}
}

// result returns the differences so far.
func (c *comparison) result() differences {
	list := func(found findings) (list []fieldCount) {
		for _, path := range slices.Sorted(maps.Keys(found)) {
			list = append(list, fieldCount{path, found[path].count, c.seen[found[path].at]})
		}
		return list
	}
	return differences{list(c.unknown), list(c.missing), list(c.other)}
}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()

	decoderType = reflect.TypeFor[json.Unmarshaler]()
)

// compare compares a value, decoded from JSON, with the type it is decoded into.
func (c *comparison) compare(value any, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == rawType { // anything
		return
	}
	c.seen[path]++
	if value == nil {
		return
	}
	if strings.HasPrefix(t.Name(), "Nullable[") {
		t = t.Field(0).Type
	}
	switch {
	case t == timeType:
		c.expect(value, path, "string")
	case reflect.PointerTo(t).Implements(decoderType): // it knows better
	case t.Kind() == reflect.Struct:
		if object, ok := c.expect(value, path, "object").(map[string]any); ok {
			c.compareObject(object, t, path)
		}
	case t.Kind() == reflect.Slice:
		if list, ok := c.expect(value, path, "array").([]any); ok {
			for _, item := range list {
				c.compare(item, t.Elem(), path+"[]")
			}
		}
	case t.Kind() == reflect.Map:
		if object, ok := c.expect(value, path, "object").(map[string]any); ok {
			for _, item := range object { // the keys are data
				c.compare(item, t.Elem(), path+"{}")
			}
		}
	case t.Kind() == reflect.Bool:
		c.expect(value, path, "boolean")
	case t.Kind() == reflect.String:
		c.expect(value, path, "string")
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64:
		c.expect(value, path, "number")
	}
}

func (c *comparison) compareObject(object map[string]any, t reflect.Type, path string) {
	fields := map[string]bool{}
	for field := range allFields(t) {
		name, required, ok := fieldName(field)
		if !ok {
			continue
		}
		fields[name] = true
		value, present := object[name]
		switch {
		case present:
			c.compare(value, field.Type, join(path, name))
		case required || isWhole(field.Type) && !mayBeEmpty(t):
			c.missing.add(join(path, name), path)
		}
	}
	for name := range object {
		if !fields[name] {
			c.unknown.add(join(path, shown(name, c.private)), path)
		}
	}
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// expect returns value, and counts it if it is of another kind.
func (c *comparison) expect(value any, path, kind string) any {
	if got := kindOf(value); got != kind {
		c.other.add(fmt.Sprintf("%s: %s, not %s", path, got, kind), path)
	}
	return value
}

func kindOf(value any) string {
	switch value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case json.Number:
		return "number"
	}
	return "null"
}

// allFields yields the fields of a struct type, those of embedded structs included.
func allFields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, field := range reflect.VisibleFields(t) {
			if field.IsExported() && !field.Anonymous && !yield(field) {
				return
			}
		}
	}
}

// fieldName returns the JSON name of a field, and whether it is expected in every object.
func fieldName(field reflect.StructField) (name string, required, ok bool) {
	tag, tagged := field.Tag.Lookup("json")
	name, options, _ := strings.Cut(tag, ",")
	if !tagged || name == "" || name == "-" {
		return "", false, false
	}
	optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
	return name, !optional, true
}

// isWhole reports whether a value of the type is a time or an object. The client never marshals one that was absent,
// whether or not it expects one.
func isWhole(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !strings.HasPrefix(t.Name(), "Nullable[")
}

// mayBeEmpty reports whether the API may omit the times and objects in an object.
func mayBeEmpty(t reflect.Type) bool {
	return strings.HasPrefix(t.Name(), "AuditLog") || t == reflect.TypeFor[cloudflare.ResponseInfo]()
}

// identifier matches what looks like a name that somebody chose for a field.
var identifier = regexp.MustCompile(`^[a-z][A-Za-z0-9_.-]{0,39}$`)

// hidden stands for a name that may be personal data, an ID or a secret.
const hidden = "(a name that is not shown)"

// shown returns a name from a server, unless it does not look like one that somebody chose for a field: servers may use
// names, IDs or email addresses as keys.
func shown(name string, private func(string) bool) string {
	digits := 0
	for _, r := range name {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if !identifier.MatchString(name) || digits > 2 || private(name) {
		return hidden
	}
	return name
}
