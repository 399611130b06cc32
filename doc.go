// Package cloudflare is a client for Cloudflare's Organizations API: organizations, their profiles, the accounts in
// them and their members.
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
// The API is in beta, and may change without notice. [Client.Call] reaches what has no method here.
//
// # Authentication
//
// [WithAPIToken] sends an API token, [WithAPIKey] a global API key with the e-mail address of its user. Without
// either, [NewClient] takes the credential from CLOUDFLARE_API_TOKEN, or from CLOUDFLARE_API_KEY with
// CLOUDFLARE_EMAIL. The key covers all operations. A token covers only some: today the API documents it for the list
// of organizations alone.
//
// A credential is sent to the origin of the base URL and to no other: over https, or to this machine. No redirect is
// ever followed. No client, error or log record prints it.
//
// # Lists
//
// List returns one page. All yields every item of every page: a filter holds on all of them, a page that fails is
// yielded as a [*PageError] to resume from, and nothing is skipped silently. [Collect] makes a slice of a list.
//
// # Changes
//
// An update replaces what is there: what it leaves out may be cleared. Modify changes a part: it reads, and sends the
// rest back as it was. Ensure, WaitUntilReadable and DeleteIfEmpty are for programs that may crash and run again.
//
// # Errors
//
// An answer that is no success is an [*Error], also a 200 that says "success": false. A call that ended without any
// answer is an error with the cause in it. The sentinels tell the usual causes apart:
//
//	org, err := client.Organizations.Get(ctx, id)
//	switch {
//	case errors.Is(err, cloudflare.ErrNotFound):
//		// there is none
//	case err != nil:
//		return err
//	}
//
// [ErrInvalidArgument] means that nothing was sent. [ErrOutcomeUnknown] means that a write may or may not have
// happened: look before trying again; a [*BatchError] says about whom. A deadline of the caller's own is
// [context.DeadlineExceeded], an attempt that took longer than [WithTimeout] is [ErrAttemptTimeout].
//
// # Retries
//
// A call is tried again, three times unless told otherwise, where that cannot do anything twice:
//
//	                                                    GET, HEAD, PUT, DELETE   POST, PATCH
//	429                                                 again                    again
//	408, 500, 502, 503, 504, 520 to 524                 again                    no
//	never sent: no connection, no address               again                    again
//	no complete answer, or an attempt that timed out    again                    no
//	any other status, an answer that cannot be used     no                       no
//
// Nothing is tried again if the server's certificate is not accepted, if its host does not exist, or if the caller has
// cancelled. The wait is what Retry-After says, or else random up to a bound that doubles from half a second. One that
// is longer than [WithMaxRetryWait] allows, or that would pass the context's deadline, is not begun. Where the API says
// in a Ratelimit header that nothing is left, all calls of the client wait for the reset; then one of them finds out how
// many are left before the others follow.
//
// # Promises
//
// What holds against hostile servers and arguments, too, and the tests that hold it:
//
//   - no credential and no body reaches another origin (TestRedirectsAreNotFollowed, TestBaseURLsThatAreRefused);
//   - nothing prints a credential (TestNoPrinterReachesACredential, TestServersThatEchoCredentials);
//   - an ID reaches no other endpoint (TestHostileIDs, FuzzTarget);
//   - no request is repeated that could do something twice (TestRetryTable, TestNetHTTPRepeatsNoWrite);
//   - a write that may have happened is never reported as anything else (TestOutcomes, TestUnusableAnswers);
//   - no list ends early without an error (TestAllResumesWithoutGapOrDouble, TestUnusableAnswers);
//   - no answer takes more than 128 MiB (TestMemoryIsBounded) or longer than [WithTimeout], and no single wait is
//     longer than [WithMaxRetryWait] or the context allow (TestPause, TestWaitThatDoesNotFitIntoTheDeadline).
//
// SECURITY.md has all of them, and what is left to the caller.
//
// # Testing
//
// Package cloudflaretest is the API in memory, over HTTP, for tests that need no account:
//
//	server := cloudflaretest.NewServer()
//	defer server.Close()
//	client := server.Client()
package cloudflare
