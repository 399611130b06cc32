package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMetrics(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	for _, line := range []string{
		`cloudflare_attempt_duration_seconds_count{method="GET",route="/organizations",status="200"} 1`,
		`cloudflare_attempt_duration_seconds_count{method="GET",route="/organizations/{organization_id}",status="503"} 1`,
		`cloudflare_attempt_duration_seconds_count{method="GET",route="/organizations/{organization_id}",status="200"} 1`,
		`cloudflare_retries_total{method="GET",route="/organizations/{organization_id}"} 1`,
	} {
		assert.Contains(t, out.String(), line+"\n")
	}
}
