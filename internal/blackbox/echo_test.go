package blackbox

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// A credential that a server sends back, in any part of a response, is in no error or log record. In a captured
// response it is only in the result of a 2xx.
func TestEchoedCredentialsAreRedacted(t *testing.T) {
	asJSON := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	type echo struct {
		status int
		header func(h http.Header, secret string)
		body   func(secret string) string
	}
	body := func(status int, body func(string) string) echo { return echo{status, nil, body} }
	header := func(status int, name, format string) echo {
		return echo{status, func(h http.Header, secret string) { h.Set(name, fmt.Sprintf(format, secret)) }, nil}
	}
	echoes := map[string]echo{
		"a message":        body(400, func(s string) string { return `{"success":false,"errors":[{"message":` + asJSON("bad: "+s) + `}]}` }),
		"a message in 200": body(200, func(s string) string { return `{"success":false,"errors":[{"message":` + asJSON("bad: "+s) + `}]}` }),
		"an error's text": body(403, func(s string) string {
			return `{"success":false,"errors":[` + asJSON(s) + `],"messages":[` + asJSON(s) + `]}`
		}),
		"a chain": body(400, func(s string) string {
			return `{"success":false,"errors":[{"code":6003,"message":"m","error_chain":[{"code":6103,"message":` + asJSON(s) + `}]}]}`
		}),
		"documentation_url": body(403, func(s string) string {
			return `{"success":false,"errors":[{"message":"m","documentation_url":` + asJSON("https://x/?"+s) + `}]}`
		}),
		"a pointer": body(400, func(s string) string {
			return `{"success":false,"errors":[{"message":"m","source":{"pointer":` + asJSON("/"+s) + `}}]}`
		}),
		"a raw message": body(400, func(s string) string { return `{"success":false,"errors":[{"message":{"a":[` + asJSON(s) + `]}}]}` }),
		"a code":        body(400, func(s string) string { return `{"success":false,"errors":[{"code":` + asJSON(s) + `,"message":"m"}]}` }),
		"a flat error":  body(400, func(s string) string { return `{"code":1,"error":` + asJSON(s) + `}` }),
		"problem+json": body(502, func(s string) string {
			return `{"title":` + asJSON(s) + `,"detail":` + asJSON(s) + `,"ray_id":` + asJSON(s) + `,"instance":` + asJSON(s) + `}`
		}),
		"a long message": body(400, func(s string) string {
			return `{"success":false,"errors":[{"message":` + asJSON(strings.Repeat(s+" ", 1000)) + `}]}`
		}),
		"JSON":            body(400, func(s string) string { return `{"echo":` + asJSON(s) + `}` }),
		"JSON in 200":     body(200, func(s string) string { return `{"echo":` + asJSON(s) + `}` }),
		"a bad timestamp": body(200, func(s string) string { return `{"success":true,"result":{"id":"o1","create_time":` + asJSON(s) + `}}` }),
		"a bad result":    body(200, func(s string) string { return `{"success":true,"result":` + asJSON(s) + `}` }),
		"a bad key":       body(200, func(s string) string { return `{"success":true,` + asJSON(s) + `:1,` + asJSON(s) + `:1}` }),
		"a bad key below": body(200, func(s string) string { return `{"success":true,"result":{` + asJSON(s) + `:{"a":1,"a":1}}}` }),
		"result_info":     body(200, func(s string) string { return `{"success":true,"result_info":{"next_page_token":[` + asJSON(s) + `]}}` }),
		"text":            body(500, func(s string) string { return s }),
		"text in 200":     body(200, func(s string) string { return s }),
		"quoted twice":    body(500, func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("%q", s)) }),
		"HTML":            body(500, func(s string) string { return "<html><p>" + html.EscapeString(s) + "</p>" }),
		"a query":         body(500, func(s string) string { return "/?" + url.Values{"q": {s}}.Encode() }),
		"a path":          body(500, func(s string) string { return "/" + url.PathEscape(s) }),
		"lower-case hex": body(500, func(s string) string {
			return strings.ReplaceAll(url.QueryEscape(s), "%2B", "%2b")
		}),
		"Cf-Ray":           header(500, "Cf-Ray", "%s-IAD"),
		"Location":         header(302, "Location", "https://x.example/%[1]s?%[1]s#%[1]s"),
		"Location's user":  header(302, "Location", "https://%s@x.example/"),
		"Location's host":  header(302, "Location", "https://%s.x.example/"),
		"a bad Location":   header(302, "Location", "https://[%s"),
		"Retry-After":      header(429, "Retry-After", "%s"),
		"Ratelimit":        header(429, "Ratelimit", `"%s";r=1;t=1`),
		"Ratelimit-Policy": header(429, "Ratelimit-Policy", `"%s";q=1;w=1`),
		"Content-Type":     header(500, "Content-Type", "%s"),
		"a header's name":  {500, func(h http.Header, secret string) { h[strings.TrimSpace(secret)] = []string{"x"} }, nil},
		"Set-Cookie":       header(500, "Set-Cookie", "a=%s"),
	}
	for _, at := range []int{1, 150, 180, 190, 195, 199} {
		echoes["text cut at "+strconv.Itoa(at)] = body(500, func(s string) string { return strings.Repeat("x", at) + s })
	}
	for _, at := range []int{4 << 10, 8 << 10, 16 << 10, 1 << 20} {
		for _, before := range []int{1, 20, 30, 45} {
			name := fmt.Sprintf("cut %d before %d", before, at)
			echoes["text "+name] = body(500, func(s string) string { return strings.Repeat(" ", at-before) + s })
			echoes["message "+name] = body(400, func(s string) string {
				return `{"success":false,"errors":[{"message":"` + strings.Repeat("x", at-before) + s + strings.Repeat("x", 20<<10) + `"}]}`
			})
		}
	}
	for name, e := range echoes {
		for scheme, credential := range credentials {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				var logged bytes.Buffer
				var captured cloudflare.Response
				c, err := cloudflare.NewClient(credential, cloudflare.WithMaxRetries(1), cloudflare.WithMaxRetryWait(0),
					cloudflare.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))),
					cloudflare.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
						h, text := make(http.Header), ""
						if e.header != nil {
							e.header(h, sent(r))
						}
						if e.body != nil {
							text = e.body(strings.TrimSpace(sent(r)))
						}
						response, err := respondWith(e.status, text)(r)
						response.Header = h
						return response, err
					})}))
				require.NoError(t, err)
				_, err = c.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&captured))
				require.Error(t, err)
				requireNoCanary(t, "the error", err)
				if captured.StatusCode < 300 {
					captured.Result = nil
				}
				requireNoCanary(t, "the response", captured)
				_, err = lastOf(c.Organizations.All(t.Context(), cloudflare.OrganizationListParams{}))
				require.Error(t, err)
				requireNoCanary(t, "the page error", err)
				_, err = c.Organizations.Update(t.Context(), "o1", cloudflare.OrganizationUpdateParams{Name: "n"})
				require.Error(t, err)
				requireNoCanary(t, "the error of a write", err)
				assert.NotContains(t, logged.String(), canary)
				assert.Contains(t, logged.String(), "attempt")
			})
		}
	}
}

