package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/access"
	"github.com/quoll/quoll/internal/state"
)

func accessCommand() *cobra.Command {
	return group("access", "Let people sign in", accessLinkCommand(), accessListCommand())
}

func accessLinkCommand() *cobra.Command {
	var data, name, role string
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Make a one-time link by which somebody signs in",
		Long: `Link prints an address that signs somebody in once, within 24 hours, and makes
the person where there is none of that name. It is how the first administrator
comes in, how further people do, and the way back for who forgot a password. It
may run beside a server.`,
		Example: `  quoll access link --data ./q
  quoll access link --data ./q --name ines.okafor --role Responder`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAccess(cmd.Context(), data, func(s *access.Store) error {
				secret, err := s.Link(cmd.Context(), name, access.Role(role))
				if errors.Is(err, access.ErrInvalid) {
					return usageError(err)
				}
				if errors.Is(err, access.ErrLastAdministrator) {
					return fmt.Errorf("%w; let one in first: quoll access link --name NAME --data %s", err, data)
				}
				if err != nil {
					return err
				}
				address := "http://<address of the server>"
				if note, err := readServerNote(data); err == nil {
					address = note.Address
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), signInAddress(address, secret))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&name, "name", access.FirstName, "who signs in")
	cmd.Flags().StringVar(&role, "role", string(access.Administrator), "Reader, Responder, Contributor or Administrator")
	return cmd
}

func accessListCommand() *cobra.Command {
	var data, output string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the people who can sign in",
		Example: `  quoll access list --data ./q -o json`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAccess(cmd.Context(), data, func(s *access.Store) error {
				all, err := people{s}.People(cmd.Context())
				if err != nil {
					return err
				}
				if output == "json" {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(all)
				}
				for _, p := range all {
					seen, state := "never signed in", ""
					if p.Seen != nil {
						seen = "signed in " + p.Seen.Format(time.RFC3339)
					}
					if p.Disabled {
						state = ", disabled"
					}
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-24s %-14s %s%s\n", p.Name, p.Role, seen, state); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	outputFlag(cmd, &output)
	return cmd
}

// withAccess opens the people of a data directory, also beside its server.
func withAccess(ctx context.Context, data string, do func(*access.Store) error) (err error) {
	p, err := dataPaths(data)
	if err != nil {
		return err
	}
	if _, err := os.Stat(p.state()); err != nil {
		return usageError(fmt.Errorf("data directory %s: %w; quoll serve makes it", data, err))
	}
	db, err := state.Open(ctx, p.state())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	store, err := access.Open(ctx, db, time.Now, rand.Reader)
	if err != nil {
		return err
	}
	return do(store)
}

// signInAddress keeps the secret in the fragment, which browsers send nowhere.
func signInAddress(address, secret string) string { return address + "/sign-in#link=" + secret }

// tellLink prints how the first administrator comes in. It goes to the standard
// output, not to the log, which is kept and read by others. Where a service
// manager keeps the standard output as a log too, the link is not said there.
func tellLink(w io.Writer, link, data string, kept bool) {
	switch {
	case link == "":
	case kept:
		_, _ = fmt.Fprintf(w, "No administrator has a password yet. This makes a link that signs one in: quoll access link --data %s\n", data)
	default:
		_, _ = fmt.Fprintf(w, "No administrator has a password yet. This link signs one in, once and within 24 hours:\n\n    %s\n\n", link)
	}
}

// outputKept says whether systemd keeps the standard output in its journal.
func outputKept(env func(string) string) bool { return env("JOURNAL_STREAM") != "" }
