// Package byhand calls the API with net/http, as a careful user would: each request has a context, the status and the
// success flag are checked, and lists are read to their end. There are no retries and no bounds.
package byhand

import (
	"bytes"
	"context"
	jsonv1 "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	jsonv2 "github.com/go-json-experiment/json"

	"example.com/cloudflare/internal/benchmarks/wire"
)

// Client calls the API with one of two JSON libraries.
type Client struct {
	Base  string // without a slash at its end
	Token string
	HTTP  *http.Client

	encode func(any) ([]byte, error)
	decode func(io.Reader, any) error
}

// New returns a Client that uses encoding/json.
func New(base, token string, hc *http.Client) *Client {
	return &Client{base, token, hc, jsonv1.Marshal, func(r io.Reader, into any) error {
		body, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return jsonv1.Unmarshal(body, into)
	}}
}

// NewBare returns a Client that uses the JSON library of package cloudflare.
func NewBare(base, token string, hc *http.Client) *Client {
	return &Client{base, token, hc,
		func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
		func(r io.Reader, into any) error { return jsonv2.UnmarshalRead(r, into) },
	}
}

type envelope[T any] struct {
	Success bool `json:"success"`
	Errors  []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Result     T `json:"result"`
	ResultInfo struct {
		NextPageToken string `json:"next_page_token"`
	} `json:"result_info"`
}

// NewOrganization is the body of a create.
type NewOrganization struct {
	Name    string        `json:"name"`
	Parent  *ParentID     `json:"parent,omitempty"`
	Profile *wire.Profile `json:"profile,omitempty"`
}

// ParentID names the organization above a new one.
type ParentID struct {
	ID string `json:"id"`
}

// Get returns an organization.
func (c *Client) Get(ctx context.Context, id string) (*wire.Organization, error) {
	var response envelope[wire.Organization]
	err := call(ctx, c, http.MethodGet, "/organizations/"+url.PathEscape(id), nil, &response)
	return &response.Result, err
}

// Create creates an organization.
func (c *Client) Create(ctx context.Context, organization NewOrganization) (*wire.Organization, error) {
	body, err := c.encode(organization)
	if err != nil {
		return nil, err
	}
	var response envelope[wire.Organization]
	err = call(ctx, c, http.MethodPost, "/organizations", bytes.NewReader(body), &response)
	return &response.Result, err
}

// All calls see with each organization.
func (c *Client) All(ctx context.Context, see func(*wire.Organization)) error {
	query := url.Values{"page_size": {"100"}}
	for {
		var response envelope[[]wire.Organization]
		if err := call(ctx, c, http.MethodGet, "/organizations?"+query.Encode(), nil, &response); err != nil {
			return err
		}
		for i := range response.Result {
			see(&response.Result[i])
		}
		next := response.ResultInfo.NextPageToken
		if next == "" {
			return nil
		}
		query.Set("page_token", next)
	}
}

func call[T any](ctx context.Context, c *Client, method, target string, body io.Reader, into *envelope[T]) error {
	req, err := http.NewRequestWithContext(ctx, method, c.Base+target, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, target, resp.Status)
	}
	if err := c.decode(resp.Body, into); err != nil {
		return err
	}
	if !into.Success {
		if len(into.Errors) > 0 {
			return fmt.Errorf("%s %s: %s (code %d)", method, target, into.Errors[0].Message, into.Errors[0].Code)
		}
		return errors.New("success is not true")
	}
	return nil
}
