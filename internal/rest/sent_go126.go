//go:build !go1.27

package rest

// repeatsProtocolErrors: Go 1.26 repeats a request without a body also if the server reset its stream with
// PROTOCOL_ERROR, which does not prove that the request was not processed.
const repeatsProtocolErrors = true