// The result of a 2xx is data: it can contain the email address of the credential because a member has it, and a
// program may store it. It is captured as sent, as the typed result is. Everything else in a captured response is
// redacted.
func TestCapturedResultsOfSuccessesAreData(t *testing.T) {
	asJSON := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	member := `{"id": "m1", "user":{"email":` + asJSON(canaryEmail) + `, "note":` + asJSON(canaryKey) + `}}`
	redacted := strings.NewReplacer(canaryEmail, "[redacted]", canaryKey, "[redacted]").Replace(member)
	for name, tt := range map[string]struct {
		status      int
		start, want string
	}{
		"a success":                         {200, `{"success":true,`, member},
		"a created resource":                {201, `{"success":true,`, member},
		"a success that cannot be used":     {200, ``, member},
		"a failure with the status 200":     {200, `{"success":false,"errors":[{"code":1,"message":` + asJSON(canaryEmail) + `}],`, member},
		"an error":                          {400, `{"success":false,`, redacted},
		"a redirect":                        {302, `{"success":false,`, redacted},
		"an error that reports its success": {503, `{"success":true,`, redacted},
	} {
		if tt.start == "" {
			tt.start = "{"
		}
		body := tt.start + `"messages":[` + asJSON(canaryEmail) + `],"result":` + member + `,"result_info":{"cursor":` + asJSON(canaryKey) + `}}`
		client, err := cloudflare.NewClient(credentials["key"], noRetries,
			cloudflare.WithHTTPClient(&http.Client{Transport: respondWith(tt.status, body, "X-Echo: "+canaryEmail)}))
		require.NoError(t, err)
		var response cloudflare.Response
		_, err = client.OrganizationMembers.Get(t.Context(), organizationID, "m1", cloudflare.CaptureResponse(&response))
		if err != nil {
			requireNoCanary(t, name, err)
		}
		assert.Equal(t, tt.want, string(response.Result), name)
		assert.Equal(t, `{"cursor":"[redacted]"}`, string(response.ResultInfo), name)
		response.Result = nil
		requireNoCanary(t, name, response)
	}
}

