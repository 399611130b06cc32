package envelope

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Problem holds the body of an error response, in any of the known shapes.
type Problem struct {
	Enveloped bool // the API itself responded, not a proxy or the edge in front of it
	Errors    Infos
	Messages  Infos
	RayID     string
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
