package cloudflare_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The rules that every method keeps are tried on the methods of two tables. One that is new has to join them, and its
// comment has to name the route that it takes.
func TestEveryRouteIsInTheTables(t *testing.T) {
	anID := regexp.MustCompile(`\{\w+\}|\b[a-z]\d\b`)
	documented, tried := map[string]bool{}, map[string]bool{}

	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, route := range regexp.MustCompile(`(?m)^// API: ([A-Z]+ /\S+)$`).FindAllStringSubmatch(string(source), -1) {
			documented[anID.ReplaceAllString(route[1], "{}")] = true
		}
	}
	for _, method := range everyMethod {
		if strings.HasPrefix(method.name, "Call ") { // takes any route
			continue
		}
		route := method.verb + " " + method.path
		tried[anID.ReplaceAllString(route, "{}")] = true

		places := 0
		for _, place := range everyIDMethod {
			if place.name == method.name || strings.HasPrefix(place.name, method.name+"'s ") {
				places++
			}
		}
		assert.GreaterOrEqual(t, places, len(anID.FindAllString(route, -1)), "IDs of %s in everyIDMethod", method.name)
	}
	assert.Equal(t, documented, tried, "routes in comments, routes in everyMethod")
	require.Greater(t, len(documented), 10)
}
