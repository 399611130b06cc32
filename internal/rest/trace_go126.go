//go:build !go1.27

package rest

// repeatsProtocolErrors reports whether net/http repeats a request without a body if the server reset its stream with
// PROTOCOL_ERROR. Go 1.26 does. This error does not prove that the request was not processed.
const repeatsProtocolErrors = true
