// Package cloudflaretest provides an in-memory Organizations API for tests. [Server] keeps state, speaks HTTP on
// 127.0.0.1 or without a socket, and fails on request.
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
// It is written from Cloudflare's published schema and documentation. It was not compared with the live API.
package cloudflaretest
