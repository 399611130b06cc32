package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// watched matches the operations that are compared: those of organizations and tenants, and the account operations that
// work on organizations.
var watched = regexp.MustCompile(`^(` +
	`[A-Z]+ /(organizations|tenants|user/tenants)([/:].*)?|` +
	`[A-Z]+ /accounts/move|` +
	`[A-Z]+ /accounts/\{[^/]*\}/(organizations|move|profile)|` +
	`POST /accounts` +
	`)$`)

// hashes returns a hash of each watched operation of an OpenAPI document in JSON, by method and path. Two operations
// have the same hash if they describe the same requests and responses, whatever their texts, their examples, their
// order and the way they are divided into components.
func hashes(document []byte) (map[string]string, error) {
	var doc struct {
		Paths    map[string]map[string]any
		Security any
	}
	var s schema
	for _, into := range []any{&doc, &s.root} {
		decoder := json.NewDecoder(bytes.NewReader(document))
		decoder.UseNumber() // a float64 would round large limits
		if err := decoder.Decode(into); err != nil {
			return nil, fmt.Errorf("schema is not JSON: %w", err)
		}
	}
	if doc.Paths == nil {
		return nil, errors.New("schema has no paths: it is not an OpenAPI document")
	}
	all := map[string]string{}
	for path, item := range doc.Paths {
		for _, method := range []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"} {
			name := strings.ToUpper(method) + " " + path
			if !watched.MatchString(name) {
				continue
			}
			item, err := s.resolve(item)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			op, ok := item[method].(map[string]any)
			if !ok {
				continue
			}
			if all[name], err = s.hash(op, item["parameters"], doc.Security); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return all, nil
}

// schema is an OpenAPI document.
type schema struct {
	root any
	refs []string // the references that surround the value at hand
}

// hash returns the hash of an operation. The parameters of the path and the security of the document apply to the
// operation unless it has its own.
func (s *schema) hash(op map[string]any, pathParameters, security any) (string, error) {
	parameters, err := s.parameters(op["parameters"], pathParameters)
	if err != nil {
		return "", err
	}
	if own, ok := op["security"]; ok {
		security = own
	}
	rest := maps.Clone(op)
	delete(rest, "parameters")
	delete(rest, "security")
	whole := map[string]any{"parameters": parameters}
	if whole["operation"], err = s.object(rest); err != nil {
		return "", err
	}
	if whole["security"], err = s.security(security); err != nil {
		return "", err
	}
	sum := sha256.Sum256(encode(whole))
	return hex.EncodeToString(sum[:16]), nil
}

// parameters returns those of an operation and those of its path, each by place and name.
func (s *schema) parameters(own, ofPath any) (map[string]any, error) {
	all := map[string]any{}
	for _, list := range []any{ofPath, own} { // own parameters replace those of the path
		list, _ := list.([]any)
		for _, item := range list {
			normal, err := s.normal(item)
			if err != nil {
				return nil, err
			}
			parameter, _ := normal.(map[string]any)
			all[fmt.Sprint(parameter["in"], " ", parameter["name"])] = parameter
		}
	}
	return all, nil
}

// security returns the alternatives, with the schemes in place of their names.
func (s *schema) security(alternatives any) ([]any, error) {
	list, _ := alternatives.([]any)
	schemes := []any{}
	for _, alternative := range list {
		names, _ := alternative.(map[string]any)
		needs := []any{}
		for name, scopes := range names {
			need := map[string]any{"scheme": name, "scopes": scopes}
			if scheme, err := s.lookUp("#/components/securitySchemes/" + name); err == nil {
				if need["scheme"], err = s.normal(scheme); err != nil {
					return nil, err
				}
			}
			needs = append(needs, need)
		}
		schemes = append(schemes, sorted(needs))
	}
	return sorted(schemes), nil
}

// The keywords that do not describe requests or responses.
var texts = []string{"summary", "description", "title", "$comment", "externalDocs", "tags", "operationId", "example", "examples"}

// The keywords whose value false means the same as their absence.
var falseByDefault = []string{
	"required", "deprecated", "nullable", "readOnly", "writeOnly", "uniqueItems", "allowEmptyValue", "allowReserved",
	"exclusiveMinimum", "exclusiveMaximum",
}

// The keywords whose value maps names to objects. A property may be named "description" or "x-limit".
var named = []string{
	"properties", "patternProperties", "dependentSchemas", "$defs", "headers", "content", "encoding", "callbacks", "links", "responses",
}

// The keywords whose value is data or names, and contains no keywords.
var literals = []string{"enum", "const", "default", "mapping"}

// normal returns a value in the form that is hashed: references are resolved, arrays are sorted, and what says nothing
// about requests and responses is left out.
func (s *schema) normal(value any) (any, error) {
	switch value := value.(type) {
	case map[string]any:
		if ref, ok := value["$ref"].(string); ok {
			return s.reference(ref, value)
		}
		return s.object(value)
	case []any:
		items, err := s.each(value)
		return sorted(items), err
	}
	return value, nil
}

func (s *schema) each(list []any) ([]any, error) {
	items := make([]any, len(list))
	for i, item := range list {
		var err error
		if items[i], err = s.normal(item); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// object returns an object whose keys are keywords.
func (s *schema) object(value map[string]any) (map[string]any, error) {
	result := map[string]any{}
	for key, value := range value {
		var err error
		switch entries, isMap := value.(map[string]any); {
		case slices.Contains(texts, key) || strings.HasPrefix(key, "x-"):
			continue
		case value == false && slices.Contains(falseByDefault, key):
			continue
		case slices.Contains(literals, key):
			if values, ok := value.([]any); ok && key == "enum" {
				value = sorted(slices.Clone(values))
			}
			result[key] = value
		case isMap && slices.Contains(named, key):
			byName := map[string]any{}
			for name, entry := range entries {
				if key == "responses" && strings.HasPrefix(name, "x-") {
					continue
				}
				if byName[name], err = s.normal(entry); err != nil {
					return nil, err
				}
			}
			result[key] = byName
		case key == "prefixItems": // whose order counts
			list, _ := value.([]any)
			result[key], err = s.each(list)
		default:
			result[key], err = s.normal(value)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, key := range []string{"required", "parameters"} {
		if list, ok := result[key].([]any); ok && len(list) == 0 {
			delete(result, key)
		}
	}
	return result, nil
}

// reference returns the value that a reference points to, with the keywords beside the reference. A reference to a
// value around it becomes the number of references in between, or it would never end.
func (s *schema) reference(ref string, beside map[string]any) (any, error) {
	var normal any = map[string]any{"recursive": len(s.refs) - slices.Index(s.refs, ref)}
	if !slices.Contains(s.refs, ref) {
		target, err := s.lookUp(ref)
		if err != nil {
			return nil, err
		}
		s.refs = append(s.refs, ref)
		normal, err = s.normal(target)
		s.refs = s.refs[:len(s.refs)-1]
		if err != nil {
			return nil, err
		}
	}
	result, ok := normal.(map[string]any)
	if !ok { // a schema may be true or false
		return normal, nil
	}
	others, err := s.object(beside)
	delete(others, "$ref")
	maps.Copy(result, others)
	return result, err
}

// resolve returns an object, or the one that it refers to.
func (s *schema) resolve(item map[string]any) (map[string]any, error) {
	ref, ok := item["$ref"].(string)
	if !ok {
		return item, nil
	}
	target, err := s.lookUp(ref)
	found, _ := target.(map[string]any)
	return found, err
}

// lookUp returns the value that a reference points to.
func (s *schema) lookUp(ref string) (any, error) {
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, fmt.Errorf("reference %q leads out of the schema", ref)
	}
	value := s.root
	for token := range strings.SplitSeq(pointer, "/") {
		name, err := url.PathUnescape(token)
		if err != nil {
			return nil, fmt.Errorf("reference %q: %w", ref, err)
		}
		ok := false
		switch within := value.(type) {
		case map[string]any:
			value, ok = within[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		case []any:
			if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(within) {
				value, ok = within[i], true
			}
		}
		if !ok {
			return nil, fmt.Errorf("reference %q leads nowhere", ref)
		}
	}
	return value, nil
}

// sorted sorts a list by its JSON.
func sorted(list []any) []any {
	slices.SortFunc(list, func(a, b any) int { return bytes.Compare(encode(a), encode(b)) })
	return list
}

// encode returns the JSON of a value that was decoded from JSON. The keys of objects are sorted.
func encode(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return data
}