// Where a credential is a number or part of an escape, its place in a captured result_info takes a string, so that a
// Response can always be encoded.
func TestRedactedJSONIsValid(t *testing.T) {
	for name, tt := range map[string]struct{ token, info, want string }{
		"a number":          {"1234", `{"count":1234}`, `"[redacted]"`},
		"part of a number":  {"1234", `{"count":9123400}`, `"[redacted]"`},
		"a literal":         {"true", `{"more":true}`, `"[redacted]"`},
		"part of an escape": {"0041", `{"a":"\u0041"}`, `"[redacted]"`},
		"two names":         {"count", `{"count":1,"\u0063ount":2}`, `{"[redacted]":1,"[redacted]":2}`},
		"a string":          {"1234", `{"count":"1234"}`, `{"count":"[redacted]"}`},
		"a name":            {"count", `{"count":1}`, `{"[redacted]":1}`},
		"other numbers":     {"1234", `{"count":123}`, `{"count":123}`},
	} {
		client, err := cloudflare.NewClient(cloudflare.WithAPIToken(tt.token), cloudflare.WithHTTPClient(&http.Client{
			Transport: respondWith(404, `{"success":false,"result":`+tt.info+`,"result_info":`+tt.info+`}`)}))
		require.NoError(t, err)
		var response cloudflare.Response
		_, err = client.Organizations.Get(t.Context(), organizationID, cloudflare.CaptureResponse(&response))
		assert.Error(t, err, name)
		assert.Equal(t, tt.want, string(response.Result), name)
		assert.Equal(t, tt.want, string(response.ResultInfo), name)
		_, err = json.Marshal(response)
		assert.NoError(t, err, name)
	}
}

