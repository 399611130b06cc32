module example.com/cloudflare

go 1.26

require github.com/go-json-experiment/json v1.27.2

require github.com/google/go-querystring v1.2.0
