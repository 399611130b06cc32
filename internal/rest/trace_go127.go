//go:build go1.27

package rest

// repeatsProtocolErrors: see the file for Go 1.26.
const repeatsProtocolErrors = false
