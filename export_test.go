package cloudflare

// Operations returns the method and route of every operation that the methods of this package call.
func Operations() []string {
	var all []string
	for _, op := range operations {
		all = append(all, op.method+" "+op.route)
	}
	return all
}

// AcceptedCredentials says in the words of a method's comment which credentials an operation accepts.
func AcceptedCredentials(operation string) string {
	for _, op := range operations {
		switch {
		case op.method+" "+op.route != operation:
		case !op.credentials.token:
			return "a global API key."
		case op.credentials.permission != "":
			return "a global API key, or an API token with the permission " + op.credentials.permission + "."
		default:
			return "a global API key, or an API token"
		}
	}
	return "no such operation"
}
