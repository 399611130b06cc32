package envelope

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInfos(t *testing.T) {
	for body, want := range map[string]Infos{
		`null`:                                   nil,
		`[]`:                                     nil,
		`[{"code":1,"message":"m"}]`:             {{Code: 1, Message: "m"}},
		`[{"code":"1","message":null}]`:          {{Code: 1}},
		`[{"code":1.5,"message":7}]`:             {{Message: "7"}},
		`[{"code":1e3}]`:                         {{}},
		`[{"code":99999999999999999999}]`:        {{}},
		`[{"code":null,"message":["a"]}]`:        {{Message: `["a"]`}},
		`["a",{"message":"b"},null,7,true,[[]]]`: {{Message: "a"}, {Message: "b"}},
		`"a"`:                                    {{Message: "a"}},
		`{"code":3}`:                             {{Code: 3}},
		`7`:                                      nil,
		`true`:                                   nil,
		`[{"source":{"pointer":"/a"}}]`:          {{Pointer: "/a"}},
		`[{"source":{"pointer":null}}]`:          {{}},
		`[{"source":"/a"}]`:                      {{}},
		`[{"source":[{"pointer":"/a"}]}]`:        {{}},
		`[{"documentation_url":"https://x"}]`:    {{DocumentationURL: "https://x"}},
		`[{"error_chain":[{"code":2},"c"]}]`:     {{Chain: Infos{{Code: 2}, {Message: "c"}}}},
		`[{"error_chain":{"code":2}}]`:           {{Chain: Infos{{Code: 2}}}},
		`[{"error_chain":"c"}]`:                  {{Chain: Infos{{Message: "c"}}}},
		"[{\"message\":[\"\x96\"]}]":             {{Message: "[\"\ufffd\"]"}},
		"[\"a\xffb\\ud800\"]":                    {{Message: "a\ufffdb\ufffd"}},
	} {
		e, _, err := decode(`{"success":false,"errors":` + body + `,"messages":` + body + `}`)
		require.NoError(t, err, body)
		assert.Equal(t, want, e.Errors, body)
		assert.Equal(t, want, e.Messages, body)
		p := DecodeProblem([]byte(`{"success":false,"errors":` + body + `,"messages":` + body + `}`))
		assert.Equal(t, want, p.Errors, body)
		assert.Equal(t, want, p.Messages, body)
	}
}

// A number that an int of 32 bits cannot hold is zero there, and not another number.
func TestNumbersThatAnIntCannotHold(t *testing.T) {
	n := number(1<<40 + 7)
	assert.Contains(t, []int{0, int(n)}, n.int())
	assert.NotEqual(t, 7, n.int())
	assert.Equal(t, -7, number(-7).int())
}

func TestInfosAreBounded(t *testing.T) {
	chain := "null"
	for range 12 {
		chain = `[` + strings.Repeat(`{"error_chain":`+chain+`},`, 2) + strings.Repeat(`{"code":1},`, 30) + `{}]`
		if len(chain) > 1<<19 {
			break
		}
	}
	body := `{"success":false,"errors":[` + strings.Repeat(`{"code":1},`, 200) + `{}],"messages":` + chain + `}`
	e, _, err := decode(body)
	require.NoError(t, err)
	assert.Len(t, e.Errors, maxInfos)
	for name, infos := range map[string]Infos{"errors": e.Errors, "messages": e.Messages} {
		checkBounds(t, name, infos)
	}
	// The bounds are reached, and what follows a list that is too long is decoded.
	messages := e.Messages
	for range 3 {
		require.NotEmpty(t, messages)
		messages = messages[0].Chain
		assert.Len(t, messages, maxChain)
	}
	assert.Empty(t, messages[0].Chain)
}

func checkBounds(t *testing.T, what string, infos Infos) {
	t.Helper()
	var walk func(infos Infos, depth, bound int)
	walk = func(infos Infos, depth, bound int) {
		if len(infos) > bound {
			t.Fatalf("%s: %d entries at depth %d", what, len(infos), depth)
		}
		if depth > 3 && len(infos) > 0 {
			t.Fatalf("%s: a chain at depth %d", what, depth)
		}
		for _, info := range infos {
			for _, text := range []string{info.Message, info.DocumentationURL, info.Pointer} {
				if !utf8.ValidString(text) {
					t.Fatalf("%s: %q is not valid UTF-8", what, text)
				}
			}
			walk(info.Chain, depth+1, maxChain)
		}
	}
	walk(infos, 0, maxInfos)
}
