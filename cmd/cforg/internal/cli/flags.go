package cli

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// FormatFlag adds the flag --format, or -o, to a command, with the first of formats as its default. If json is one of them, it
// also adds --json, which means -o json.
func FormatFlag(command *cobra.Command, into *string, formats ...string) {
	*into = formats[0]
	command.Flags().VarP(&choice{into, formats}, "format", "o", "print in this format")
	_ = command.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	if slices.Contains(formats, "json") {
		command.Flags().VarPF((*jsonFlag)(into), "json", "", "the same as -o json").NoOptDefVal = "true"
		command.MarkFlagsMutuallyExclusive("format", "json")
	}
}

// JSONFlag adds the flag --json to a command.
func JSONFlag(command *cobra.Command, into *bool) {
	command.Flags().BoolVar(into, "json", false, "print JSON")
}

// YesFlag adds the flag --yes to a command.
func YesFlag(command *cobra.Command, into *bool) {
	command.Flags().BoolVarP(into, "yes", "y", false, "do not ask")
}

// ChoiceFlag adds a flag whose value must be one of choices. The first is the default.
func ChoiceFlag(command *cobra.Command, into *string, name, usage string, choices ...string) {
	*into = choices[0]
	command.Flags().Var(&choice{into, choices}, name, usage)
	_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
}

// choice is a flag with a few valid values.
type choice struct {
	into    *string
	choices []string
}

func (c *choice) String() string { return *c.into }
func (c *choice) Type() string   { return "{" + strings.Join(c.choices, ",") + "}" }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.choices, value) {
		return errors.New("must be " + or(c.choices))
	}
	*c.into = value
	return nil
}

// jsonFlag sets a format to json.
type jsonFlag string

func (f *jsonFlag) String() string { return "false" }
func (f *jsonFlag) Type() string   { return "bool" }

func (f *jsonFlag) Set(value string) error {
	if value != "true" {
		return errors.New("takes no value")
	}
	*f = "json"
	return nil
}

func or(choices []string) string {
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// Email is a flag that must be an email address.
type Email string

func (e *Email) String() string { return string(*e) }

// Type names the kind of value in a command's help.
func (e *Email) Type() string { return "email" }

// Set returns an error if text is not an email address that the API client accepts.
func (e *Email) Set(text string) error {
	if err := CheckEmail(text); err != nil {
		return err
	}
	*e = Email(text)
	return nil
}

// CheckEmail returns an error unless text is an email address and nothing else. It is stricter than the API client, so
// an address that passes is never rejected later, when half of a job is done.
func CheckEmail(text string) error {
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text {
		return fmt.Errorf("%q is not an email address", text)
	}
	return nil
}

// OneArgument returns a check of arguments for a command with exactly one, which must not be empty.
func OneArgument(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return fmt.Errorf("%s must be one argument: put it in quotes if it has spaces", name)
		case len(args) == 0 || args[0] == "":
			return fmt.Errorf("%s is missing", name)
		}
		return nil
	}
}

// HideGlobalFlags keeps the global flags out of the help of a command for which they mean nothing.
func HideGlobalFlags(command *cobra.Command) {
	help := command.HelpFunc()
	command.SetHelpFunc(func(command *cobra.Command, args []string) {
		command.InheritedFlags().VisitAll(func(f *pflag.Flag) { f.Hidden = true })
		help(command, args)
	})
}
