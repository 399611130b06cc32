package main

func Example() {
	main()
	// Output:
	// ann@example.com pending created: false
	// ann@example.com active two-factor authentication: false
	// bob@example.com pending two-factor authentication: false
}
