#!/bin/sh
# Checks this module without the official SDK, which takes minutes to compile.
set -eu
cd "$(dirname "$0")"
go mod tidy -diff
go vet -tags noofficial ./...
go test -count=1 -tags noofficial ./...
# Run each benchmark once to find the ones that fail. The figures mean nothing.
figures=$(go test -tags noofficial -run '^$' -bench . -skip '/./100000' -benchtime 1x .) || {
	printf '%s\n' "$figures"
	exit 1
}
