// Safe-delete deletes an organization that holds nothing, after somebody has said so, and shows what is in one that
// holds something.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"example.com/cloudflare"
	"example.com/cloudflare/examples/internal/demo"
)

const usage = `[-yes] [NAME|ID]

Shows what an organization holds, and refuses to delete it if that is anything: organizations, accounts, or members of
whatever status. One that holds nothing is deleted once its name has been typed, or at once with -yes.

An ID that no organization has is a success: it is gone already. A name that none has is an error, as it may be a slip
of the pen; a name that several have is refused.

On the embedded server, without a name, it shows what it does about "` + demo.Reseller + `", which is not empty, about
"` + demo.EmptyCustomer + `", which is, and about one that is gone.`

func main() { demo.Main(program) }

var program = demo.Program{Name: "safe-delete", Usage: usage, Setup: setup}

func setup(flags *flag.FlagSet) func(context.Context, *demo.Env) error {
	yes := flags.Bool("yes", false, "do not ask")
	return func(ctx context.Context, env *demo.Env) error {
		switch {
		case len(env.Args) == 0 && !env.Live:
			return demonstrate(ctx, env)
		case len(env.Args) != 1 || env.Args[0] == "":
			return demo.Usagef("one name or ID of an organization is needed, behind the flags")
		}
		return remove(ctx, env, env.Args[0], *yes)
	}
}

// demonstrate shows what becomes of an organization that is not empty, of one that is, and of one that is gone.
func demonstrate(ctx context.Context, env *demo.Env) error {
	emptyID, err := demo.OrganizationID(ctx, env.Client, demo.EmptyCustomer)
	if err != nil {
		return err
	}
	for _, argument := range []string{demo.Reseller, demo.EmptyCustomer, emptyID} {
		fmt.Fprintf(env.Stdout, "$ safe-delete -yes %q\n", argument)
		err := remove(ctx, env, argument, true)
		if _, holds := errors.AsType[*cloudflare.NotEmptyError](err); holds {
			fmt.Fprintln(env.Stdout, err)
		} else if err != nil {
			return err
		}
		fmt.Fprintln(env.Stdout)
	}
	return nil
}

// remove is the program itself.
func remove(ctx context.Context, env *demo.Env, nameOrID string, yes bool) error {
	id, err := demo.OrganizationID(ctx, env.Client, nameOrID)
	if err != nil {
		return err
	}
	org, err := listed(ctx, env.Client, id)
	switch {
	case err != nil:
		return err
	case org == nil:
		fmt.Fprintf(env.Stdout, "%s is gone already\n", id)
		return nil
	}
	if err := show(ctx, env, org); err != nil {
		return err
	}
	if !yes {
		if err := confirm(ctx, env, org); err != nil {
			return err
		}
	}
	// It looks once more, as the answer may have taken its time.
	if err := env.Client.Organizations.DeleteIfEmpty(ctx, id); err != nil {
		return refusal(err)
	}
	fmt.Fprintln(env.Stdout, "deleted")
	return nil
}

// listed returns an organization, or nil if there is none. It asks for a list, as a new organization shows there before
// it can be read by its ID, and must not be taken for one that is gone.
func listed(ctx context.Context, client *cloudflare.Client, id string) (*cloudflare.Organization, error) {
	for org, err := range client.Organizations.All(ctx, cloudflare.OrganizationListParams{IDs: []string{id}}) {
		if err != nil || org.ID == id {
			return org, err
		}
	}
	return nil, nil
}

// show prints an organization and what it holds, and refuses if that is anything.
func show(ctx context.Context, env *demo.Env, org *cloudflare.Organization) error {
	fmt.Fprintf(env.Stdout, "%s  %s  created %s", demo.Text(org.Name), org.ID, org.CreateTime.Format(time.DateOnly))
	if org.Parent != nil {
		fmt.Fprintf(env.Stdout, "  below %s", demo.Text(org.Parent.Name))
	}
	fmt.Fprintln(env.Stdout)

	holds := &cloudflare.NotEmptyError{OrganizationID: org.ID}
	for _, part := range []struct {
		what  string
		count *int
		names iter.Seq2[string, error]
	}{
		{"organizations", &holds.Organizations, texts(
			env.Client.Organizations.All(ctx, cloudflare.OrganizationListParams{ParentID: org.ID}),
			func(o *cloudflare.Organization) string { return o.Name + "  " + o.ID })},
		{"accounts", &holds.Accounts, texts(
			env.Client.OrganizationAccounts.All(ctx, org.ID, cloudflare.OrganizationAccountListParams{}),
			func(a *cloudflare.Account) string { return a.Name + "  " + a.ID })},
		{"members", &holds.Members, texts(
			env.Client.OrganizationMembers.All(ctx, org.ID, cloudflare.OrganizationMemberListParams{}),
			func(m *cloudflare.OrganizationMember) string { return fmt.Sprintf("%s  %s", m.User.Email, m.Status) })},
	} {
		var err error
		if *part.count, err = printAll(env.Stdout, part.what, part.names); err != nil {
			return err
		}
	}
	if holds.Organizations+holds.Accounts+holds.Members > 0 {
		return refusal(holds)
	}
	return nil
}

// texts makes a text of each item of a list.
func texts[T any](items iter.Seq2[*T, error], text func(*T) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for item, err := range items {
			if err != nil {
				yield("", err)
				return
			}
			if !yield(text(item), nil) {
				return
			}
		}
	}
}

// printAll prints how many there are, and the first of them.
func printAll(w io.Writer, what string, names iter.Seq2[string, error]) (count int, err error) {
	const most = 20
	var first strings.Builder
	for name, err := range names {
		if err != nil {
			return 0, err
		}
		if count++; count <= most {
			fmt.Fprintf(&first, "    %s\n", demo.Text(name))
		}
	}
	if count > most {
		fmt.Fprintf(&first, "    and %d more\n", count-most)
	}
	_, err = fmt.Fprintf(w, "  %d %s\n%s", count, what, &first)
	return count, err
}

// refusal gives an organization that is not empty the exit code of a refusal.
func refusal(err error) error {
	if _, holds := errors.AsType[*cloudflare.NotEmptyError](err); holds || errors.Is(err, cloudflare.ErrConflict) {
		return demo.Refused(fmt.Errorf("not deleted: %w", err))
	}
	return err
}

// confirm asks for the name.
func confirm(ctx context.Context, env *demo.Env, org *cloudflare.Organization) error {
	name := strings.TrimSpace(demo.Text(org.Name)) // as it was shown
	fmt.Fprint(env.Stderr, "To delete it, type its name: ")
	typed := make(chan string, 1)
	go func() { // a read cannot be interrupted
		line, _ := bufio.NewReader(env.Stdin).ReadString('\n') // what ends without a newline is an answer, too
		typed <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(env.Stderr)
		return ctx.Err()
	case answer := <-typed:
		switch {
		case answer == "":
			return demo.Refused(errors.New("not deleted: no name was typed (-yes does not ask)"))
		case answer != name:
			return demo.Refused(fmt.Errorf("not deleted: %q was typed, but its name is %q", answer, name))
		}
		return nil
	}
}
