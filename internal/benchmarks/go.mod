module example.com/cloudflare/internal/benchmarks

go 1.26.0

require (
	example.com/cloudflare v0.0.0
	example.com/cloudflare/redislimit v0.0.0
	github.com/alicebob/miniredis/v2 v2.40.0
	github.com/cloudflare/cloudflare-go/v7 v7.10.0
	github.com/go-json-experiment/json v1.27.2
	github.com/redis/go-redis/v9 v9.23.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/tidwall/gjson v1.14.4 // indirect
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.1 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
	github.com/yuin/gopher-lua v1.1.1 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.48.0 // indirect
)

replace example.com/cloudflare => ../..

replace example.com/cloudflare/redislimit => ../../redislimit
