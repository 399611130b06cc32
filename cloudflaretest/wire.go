package cloudflaretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

const (
	codeAuthentication = 10000
	// The API's own codes for a bad name, an unknown organization and the like are not documented.
	// The 1000 series has another meaning in each service, so this one stands for all of them.
	codeRefused = 1001
)

type envelope struct {
	Success    bool        `json:"success"`
	Errors     []message   `json:"errors"`
	Messages   []message   `json:"messages"`
	Result     any         `json:"result"`
	ResultInfo *resultInfo `json:"result_info,omitempty"`
}

type message struct {
	Code       int       `json:"code"`
	Message    string    `json:"message"`
	ErrorChain []message `json:"error_chain,omitempty"`
}

type resultInfo struct {
	NextPageToken string `json:"next_page_token,omitempty"` // the API leaves it out on the last page
	TotalSize     int    `json:"total_size"`
}

// answer is what a handler returns. The envelope holds copies, so that it can be written without the lock;
// nil is no body at all.
type answer struct {
	status   int
	envelope *envelope
}

func success(result any) answer {
	return answer{http.StatusOK, &envelope{Success: true, Result: result}}
}

func noContent() answer { return answer{status: http.StatusNoContent} }

func refuse(status, code int, format string, args ...any) answer {
	return answer{status, &envelope{Errors: []message{{Code: code, Message: fmt.Sprintf(format, args...)}}}}
}

// badRequest has no ID and no code of the API's own: see codeRefused.
func badRequest(format string, args ...any) answer {
	return refuse(http.StatusBadRequest, codeRefused, format, args...)
}

// body is the answer's JSON. Lists are never null in it, as promised by the API's schema.
func (a answer) body() []byte {
	if a.envelope == nil {
		return nil
	}
	e := *a.envelope
	if e.Errors == nil {
		e.Errors = []message{}
	}
	e.Messages = []message{}
	body, err := json.Marshal(e)
	if err != nil {
		panic(err) // every result is a type of this package
	}
	return body
}

// write sends the answer. There are no Ratelimit headers on it: the API sends them with numbers that nobody could
// rely on, and a client has to do without. RateLimited sends them.
func (a answer) write(w http.ResponseWriter) {
	body := a.body()
	if body != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	w.Write(body) // an error means that nobody listens any more
}

// object is a JSON object, by field. Decoding into structs would not do: encoding/json takes "Name" for "name",
// and so would hide a client's mistake.
type object map[string]json.RawMessage

func parseObject(data []byte) (object, error) {
	var o object
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("a JSON body is required")
	}
	if err := json.Unmarshal(data, &o); err != nil || o == nil {
		return nil, fmt.Errorf("request body is not a JSON object")
	}
	return o, nil
}

// text returns a field that has to be a string; ok tells whether it is there.
func (o object) text(name string) (value string, ok bool, err error) {
	data, ok := o[name]
	if !ok {
		return "", false, nil
	}
	if err := json.Unmarshal(data, &value); err != nil || isNull(data) {
		return "", true, fmt.Errorf("%s must be a string", name)
	}
	return value, true, nil
}

// object returns a field that has to be an object, or nil if it is not there.
func (o object) object(name string) (value object, err error) {
	data, ok := o[name]
	if !ok {
		return nil, nil
	}
	if err := json.Unmarshal(data, &value); err != nil || value == nil {
		return nil, fmt.Errorf("%s must be an object", name)
	}
	return value, nil
}

// No field of a request is nullable in the API's schema.
func isNull(data json.RawMessage) bool { return string(data) == "null" }
