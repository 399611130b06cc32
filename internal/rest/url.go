package rest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseBase checks a base URL. Its errors do not show the URL, which may contain a password.
func parseBase(base string) (*url.URL, error) {
	invalid := func(problem string) (*url.URL, error) {
		return nil, fmt.Errorf("WithBaseURL: the URL %s", problem)
	}
	if !strings.Contains(base, "://") {
		return invalid("must begin with https://")
	}
	u, err := url.Parse(base)
	switch {
	case strings.ContainsFunc(base, notPrintable) || strings.Contains(base, `\`):
		return invalid("must be printable ASCII without blanks or backslashes")
	case err != nil:
		return invalid("is not valid")
	case u.User != nil:
		return invalid("must not contain a user or a password")
	case strings.ContainsAny(base, "?#"):
		return invalid("must not have a query or a fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return invalid("must begin with https://")
	case u.Hostname() == "":
		return invalid("must have a host")
	case strings.Trim(strings.ToLower(u.Hostname()), "abcdefghijklmnopqrstuvwxyz0123456789-._:%") != "":
		return invalid("has a host that is not valid") // net/http sends no Host header for it
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return invalid("must begin with https://, because http:// is allowed only for localhost and loopback addresses")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return invalid("must not have . or .. in its path")
		}
	}
	u.Host = strings.ToLower(u.Host)
	// The escaped path is trimmed, so that the slash of a %2F stays.
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	u.Path, _ = url.PathUnescape(u.RawPath) // the URL is valid
	return u, nil
}

func notPrintable(r rune) bool { return r <= ' ' || r >= 0x7f }

func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// target returns the URL of a path below the base URL, and that path alone, escaped.
func (s *Sender) target(segments []string, query string) (u *url.URL, path string, err error) {
	if len(segments) == 0 {
		return nil, "", errors.New("the path is empty")
	}
	base := s.origin.RawPath
	buf := append(make([]byte, 0, 128), base...)
	for i, segment := range segments {
		if problem := SegmentProblem(segment); problem != "" {
			return nil, "", fmt.Errorf("path segment %d %s", i+1, problem)
		}
		buf = append(buf, '/')
		buf = append(buf, url.PathEscape(segment)...)
	}
	own, escaped := *s.origin, string(buf)
	own.Path, err = url.PathUnescape(escaped)
	own.RawPath, own.RawQuery = escaped, query
	return &own, escaped[len(base):], err
}

// SegmentProblem returns why a value is not valid as a single path segment, or "" if it is valid. Every server and
// proxy must read it as one segment. The problem does not show the value, which may be a credential that was passed in
// the wrong place.
func SegmentProblem(segment string) string {
	switch {
	case segment == "":
		return "is empty"
	case strings.Trim(segment, "0123456789abcdefghijklmnopqrstuvwxyz_-") == "": // most paths have only these
		return ""
	case segment == "." || segment == "..":
		return "must not be . or .."
	case strings.ContainsAny(segment, `/\?#%`):
		return `contains one of / \ ? # %`
	case !utf8.ValidString(segment):
		return "is not valid UTF-8"
	case strings.ContainsFunc(segment, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}
