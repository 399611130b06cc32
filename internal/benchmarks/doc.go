// Package benchmarks measures package cloudflare beside what else a program can use to call the API, on the same bytes:
//
//   - byhand: net/http and encoding/json, as a careful user writes the calls;
//   - bare: the same with the JSON library that package cloudflare uses, which is about the least that a call costs;
//   - official: the official SDK.
//
// To compare them:
//
//	go test -bench . .
//
// To print the table that the README of package cloudflare shows, with program sizes and cold builds:
//
//	go run ./table
//
// The build tag noofficial leaves the official SDK out.
package benchmarks
