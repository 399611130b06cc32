// Package wire is the server of the benchmarks. It has the bytes of each response ready, in memory or over loopback.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// PageSize is the number of organizations on a page of a list.
const PageSize = 100

// Singles is the number of organizations, from the start of the list, that can be requested by ID. A benchmark requests
// them in turn, because a JSON library may cache the strings that it decoded last. A program that gets different
// organizations would not profit from such a cache.
const Singles = 1000

// Organization declares an organization as a user of net/http would.
type Organization struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	CreateTime time.Time `json:"create_time"`
	Meta       Meta      `json:"meta"`
	Parent     *Parent   `json:"parent,omitempty"`
	Profile    *Profile  `json:"profile,omitempty"`
}

// Meta holds the read-only fields of an organization.
type Meta struct {
	TenantFlags   *Flags   `json:"tenant_flags,omitempty"`
	HierarchyTags []string `json:"hierarchy_tags,omitempty"`
	ManagedBy     string   `json:"managed_by,omitempty"`
}

// Flags holds the capabilities of an organization.
type Flags struct {
	AccountCreation      string `json:"account_creation"`
	AccountDeletion      string `json:"account_deletion"`
	AccountMigration     string `json:"account_migration"`
	AccountMobility      string `json:"account_mobility"`
	EnterpriseCapability string `json:"enterprise_capability"`
	MemberManagement     string `json:"member_management"`
	SubOrgCreation       string `json:"sub_org_creation"`
}

// Parent is the parent of an organization.
type Parent struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Profile describes the business of an organization.
type Profile struct {
	BusinessAddress  string `json:"business_address"`
	BusinessEmail    string `json:"business_email"`
	BusinessName     string `json:"business_name"`
	BusinessPhone    string `json:"business_phone"`
	ExternalMetadata string `json:"external_metadata"`
}

// Number returns the i-th organization of a list, with all fields set.
func Number(i int) Organization {
	return Organization{
		ID:         id(i),
		Name:       fmt.Sprintf("Example Organization %d", i),
		CreateTime: time.Date(2025, 3, 14, 9, 26, 53, 589793000, time.UTC).Add(time.Duration(i) * time.Minute),
		Meta: Meta{
			TenantFlags: &Flags{
				AccountCreation:      "allowed",
				AccountDeletion:      "denied",
				AccountMigration:     "allowed",
				AccountMobility:      "denied",
				EnterpriseCapability: "allowed",
				MemberManagement:     "allowed",
				SubOrgCreation:       "denied",
			},
			HierarchyTags: []string{id(-1), id(i)},
			ManagedBy:     fmt.Sprintf("manager-%d@example.com", i),
		},
		Parent: &Parent{ID: id(-1), Name: "Example Holding"},
		Profile: &Profile{
			BusinessAddress:  fmt.Sprintf("%d Example Street, Lisbon", i),
			BusinessEmail:    fmt.Sprintf("billing-%d@example.com", i),
			BusinessName:     fmt.Sprintf("Example Business %d", i),
			BusinessPhone:    "+1 555 0100",
			ExternalMetadata: fmt.Sprintf("customer %d", i),
		},
	}
}

// id returns 32 hexadecimal digits that depend on i.
func id(i int) string {
	n := uint64(i+2) * 0x9e3779b97f4a7c15
	return fmt.Sprintf("%016x%016x", n, n*0xbf58476d1ce4e5b9)
}

// text returns an organization as the API sends it. It is not encoded from the struct above, because a mistake in a tag
// of the struct would cancel itself out.
func text(o Organization) string {
	f, p := o.Meta.TenantFlags, o.Profile
	return fmt.Sprintf(`{"id":%q,"create_time":%q,"meta":{"tenant_flags":{"account_creation":%q,"account_deletion":%q,`+
		`"account_migration":%q,"account_mobility":%q,"enterprise_capability":%q,"member_management":%q,`+
		`"sub_org_creation":%q},"hierarchy_tags":[%q,%q],"managed_by":%q},"name":%q,"parent":{"id":%q,"name":%q},`+
		`"profile":{"business_address":%q,"business_email":%q,"business_name":%q,"business_phone":%q,"external_metadata":%q}}`,
		o.ID, o.CreateTime.Format(time.RFC3339Nano), f.AccountCreation, f.AccountDeletion,
		f.AccountMigration, f.AccountMobility, f.EnterpriseCapability, f.MemberManagement,
		f.SubOrgCreation, o.Meta.HierarchyTags[0], o.Meta.HierarchyTags[1], o.Meta.ManagedBy, o.Name, o.Parent.ID, o.Parent.Name,
		p.BusinessAddress, p.BusinessEmail, p.BusinessName, p.BusinessPhone, p.ExternalMetadata)
}

