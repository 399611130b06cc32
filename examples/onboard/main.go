// Onboard brings a customer into an organization: a sub-organization with its profile and its first member. It may be
// stopped at any point, or fail, and be run again.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
)

const usage = `[-name NAME] [-parent NAME|ID] [-profile FIELD=VALUE]... [-member EMAIL]

Makes sure that there is an organization of that name below the parent, with that profile and that member. What is
there already stays as it is, so the command may be run again after a crash at any point: what the API's lists show is
not created twice. Do not run two at once. If two organizations bear the name, it does nothing but say so.

On the embedded server everything has a default, and -crash shows what happens after a crash. With -live, -name and
-parent are required; without -profile and -member, these are not looked at.`

func main() { demo.Main(program) }

var program = demo.Program{Name: "onboard", Usage: usage, Setup: setup}

func setup(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
	j := new(job)
	flags.StringVar(&j.name, "name", "", "the `name` of the organization")
	flags.StringVar(&j.parent, "parent", "", "the `name or ID` of the organization above it")
	flags.StringVar(&j.member, "member", "", "the `e-mail address` of its first member")
	flags.DurationVar(&j.wait, "wait", time.Minute, "how long to wait until a new organization can be read")
	flags.Func("profile", "a `field=value` of the profile, any number of times, or @file for a JSON object; the fields are\n"+strings.Join(fields, ", "), j.profile.add)
	crash := flags.Int("crash", 0, "crash after so many requests and begin again (embedded server only)")

	return func(ctx context.Context, env *demo.Env) error {
		switch {
		case len(env.Args) > 0:
			return demo.Usagef("%q is not a flag", env.Args[0])
		case env.Live && (j.name == "" || j.parent == ""):
			return demo.Usagef("-live needs -name and -parent")
		case env.Live && *crash > 0:
			return demo.Usagef("-crash is for the embedded server")
		case *crash < 0 || j.wait <= 0:
			return demo.Usagef("-crash and -wait must not be negative, nor -wait zero")
		}
		if !env.Live {
			j.name = cmp.Or(j.name, "Skylark Sailing")
			j.parent = cmp.Or(j.parent, demo.Reseller)
			j.member = cmp.Or(j.member, "ada@skylark.example")
			if j.profile == nil {
				j.profile = profileEdits{"business_name": "Skylark Sailing Ltd", "business_phone": "+1 555 0100"}
			}
		}
		if env.Tree != nil {
			env.Server.Lag(2) // as the API may
		}
		j.out = env.Stdout
		if *crash > 0 {
			j.client = env.Server.Client(append(env.Options, cloudflare.WithLimiter(&crashAfter{*crash}))...)
			if err := j.run(ctx); !errors.Is(err, errCrash) {
				return err
			}
			fmt.Fprintf(env.Stdout, "-- crashed after %d requests; once more: --\n", *crash)
		}
		j.client = env.Client
		err := j.run(ctx)
		switch {
		case errors.Is(err, cloudflare.ErrOutcomeUnknown):
			return fmt.Errorf("%w\n(wait a minute, so that the API shows what was created: then the same command goes on from there)", err)
		case err != nil && ctx.Err() != nil:
			return fmt.Errorf("%w\n(the same command again goes on where this one stopped)", err)
		}
		return err
	}
}

// crashAfter ends a run after so many requests.
type crashAfter struct{ left int }

var errCrash = errors.New("crashed")

func (c *crashAfter) Wait(context.Context) error {
	if c.left--; c.left < 0 {
		return errCrash
	}
	return nil
}

type job struct {
	client *cloudflare.Client
	out    io.Writer

	name, parent, member string
	profile              profileEdits // nil: leave it alone
	wait                 time.Duration
}

