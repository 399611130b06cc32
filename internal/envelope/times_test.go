package envelope

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimesAreDecodedLeniently(t *testing.T) {
	at := time.Date(2018, time.September, 24, 11, 41, 36, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2018-09-24T11:41:36Z":                at,
		"2018-09-24 11:41:36.697534+00":       at.Add(697534 * time.Microsecond),
		"2018-09-24t11:41:36z":                at,
		"2018-09-24 11:41:36Z":                at,
		"2018-09-24T13:41:36+0200":            at,
		"2018-09-24T13:41:36.5+02":            at.Add(500 * time.Millisecond),
		"2018-09-24 09:41:36-02:00":           at,
		"2018-09-24T11:41:36":                 at,
		"2018-09-24 11:41:36.000000001":       at.Add(1),
		"2018-09-24T11:41:36.123456789+00:00": at.Add(123456789),
	} {
		var result []struct{ At, Other time.Time }
		e := Envelope{Result: Result{Into: &result}}
		require.NoError(t, e.Decode([]byte(`{"success":true,"result":[{"At":"`+text+`","Other":"2018-09-24T11:41:36Z"},{"Other":null}]}`)), text)
		require.Len(t, result, 2)
		assert.True(t, want.Equal(result[0].At), "%s: %s", text, result[0].At)
		assert.True(t, at.Equal(result[0].Other), text)
		assert.True(t, result[1].At.IsZero())
	}
}

// The body is decoded twice. What the first pass has decoded must not appear twice.
func TestLenientDecodingBeginsAnew(t *testing.T) {
	const errs, messages, info = `"errors":[{"message":"e"}]`, `"messages":[{"message":"m"},"n"]`, `"result_info":{"page":1}`
	for _, odd := range []string{`{"At":"2018-09-24 11:41:36+00"}`, `{"N":"7"}`, `{"N":7.0}`} {
		result := `"result":[` + odd + `,{}]`
		for _, body := range []string{
			errs + "," + messages + "," + info + "," + result,
			result + "," + errs + "," + messages + "," + info,
			messages + "," + result + "," + errs + "," + info,
		} {
			for _, success := range []string{"true", "false"} {
				var into []struct {
					At time.Time
					N  int
				}
				e := Envelope{Result: Result{Into: &into}, NoValueLimit: true}
				require.NoError(t, e.Decode([]byte(`{"success":`+success+`,`+body+`}`)), body)
				assert.Len(t, into, 2, body)
				assert.Equal(t, Infos{{Message: "e"}}, e.Errors, body)
				assert.Equal(t, Infos{{Message: "m"}, {Message: "n"}}, e.Messages, body)
				assert.Equal(t, 1, e.ResultInfo.Page, body)
				assert.True(t, e.Parsed && e.NoValueLimit && e.Result.Seen, body)
			}
		}
	}
}

func TestTimesThatCannotBeRead(t *testing.T) {
	for _, text := range []string{
		`""`, `"today"`, `"2018-09-24"`, `"2018-09-24T11:41"`, `"2018-13-24T11:41:36Z"`, `"2018-09-24  11:41:36Z"`,
		`"2018-09-24T11:41:36 UTC"`, `"2018-09-24T11:41:36+2"`, `"1537789296"`, `1537789296`, `{}`, `true`,
	} {
		var result struct{ Odd, At time.Time }
		e := Envelope{Result: Result{Into: &result}}
		err := e.Decode([]byte(`{"success":true,"result":{"Odd":"2018-09-24 11:41:36Z","At":` + text + `}}`))
		if assert.Error(t, err, text) {
			assert.Contains(t, err.Error(), "/result/At", text)
			assert.NotContains(t, err.Error(), "2018", "the value is not quoted")
		}
	}
}

// A time in the form of RFC 3339 costs nothing more because other forms are accepted.
func BenchmarkTimes(b *testing.B) {
	for name, at := range map[string]string{"RFC 3339": "2018-09-24T11:41:36Z", "lenient": "2018-09-24 11:41:36Z"} {
		b.Run(name, func(b *testing.B) {
			body := []byte(`{"success":true,"result":{"At":"` + at + `"}}`)
			b.ReportAllocs()
			for b.Loop() {
				var result struct{ At time.Time }
				e := Envelope{Result: Result{Into: &result}}
				if err := e.Decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
