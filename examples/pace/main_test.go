package main

func Example() {
	main()
	// Output:
	// ten requests took at least 180 ms: true
	// failure 1 not sent: false
	// failure 2 not sent: false
	// failure 3 not sent: false
	// failure 4 not sent: true
}
