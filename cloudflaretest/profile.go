package cloudflaretest

import (
	"fmt"
	"net/http"
)

type wireProfile struct {
	BusinessName     string `json:"business_name"`
	BusinessEmail    string `json:"business_email"`
	BusinessPhone    string `json:"business_phone"`
	BusinessAddress  string `json:"business_address"`
	ExternalMetadata string `json:"external_metadata"`
}

func (s *Server) getProfile(c *call) response {
	if c.organization.profile == nil {
		return failure(http.StatusNotFound, codeOther, "profile not found")
	}
	return success(c.organization.profile)
}

func (s *Server) updateProfile(c *call) response {
	in, err := parseObject(c.body)
	if err != nil {
		return badRequest(err)
	}
	profile, err := parseProfile(in)
	if err != nil {
		return badRequest(err)
	}
	c.organization.profile = profile
	c.changed(c.organization.id, "profile", c.organization.id)
	return noContent()
}

// parseProfile requires all five fields. Each may be empty.
func parseProfile(o object) (*wireProfile, error) {
	p := new(wireProfile)
	for _, field := range []struct {
		name string
		into *string
	}{
		{"business_name", &p.BusinessName},
		{"business_email", &p.BusinessEmail},
		{"business_phone", &p.BusinessPhone},
		{"business_address", &p.BusinessAddress},
		{"external_metadata", &p.ExternalMetadata},
	} {
		value, ok, err := o.text(field.name)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s is required", field.name)
		}
		*field.into = value
	}
	return p, nil
}
