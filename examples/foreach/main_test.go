package main

func Example() {
	main()
	// Output: 40 organizations, 40 members, 41 requests
}
