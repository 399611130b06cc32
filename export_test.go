package cloudflare

// Operations returns the method and route of every operation that the methods of this package call.
func Operations() []string {
	var all []string
	for _, op := range operations {
		all = append(all, op.method+" "+op.route)
	}
	return all
}
