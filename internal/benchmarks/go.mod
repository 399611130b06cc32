module example.com/cloudflare/internal/benchmarks

go 1.26

require (
	example.com/cloudflare v0.0.0
	github.com/cloudflare/cloudflare-go/v7 v7.9.0
	github.com/go-json-experiment/json v1.27.2
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/tidwall/gjson v1.14.4 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.1 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace example.com/cloudflare => ../..
