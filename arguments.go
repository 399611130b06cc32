package cloudflare

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-querystring/query"

	"example.com/cloudflare/internal/rest"
)

// arg is an argument of a call and the error of its check. This lets a method describe its call in one expression. The
// error is reported before a request is sent.
type arg[T any] struct {
	value T
	err   error
}

func checked[T any](value T, err error) arg[T] { return arg[T]{value, err} }

// invalid returns an error that matches ErrInvalidArgument.
func invalid(format string, args ...any) error {
	return fmt.Errorf("cloudflare: %w: %s", ErrInvalidArgument, fmt.Sprintf(format, args...))
}

func checkIdempotencyKey(key string) error {
	if len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid("IdempotencyKey must be printable ASCII without blanks, at most 255 bytes")
	}
	return nil
}

// checkName checks the name of an organization or account that is created or updated. If the API trims names, one with
// white space around it would not be found again.
func checkName(name string) error {
	switch {
	case name == "":
		return invalid("Name is empty")
	case strings.TrimSpace(name) != name:
		return invalid("Name must not begin or end with white space")
	}
	return nil
}

// checkID rejects values that cannot be an ID. It does not require 32 hexadecimal digits: the API's schema documents
// that form and breaks it in its own example.
func checkID(name, id string) error {
	if isNullText(id) {
		return invalid("%s must not be \"null\"", name)
	}
	if problem := rest.SegmentProblem(id); problem != "" {
		return invalid("%s %s", name, problem)
	}
	// If the API splits a filter at commas, one ID with a comma would become two.
	if strings.ContainsFunc(id, func(r rune) bool {
		return r == ',' || unicode.IsSpace(r) || r > unicode.MaxASCII && unicode.Is(unicode.Cf, r)
	}) {
		return invalid("%s contains a comma, white space or an invisible character", name)
	}
	return nil
}

// sameID reports whether two IDs identify the same resource. The case of ASCII letters does not matter. Nothing else
// compares IDs.
func sameID(a, b string) bool { return a == b || foldASCII(a) == foldASCII(b) }

// foldASCII returns s with its ASCII letters in lower case. Maps whose keys are IDs or email addresses use this form.
// The case mappings of Unicode would make a "k" of the Kelvin sign, and one mailbox of two.
func foldASCII(s string) string {
	folded := []byte(s)
	for i, c := range folded {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c - 'A' + 'a'
		}
	}
	return string(folded)
}

// isNullText reports whether text, in the place of an ID, is "null". As a filter on the parent, it would select every
// root organization that the credential can see.
func isNullText(text string) bool { return strings.EqualFold(text, "null") }

// checkOptionalID checks an ID that may be empty.
func checkOptionalID(name, id string) error {
	if id == "" {
		return nil
	}
	return checkID(name, id)
}

// checkIDs checks a filter that selects by IDs.
func checkIDs(name string, ids []string) error {
	if err := checkAnyOf(name, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := checkID(name, id); err != nil {
			return err
		}
	}
	return nil
}

// checkAnyOf rejects a filter that is empty but not nil, or that has an empty element. A program that computes such a
// filter does not want to select everything.
func checkAnyOf[T ~string](name string, values []T) error {
	if values != nil && len(values) == 0 {
		return invalid("%s must be nil or not empty", name)
	}
	if slices.Contains(values, "") {
		return invalid("%s must not have an empty element", name)
	}
	return nil
}

// encodeListParams encodes the params of a list, a struct with url tags.
func encodeListParams(params any, size, maxSize int) (url.Values, error) {
	if size < 0 || size > maxSize {
		return nil, invalid("PageSize must be between 1 and %d, not %d", maxSize, size)
	}
	values, err := query.Values(params)
	if err != nil {
		return nil, invalid("params: %v", err)
	}
	return values, checkFilters(params, values, "", "")
}

// maxFilter bounds one filter with several values, in bytes of the query. Servers and gateways reject larger URLs, and
// not all of them say why.
const maxFilter = 16 << 10

// checkFilters rejects a filter that is too large. It has the name of its field, after a prefix, and as a parameter
// that of its url tag, before a suffix.
func checkFilters(params any, values url.Values, prefix, suffix string) error {
	for param, all := range values {
		if len(all) < 2 {
			continue
		}
		if n := len(url.Values{param + suffix: all}.Encode()); n > maxFilter {
			isParam := func(f reflect.StructField) bool { return strings.HasPrefix(f.Tag.Get("url"), param+",") }
			fields := reflect.VisibleFields(reflect.TypeOf(params))
			name := fields[slices.IndexFunc(fields, isParam)].Name
			return invalid("%s%s takes %d bytes of the query, more than %d: split it over several calls", prefix, name, n, maxFilter)
		}
	}
	return nil
}

func isHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > '~' || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isHeaderValue(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func isNil(v any) bool {
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice:
		return value.IsNil()
	}
	return false
}
