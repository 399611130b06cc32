package cloudflare_test

import (
	"io"
	"net/http"
	"strings"
)

// Names that tests on other branches still use.
type cannedTransport = roundTripper

var wiredClient = newSingleAttemptClient

const retryID = organizationID

var (
	retryOrg     = organizationBody
	retryRefusal = rejectedBody
)

func saying(status int, header http.Header, body string) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: header.Clone(), ContentLength: int64(len(body)),
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}
