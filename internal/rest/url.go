package rest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseBase checks a base URL. Its errors do not show it: what is wrong with it may be a password.
func parseBase(base string) (*url.URL, error) {
	refuse := func(why string) (*url.URL, error) {
		return nil, fmt.Errorf("%w: WithBaseURL: the URL %s", ErrInvalidArgument, why)
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Opaque != "" || strings.ContainsFunc(base, notPrintable) || strings.Contains(base, `\`):
		return refuse("cannot be parsed")
	case u.User != nil:
		return refuse("must not carry a user or a password")
	case strings.ContainsAny(base, "?#"):
		return refuse("must not have a query or a fragment")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("must begin with https://")
	case u.Hostname() == "" || strings.Trim(strings.ToLower(u.Hostname()), "abcdefghijklmnopqrstuvwxyz0123456789-._:%") != "":
		return refuse("must name a host") // net/http sends no Host header for others
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return refuse("must begin with https:// (plain http goes to this machine only)")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return refuse("must not have a path with . or ..")
		}
	}
	// Trimmed as it is escaped: the slash of a %2F stays.
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	u.Path, _ = url.PathUnescape(u.RawPath) // which was parsed before
	return u, nil
}

func notPrintable(r rune) bool { return r <= ' ' || r >= 0x7f }

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// target returns the URL of a path below the base URL, and that path alone, escaped.
func (s *Sender) target(segments []string, query string) (u *url.URL, path string, err error) {
	if len(segments) == 0 {
		return nil, "", fmt.Errorf("%w: the path is empty", ErrInvalidArgument)
	}
	base := s.origin.RawPath
	buf := append(make([]byte, 0, 128), base...)
	for i, segment := range segments {
		if why := RefuseSegment(segment); why != "" {
			return nil, "", fmt.Errorf("%w: path segment %d %s", ErrInvalidArgument, i+1, why)
		}
		buf = append(buf, '/')
		buf = append(buf, url.PathEscape(segment)...)
	}
	own, escaped := *s.origin, string(buf)
	own.Path, err = url.PathUnescape(escaped)
	own.RawPath, own.RawQuery = escaped, query
	return &own, escaped[len(base):], err
}

// RefuseSegment says why a text is not one segment of a path for every server and proxy on the way, or "". It does
// not show the text: what ends up in the wrong place may be a credential.
func RefuseSegment(segment string) string {
	switch {
	case segment == "":
		return "is empty"
	case strings.Trim(segment, "0123456789abcdefghijklmnopqrstuvwxyz_-") == "": // what most paths are made of
		return ""
	case segment == "." || segment == "..":
		return "stands for another path"
	case strings.ContainsAny(segment, `/\?#%`):
		return `contains one of / \ ? # %`
	case !utf8.ValidString(segment):
		return "is not valid UTF-8"
	case strings.ContainsFunc(segment, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}