// run takes each step only after the one before is known to be done, so that a run that follows a crash finds
// everything that was done, and does the rest.
func (j *job) run(ctx context.Context) error {
	parentID, err := demo.OrganizationID(ctx, j.client, j.parent)
	if err != nil {
		return fmt.Errorf("-parent: %w", err)
	}
	org, err := j.organization(ctx, parentID)
	if err != nil {
		return err
	}
	if j.profile != nil {
		if err := j.setProfile(ctx, org.ID); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	if j.member != "" {
		if err := j.addMember(ctx, org.ID); err != nil {
			return fmt.Errorf("member: %w", err)
		}
	}
	return nil
}

func (j *job) organization(ctx context.Context, parentID string) (*cloudflare.Organization, error) {
	params := cloudflare.OrganizationCreateParams{Name: j.name, ParentID: parentID}
	if j.profile != nil {
		params.Profile = new(cloudflare.OrganizationProfile)
		if j.profile.apply(params.Profile); *params.Profile == (cloudflare.OrganizationProfile{}) {
			params.Profile = nil // all empty is what a new organization has
		}
	}
	org, created, err := j.client.Organizations.Ensure(ctx, params)
	if _, ambiguous := errors.AsType[*cloudflare.AmbiguousError](err); ambiguous {
		return nil, demo.Refused(fmt.Errorf("ambiguous: %w", err))
	}
	if err != nil {
		return nil, err
	}
	j.say("organization", map[bool]string{true: "created", false: "there already"}[created], org.Name+"  "+org.ID)

	waiting, stop := context.WithTimeout(ctx, j.wait)
	defer stop()
	if _, err := j.client.Organizations.WaitUntilReadable(waiting, org.ID); err != nil {
		return nil, fmt.Errorf("waited until it can be read: %w", err)
	}
	return org, nil
}

func (j *job) setProfile(ctx context.Context, organizationID string) error {
	changed := "as it should be"
	profile, err := j.client.OrganizationProfile.Modify(ctx, organizationID, func(p *cloudflare.OrganizationProfile) error {
		before := *p
		if j.profile.apply(p); *p != before {
			changed = "changed"
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.say("profile", changed, cmp.Or(profile.BusinessName, profile.BusinessEmail))
	return nil
}

// lookAgain is how long to wait before each look for a member whose invitation got no answer.
var lookAgain = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second}

func (j *job) addMember(ctx context.Context, organizationID string) error {
	member, err := j.findMember(ctx, organizationID)
	if err != nil {
		return err
	}
	did := "there already"
	if member == nil {
		if member, err = j.invite(ctx, organizationID); err != nil {
			return err
		}
		did = "invited"
	}
	if member.Status != cloudflare.MemberStatusActive && member.Status != cloudflare.MemberStatusPending {
		return demo.Refused(fmt.Errorf("the membership of %s is %s: somebody has to decide what to do about that", demo.Text(member.User.Email), demo.Text(string(member.Status))))
	}
	j.say("member", did, fmt.Sprintf("%s (%s)", member.User.Email, member.Status))
	return nil
}

func (j *job) invite(ctx context.Context, organizationID string) (*cloudflare.OrganizationMember, error) {
	member, lost := j.client.OrganizationMembers.Create(ctx, organizationID, cloudflare.OrganizationMemberCreateParams{Email: j.member})
	if !errors.Is(lost, cloudflare.ErrOutcomeUnknown) {
		return member, lost
	}
	for _, wait := range lookAgain {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, lost
		}
		if member, err := j.findMember(ctx, organizationID); member != nil || err != nil {
			return member, err
		}
	}
	return nil, lost
}

// findMember looks through all members: the API does not say whether its filter minds upper and lower case.
func (j *job) findMember(ctx context.Context, organizationID string) (*cloudflare.OrganizationMember, error) {
	for member, err := range j.client.OrganizationMembers.All(ctx, organizationID, cloudflare.OrganizationMemberListParams{}) {
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(member.User.Email, j.member) {
			return member, nil
		}
	}
	return nil, nil
}

func (j *job) say(what, did, detail string) {
	fmt.Fprintf(j.out, "%-13s %-16s %s\n", what, did, demo.Text(detail))
}

var fields = []string{"business_name", "business_email", "business_phone", "business_address", "external_metadata"}

// profileEdits are values for fields of a profile. Fields without a value stay as they are.
type profileEdits map[string]string

// add takes one flag: field=value or @file.
func (e *profileEdits) add(text string) error {
	added := profileEdits{}
	if file, isFile := strings.CutPrefix(text, "@"); isFile {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(data, &added); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	} else if field, value, ok := strings.Cut(text, "="); ok {
		added[field] = value
	} else {
		return errors.New("must be field=value or @file")
	}
	if *e == nil {
		*e = profileEdits{}
	}
	for field, value := range added {
		if !slices.Contains(fields, field) {
			return fmt.Errorf("%q is not one of %s", field, strings.Join(fields, ", "))
		}
		(*e)[field] = value
	}
	return nil
}

func (e profileEdits) apply(p *cloudflare.OrganizationProfile) {
	into := []*string{&p.BusinessName, &p.BusinessEmail, &p.BusinessPhone, &p.BusinessAddress, &p.ExternalMetadata}
	for i, field := range fields {
		if value, ok := e[field]; ok {
			*into[i] = value
		}
	}
}
