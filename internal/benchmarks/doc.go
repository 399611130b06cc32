// Package benchmarks compares package cloudflare with other ways to call the API, on the same bytes:
//
//   - byhand: net/http and encoding/json, as a careful user writes the calls;
//   - bare: net/http and the JSON library of package cloudflare, which is close to the least that a call can cost;
//   - official: the official SDK.
//
// This command compares them:
//
//	go test -bench . .
//
// README.md has figures and explains them. This command prints its table, including program sizes and build times:
//
//	go run ./table
//
// The build tag noofficial excludes the official SDK, which takes minutes to compile.
package benchmarks
