// Package contract holds api.yaml, the API as this project understands it. Its tests check the client, the fake of
// package cloudflaretest and the public types against that file. Command drift, in the directory of that name, tells
// when Cloudflare's own schema changes.
package contract
