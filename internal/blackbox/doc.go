// Package blackbox tests the HTTP core of package cloudflare through its public API: on every method, with transports
// and servers that fail in each way, and in virtual time where it waits.
package blackbox
