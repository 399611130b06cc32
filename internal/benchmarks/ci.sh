#!/bin/sh
# Checks what is cheap to build: all but the official SDK, which takes minutes.
set -eu
cd "$(dirname "$0")"
test -z "$(gofmt -l .)"
go vet -tags noofficial ./...
go test -tags noofficial ./...
# Each benchmark once, so that none is broken.
go test -tags noofficial -run '^$' -bench . -benchtime 1x . >/dev/null
