package main

func Example() {
	main()
	// Output:
	// Example, Inc. created: true
	// Example, Inc. created: false
	// second Example, Inc.
}
