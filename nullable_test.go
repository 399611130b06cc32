package cloudflare_test

import (
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// jsonPackages are the two packages that users store results with.
var jsonPackages = map[string]struct {
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}{
	"encoding/json": {json.Marshal, json.Unmarshal},
	"json/v2": {
		func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
		func(data []byte, v any) error { return jsonv2.Unmarshal(data, v) },
	},
}

func TestNullableRoundTrip(t *testing.T) {
	type holder struct {
		Field cloudflare.Nullable[bool] `json:"field,omitzero"`
	}
	tests := map[string]cloudflare.Nullable[bool]{
		`{}`:              {},
		`{"field":null}`:  {Null: true},
		`{"field":false}`: {Valid: true},
		`{"field":true}`:  {Valid: true, Value: true},
	}
	for name, pkg := range jsonPackages {
		for text, want := range tests {
			t.Run(name+" "+text, func(t *testing.T) {
				got := holder{}
				require.NoError(t, pkg.unmarshal([]byte(text), &got))
				assert.Equal(t, want, got.Field)
				value, ok := got.Field.Get()
				assert.Equal(t, want.Value, value)
				assert.Equal(t, want.Valid, ok)

				again, err := pkg.marshal(got)
				require.NoError(t, err)
				assert.Equal(t, text, string(again))
			})
		}
	}
}

// A field that holds JSON as sent is stored as it was sent, also if it is empty or null.
func TestRawFieldsRoundTrip(t *testing.T) {
	for name, pkg := range jsonPackages {
		for field, into := range map[string]func() any{
			"meta":     func() any { return new(cloudflare.OrganizationMember) },
			"meta ":    func() any { return new(cloudflare.ShareResource) },
			"request":  func() any { return new(cloudflare.AuditLogResource) },
			"response": func() any { return new(cloudflare.AuditLogResource) },
			"scope":    func() any { return new(cloudflare.AuditLogResource) },
			"Tags":     func() any { return new(cloudflare.UsageRecord) },
		} {
			for _, raw := range []string{`{}`, `[]`, `""`, `null`, `0`, `{"a":[1.50,{"b":null}]}`, ``} {
				sent := `{}`
				if raw != "" {
					sent = `{"` + strings.TrimSpace(field) + `":` + raw + `}`
				}
				decoded := into()
				require.NoError(t, pkg.unmarshal([]byte(sent), decoded))
				stored, err := pkg.marshal(decoded)
				require.NoError(t, err)
				var fields map[string]json.RawMessage
				require.NoError(t, json.Unmarshal(stored, &fields))
				assert.Equal(t, raw, string(fields[strings.TrimSpace(field)]), "%s: %s of %T", name, sent, decoded)
			}
		}
	}
}

// A result that is stored has no time that the API did not send, and no other property unless the API requires it.
func TestAbsentFieldsAreNotStored(t *testing.T) {
	for name, pkg := range jsonPackages {
		for sent, into := range map[string]any{
			`{"id":"o1","name":"n","meta":{}}`: new(cloudflare.Organization),
			`{"id":"o1","name":"n","meta":{"flags":{"account_creation":"a"},"tenant_flags":{"member_management":"m"}},"parent":{"id":"p1"}}`: new(cloudflare.Organization),
			`{"id":"o1","name":"n","create_time":"2026-01-02T03:04:05Z","meta":{},"parent":{"id":"p1","name":"p"}}`:                          new(cloudflare.Organization),
			`{"id":"a1","type":"standard"}`:                                                   new(cloudflare.Account),
			`{"id":"a1","type":"","managed_by":{}}`:                                           new(cloudflare.Account),
			`{"account_id":"a1","destination_organization_id":""}`:                            new(cloudflare.AccountMoveResponse),
			`{"id":"m1","status":"active","user":{"id":"","email":"","name":""}}`:             new(cloudflare.OrganizationMember),
			`{"id":"m1","status":"active","user":{"id":"u1","email":"","name":""},"meta":{}}`: new(cloudflare.OrganizationMember),
			`{"id":"l1"}`: new(cloudflare.AuditLog),
			`{"id":""}`:   new(cloudflare.AuditLog),
			`{"id":"","action":{"type":"create"},"raw":{"method":"PUT"}}`: new(cloudflare.AuditLog),
			`{"message":"m"}`: new(cloudflare.ResponseInfo),
			`{"id":"d1"}`:     new(cloudflare.OrganizationDeleteResponse),
			`{"id":"s1","name":"","account_id":"","account_name":"","organization_id":"","status":"","target_type":""}`: new(cloudflare.Share),
			`{"id":"r1","resource_id":"","resource_account_id":"","resource_type":"","resource_version":0,"status":""}`: new(cloudflare.ShareResource),
		} {
			require.NoError(t, pkg.unmarshal([]byte(sent), into), "%s: %s", name, sent)
			stored, err := pkg.marshal(into)
			require.NoError(t, err)
			assert.JSONEq(t, sent, string(stored), "%s: %T", name, into)
		}
		stored, err := pkg.marshal(cloudflare.UsageRecord{})
		require.NoError(t, err)
		assert.NotContains(t, string(stored), "ChargePeriod", name)
	}
}

// Without the option omitzero, a Nullable without a value is marshaled as null.
func TestNullableWithoutOmitzero(t *testing.T) {
	for name, pkg := range jsonPackages {
		for want, n := range map[string]cloudflare.Nullable[int]{"null": {}, "7": {Value: 7, Valid: true}} {
			got, err := pkg.marshal(n)
			require.NoError(t, err)
			assert.Equal(t, want, string(got), name)
			assert.Equal(t, !n.Valid, n.IsZero())
		}
		got, err := pkg.marshal(cloudflare.Nullable[int]{Null: true, Value: 7})
		require.NoError(t, err)
		assert.Equal(t, "null", string(got), name)
		assert.False(t, cloudflare.Nullable[int]{Null: true}.IsZero())
	}
}

func TestNullableIsOverwritten(t *testing.T) {
	for name, pkg := range jsonPackages {
		t.Run(name, func(t *testing.T) {
			n := cloudflare.Nullable[string]{Value: "old", Valid: true}
			require.NoError(t, pkg.unmarshal([]byte(`null`), &n))
			assert.Equal(t, cloudflare.Nullable[string]{Null: true}, n)
			require.NoError(t, pkg.unmarshal([]byte(`"new"`), &n))
			assert.Equal(t, cloudflare.Nullable[string]{Value: "new", Valid: true}, n)
			require.Error(t, pkg.unmarshal([]byte(`7`), &n), "a number is not a string")
			assert.False(t, n.Valid)
		})
	}
}

func TestNullableTimeAndString(t *testing.T) {
	type holder struct {
		At   cloudflare.Nullable[time.Time] `json:"at,omitzero"`
		Text cloudflare.Nullable[string]    `json:"text,omitzero"`
	}
	want := holder{
		At:   cloudflare.Nullable[time.Time]{Value: time.Date(2026, 5, 6, 7, 8, 9, 1000, time.UTC), Valid: true},
		Text: cloudflare.Nullable[string]{Value: `<"ü">&`, Valid: true},
	}
	for name, pkg := range jsonPackages {
		t.Run(name, func(t *testing.T) {
			stored, err := pkg.marshal(want)
			require.NoError(t, err)
			for other, reader := range jsonPackages {
				got := holder{}
				require.NoError(t, reader.unmarshal(stored, &got), other)
				assert.Equal(t, want, got, other)
			}
			require.Error(t, pkg.unmarshal([]byte(`{"at":"yesterday"}`), new(holder)))
		})
	}
}

func TestNullableIntegersInOtherSpellings(t *testing.T) {
	for name, pkg := range jsonPackages {
		for _, text := range []string{`200`, `"200"`, `200.0`, `2e2`} {
			var n cloudflare.Nullable[int]
			require.NoError(t, pkg.unmarshal([]byte(text), &n), "%s: %s", name, text)
			assert.Equal(t, cloudflare.Nullable[int]{Value: 200, Valid: true}, n, "%s: %s", name, text)
		}
		for _, text := range []string{`"many"`, `1.5`, `""`, `true`} {
			var n cloudflare.Nullable[int]
			require.Error(t, pkg.unmarshal([]byte(text), &n), "%s: %s", name, text)
			assert.False(t, n.Valid)
		}
	}
}

// likeEncodingJSON compares a value with a Nullable of it, in both directions.
func likeEncodingJSON[T any](t *testing.T, value T, texts ...string) {
	t.Helper()
	want, err := json.Marshal(value)
	require.NoError(t, err)
	for name, pkg := range jsonPackages {
		got, err := pkg.marshal(cloudflare.Nullable[T]{Value: value, Valid: true})
		require.NoError(t, err, "%s: %T", name, value)
		assert.JSONEq(t, string(want), string(got), "%s: %T", name, value)
		for _, text := range append(texts, string(want)) {
			var want T
			var got cloudflare.Nullable[T]
			if text == "null" {
				continue
			}
			require.NoError(t, json.Unmarshal([]byte(text), &want), "%T: %s", value, text)
			require.NoError(t, pkg.unmarshal([]byte(text), &got), "%s: %T: %s", name, value, text)
			assert.Equal(t, cloudflare.Nullable[T]{Value: want, Valid: true}, got, "%s: %T: %s", name, value, text)
		}
	}
}

// The value of a Nullable is one for encoding/json, as the rest of a body or a result of Call.
func TestNullableIsLikeEncodingJSON(t *testing.T) {
	type named struct {
		Name  string `json:"name"`
		Other string
	}
	likeEncodingJSON(t, named{"x", "y"}, `{"Name":"x"}`, `{"NAME":"x","other":"y"}`, `{"name":"w","Name":"x"}`)
	type optional struct {
		Flag bool           `json:"flag,omitempty"`
		N    int            `json:"n,omitempty"`
		Sub  *named         `json:"sub,omitempty"`
		List []int          `json:"list,omitempty"`
		Map  map[string]int `json:"map,omitempty"`
		Any  any            `json:"any,omitempty"`
	}
	likeEncodingJSON(t, optional{})
	likeEncodingJSON(t, optional{Sub: &named{}, List: []int{}, Map: map[string]int{}, Any: map[string]any{}})
	likeEncodingJSON(t, 90*time.Second, "5", "-1")
	likeEncodingJSON(t, struct{ Wait time.Duration }{time.Minute}, `{"wait":7}`)
	likeEncodingJSON(t, [3]byte{1, 2, 3}, "[4]", "[1,2,3,4]")
	likeEncodingJSON(t, []byte{1, 2, 3}, `"BAUG"`)
	likeEncodingJSON(t, []string(nil), `["a"]`)
	likeEncodingJSON(t, []byte(nil))
	likeEncodingJSON(t, map[string]int(nil), `{"a":1}`)
	likeEncodingJSON(t, struct {
		List []int
		Map  map[string]int
		Raw  json.RawMessage
		Time time.Time
		Text string
	}{Text: "<&>\u2028"})
	likeEncodingJSON(t, struct {
		N int `json:",string"`
	}{7})
	likeEncodingJSON[any](t, []any{1.5, nil, "x", map[string]any{"a": true}})

	for name, pkg := range jsonPackages {
		_, err := pkg.marshal(cloudflare.Nullable[string]{Value: "\xff", Valid: true})
		assert.Error(t, err, "%s: a text that is not UTF-8 is never replaced", name)
	}
}

// appender is a list that every decoding makes longer.
type appender []string

func (a *appender) UnmarshalJSON(data []byte) error { *a = append(*a, string(data)); return nil }

// A value with a time in an odd form is decoded twice. What the first pass has decoded must not appear twice.
func TestNullableOfAnOddTimeBeginsAnew(t *testing.T) {
	var n cloudflare.Nullable[struct {
		List *appender `json:"list"`
		At   time.Time `json:"at"`
	}]
	require.NoError(t, json.Unmarshal([]byte(`{"list":1,"at":"2026-05-06 07:08:09"}`), &n))
	assert.Equal(t, &appender{"1"}, n.Value.List)
	assert.Equal(t, time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC), n.Value.At)
}

func ExampleNullable() {
	for _, body := range []string{`{"enforce_twofactor":false}`, `{"enforce_twofactor":null}`, `{}`} {
		var settings cloudflare.AccountSettings
		if err := json.Unmarshal([]byte(body), &settings); err != nil {
			log.Fatal(err)
		}
		stored, err := json.Marshal(settings)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%+v is stored as %s\n", settings.EnforceTwofactor, stored)
	}
	// Output:
	// {Value:false Valid:true Null:false} is stored as {"enforce_twofactor":false}
	// {Value:false Valid:false Null:true} is stored as {"enforce_twofactor":null}
	// {Value:false Valid:false Null:false} is stored as {}
}

func ExampleNullable_Get() {
	settings := cloudflare.AccountSettings{
		AbuseContactEmail: cloudflare.Nullable[string]{Value: "abuse@example.com", Valid: true},
	}
	if email, ok := settings.AbuseContactEmail.Get(); ok {
		fmt.Println(email)
	}
	if _, ok := settings.EnforceTwofactor.Get(); !ok {
		fmt.Println("unknown")
	}
	// Output:
	// abuse@example.com
	// unknown
}
