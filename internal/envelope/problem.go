package envelope

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Problem holds the body of an error response, in any of the known shapes.
type Problem struct {
	Enveloped bool // the API itself responded, not a proxy or the edge in front of it
	Errors    Infos
	Messages  Infos
	RayID     string

	RetryAfter time.Duration // as the edge requests it; zero for none
}

// DecodeProblem decodes the body of an error response. Errors has the entries of errors. If the body has no errors and
// is not an envelope, Errors has one entry with the first of these members that is not empty: error, message, and title
// with detail. DecodeProblem returns the zero Problem if the body is not a JSON object.
func DecodeProblem(body []byte) Problem {
	var wire struct {
		Success  Flag  `json:"success"`
		Errors   Infos `json:"errors"`
		Messages Infos `json:"messages"`

		// Old endpoints respond with {"code":1007,"error":"auth.key_not_in_claims"}.
		Code    number `json:"code"`
		Error   text   `json:"error"`
		Message text   `json:"message"`

		// The edge responds in the format of RFC 9457.
		Title     text   `json:"title"`
		Detail    text   `json:"detail"`
		ErrorCode number `json:"error_code"`
		RayID     text   `json:"ray_id"`

		RetryAfter text `json:"retry_after"` // in seconds
	}
	body = bytes.TrimPrefix(body, byteOrderMark)
	if json.Unmarshal(body, &wire, options, jsontext.AllowDuplicateNames(true)) != nil {
		return Problem{}
	}
	p := Problem{
		Enveloped: wire.Success == False,
		Errors:    wire.Errors,
		Messages:  wire.Messages,
		RayID:     string(wire.RayID),

		RetryAfter: wire.RetryAfter.seconds(),
	}
	if len(p.Errors) > 0 || p.Enveloped {
		return p
	}
	edge := wire.Title
	if edge != "" && wire.Detail != "" {
		edge += ": "
	}
	edge += wire.Detail
	for _, message := range []text{wire.Error, wire.Message, edge} {
		if message != "" {
			p.Errors = Infos{{Code: max(wire.Code, wire.ErrorCode).int(), Message: string(message)}}
			break
		}
	}
	return p
}

// seconds returns a number of seconds, rounded up to whole ones, or zero if t is not a positive number.
func (t text) seconds() time.Duration {
	n, err := strconv.ParseFloat(string(t), 64)
	if err != nil || n <= 0 || strings.Trim(string(t), "0123456789.+eE-") != "" {
		return 0
	}
	return time.Duration(min(math.Ceil(n), math.MaxInt32)) * time.Second
}
