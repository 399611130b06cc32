package cloudflare

import (
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"example.com/cloudflare/internal/rest"
)

// Client is a client for Cloudflare's Organizations API. Create one with [NewClient]; every method of a zero Client
// returns an error. A Client is safe for concurrent use, and its configuration never changes.
type Client struct {
	Organizations         *OrganizationsService
	OrganizationProfile   *OrganizationProfileService
	OrganizationAccounts  *OrganizationAccountsService
	OrganizationMembers   *OrganizationMembersService
	OrganizationInvites   *OrganizationInvitesService
	OrganizationAuditLogs *OrganizationAuditLogsService
	OrganizationUsage     *OrganizationUsageService
	OrganizationShares    *OrganizationSharesService

	sender     *rest.Sender
	maxRetries int
	readOnly   bool
	common     service // what the services point to
}

// NewClient returns a client with the given options.
//
// If no option sets a credential, NewClient reads it from the environment: CLOUDFLARE_API_TOKEN, or CLOUDFLARE_API_KEY
// and CLOUDFLARE_EMAIL. Empty variables count as unset, and CLOUDFLARE_EMAIL is ignored if CLOUDFLARE_API_TOKEN is set.
// NewClient returns an error if both a token and a key are set, if a key is set without an email address, or if neither
// a token nor a key is set.
//
// If an option sets a credential, the environment is not read. Two options that set a credential are an error.
//
// Every error matches [ErrInvalidArgument] and names the option or the variable. No error contains a credential.
func NewClient(opts ...Option) (*Client, error) {
	c := config{
		maxRetries: 3,
		rest: rest.Config{
			BaseURL:          "https://api.cloudflare.com/client/v4",
			UserAgent:        userAgent(),
			Timeout:          30 * time.Second,
			TimedOut:         ErrAttemptTimeout,
			MaxRetryWait:     30 * time.Second,
			MaxRateLimitWait: 5 * time.Minute,
			Advice:           advise,
		},
	}
	for i, opt := range opts {
		if opt == nil {
			return nil, invalid("option %d is nil", i+1)
		}
		opt(&c)
	}
	if c.setBy == "" {
		c.fromEnvironment()
	}
	if c.err != nil {
		return nil, c.err
	}
	sender, err := rest.New(c.rest)
	if err != nil {
		return nil, invalid("%v", err)
	}
	client := &Client{sender: sender, maxRetries: c.maxRetries, readOnly: c.readOnly}
	client.common.client = client
	client.Organizations = (*OrganizationsService)(&client.common)
	client.OrganizationProfile = (*OrganizationProfileService)(&client.common)
	client.OrganizationAccounts = (*OrganizationAccountsService)(&client.common)
	client.OrganizationMembers = (*OrganizationMembersService)(&client.common)
	client.OrganizationInvites = (*OrganizationInvitesService)(&client.common)
	client.OrganizationAuditLogs = (*OrganizationAuditLogsService)(&client.common)
	client.OrganizationUsage = (*OrganizationUsageService)(&client.common)
	client.OrganizationShares = (*OrganizationSharesService)(&client.common)
	return client, nil
}

func (c *config) fromEnvironment() {
	const tokenVar, keyVar, emailVar = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL"
	token, key, email := os.Getenv(tokenVar), os.Getenv(keyVar), os.Getenv(emailVar)
	switch {
	case token != "" && key != "":
		c.reject("%s and %s are both set: only one credential can be sent", tokenVar, keyVar)
	case token != "":
		c.setChecked(tokenVar, rest.Token(token))
	case key != "" && email == "":
		c.reject("%s is set without %s", keyVar, emailVar)
	case key != "":
		c.setChecked(keyVar+" and "+emailVar, rest.Key(key, email))
	default:
		c.reject("no credential: set %s, or %s with %s, or use WithAPIToken, WithAPIKey or WithCredentialSource", tokenVar, keyVar, emailVar)
	}
}

// userAgent returns the name of this module and the version that is built into the program.
var userAgent = sync.OnceValue(func() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		own := reflect.TypeFor[Client]().PkgPath()
		for _, module := range append(info.Deps, &info.Main) {
			if module.Path == own && strings.HasPrefix(module.Version, "v") {
				version = module.Version
			}
		}
	}
	return "cloudflare-organizations-go/" + version + " (" + runtime.Version() + ")"
})