// A credential is redacted in its usual escaped forms too, and in any case, wherever a server may use them.
func TestEscapedCredentialsAreRedacted(t *testing.T) {
	const (
		odd   = `C4n4ry"C4n4ry\C4n4ry<C4n4ry>C4n4ry&C4n4ry'C4n4ry/C4n4ry+C4n4ry%C4n4ry=C4n4ry~`
		email = "ops+cf@C4n4ry.example"
	)
	each := func(format string) func(string) string {
		return func(s string) string {
			var out strings.Builder
			for i := range len(s) {
				fmt.Fprintf(&out, format, s[i])
			}
			return out.String()
		}
	}
	replace := func(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }
	for name, spell := range map[string]func(string) string{
		"verbatim":                      func(s string) string { return s },
		"JSON":                          func(s string) string { b, _ := json.Marshal(s); return strings.Trim(string(b), `"`) },
		"quoted":                        func(s string) string { return strings.Trim(strconv.Quote(s), `"`) },
		"query":                         url.QueryEscape,
		"path":                          url.PathEscape,
		"HTML":                          html.EscapeString,
		"a plus sign in HTML":           replace("+", "&#43;"),
		"a plus sign in JSON":           replace("+", `\u002B`),
		"a plus sign in lower-case hex": replace("+", `\u002b`),
		"an at sign in HTML":            replace("@", "&#64;"),
		"an at sign in hex":             replace("@", "&#x40;"),
		"an at sign by name":            replace("@", "&commat;"),
		"both in a URL":                 replace("+", "%2B", "@", "%40"),
		"one in a URL":                  replace("@", "%40"),
		"in two ways":                   replace("+", "&#43;", "@", "%40", ".", `\u002e`),
		"HTML in JSON":                  replace("+", `\u0026#43;`, "@", `\u0026#064;`),
		"twice in a URL":                replace("+", "%252B", "@", "%2540"),
		"every character in JSON":       each(`\u%04X`),
		"every character in Go":         each(`\x%02x`),
		"every character in a URL":      each("%%%02x"),
		"every character in HTML":       each("&#%d;"),
		"every character in HTML's hex": each("&#x%X;"),
		"with zeros":                    each("&#%05d;"),
		"lower case":                    strings.ToLower,
		"upper case":                    strings.ToUpper,
	} {
		for secret, credential := range map[string]cloudflare.Option{
			odd: cloudflare.WithAPIToken(odd), email: cloudflare.WithAPIKey("key", email),
		} {
			spelled := spell(secret)
			inJSON, _ := json.Marshal("x" + spelled + "z")
			for where, transport := range map[string]roundTripper{
				"a text":      respondWith(500, "x"+spelled+"z", "X-Echo: x"+spelled+"z"),
				"a message":   respondWith(400, `{"success":false,"errors":[{"message":`+string(inJSON)+`}]}`, "X-Echo: x"+spelled+"z"),
				"result_info": respondWith(404, `{"success":false,"errors":[],"result_info":`+string(inJSON)+`}`, "X-Echo: x"+spelled+"z"),
			} {
				c, err := cloudflare.NewClient(credential, noRetries, cloudflare.WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)
				var response cloudflare.Response
				_, err = c.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&response))
				require.Error(t, err)
				assert.Equal(t, "x[redacted]z", response.Header.Get("X-Echo"), "%s: %s", name, spelled)
				if where == "result_info" {
					assert.Equal(t, `"x[redacted]z"`, string(response.ResultInfo), "%s: %s", name, spelled)
				} else {
					assert.ErrorContains(t, err, "x[redacted]z", "%s in %s: %s", name, where, spelled)
				}
			}
		}
	}
}

// net/http changes the case of a header's name.
func TestCredentialsInNamesOfHeadersAreRedacted(t *testing.T) {
	const key = "0c4n4ry4c4n4ry4c4n4ry4c4n4ry4c4n4ry45"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-"+r.Header.Get("X-Auth-Key"), "1")
		w.Header().Set(r.Header.Get("X-Auth-Key")+"-x", "2")
		io.WriteString(w, successBody(anOrganization))
	}))
	t.Cleanup(server.Close)
	client, err := cloudflare.NewClient(cloudflare.WithAPIKey(key, "me@example.com"), cloudflare.WithBaseURL(server.URL))
	require.NoError(t, err)
	var response cloudflare.Response
	_, err = client.Organizations.Get(t.Context(), "o1", cloudflare.CaptureResponse(&response))
	require.NoError(t, err)
	assert.NotContains(t, strings.ToLower(fmt.Sprint(response.Header)), "c4n4ry")
	assert.Equal(t, []string{"1"}, response.Header["X-[redacted]"])
	assert.Equal(t, []string{"2"}, response.Header["[redacted]-X"])
}

// The errors of net/http quote a response that is not HTTP.
func TestMalformedHTTPEchoesCredentials(t *testing.T) {
	for name, raw := range map[string]string{
		"no HTTP":               "%s\r\n\r\n",
		"a status":              "HTTP/1.1 %s OK\r\n\r\n",
		"a version":             "HTTP/%s 200 OK\r\n\r\n",
		"a status text":         "HTTP/1.1 418 %s\r\nContent-Length: 0\r\n\r\n",
		"a header without name": "HTTP/1.1 200 OK\r\n: %s\r\n\r\n",
		"no header":             "HTTP/1.1 200 OK\r\n%s\r\n\r\n",
		"a length":              "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n",
		"an encoding":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n",
		"a chunk":               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
		"control characters":    "HTTP/1.1 200 OK\r\nX\x1b[2J\x07 %s\r\n\r\n",
		"more of them":          "\x1b[2J\x07\x00 %s\r\n\r\n",
		"a trailer":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n%s\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			t.Cleanup(func() { listener.Close() })
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
						fmt.Fprintf(conn, raw, sent(r))
					}
					conn.Close()
				}
			}()
			var logged bytes.Buffer
			c, err := cloudflare.NewClient(cloudflare.WithAPIToken(canaryToken), cloudflare.WithMaxRetries(0),
				cloudflare.WithBaseURL("http://"+listener.Addr().String()), cloudflare.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
			require.NoError(t, err)
			_, err = c.Organizations.Get(t.Context(), "o1")
			require.Error(t, err)
			requireNoCanary(t, "the error", err)
			assert.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err.Error())
			assert.NotContains(t, logged.String(), canary)
			assert.NotEmpty(t, logged.String())
		})
	}
}

