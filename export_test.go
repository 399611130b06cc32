package cloudflare

// Operations returns the method and route of every operation that the methods of this package call.
func Operations() []string {
	var all []string
	for _, op := range operations {
		all = append(all, op.method+" "+op.route)
	}
	return all
}

// AcceptsToken reports whether an operation that Operations returns accepts an API token, and with which permission.
func AcceptsToken(operation string) (accepts bool, permission string) {
	for _, op := range operations {
		if op.method+" "+op.route == operation {
			return op.credentials.token, op.credentials.permission
		}
	}
	panic("there is no operation " + operation)
}
