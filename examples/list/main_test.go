package main

func Example() {
	main()
	// Output:
	// Europe
	// - Web Europe standard
	// Asia
	// - Web Asia standard
}