// Log records have the documented attributes and no others, at every level.
func TestLogRecordsContainNoSecrets(t *testing.T) {
	var logged bytes.Buffer
	transport := respondWith(200, `{"success":true,"result":`+anOrganization+`}`, rayHeader)
	c := newClient(t, transport, noRetries, cloudflare.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.Level(-100)}))))
	_, err := c.Organizations.Update(t.Context(), "o1", cloudflare.OrganizationUpdateParams{Name: "in-the-body"},
		cloudflare.SetHeader("X-Mine", "in-a-header"), cloudflare.AddQuery("q", "in-the-query"))
	require.NoError(t, err)
	var record map[string]any
	require.NoError(t, json.Unmarshal(logged.Bytes(), &record))
	delete(record, "time")
	delete(record, "duration")
	assert.Equal(t, map[string]any{
		"level": "DEBUG", "msg": "cloudflare request", "method": "PUT", "path": "/organizations/o1", "attempt": 1.0, "status": 200.0,
		"ray_id": "86610873f8d987a9-IAD",
	}, record)
}

// A character that cannot be seen divides an echoed credential, so that it is not redacted. It is replaced and not
// removed: whoever removes what cannot be seen from an error or a record does not join the halves.
func TestDividedCredentialsAreNotJoined(t *testing.T) {
	unseen := func(r rune) rune {
		if !unicode.IsGraphic(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return r
	}
	for _, divider := range []string{
		"\xff", "\xc0\xaf", "\xed\xa0\x80", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e",
		"\u202e", "\u2066", "\u009b", "\u0085", "\x7f",
		"\ufe0f", "\U000e0041", "\U000e0100", "\u115f", "\u3164", "\ue000", "\u2028",
	} {
		half := len(canaryToken) / 2
		echoed := canaryToken[:half] + divider + canaryToken[half:]
		quoted := strings.ToValidUTF8(echoed, "\uFFFD") // JSON must be valid UTF-8
		var texts []string
		var records strings.Builder
		see := func(transport http.RoundTripper) {
			client := newClient(t, transport, noRetries, cloudflare.WithLogger(slog.New(slog.NewTextHandler(&records, nil))),
				cloudflare.WithAttemptHook(func(_ context.Context, a cloudflare.Attempt) {
					texts = append(texts, a.RayID, fmt.Sprint(a.RateLimits), fmt.Sprint(a.Err))
				}))
			var response cloudflare.Response
			_, err := client.Organizations.Get(t.Context(), organizationID, cloudflare.CaptureResponse(&response))
			require.Error(t, err)
			texts = append(texts, err.Error(), response.RayID, fmt.Sprint(response.RateLimits), fmt.Sprint(response.Messages))
			if e, ok := errors.AsType[*cloudflare.Error](err); ok {
				texts = append(texts, e.RayID, fmt.Sprint(e.RateLimits), fmt.Sprint(e.Errors), fmt.Sprint(e.Messages), e.LogValue().String())
			}
		}
		lines := []string{"Cf-Ray: " + echoed, `Ratelimit: ` + echoed + `;r=1;t=2`, "Content-Encoding: " + echoed, "Location: https://" + echoed}
		see(respondWith(400, `{"success":false,"errors":[{"code":1,"message":"`+quoted+`","documentation_url":"`+quoted+`"}],`+
			`"messages":[{"code":1,"message":"`+quoted+`"}]}`, lines...))
		see(respondWith(502, echoed, lines...))
		see(respondWith(302, echoed, lines...))
		see(respondWith(200, "plain "+echoed, lines...))
		see(fail(errors.New("transport: " + echoed)))
		for _, text := range append(texts, records.String()) {
			if assert.NotContains(t, strings.Map(unseen, text), canaryToken, "divided by %q", divider) {
				continue
			}
			t.Fatalf("%q", text)
		}
	}
}