// API responds to each request with bytes that were made in advance. It is an [http.RoundTripper], which needs no
// network, and an [http.Handler], which serves the same bytes.
type API struct {
	singles [][]byte          // the responses to a create, in turn
	byID    map[string][]byte // the responses to a get
	created atomic.Uint64
	pages   func(number int) []byte // nil past the last page
}

// New returns an API with a number of organizations, all of them in memory.
func New(organizations int) *API {
	pages := make([][]byte, (organizations+PageSize-1)/PageSize)
	for i := range pages {
		pages[i] = page(i, min(PageSize, organizations-i*PageSize), i+1 < len(pages), organizations)
	}
	return newAPI(func(number int) []byte {
		if number < 0 || number >= len(pages) {
			return nil
		}
		return pages[number]
	})
}

func newAPI(pages func(number int) []byte) *API {
	a := &API{byID: make(map[string][]byte, Singles), pages: pages}
	for i := range Singles {
		body := []byte(`{"errors":[],"messages":[],"result":` + text(Number(i)) + `,"success":true}`)
		a.singles = append(a.singles, body)
		a.byID[id(i)] = body
	}
	return a
}

// NewRepeating returns an API whose pages all have the same organizations. It allocates no memory for a response, so
// that the memory of its caller can be measured. It must not be used concurrently.
func NewRepeating(organizations int) *API {
	count := organizations / PageSize
	last, body := page(0, PageSize, false, organizations), page(0, PageSize, true, organizations)
	marker := []byte(`"next_page_token":"`)
	number := body[bytes.Index(body, marker)+len(marker)+len(tokenPrefix):][:tokenDigits]
	return newAPI(func(i int) []byte {
		switch {
		case i < 0 || i >= count:
			return nil
		case i == count-1:
			return last
		}
		for digit, n := tokenDigits-1, i+1; digit >= 0; digit, n = digit-1, n/10 {
			number[digit] = byte('0' + n%10)
		}
		return body
	})
}

func page(number, size int, more bool, total int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"errors":[],"messages":[],"result":[`)
	for i := range size {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text(Number(number*PageSize + i)))
	}
	b.WriteString(`],"result_info":{`)
	if more {
		fmt.Fprintf(&b, `"next_page_token":%q,`, token(number+1))
	}
	fmt.Fprintf(&b, `"total_size":%d},"success":true}`, total)
	return bytes.Clone(b.Bytes())
}

// All page tokens have the same length.
const (
	tokenPrefix = "page-"
	tokenDigits = 8
)

func token(number int) string { return fmt.Sprintf("%s%0*d", tokenPrefix, tokenDigits, number) }

// response returns the body for a request, or nil if the API does not have the resource.
func (a *API) response(method, path, query string) []byte {
	const collection = "/client/v4/organizations"
	switch {
	case method == http.MethodPost && path == collection:
		return a.singles[(a.created.Add(1)-1)%Singles]
	case path != collection:
		return a.byID[strings.TrimPrefix(path, collection+"/")]
	case !strings.Contains(query, "page_size="+strconv.Itoa(PageSize)):
		return nil
	}
	_, rest, found := strings.Cut(query, "page_token="+tokenPrefix)
	if !found {
		return a.pages(0)
	}
	rest, _, _ = strings.Cut(rest, "&")
	number, err := strconv.Atoi(rest)
	if err != nil {
		return nil
	}
	return a.pages(number)
}

var scratches = sync.Pool{New: func() any { return new([1 << 10]byte) }}

// drain reads a body to its end and closes it.
func drain(body io.ReadCloser) error {
	scratch := scratches.Get().(*[1 << 10]byte)
	defer scratches.Put(scratch)
	for {
		switch _, err := body.Read(scratch[:]); err {
		case nil:
		case io.EOF:
			return body.Close()
		default:
			return errors.Join(err, body.Close())
		}
	}
}

// RoundTrip reads the body of req and responds.
func (a *API) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if err := drain(req.Body); err != nil {
			return nil, err
		}
	}
	if req.Header.Get("Authorization") == "" {
		return nil, errors.New("the request has no credential")
	}
	body := a.response(req.Method, req.URL.Path, req.URL.RawQuery)
	if body == nil {
		return nil, fmt.Errorf("no response for %s", req.URL)
	}
	return &http.Response{
		Status:        "200 OK",
		StatusCode:    http.StatusOK,
		Proto:         "HTTP/2.0",
		ProtoMajor:    2,
		Header:        http.Header{"Content-Type": {"application/json"}, "Cf-Ray": {"86610873f8d987a9-IAD"}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}

// ServeHTTP responds over a connection as RoundTrip does without one.
func (a *API) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	body := a.response(req.Method, req.URL.Path, req.URL.RawQuery)
	if body == nil {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cf-Ray", "86610873f8d987a9-IAD")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// Listen serves the API on loopback until the server is closed.
func (a *API) Listen() *httptest.Server { return httptest.NewServer(a) }
