package main

func Example() {
	main()
	// Output:
	// it is gone: remove it from the state
	// keep the state and report: cloudflare: PUT /organizations/c8c49e23426968ab787f286c1172f028: 404 Not Found: "<html>the page of a gateway</html>"; this is not a response of the API, but perhaps of a proxy
	// ask for another credential
	// read the current state before writing again
	// wait 20s
}
