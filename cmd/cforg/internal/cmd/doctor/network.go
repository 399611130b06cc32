package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
)

const defaultBaseURL = "https://api.cloudflare.com/client/v4"

// server describes where requests go, without an address.
func server(env *cli.Env) (where, proxy string) {
	if env.Demo {
		return "the demo server", "none"
	}
	u, err := url.Parse(cmp.Or(env.BaseURL(), defaultBaseURL))
	if err != nil {
		return "the base URL is not valid", "none"
	}
	where = "the server of the base URL"
	if host := u.Hostname(); env.BaseURL() == "" || env.BaseURL() == defaultBaseURL {
		where = "Cloudflare's API"
	} else if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		where = "a server on this machine"
	}
	proxyURL, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	switch name := badProxyVariable(); {
	case err != nil, name != "":
		proxy = badProxy
		if name != "" {
			proxy = name + " " + badProxy
		}
	case proxyURL == nil:
		proxy = "none"
	default:
		proxy = "set in the environment"
	}
	return where, proxy
}

const badProxy = "is not a URL of a proxy"

// badProxyVariable returns the name of a variable for a proxy that cannot be parsed. net/http ignores it in
// silence, or takes a part of it for a host.
func badProxyVariable() string {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		value := os.Getenv(name)
		_, err := url.Parse(value)
		if err != nil && !strings.Contains(value, "://") { // net/http adds a scheme
			_, err = url.Parse("http://" + value)
		}
		if err != nil {
			return name
		}
	}
	return ""
}

func programVersion() string {
	version := "cforg"
	if info, ok := debug.ReadBuildInfo(); ok {
		version += " " + info.Main.Version
	}
	return version + ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}

// noResponse says why a call got no response, without the addresses that are in err.
func noResponse(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var host x509.HostnameError
	switch {
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return "the proxy could not be reached"
	case errors.As(err, &dns) && dns.IsNotFound:
		return "the name of the server could not be resolved: no network, no DNS, or a wrong base URL"
	case errors.As(err, &dns):
		return "the name of the server could not be resolved: DNS does not respond"
	case errors.As(err, &host):
		return "the certificate of the server is for another name: a proxy or gateway may be in between"
	case errors.As(err, &certificate):
		return "the certificate of the server is not trusted: a proxy or gateway may be in between, or the local clock may be wrong"
	case errors.As(err, &record):
		return "the server does not speak TLS"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no route to the server: no network"
	case errors.Is(err, syscall.ECONNRESET):
		return "the connection was reset"
	case errors.Is(err, cloudflare.ErrRateLimited):
		return "not sent: the rate limit is used up"
	case errors.Is(err, cloudflare.ErrAttemptTimeout), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "no response in time"
	}
	return "the connection failed"
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
