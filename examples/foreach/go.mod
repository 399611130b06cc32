module example.com/cloudflare/examples/foreach

go 1.26.0

replace example.com/cloudflare => ../..

require (
	example.com/cloudflare v0.0.0
	golang.org/x/sync v0.25.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
)
