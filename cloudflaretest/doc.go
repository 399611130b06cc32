// Package cloudflaretest provides an in-memory Organizations API for tests. A [Server] keeps state, serves HTTP with or
// without a socket, and can inject faults.
//
//	func TestOnboard(t *testing.T) {
//		server := cloudflaretest.NewServer()
//		defer server.Close()
//
//		server.AddOrganization("Example, Inc.", "")
//		server.Fail(2, cloudflaretest.Cut()) // the second request is carried out, but its response is lost
//
//		err := onboard(t.Context(), server.Client())
//		...
//		fmt.Println(server.Requests())
//	}
//
// The package is written from Cloudflare's published schema and documentation. The package was not compared with the
// live API.
//
// # Operations
//
// A Server serves every operation below /organizations. A Server also serves these operations on accounts: create,
// move, list the organizations of an account, and read and update its profile. Filters, pages, envelopes and headers
// are like those of the API. GET /user/tenants is not served; [Server.Handle] adds endpoints. If the client accepts
// gzip, JSON of 1 KiB or more is compressed.
//
// Tests fill a Server through the API or with [Server.AddOrganization], [Server.AddAccount], [Server.AddMember],
// [Server.AddAuditLog], [Server.AddUsageRecord] and [Server.AddShare]. Invitation codes come from [Server.InviteCode].
//
// IDs and times are the same in every run. The first time is in January 2026; each new organization, account, member
// and share is one second later. The Server reads the clock only for Date headers, for [Server.SetRateLimit], and for
// usage without from and to.
//
// # Credentials
//
// Every operation takes [APIKey]. These operations also take [APIToken]: list and create organizations, accept or
// reject an invitation, audit logs, usage, list the organizations of an account, and read and update its profile. With
// a token, any other operation fails with status 403 and code 10000. [APIKeyWithoutOrganizations] is valid, but fails
// in the same way for every path below /organizations.
//
// # Virtual time
//
// [Server.Transport] works inside a [testing/synctest] bubble, where a socket would stop the clock.
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
//     and a body that is not application/json 415.
//   - Status 409 means that the organization is not empty, the member exists, the invitation is not pending, the
//     account is already in the organization, or the Idempotency-Key was used with another body.
//   - Query parameters that are not documented are ignored. HEAD is served like GET.
//
// Permissions and limits:
//   - Every user may do everything, except accept or reject the invitation of another user.
//   - There are no limits on the number of organizations, accounts and levels. Two-factor authentication is not checked.
//   - Ratelimit headers do not count down without [Server.SetRateLimit].
//
// Lists:
//   - The page size 0 means the default. Tokens and cursors are valid for one path and one set of filters.
//   - A page token is a position, so a client that deletes while it lists misses items.
//   - Filters by email address ignore case.
//
// Organizations and profiles:
//   - A PUT of an organization replaces it: without a profile in the body, the organization has no profile afterwards.
//     A PUT of a profile stores empty fields.
//   - A profile that was never set is null.
//   - The parent cannot be changed. Flags are "enabled" or "disabled", and managed_by is the ID of the parent.
//   - Members of any status make an organization not empty. The caller is not a member.
//   - For the filters named containing, an organization contains the resources in itself and in its sub-organizations,
//     but not itself.
//
// Members and invitations:
//   - A member that is created without a status is pending. An email address can be a member once, in any status.
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
