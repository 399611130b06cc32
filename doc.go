// Package cloudflare is a client for Cloudflare's Organizations API: organizations, profiles, accounts, members,
// invites, audit logs, usage and shares.
//
//	client, err := cloudflare.NewClient() // the credential comes from the environment
//	if err != nil {
//		return err
//	}
//	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(org.ID, org.Name)
//	}
//
// An organization is the container above Cloudflare accounts. [Client.Call] sends requests to endpoints that have no
// method in this package. Two endpoints for organizations have none: GET /user/tenants, and POST /accounts/move, which the
// API documents as not implemented.
//
// # Authentication
//
// Organizations are available to Enterprise customers, and to resellers with an MSSP or Distributor contract. Every
// operation accepts a global API key with the email address of its user. Find it in the dashboard under My Profile, API
// Tokens. Some operations also accept an API token; the comment of each method and a table in README.md say which.
//
// [WithAPIKey] sets a key, [WithAPIToken] a token, and [WithCredentialSource] a source of credentials that change while
// the client is in use. Without any of these options, [NewClient] reads the environment: CLOUDFLARE_API_TOKEN, or
// CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL.
//
// The client sends a credential only to the origin of the base URL, over https or to a loopback host. It follows no
// redirects. No error, log record or print verb shows a credential.
//
// # Options
//
// An [Option] configures a client. All of them are optional. A [CallOption] changes one call:
//
//   - [SetHeader] sets a header of the request
//   - [AddQuery] adds a parameter to the query
//   - [SetMaxRetries] limits the retries of this call
//   - [CaptureResponse] stores metadata about the response, and the result as sent
//
// # Lists
//
// A method named List returns one page. A method named All returns an iterator over every item of every page. Filters
// hold on every page. If a page fails, All yields a [*PageError] to resume from and stops; it never skips a page
// silently. [Collect] returns the items as a slice. [Paginate] makes such an iterator for other endpoints.
//
// Lists are not snapshots. An item that is created, deleted or moved while a list is read may be missing or come twice.
//
// # Changes
//
// An update replaces a resource, and fields that it omits may be cleared. Modify methods read the resource first and
// keep the fields that the caller does not change. [OrganizationsService.Ensure],
// [OrganizationsService.WaitUntilReadable] and [OrganizationsService.DeleteIfEmpty] are for programs that may be
// interrupted and run again.
//
// # Errors
//
// Any response that does not report success is returned as an [*Error], including a 200 whose body says "success":
// false. A call that ends without a response returns a [*CallError]. The sentinel errors say what a caller can do:
//
//	switch {
//	case err == nil:
//	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
//		// a write may have happened: read the current state first
//	case errors.Is(err, cloudflare.ErrNotFound):
//		// the API says that the resource does not exist
//	case errors.Is(err, cloudflare.ErrUnauthorized), errors.Is(err, cloudflare.ErrForbidden):
//		// the credential is not valid, or may not do this
//	case errors.Is(err, cloudflare.ErrRateLimited):
//		// wait, and call again
//	default:
//		// everything else
//	}
//
// The example of [Error] is such a switch in full. [ErrInvalidArgument] means that no request was sent. The caller's own
// deadline is [context.DeadlineExceeded]; an attempt that took longer than [WithTimeout] is [ErrAttemptTimeout].
//
// # Retries
//
// A call is retried three times unless [WithMaxRetries] or [SetMaxRetries] says otherwise, and only if a retry cannot
// repeat a write:
//
//	                                                    GET, HEAD, PUT, DELETE   POST, PATCH
//	429                                                 retry                    retry
//	408, 500, 502, 503, 504, 520 to 524                 retry                    no
//	not sent, or not processed                          retry                    retry
//	no complete response, or attempt timeout            retry                    no
//	any other status, or a 2xx that cannot be used      no                       no
//	a 4xx whose body cannot be read                     no                       no
//
// A request was not sent if no connection was established. It was not processed if HTTP/2 says so. A call is not retried
// if that is of no use: if a certificate is not trusted, if the host does not exist, or if a proxy rejects the client.
//
// The wait before a retry is the Retry-After of the response. Without one it is random, up to a limit that begins at
// half a second and doubles. A wait that is longer than [WithMaxRetryWait], or that would pass the deadline of the
// context, is not begun.
//
// # On bad networks
//
// A write whose outcome is unknown may still be on its way, and happen some time after the error. With the default
// options, the retries of a call bridge an outage of about three seconds. To survive a longer one, such as the restart of
// a gateway, set [WithMaxRetries] or repeat the call.
//
// An HTTP/2 connection that died without a sign is found and replaced within about 30 seconds. Until then, calls on it
// fail or time out. On HTTP/1.1, a POST that is sent just as the server closes an idle connection has an unknown outcome.
// The default transport closes idle connections after 50 seconds, before most gateways do.
//
// All calls to one host share one HTTP/2 connection. To use several, give clients transports of their own with
// [WithHTTPClient] and [NewTransport].
//
// A page of 1,000 organizations has about 750 kB, or about 35 kB where the server compresses it. An attempt gets one
// second more than [WithTimeout] for every 8 KiB that arrive, so that a slow line can finish a page. A line of less than
// 8 KiB per second needs a smaller page size or a longer timeout.
//
// # Rate limit
//
// The API allows 1,200 requests per five minutes and user. If a response reports that no requests remain, all calls of
// the client wait for the reset. If that is longer than [WithMaxRetryWait] or than the deadline of the context, the call
// fails with [ErrRateLimited] without sending a request, and [CallError.RetryAfter] holds the time until the reset.
// [WithLimiter] limits the rate of a client, for example to share the limit with others.
//
// # Promises
//
// These hold against hostile servers and arguments, too. SECURITY.md names the tests, and what the caller is responsible
// for.
//
//   - A credential or a body reaches no origin other than that of the base URL.
//   - No print verb, encoder, error or log record shows a credential.
//   - An ID reaches no other endpoint.
//   - No request is repeated if it could repeat a write, neither by this package nor by net/http.
//   - A write that may have happened is never reported as anything else.
//   - No list ends early without an error.
//   - No response takes more than 128 MiB of memory.
//
// # Testing
//
// Package [example.com/cloudflare/cloudflaretest] is an in-memory API for tests that need no account:
//
//	server := cloudflaretest.NewServer()
//	defer server.Close()
//	client := server.Client()
//
// # Versions and compatibility
//
// The package is built from Cloudflare's published schema and documentation as of November 2026. It was not run against
// the live API. Unknown fields and enum values are accepted in responses. Before version 1, an exported name may still
// change; CHANGELOG.md lists each change.
package cloudflare
