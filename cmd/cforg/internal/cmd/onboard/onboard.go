// Package onboard brings a customer into an organization: a sub-organization with its profile and its first member.
package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/cloudflare"
	"example.com/cloudflare/cmd/cforg/internal/cli"
	"example.com/cloudflare/cmd/cforg/internal/demo"
	"example.com/cloudflare/cmd/cforg/internal/fields"
	"example.com/cloudflare/cmd/cforg/internal/output"
)

var long = `Onboard creates an organization below a parent, sets fields of its profile, and invites its first member. It shows what
it will do and asks. If several organizations have this name and parent, it changes nothing.

It skips what is done already, so the same command can be run again after a crash at any point, and never makes a second
organization. Before it sends the request to create the organization, it makes a file in the user's cache folder, and
removes it once the API lists the organization. A run that finds the file of an earlier run looks for the organization
until ` + fmt.Sprint(settled.Minutes()) + ` minutes after that request. Do not run two of these commands at once.

Without --profile, the profile is not changed. Without --member, nobody is invited. After Ctrl-C, the request to create
the organization has ` + cli.Grace.String() + ` to finish. With --demo, every flag has a default.`

// Command returns "cforg onboard".
func Command(env *cli.Env) *cobra.Command {
	o := options{env: env}
	command := &cobra.Command{
		Use:   "onboard --name NAME --parent ORGANIZATION",
		Short: "Create an organization with its profile and first member",
		Long:  long,
		Example: "  cforg onboard --demo\n" +
			"  cforg onboard --name \"Skylark Sailing\" --parent \"Alder Secure\" --profile business_phone=\"+1 555 0100\" --member ada@skylark.example",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE:    env.Run(func(ctx context.Context, _ []string) error { return o.run(ctx) }),
	}
	flags := command.Flags()
	flags.StringVar(&o.name, "name", "", "the `name` of the organization")
	flags.StringVar(&o.parent, "parent", "", "the `name or ID` of the organization above it")
	flags.Var(&o.profile, "profile", "a field of the profile, or @file with a JSON object; may be repeated.\nThe fields are "+fields.Names())
	flags.Var(&o.member, "member", "the email `address` of its first member")
	flags.DurationVar(&o.wait, "wait", time.Minute, "how long to wait until a new organization can be read")
	cli.YesFlag(command, &o.yes)
	cli.JSONFlag(command, &o.asJSON)
	return command
}

type options struct {
	env          *cli.Env
	name, parent string
	profile      fields.Edits
	member       cli.Email
	wait         time.Duration
	yes, asJSON  bool
}

func (o *options) check() error {
	if o.env.Demo {
		o.name = cmp.Or(o.name, "Skylark Sailing")
		o.parent = cmp.Or(o.parent, demo.Reseller)
		o.member = cmp.Or(o.member, "ada@skylark.example")
		if o.profile == nil {
			_ = o.profile.Set("business_name=Skylark Sailing Ltd")
			_ = o.profile.Set("business_phone=+1 555 0100")
		}
	}
	switch {
	case o.name == "" || o.parent == "":
		return errors.New("--name and --parent are required")
	case strings.TrimSpace(o.name) != o.name:
		return errors.New("--name must not have white space around it")
	case o.wait <= 0:
		return errors.New("--wait must be positive")
	}
	return nil
}

func (o *options) run(ctx context.Context) error {
	j := &job{
		token: o.env.UsesToken(), say: o.say, warn: o.warn,
		name: o.name, parent: o.parent, profile: o.profile, member: string(o.member), wait: o.wait,
	}
	client, err := o.env.Client(cloudflare.WithHTTPClient(&http.Client{Transport: &transport{o.env.Network(), j}}))
	if err != nil {
		return err
	}
	j.client = client
	j.intentOf = func(string) intent { return "" }
	if o.env.Fresh() { // the server ends with this process
		o.env.Server.Lag(2) // as the API may
	} else {
		folder, err := o.env.StateFolder()
		if err != nil {
			return err
		}
		j.intentOf = func(parentID string) intent { return newIntent(folder, o.env.BaseURL(), parentID, o.name) }
	}
	if !o.yes {
		if err := o.ask(ctx, j); err != nil {
			return err
		}
	}
	err = j.run(ctx)
	if printErr := o.printJSON(j); err == nil {
		err = printErr
	}
	switch {
	case errors.Is(err, cloudflare.ErrOutcomeUnknown):
		return fmt.Errorf("%w\n(run the same command again: it looks for the organization before it creates one)", err)
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%w\n(run the same command again to do the rest)", err)
	}
	return err
}

// ask shows what the job will do and asks, unless there is nothing to do.
func (o *options) ask(ctx context.Context, j *job) error {
	steps, err := j.plan(ctx)
	if err != nil || len(steps) == 0 {
		return err
	}
	for _, step := range steps {
		fmt.Fprintf(o.env.Stderr, "  %s\n", output.Text(step))
	}
	return o.env.Confirm(ctx, "Do this?")
}

func (o *options) say(what, did, detail string) {
	if !o.asJSON {
		fmt.Fprintf(o.env.Stdout, "%-13s %-16s %s\n", what, did, output.Text(detail))
	}
}

// transport gives the intent the time of each attempt to create the organization, which may have waited for long.
type transport struct {
	http.RoundTripper
	*job
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.sending.setTime(time.Now())
	return t.RoundTripper.RoundTrip(r)
}

func (o *options) warn(text string) {
	fmt.Fprintf(o.env.Stderr, "cforg onboard: %s\n", text)
}

// printJSON prints what the job did, even if it failed.
func (o *options) printJSON(j *job) error {
	if !o.asJSON || j.done == (result{}) {
		return nil
	}
	return output.JSON(o.env.Stdout, j.done)
}
