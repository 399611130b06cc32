// Package fields changes single fields of profiles.
package fields

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"example.com/cloudflare"
)

// Field is a field of a profile.
type Field struct {
	Name string
	In   func(*cloudflare.OrganizationProfile) *string
}

// All are all fields of a profile.
var All = []Field{
	{"business_name", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessName }},
	{"business_email", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessEmail }},
	{"business_phone", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessPhone }},
	{"business_address", func(p *cloudflare.OrganizationProfile) *string { return &p.BusinessAddress }},
	{"external_metadata", func(p *cloudflare.OrganizationProfile) *string { return &p.ExternalMetadata }},
}

// Named returns the field of that name.
func Named(name string) (Field, error) {
	i := slices.IndexFunc(All, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, fmt.Errorf("%q is not one of %s", name, Names())
	}
	return All[i], nil
}

// Names returns the names of all fields.
func Names() string {
	var names []string
	for _, f := range All {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// Edit is a new value of a field.
type Edit struct {
	Field
	Value string
}

// Change is what an [Edit] does to a profile.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

func (c Change) String() string { return fmt.Sprintf("%s %q -> %q", c.Field, c.From, c.To) }

// Edits are new values of fields. Fields without an edit keep their values. As a flag, each use adds to it.
type Edits []Edit

// Apply changes p and returns what is different now.
func (e Edits) Apply(p *cloudflare.OrganizationProfile) (changes []Change) {
	for _, edit := range e {
		if value := edit.In(p); *value != edit.Value {
			changes = append(changes, Change{edit.Name, *value, edit.Value})
			*value = edit.Value
		}
	}
	return changes
}

func (e *Edits) String() string { return "" }

// Type names the kind of value in a command's help.
func (e *Edits) Type() string { return "field=value" }

// Set adds the edit field=value, or with @file those of a JSON object. A later edit of the same field wins.
func (e *Edits) Set(text string) error {
	if name, isFile := strings.CutPrefix(text, "@"); isFile {
		return e.addFile(name)
	}
	field, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("must be field=value or @file")
	}
	return e.add(field, value)
}

func (e *Edits) addFile(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	values := map[string]*string{}
	if err := json.Unmarshal(data, &values); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, f := range All { // in their order, not in that of the map
		if value, ok := values[f.Name]; ok && value == nil {
			return fmt.Errorf("%s: %s must be a string, not null", name, f.Name)
		} else if ok {
			_ = e.add(f.Name, *value)
			delete(values, f.Name)
		}
	}
	for unknown := range values {
		_, err := Named(unknown)
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (e *Edits) add(name, value string) error {
	field, err := Named(name)
	if err != nil {
		return err
	}
	kept := slices.DeleteFunc(*e, func(edit Edit) bool { return edit.Name == name })
	*e = append(kept, Edit{field, value})
	return nil
}
