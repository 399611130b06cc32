package rest

import "slices"

// A server can spell each character of a secret in another way: as it is, or with an escape of JSON, Go, a URL or HTML.
// A text that was escaped more than once, such as HTML in JSON, has escapes of escapes.

// maxRounds bounds how often a text is unescaped. An HTML text in JSON that is quoted in JSON needs three rounds.
const maxRounds = 3

// newRedact returns a function that replaces every occurrence of one of the secrets, in any case and spelling.
func newRedact(all []secrets) func(string) string {
	var values []string
	var first [256]bool // whether a secret begins with this character
	for _, s := range all {
		for _, value := range []string{s.token, s.key, s.email} {
			if value != "" {
				values = append(values, value)
				first[lower(value[0])], first[upper(value[0])] = true, true
			}
		}
	}
	return func(text string) string {
		var out []byte
		copied := 0
		for at := 0; at < len(text); at++ {
			end := at
			// Another secret may begin inside of the one that was found, and end behind it.
			for from := at; from == at || from < end; from++ {
				if !first[text[from]] && !escapesOne(text[from:], &first) {
					continue
				}
				for _, value := range values {
					end = max(end, from+spelled(text[from:], value))
				}
			}
			if end > at {
				out = append(append(out, text[copied:at]...), "[redacted]"...)
				copied, at = end, end-1
			}
		}
		if copied == 0 {
			return text
		}
		return string(append(out, text[copied:]...))
	}
}

// escapesOne reports whether a text begins with an escape of one of these characters.
func escapesOne(text string, characters *[256]bool) bool {
	for rounds := 0; rounds <= maxRounds; rounds++ {
		switch c, _ := unescaped(text, rounds); {
		case characters[c]:
			return true
		case c != '\\' && c != '%' && c != '&':
			return false
		}
	}
	return false
}

// spelled returns the length of the longest spelling of a secret with which a text begins, or zero.
func spelled(text, secret string) int {
	var here, there [8]int
	ends, longer := append(here[:0], 0), there[:0] // of the spellings of the first characters
	for i := range len(secret) {
		longer = longer[:0]
		for _, end := range ends {
			for rounds := range maxRounds + 1 {
				c, rest := unescaped(text[end:], rounds)
				if next := len(text) - len(rest); lower(c) == lower(secret[i]) && !slices.Contains(longer, next) {
					longer = append(longer, next)
				}
				if c != '\\' && c != '%' && c != '&' {
					break // other rounds do not change it
				}
			}
		}
		if len(longer) == 0 {
			return 0
		}
		ends, longer = longer, ends
	}
	return slices.Max(ends)
}

// unescaped returns the first character of a text, which is zero at its end, and the text behind it. It unescapes the
// character as often as rounds says, and only if that is an ASCII character that a credential can contain.
func unescaped(text string, rounds int) (c byte, rest string) {
	if text == "" {
		return 0, ""
	}
	if rounds == 0 {
		return text[0], text[1:]
	}
	rounds--
	c, rest = unescaped(text, rounds)
	escaped, end := 0, ""
	switch c {
	case '%':
		escaped, end = number(rest, 16, 2, rounds)
	case '\\':
		switch kind, after := unescaped(rest, rounds); lower(kind) {
		case 'u':
			escaped, end = number(after, 16, 4, rounds)
		case 'x':
			escaped, end = number(after, 16, 2, rounds)
		case '"', '\\', '/', '\'':
			return kind, after
		}
	case '&':
		escaped, end = reference(rest, rounds)
	}
	if escaped <= ' ' || escaped > '~' {
		return c, rest
	}
	return byte(escaped), end
}

// number reads a number of so many digits, or of as many as there are if that is zero. It returns zero if there is
// none.
func number(text string, base, digits, rounds int) (n int, rest string) {
	for i := 0; i < digits || digits == 0; i++ {
		c, after := unescaped(text, rounds)
		digit := base
		switch {
		case c >= '0' && c <= '9':
			digit = int(c - '0')
		case lower(c) >= 'a' && lower(c) <= 'f':
			digit = int(lower(c)-'a') + 10
		}
		if digit >= base {
			if digits > 0 {
				return 0, ""
			}
			break
		}
		n, text = min(n*base+digit, 1<<16), after
	}
	return n, text
}

// reference reads a character reference of HTML behind its ampersand.
func reference(text string, rounds int) (n int, rest string) {
	c, rest := unescaped(text, rounds)
	if c == '#' {
		base, text := 10, rest
		if c, after := unescaped(text, rounds); lower(c) == 'x' {
			base, text = 16, after
		}
		n, rest = number(text, base, 0, rounds)
		if c, after := unescaped(rest, rounds); c == ';' { // browsers do without it
			rest = after
		}
		return n, rest
	}
	name := make([]byte, 0, maxReference+1)
	for rest = text; len(name) <= maxReference; name = append(name, lower(c)) {
		if c, rest = unescaped(rest, rounds); lower(c) < 'a' || lower(c) > 'z' {
			break
		}
	}
	if c != ';' {
		return 0, ""
	}
	return int(references[string(name)]), rest
}

// references are the names that HTML has for the characters of a credential, in lower case.
var references = map[string]byte{
	"quot": '"', "amp": '&', "lt": '<', "gt": '>', "apos": '\'', "excl": '!', "num": '#', "dollar": '$', "percnt": '%',
	"lpar": '(', "rpar": ')', "ast": '*', "midast": '*', "plus": '+', "comma": ',', "period": '.', "sol": '/', "colon": ':',
	"semi": ';', "equals": '=', "quest": '?', "commat": '@', "lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']',
	"rbrack": ']', "hat": '^', "lowbar": '_', "underbar": '_', "grave": '`', "diacriticalgrave": '`', "lcub": '{',
	"lbrace": '{', "verbar": '|', "vert": '|', "verticalline": '|', "rcub": '}', "rbrace": '}',
}

const maxReference = len("diacriticalgrave")

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}
