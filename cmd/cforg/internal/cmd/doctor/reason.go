package doctor

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	"example.com/cloudflare"
)

// reason explains an error. It does not quote the API, because its texts may contain names and IDs.
func reason(err error, e exchange, p probe, token bool) string {
	apiErr, ok := errors.AsType[*cloudflare.Error](err)
	switch {
	case e.cut:
		return "the response was cut: the connection broke, or a proxy or gateway ended it"
	case !ok:
		return noResponse(err)
	case apiErr.StatusCode == http.StatusProxyAuthRequired:
		return "a proxy requires authentication"
	case apiErr.StatusCode == http.StatusTooManyRequests && apiErr.RetryAfter > 0:
		return fmt.Sprintf("too many requests: the next one is allowed in %s", apiErr.RetryAfter)
	case apiErr.StatusCode >= 300 && apiErr.StatusCode < 400:
		return "a redirect, which is never followed"
	case isHTML(e):
		return "HTML instead of JSON: a proxy or gateway responded, not the API"
	case errors.Is(err, cloudflare.ErrUnavailable) && apiErr.StatusCode < 500 && apiErr.StatusCode >= 400:
		return "the response is not in the format of the API: a proxy or gateway responded"
	case errors.Is(err, cloudflare.ErrUnauthorized):
		return "the API does not know this credential"
	case apiErr.StatusCode == 403 && token && p.keyOnly:
		return "no API token is allowed to do this; a global API key with its email address may be"
	case apiErr.StatusCode == 403 && token:
		return "the token lacks a permission, or the account has no Organizations"
	case apiErr.StatusCode == 403:
		return "the user may not do this, or the account does not have this feature"
	case apiErr.StatusCode == 405:
		return "this kind of credential is not accepted here"
	case errors.Is(err, cloudflare.ErrNotFound):
		return "not found"
	case apiErr.StatusCode == 404:
		return "there is no such route"
	case apiErr.StatusCode == 429:
		return "too many requests"
	case apiErr.StatusCode >= 500:
		return "the server failed"
	case apiErr.StatusCode < 300 && len(apiErr.Errors) > 0:
		return "the response reports an error in spite of its status"
	case apiErr.StatusCode < 300:
		return "the API client cannot use the response"
	}
	return "the API rejected the request"
}

func isHTML(e exchange) bool {
	mediaType, _, _ := mime.ParseMediaType(e.header.Get("Content-Type"))
	return mediaType == "text/html"
}
