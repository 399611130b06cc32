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
		`[{"code":1e3},{"code":"2.0"},{}]`:       {{Code: 1000}, {Code: 2}, {}},
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
	nest := func(levels int, before, after string) string {
		return strings.Repeat(before, levels) + `{"code":1}` + strings.Repeat(after, levels)
	}
	many := strings.Repeat(`{"code":1},`, 200) + `{"code":2}`
	for name, tt := range map[string]struct {
		infos string
		want  []int // how many entries each level has: of the list, of the chain of its first entry, and so on
	}{
		"a long list":            {`[` + many + `]`, []int{100}},
		"a long chain":           {`[{"error_chain":[` + many + `]}]`, []int{1, 10}},
		"a long chain alone":     {`{"error_chain":[` + many + `]}`, []int{1, 10}},
		"all long":               {`[{"error_chain":[{"error_chain":[` + many + `]},` + many + `]},` + many + `]`, []int{100, 10, 10}},
		"chains":                 {`[` + nest(3, `{"error_chain":[`, `]}`) + `]`, []int{1, 1, 1, 1}},
		"deep chains":            {`[` + nest(4, `{"error_chain":[`, `]}`) + `]`, []int{1, 1, 1, 1}},
		"very deep chains":       {`[` + nest(4000, `{"error_chain":[`, `]}`) + `]`, []int{1, 1, 1, 1}},
		"chains alone":           {nest(8, `{"error_chain":`, `}`), []int{1, 1, 1, 1, 1, 1, 1, 1, 1}},
		"deep chains alone":      {nest(9, `{"error_chain":`, `}`), []int{1, 1, 1, 1, 1, 1, 1, 1, 1}},
		"very deep chains alone": {nest(9000, `{"error_chain":`, `}`), []int{1, 1, 1, 1, 1, 1, 1, 1, 1}},
	} {
		e, _, err := decode(`{"errors":` + tt.infos + `,"success":false,"messages":` + tt.infos + `}`)
		require.NoError(t, err, name)
		assert.Equal(t, False, e.Success, name)
		for _, infos := range []Infos{e.Errors, e.Messages} {
			var got []int
			checkBounds(t, name, infos)
			for ; len(infos) > 0; infos = infos[0].Chain {
				got = append(got, len(infos))
			}
			assert.Equal(t, tt.want, got, name)
		}
	}
}

func checkBounds(t *testing.T, what string, infos Infos) {
	t.Helper()
	var walk func(infos Infos, depth, bound int)
	walk = func(infos Infos, depth, bound int) {
		if len(infos) > bound {
			t.Fatalf("%s: %d entries at depth %d", what, len(infos), depth)
		}
		if depth >= maxDepth && len(infos) > 0 {
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
