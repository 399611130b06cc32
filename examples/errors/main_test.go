package main

func Example() {
	main()
	// Output:
	// it is gone: remove it from the state
	// keep the state and come back, up to ten times
	// ask for another credential
	// read the current state before writing again
	// wait 20s
}
