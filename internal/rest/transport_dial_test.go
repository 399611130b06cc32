//go:build !js

package rest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDialerSettings(t *testing.T) {
	assert.Equal(t, 10*time.Second, dialer.Timeout)
	assert.Equal(t, 30*time.Second, dialer.KeepAlive)
}
