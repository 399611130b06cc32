module example.com/cloudflare/internal/benchmarks

go 1.26

require (
	example.com/cloudflare v0.0.0
	github.com/go-json-experiment/json v1.27.2
)

require github.com/google/go-querystring v1.2.0 // indirect

replace example.com/cloudflare => ../..
