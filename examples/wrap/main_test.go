package main

func Example() {
	main()
	// Output:
	// GET /zones 200
	// GET /zones 200
	// GET /accounts/{account_id}/lists 200
	// GET /accounts/{account_id}/lists 200
	// [{"zone 1"} {"zone 2"}] [{"list "} {"list more"}] <nil>
}
