package main

func Example() {
	main()
	// Output:
	// zones are not part of the fake API
	// GET /organizations/{organization_id} 200 2
	// GET /organizations/{organization_id} 503 2
	// GET /zones/{zone_id} 404 1
}
