package cloudflare_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/cloudflare"
)

// The rules that hold for every method are tested on the methods of two tables. Every operation must be in them, and in
// the comment of the method that calls it.
func TestEveryOperationIsInTheTables(t *testing.T) {
	placeholder := regexp.MustCompile(`\{\w+\}|\b[a-z]\d\b`)
	operations, documented, tested := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, operation := range cloudflare.Operations() {
		operations[placeholder.ReplaceAllString(operation, "{}")] = true
	}

	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, route := range regexp.MustCompile(`(?m)^// API: ([A-Z]+ /\S+)$`).FindAllStringSubmatch(string(source), -1) {
			documented[placeholder.ReplaceAllString(route[1], "{}")] = true
		}
	}
	for _, method := range everyMethod {
		if strings.HasPrefix(method.name, "Call ") { // sends any route
			continue
		}
		route := method.verb + " " + method.path
		tested[placeholder.ReplaceAllString(route, "{}")] = true

		places := 0
		for _, place := range everyIDMethod {
			if place.name == method.name || strings.HasPrefix(place.name, method.name+"'s ") {
				places++
			}
		}
		assert.GreaterOrEqual(t, places, len(placeholder.FindAllString(route, -1)), "IDs of %s in everyIDMethod", method.name)
	}
	assert.Equal(t, operations, documented, "operations, routes in comments")
	assert.Equal(t, operations, tested, "operations, routes in everyMethod")
	require.Greater(t, len(operations), 10)
}
