package main

func Example() {
	main()
	// Output:
	// Example, Inc. +1 555 0199
	// Example Group
}
