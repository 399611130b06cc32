package cloudflaretest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	codeAuthentication = 10000
	// The API's own codes for an invalid name, an unknown organization and the like are not documented. Codes from 1000
	// have another meaning in each service; codeOther is used in place of all of them.
	codeOther = 1001
)

// envelope wraps the responses of most operations. Its lists are never null. Audit logs, usage and shares have
// envelopes of their own.
type envelope struct {
	Success    bool      `json:"success"`
	Errors     []message `json:"errors"`
	Messages   []message `json:"messages"`
	Result     any       `json:"result"`
	ResultInfo any       `json:"result_info,omitempty"`
}

type message struct {
	Code             int       `json:"code"`
	Message          string    `json:"message"`
	DocumentationURL string    `json:"documentation_url,omitempty"`
	Source           *source   `json:"source,omitempty"`
	ErrorChain       []message `json:"error_chain,omitempty"`
}

type source struct {
	Pointer string `json:"pointer"` // a JSON pointer into the body of the request
}

// response is the result of an operation. The body is encoded without s.mu, so it holds copies. A nil body means that
// the response has no body.
type response struct {
	status int
	body   any
}

func success(result any) response { return page(result, nil) }

// page returns a success with a result_info.
func page(result, info any) response {
	return response{http.StatusOK, envelope{true, []message{}, []message{}, result, info}}
}

func noContent() response { return response{status: http.StatusNoContent} }

func failure(status, code int, format string, args ...any) response {
	return failures(status, message{Code: code, Message: fmt.Sprintf(format, args...)})
}

func failures(status int, errors ...message) response {
	return response{status, envelope{Errors: errors, Messages: []message{}}}
}

func badRequest(err error) response {
	m := message{Code: codeOther, Message: err.Error()}
	if unknown, ok := errors.AsType[unknownOrganization](err); ok {
		m.Source = &source{"/" + strings.ReplaceAll(string(unknown), ".", "/")}
	}
	return failures(http.StatusBadRequest, m)
}

// unknownOrganization is the error of a field such as "parent.id" that does not identify an organization.
type unknownOrganization string

func (field unknownOrganization) Error() string { return string(field) + ": organization not found" }

func (resp response) write(w http.ResponseWriter, r *http.Request) {
	if resp.body == nil {
		w.WriteHeader(resp.status)
		return
	}
	body, err := json.Marshal(resp.body)
	if err != nil {
		panic(err) // every body is made of types of this package
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Add("Vary", "Accept-Encoding")
	if len(body) >= minGzipBytes && acceptsGzip(r.Header) {
		header.Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(resp.status)
	w.Write(body) // an error means that the client has gone
}

const minGzipBytes = 1 << 10

func acceptsGzip(h http.Header) bool {
	for _, values := range h.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(values, ",") {
			name, quality, _ := strings.Cut(coding, ";")
			_, q, _ := strings.Cut(quality, "=")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
				return err != nil || weight > 0
			}
		}
	}
	return false
}

// A gzip.Writer has buffers of almost a megabyte.
var gzipWriters = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(w)
	w.Reset(&out)
	w.Write(body) // a bytes.Buffer returns no error
	w.Close()
	return out.Bytes()
}

// object is a JSON object by field. A struct would hide a mistake of the client, because encoding/json reads "Name"
// into the field "name".
type object map[string]json.RawMessage

// parseObject rejects an object with a name twice, at any depth.
func parseObject(data []byte) (object, error) {
	var o object
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("a JSON body is required")
	}
	if err := json.Unmarshal(data, &o); err != nil || o == nil {
		return nil, fmt.Errorf("request body is not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return o, checkNames(d)
}

// checkNames reads one valid JSON value, and returns an error if an object has a name twice.
func checkNames(d *json.Decoder) error {
	start, err := d.Token()
	if start != json.Delim('{') && start != json.Delim('[') {
		return err
	}
	names := map[json.Token]bool{}
	for d.More() {
		if start == json.Delim('{') {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if names[name] {
				return fmt.Errorf("request body has the name %q twice in one object", name)
			}
			names[name] = true
		}
		if err := checkNames(d); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// text returns a string field; ok reports whether it is present. Null is not a string.
func (o object) text(name string) (value string, ok bool, err error) {
	data, ok := o[name]
	if !ok {
		return "", false, nil
	}
	if err := json.Unmarshal(data, &value); err != nil || string(data) == "null" {
		return "", true, fmt.Errorf("%s must be a string", name)
	}
	return value, true, nil
}

// object returns a field that is an object, or nil if it is absent. Null is not an object.
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

// withFields returns the JSON of a struct with further fields, which replace those of the same name.
func withFields(base any, fields json.RawMessage) (json.RawMessage, error) {
	data, err := json.Marshal(base)
	if err != nil || fields == nil {
		return data, err
	}
	var all, more object
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(fields, &more); err != nil {
		return nil, fmt.Errorf("field Fields is not a JSON object: %w", err)
	}
	maps.Copy(all, more)
	return json.Marshal(all)
}
