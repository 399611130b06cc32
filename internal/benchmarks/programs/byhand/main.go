// Command byhand lists organizations with net/http and encoding/json.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

type organization struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	CreateTime time.Time `json:"create_time"`
}

type response struct {
	Success bool `json:"success"`
	Errors  []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Result     []organization `json:"result"`
	ResultInfo struct {
		NextPageToken string `json:"next_page_token"`
	} `json:"result_info"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	query := url.Values{"page_size": {"100"}}
	for {
		page, err := list(ctx, query)
		if err != nil {
			return err
		}
		for _, o := range page.Result {
			fmt.Println(o.ID, o.Name)
		}
		if page.ResultInfo.NextPageToken == "" {
			return nil
		}
		query.Set("page_token", page.ResultInfo.NextPageToken)
	}
}

func list(ctx context.Context, query url.Values) (*response, error) {
	const endpoint = "https://api.cloudflare.com/client/v4/organizations?"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("CLOUDFLARE_API_TOKEN"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	var page response
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, err
	}
	if !page.Success {
		return nil, fmt.Errorf("success is not true: %v", page.Errors)
	}
	return &page, nil
}
