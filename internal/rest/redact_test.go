package rest

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// escapes are the ways in which one character can be spelled.
var escapes = []func(c byte) string{
	func(c byte) string { return string(c) },
	func(c byte) string { return fmt.Sprintf(`\u%04x`, c) },
	func(c byte) string { return fmt.Sprintf(`\u%04X`, c) },
	func(c byte) string { return fmt.Sprintf(`\x%02x`, c) },
	func(c byte) string { return fmt.Sprintf("%%%02x", c) },
	func(c byte) string { return fmt.Sprintf("%%%02X", c) },
	func(c byte) string { return fmt.Sprintf("&#%d;", c) },
	func(c byte) string { return fmt.Sprintf("&#%07d;", c) },
	func(c byte) string { return fmt.Sprintf("&#x%x;", c) },
	func(c byte) string { return fmt.Sprintf("&#X%05X;", c) },
	func(c byte) string {
		for name, named := range references {
			if named == c {
				return "&" + name + ";"
			}
		}
		return string(c)
	},
	func(c byte) string {
		if strings.IndexByte(`"\/'`, c) >= 0 {
			return `\` + string(c)
		}
		return string(c)
	},
	func(c byte) string { return string(upper(c)) },
}

func respell(text string, spell func(i int, c byte) string) string {
	var out strings.Builder
	for i := range len(text) {
		out.WriteString(spell(i, text[i]))
	}
	return out.String()
}

// Every character of a secret is found in every spelling, in whatever way the others are spelled, and escaped twice.
func TestRedactFindsEverySpelling(t *testing.T) {
	const email = `ops+cf.o'neil_"1"@sub-domain.example.com`
	redact := newRedact([]secrets{Key("C4n4ry%&\\/<>~", email).secrets()})
	for name, secret := range map[string]string{"the key": "C4n4ry%&\\/<>~", "the email address": email} {
		for i, first := range escapes {
			for k, second := range escapes {
				mixed := respell(secret, func(at int, c byte) string {
					if at%2 == 0 {
						return first(c)
					}
					return second(c)
				})
				assert.Equal(t, "a [redacted] z", redact("a "+mixed+" z"), "%s, %d and %d: %s", name, i, k, mixed)
				twice := respell(respell(secret, func(_ int, c byte) string { return first(c) }), func(_ int, c byte) string { return second(c) })
				assert.Equal(t, "a [redacted] z", redact("a "+twice+" z"), "%s, %d in %d: %s", name, i, k, twice)
			}
		}
		quoted, err := json.Marshal(secret)
		assert.NoError(t, err)
		for encoding, spelled := range map[string]string{
			"JSON": strings.Trim(string(quoted), `"`), "Go": strings.Trim(strconv.Quote(secret), `"`), "HTML": html.EscapeString(secret),
			"a query": url.QueryEscape(secret), "a path": url.PathEscape(secret),
			"JSON of HTML": strings.NewReplacer("&", `\u0026`).Replace(html.EscapeString(secret)),
			"lower case":   strings.ToLower(secret), "upper case": strings.ToUpper(secret),
		} {
			assert.Equal(t, `[redacted]"`, redact(spelled+`"`), "%s in %s", name, encoding)
		}
	}
}

// What only resembles a spelling stays as it is.
func TestRedactKeepsOtherTexts(t *testing.T) {
	redact := newRedact([]secrets{Key("abc+def", "me@example.com").secrets()})
	for _, text := range []string{
		"", "abc", "abc+de", "abc def", `abc\u002Bde`, `abc\u02Bdef`, `abc\u002`, "abc%2", "abc%2Gdef", "abc&#43", "abc&#;def", "abc&#x;def",
		"abc&#44;def", "abc&plus def", "abc&pluss;def", "abc&#65579;def", "abc&#4294967339;def", "%", "&", `\`, "&#", "&#x", "&;", `\u`, "100% of & \\ all",
		"me@example.co", "me&commat;example", "\x00", "abc\x00def", "é\u00e9",
	} {
		assert.Equal(t, text, redact(text))
	}
	assert.Zero(t, testing.AllocsPerRun(10, func() { redact("/organizations/100%25/a&b") }))
}

// A secret can begin like another one, or overlap it or itself. Nothing of any of them is left over.
func TestRedactOverlappingSecrets(t *testing.T) {
	for name, tt := range map[string]struct {
		credentials []Credential
		text, want  string
	}{
		"an old and a new token":  {[]Credential{Token("abc"), Token("abcdef")}, "xabcdefy abc", "x[redacted]y [redacted]"},
		"a new and an old token":  {[]Credential{Token("abcdef"), Token("abc")}, "xabcdefy abc", "x[redacted]y [redacted]"},
		"a key and an email":      {[]Credential{Key("abc", "abcdef@example.com"), Token("abcdef")}, "xabcdefy abc", "x[redacted]y [redacted]"},
		"one in another":          {[]Credential{Token("cd"), Token("abcdef")}, "xabcdefy cd", "x[redacted]y [redacted]"},
		"one after another":       {[]Credential{Token("abcd"), Token("cdef"), Token("fgh")}, "xabcdefghy", "x[redacted]y"},
		"overlaps itself":         {[]Credential{Token("abab")}, "xabababy", "x[redacted]y"},
		"one directly after both": {[]Credential{Token("abc"), Token("def")}, "xabcdefy", "x[redacted][redacted]y"},
		"a percent sign":          {[]Credential{Token("%25%25")}, "x%25%25%25y %2525%2525", "x[redacted]y [redacted]"},
	} {
		all := unsigned
		for _, c := range tt.credentials {
			all = newSigner(c, "").alsoRedacting(all)
		}
		assert.Equal(t, tt.want, all.redact(tt.text), name)
	}
}

// However a secret is spelled, and whatever stands beside it, no rounds of unescaping bring it back.
func FuzzRedact(f *testing.F) {
	f.Add("cfut_0123456789", []byte{0}, "", "")
	f.Add("ops+cf@example.com", []byte{1, 6, 4, 0}, "<p>", "</p>")
	f.Add(`a\b%2B&amp;`, []byte{6, 1}, `{"a":"`, `"}`)
	f.Add("%25%2525", []byte{4}, "%", "25")
	f.Add("0000", []byte{7, 9, 14, 27}, "&#0", "0;")
	f.Fuzz(func(t *testing.T, secret string, spellings []byte, before, after string) {
		if checkSecret("", secret) != nil || len(spellings) == 0 || len(secret) > 40 || len(before)+len(after) > 200 {
			t.Skip()
		}
		spelled := respell(secret, func(at int, c byte) string {
			how := int(spellings[at%len(spellings)])
			once := escapes[how%len(escapes)](c)
			return respell(once, func(_ int, c byte) string { return escapes[how/len(escapes)%len(escapes)](c) })
		})
		redact := newRedact([]secrets{Token(secret).secrets()})
		text := redact(before + spelled + after)
		if !strings.Contains(text, "[redacted]") {
			t.Fatalf("%q spelled as %q: %q", secret, spelled, text)
		}
		if strings.Contains("[redacted]", strings.ToLower(secret)) {
			return
		}
		// What is left over on both sides of a replacement is a text of its own.
		for part := range strings.SplitSeq(text, "[redacted]") {
			if again := redact(part); again != part {
				t.Fatalf("%q in %q: %q, and then %q", secret, before+spelled+after, text, again)
			}
		}
	})
}
