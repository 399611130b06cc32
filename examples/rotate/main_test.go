package main

func Example() {
	main()
	// Output:
	// tokens fetched for two calls: 1
	// tokens fetched after one was revoked: 2
	// cloudflare: GET /organizations: credential source: the vault is sealed (nothing was sent)
	// a credential is always printed as [redacted]
}
