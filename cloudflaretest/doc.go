// Package cloudflaretest provides an in-memory Organizations API for tests. A [Server] keeps state and can inject
// faults. It needs no socket, so waits cost no time inside a [testing/synctest] bubble:
//
//	func TestOnboardTwoTenants(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			server := cloudflaretest.NewServer().ForTest(t) // the test fails if a fault never happens
//			server.AddKey("ann-key", "ann@example.com")
//			server.AddKey("bob-key", "bob@example.com")
//			server.FailNext("POST /organizations", cloudflaretest.RateLimited(20*time.Second))
//
//			start := time.Now()
//			for _, tenant := range []string{"ann", "bob"} {
//				client := server.Client(cloudflare.WithAPIKey(tenant+"-key", tenant+"@example.com"))
//				if err := onboard(t.Context(), client, tenant); err != nil { // your own code
//					t.Fatal(err)
//				}
//			}
//			if waited := time.Since(start); waited < 20*time.Second {
//				t.Errorf("waited only %s of 20 seconds", waited) // in virtual time
//			}
//			var senders []string
//			for _, request := range server.Requests() {
//				senders = append(senders, request.Email)
//			}
//			if want := []string{"ann@example.com", "ann@example.com", "bob@example.com"}; !slices.Equal(senders, want) {
//				t.Errorf("the requests came from %q, not from %q", senders, want)
//			}
//		})
//	}
//
// The package is written from Cloudflare's published schema and documentation. The package was not compared with the
// live API.
//
// # Operations
//
// A Server serves every operation below /organizations. It also serves these operations on accounts: create, move, list
// the organizations of an account, and read and update its profile. Filters, pages, envelopes and headers are like
// those of the API. GET /user/tenants is not served; [Server.Handle] adds endpoints. If the client accepts gzip, JSON
// of 1 KiB or more is compressed.
//
// Tests fill a Server through the API or with [Server.AddOrganization], [Server.AddAccount], [Server.AddMember],
// [Server.AddAuditLog], [Server.AddUsageRecord] and [Server.AddShare]. Invitation codes come from [Server.InviteCode].
//
// IDs and times are the same in every run. The first time is in January 2026; each new organization, account, member
// and share is one second later. The Server reads the clock only for Date headers, for [Server.SetRateLimit], and for
// usage without from and to.
//
// # Clients and sockets
//
// [Server.Client] returns a client that calls the Server in its own goroutine. It works inside and outside of a bubble,
// wherever the Server was created. A Server is also an [http.Handler]: [net/http/httptest.NewServer] serves it over a
// socket, for other programs and for tests of connections. Inside a bubble, a socket stops the clock.
//
// # Faults
//
// [Server.FailNext] makes the next request for an endpoint fail, and [Server.Fail] the n-th request from now.
// [Server.ForTest] fails a test that ends before each of its faults has happened.
//
// A client remembers a 429 and delays its later calls. In a table of faults, create a client for each row.
//
// # Credentials
//
// Every operation takes [APIKey]. These operations also take [APIToken]: list and create organizations, accept or
// reject an invitation, audit logs, usage, list the organizations of an account, and read and update its profile. With
// a token, any other operation fails with status 403 and code 10000. [APIKeyWithoutOrganizations] is valid, but fails
// in the same way for every path below /organizations.
//
// [Server.AddKey] and [Server.AddToken] add users, such as the tenants of a service, and [Server.Revoke] revokes a
// credential. All users share the organizations.
//
// # Scripted responses
//
// [Status] returns any response. A test that needs only scripted responses can instead give a client another transport,
// such as the MockTransport of github.com/jarcoal/httpmock. httpmock.Activate has no effect: it replaces
// [http.DefaultTransport], which a client does not use by default.
//
// # Invented behavior
//
// The API does not document all of its behavior. In the cases below, the Server implements one possible behavior,
// usually the stricter one, which may change in any version.
//
// Errors:
//   - Every error whose code is not documented has the code 1001. All texts are invented.
//   - A query or body that is not valid gets status 400, an unknown ID 404, another method 405, a body above 1 MiB 413,
//     and a body that is not application/json 415. A JSON object with a name twice is not valid.
//   - Status 409 means that the organization is not empty, the member exists, the invitation is not pending, the
//     account is already in the organization, or the Idempotency-Key was used with another body.
//   - An error has a pointer to its source if a body has the ID of an organization that does not exist. An error with
//     code 9109 has the address of the documentation.
//   - Query parameters that are not documented are ignored, and so is the body of a GET or DELETE. HEAD is served like
//     GET.
//
// Permissions and limits:
//   - Every user may do everything, except accept or reject the invitation of another user.
//   - There are no limits on the number of organizations, accounts and levels. Two-factor authentication is not
//     checked.
//   - Ratelimit headers do not count down without [Server.SetRateLimit]. With it, requests without valid credentials
//     share one quota.
//
// Lists:
//   - The page size 0 means the default. Tokens and cursors are valid for one path and one set of filters.
//   - A page token is a position, so a client that deletes while it lists misses items.
//   - Filters by email address ignore case.
//
// Organizations and profiles:
//   - A PUT of an organization replaces it: without a profile in the body, the organization has no profile afterwards.
//     A PUT of a profile stores empty fields.
//   - A request for a profile that was never set fails with status 404. A test of a null profile can serve it with
//     [Server.FailNext] and [Status].
//   - The parent cannot be changed. Flags are "enabled" or "disabled", and managed_by is the ID of the parent.
//   - Members of any status make an organization not empty. The caller is not a member.
//   - For the filters named containing, an organization contains the resources in itself and in its sub-organizations,
//     but not itself.
//
// Members and invitations:
//   - A member that is created without a status is pending. Its email address must have a valid form, and can be a
//     member once, in any status.
//   - A batch creates all members or none.
//   - The code of an invitation stays valid until the member is not pending.
//
// Audit logs:
//   - Only writes that succeed are recorded: a batch with one entry for each member, a move in both organizations.
//     Descriptions and resource types are invented.
//   - The log of a deleted organization can still be read.
//   - The bounds since and before are inclusive.
//   - A full page has a cursor even if it is the last one, so a list may end with an empty page.
//   - A history holds the entries with the same resource type and ID. The time of the requested entry must be within
//     one minute of action_time.
//
// Usage and shares:
//   - The 31 days of usage include from and to.
//   - The count of shares is the number on the page. Without page and per_page, result_info has no page.
//
// Accounts:
//   - A standalone account requires an Idempotency-Key, which never expires.
//   - Without unit and standalone, an account is created in the only organization of the Server. If the Server does not
//     have exactly one organization, the status is 400.
//   - A move fails with status 403 if it leaves the hierarchy. The source_organization_id of a standalone account is
//     empty.
//   - The profile of an account is that of its organization. A request for the profile of a standalone account fails
//     with status 403 and code 9109.
package cloudflaretest
