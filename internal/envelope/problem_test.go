package envelope

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDecodeProblem(t *testing.T) {
	for body, want := range map[string]Problem{
		``:                                   {},
		`null`:                               {},
		`[]`:                                 {},
		`"x"`:                                {},
		`<html>`:                             {},
		`{}`:                                 {},
		`{"success":false}`:                  {Enveloped: true},
		`{"success":false,"success":false}`:  {Enveloped: true},
		`{"success":true,"errors":["x"]}`:    {Errors: Infos{{Message: "x"}}},
		`{"success":"false","errors":["x"]}`: {Errors: Infos{{Message: "x"}}},
		`{"success":false,"errors":[],"error":"x"}`:                {Enveloped: true},
		`{"code":1007,"error":"auth.key_not_in_claims"}`:           {Errors: Infos{{Code: 1007, Message: "auth.key_not_in_claims"}}},
		`{"code":"1","message":"m"}`:                               {Errors: Infos{{Code: 1, Message: "m"}}},
		`{"error":{"a":1}}`:                                        {Errors: Infos{{Message: `{"a":1}`}}},
		`{"title":"T","detail":"D","error_code":522,"ray_id":"r"}`: {Errors: Infos{{Code: 522, Message: "T: D"}}, RayID: "r"},
		`{"title":"T"}`:                                            {Errors: Infos{{Message: "T"}}},
		`{"detail":"D","status":502}`:                              {Errors: Infos{{Message: "D"}}},
		`{"code":7}`:                                               {},
		`{"errors":"x","messages":["y"]}`:                          {Errors: Infos{{Message: "x"}}, Messages: Infos{{Message: "y"}}},
		`{"success":false,"errors":[{"message":"m"}],"result_info":{"count":0,"history_status":"unavailable"},"result":null}`: {
			Enveloped: true, Errors: Infos{{Message: "m"}}},
		`{"success":false,"result": { "a" : 1 } ,"result_info":[]}`: {Enveloped: true},
	} {
		assert.Equal(t, want, DecodeProblem([]byte(body)), body)
		if body != "" {
			assert.Equal(t, want, DecodeProblem([]byte("\uFEFF"+body)), "a byte order mark before %s", body)
		}
	}
	assert.Equal(t, Problem{}, DecodeProblem([]byte("\uFEFF")))
}

// Each body has several members that could say what is wrong: the first of errors, error, message and title counts.
func TestWhichMemberOfAProblemCounts(t *testing.T) {
	const members = `"detail":"D","title":"T","message":"M","error":"E","errors":[{"code":3,"message":"L"}],"error_code":2,"code":1`
	for body, want := range map[string]Infos{
		`{` + members + `}`:                                {{Code: 3, Message: "L"}},
		`{"success":true,` + members + `}`:                 {{Code: 3, Message: "L"}},
		`{"success":false,` + members + `}`:                {{Code: 3, Message: "L"}},
		`{"errors":[{}],"error":"E"}`:                      {{}},
		`{"errors":[],"error":"E","message":"M","code":1}`: {{Code: 1, Message: "E"}},
		`{"errors":null,"message":"M","error":"E"}`:        {{Message: "E"}},
		`{"title":"T","error":"E"}`:                        {{Message: "E"}},
		`{"error":"","message":"M","title":"T"}`:           {{Message: "M"}},
		`{"title":"T","message":"M","detail":"D"}`:         {{Message: "M"}},
		`{"error":null,"message":null,"detail":"D"}`:       {{Message: "D"}},
		`{"error":"E","code":1,"error_code":2}`:            {{Code: 2, Message: "E"}},
		`{"error":"E","code":2,"error_code":1}`:            {{Code: 2, Message: "E"}},
		// The API itself has nothing to say but that it failed.
		`{"success":false,"error":"E","message":"M","title":"T"}`:              nil,
		`{"success":false,"errors":null,"error":"E"}`:                          nil,
		`{"success":false,"errors":[],"messages":["m"],"message":"M"}`:         nil,
		`{"success":true,"errors":[],"error":"E","messages":["m"],"code":"9"}`: {{Code: 9, Message: "E"}},
	} {
		assert.Equal(t, want, DecodeProblem([]byte(body)).Errors, body)
	}
}
