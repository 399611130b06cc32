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
// An organization contains Cloudflare accounts and other organizations. [Client.Call] sends requests to endpoints for
// which this package has no method, such as GET /user/tenants. POST /accounts/move has no method because the API
// documents it as not implemented.
//
// # Authentication
//
// Organizations are available to Enterprise customers, and to resellers with an MSSP or Distributor contract. Every
// operation accepts a global API key with the email address of its user. The key is in the dashboard, under My Profile
// and then API Tokens. Some operations also accept an API token. The comment of each method says so, and
// docs/credentials.md has a table.
//
// [WithAPIKey] sets a key and [WithAPIToken] a token. [WithCredentialSource] sets a function that returns the
// credential, for credentials that change while the client is in use. Without any of these options, [NewClient] reads
// the environment: CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY and CLOUDFLARE_EMAIL. A key can do whatever its user can
// do. [WithReadOnly] makes a client that cannot write.
//
// The client sends a credential only to the origin of the base URL, over https or to a loopback host, and does not
// follow redirects. No error, log record or print verb shows a credential.
//
// # Options
//
// An [Option] configures a client. All options can be omitted. A [CallOption] changes one call:
//
//   - [SetHeader] sets a header of the request
//   - [AddQuery] adds a parameter to the query
//   - [SetMaxRetries] sets the number of retries
//   - [CaptureResponse] stores the metadata and the JSON result of the response
//
// # Lists
//
// A method named List returns one page. A method named All returns an iterator over the items of all pages, and sends
// the filters with each request. If a page fails, All yields a [*PageError] and stops. The PageError has the token to
// resume the list with. [Collect] returns the items as a slice. [Paginate] returns an iterator for other endpoints.
//
// Lists are not snapshots. An item may be missing, or appear twice, if it is created, deleted or moved while a list is
// read. To delete or move what a list contains, read it to the end first, with [Collect].
//
// # Changes
//
// An update may clear the fields that it omits. Modify methods read the resource first and keep the fields that the
// caller does not change. [OrganizationsService.Ensure], [OrganizationMembersService.Ensure],
// [OrganizationsService.WaitUntilReadable] and [OrganizationsService.DeleteIfEmpty] can be called again after an
// interruption. Wait some minutes before calling Ensure again after a crash or an unknown outcome: it finds only what
// the list contains by then, and the API does not document how long a new item takes to appear.
//
// # Errors
//
// Any response that does not report success is returned as an [*Error], including a 200 whose body says "success":
// false. A call that fails before its last attempt gets a response returns a [*CallError]. Sentinel errors distinguish
// what a caller can do:
//
//	switch {
//	case err == nil:
//	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
//		// a write may have happened: read the current state first
//	case errors.Is(err, cloudflare.ErrNotFound):
//		// the API reports that the resource does not exist
//	case errors.Is(err, cloudflare.ErrUnauthorized), errors.Is(err, cloudflare.ErrForbidden):
//		// the credential is not valid, or does not permit the request
//	case errors.Is(err, cloudflare.ErrRateLimited):
//		// wait for RetryAfter(err), and call again
//	case errors.Is(err, cloudflare.ErrUnavailable):
//		// the API did not respond: call again later, a limited number of times
//	default:
//		// everything else
//	}
//
// The example of [Error], in error_example_test.go, has a complete switch. [ErrInvalidArgument] means that no request
// was sent. If the deadline of the context passes, the error matches [context.DeadlineExceeded]. If an attempt takes
// longer than [WithTimeout], the error matches [ErrAttemptTimeout].
//
// If the context of a write ends while it is under way, for example because Ctrl-C cancels it, the outcome is
// unknown. To let the write end, give it a deadline of its own, and wait for it before the program exits:
//
//	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
//	defer cancel()
//	org, err := client.Organizations.Create(ctx, params)
//
// # Retries
//
// A call is retried up to three times unless [WithMaxRetries] or [SetMaxRetries] sets another number. A call is retried
// only if the attempt had no effect, or if the request is idempotent. A POST or PATCH that is marked as idempotent in
// [Request] is retried like a PUT:
//
//	                                                    GET, HEAD, PUT, DELETE   POST, PATCH
//	429                                                 retry                    retry
//	408, 500, 502, 503, 504, 520 to 524                 retry                    no
//	not sent, or not processed                          retry                    retry
//	no response, an incomplete 2xx, or attempt timeout  retry                    no
//	any other status, or a 2xx that cannot be used      no                       no
//
// A request counts as not sent if no connection was established. A request counts as not processed if the server
// reports that over HTTP/2. For a status other than 2xx, only the status counts, even if the body is incomplete. A call
// is not retried if another attempt would fail too, for example because the certificate of the server or that of the
// client is not trusted, a host does not exist, a proxy rejects the client, or the request is larger than an HTTP/2
// server accepts.
//
// A server may close a connection that the client has kept for the next request. If a GET or HEAD gets no response on
// such a connection, it is sent again at once. This is an attempt, but not a retry.
//
// If the API itself rejects the credential and the function of [WithCredentialSource] then returns another one, the
// call makes one more attempt, whatever its method and the number of retries.
//
// The wait before a retry is the Retry-After of the response. Without a Retry-After, the wait is random, up to a limit
// that begins at half a second and doubles. If the wait would be longer than [WithMaxRetryWait], or after a 429 than
// [WithMaxRateLimitWait], or would pass the deadline of the context, the call fails at once.
//
// # On bad networks
//
// If the outcome of a write is unknown, the write may still happen some time after the error. With the default options,
// the waits between attempts last at most 3.5 seconds in all, unless the server sends a Retry-After. To survive a
// longer outage, such as the restart of a gateway, set [WithMaxRetries] or repeat the call.
//
// The default transport detects a dead HTTP/2 connection and replaces it within about 30 seconds. Until then, calls on
// this connection fail or time out. On HTTP/1.1, the outcome of a POST is unknown if the server closes an idle
// connection just as the request is sent. The default transport closes idle connections after 50 seconds, before most
// gateways do. With Go 1.26, the outcome of a POST or DELETE without a body is unknown if a GOAWAY frame interrupts the
// request. A transport that wraps an [*http.Transport] may repeat reads; such repeats are not counted as attempts.
//
// All calls to one host share one HTTP/2 connection. To use several, give clients transports of their own with
// [WithHTTPClient] and [NewTransport].
//
// A page of 1,000 organizations has about 750 kB, or about 35 kB if the server compresses it. The timeout of an attempt
// grows by one second for every 8 KiB of the response, so that a slow connection can finish a page. A connection slower
// than 8 KiB per second needs a smaller page size or a longer timeout.
//
// # Rate limit
//
// The API allows each user 1,200 requests per five minutes, over all programs and credentials of the user. If a
// response reports that no requests remain, or if a 429 has a Retry-After, all calls of the client wait until then,
// each for up to five minutes in all. If a wait would be longer or would pass the deadline of the context, the call
// fails at once with [ErrRateLimited], and [RetryAfter] returns the time until then.
//
// A job needs no setting: it ends as soon as the quota allows. In a service, give the context of each request a
// deadline, which the context of an [net/http.Request] does not have, or pass zero to [WithMaxRateLimitWait]. Send the
// result of [RetryAfter] on in the response. [WithRateLimitHook] reports each wait when it begins. [WithLimiter] limits
// the rate of a client, for example to leave requests for other programs of the same user.
//
// # Promises
//
// The package keeps these promises whatever a server sends and whatever the arguments are. SECURITY.md has the details,
// and lists what the caller is responsible for.
//
//   - A credential or a body reaches no origin other than that of the base URL.
//   - No print verb, encoder, error or log record shows a credential.
//   - An ID never changes which endpoint a request is sent to.
//   - Neither this package nor net/http repeats a write that may have happened, unless the request is idempotent.
//   - If a call fails and its write may have happened, the error matches [ErrOutcomeUnknown].
//   - A list never ends early without an error.
//   - A method takes at most 128 MiB of memory to read a response. [Client.Call] decodes to the caller's type from at
//     most 32 MiB, and the type decides how much memory that takes.
//
// # Testing
//
// Package [example.com/cloudflare/cloudflaretest] provides an in-memory API for tests without an account:
//
//	server := cloudflaretest.NewServer().ForTest(t)
//	client := server.Client()
//
// # Versions and compatibility
//
// The package is built from Cloudflare's published schema of September 4, 2026, and its documentation of October 2026.
// It was not run against the live API. Unknown fields and enum values are accepted in responses. Before version 1, an
// exported name may still change; CHANGELOG.md lists each change.
package cloudflare
