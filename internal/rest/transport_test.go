package rest

import (
	"crypto/tls"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each field of the shared transport is either named here or has its zero value.
func TestNewTransportFields(t *testing.T) {
	transport := NewTransport()
	var set []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[http.Transport]()) {
		if field.IsExported() && !reflect.ValueOf(transport).Elem().FieldByIndex(field.Index).IsZero() {
			set = append(set, field.Name)
		}
	}
	assert.ElementsMatch(t, []string{
		"Proxy", "OnProxyConnectResponse", "DialContext", "ForceAttemptHTTP2", "MaxIdleConnsPerHost", "IdleConnTimeout", "TLSHandshakeTimeout",
		"MaxResponseHeaderBytes", "TLSClientConfig", "HTTP2",
	}, set)

	assert.Equal(t, reflect.ValueOf(proxyFromEnvironment).Pointer(), reflect.ValueOf(transport.Proxy).Pointer())
	assert.True(t, transport.ForceAttemptHTTP2)
	assert.Equal(t, 128, transport.MaxIdleConnsPerHost)
	assert.GreaterOrEqual(t, transport.IdleConnTimeout, 30*time.Second)
	assert.Less(t, transport.IdleConnTimeout, 60*time.Second, "gateways often close idle connections after 60 seconds")
	assert.Equal(t, 10*time.Second, transport.TLSHandshakeTimeout)
	assert.EqualValues(t, 1<<20, transport.MaxResponseHeaderBytes)
	assert.NotNil(t, transport.TLSClientConfig.ClientSessionCache)
	assert.Zero(t, transport.TLSClientConfig.MinVersion, "the default of crypto/tls")
	assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	assert.Equal(t, &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}, transport.HTTP2)
}

func TestSends(t *testing.T) {
	transport := NewTransport()
	for _, scheme := range []string{"http", "https"} {
		assert.True(t, sends(transport, scheme))
	}
	other := &http.Transport{TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}} // without HTTP/2
	other.RegisterProtocol("https", roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") }))
	assert.True(t, sends(other, "http"))
	assert.False(t, sends(other, "https"))
}

func TestTransportsAreTheirOwn(t *testing.T) {
	assert.Same(t, sharedTransport(), sharedTransport())
	first, second := NewTransport(), NewTransport()
	require.NotSame(t, first, second)
	require.NotSame(t, first, sharedTransport())
	assert.NotSame(t, first.TLSClientConfig, second.TLSClientConfig)
	assert.NotSame(t, first.HTTP2, second.HTTP2)
	assert.NotSame(t, first.TLSClientConfig.ClientSessionCache, second.TLSClientConfig.ClientSessionCache)
}
