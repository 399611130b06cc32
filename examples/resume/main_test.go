package main

func Example() {
	main()
	// Output:
	// Organization 1
	// Organization 2
	// a page failed; resuming
	// Organization 3
	// Organization 4
	// Organization 5
}
