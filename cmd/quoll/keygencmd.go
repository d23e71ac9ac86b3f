package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/durable"
)

func archiveKeygenCommand() *cobra.Command {
	var out, output string
	var postQuantum bool
	cmd := &cobra.Command{
		Use:   "keygen",
		Short: "Make a key that the archive's objects are encrypted to",
		Long: `Keygen makes an age key pair. The private one goes to a new file, readable by its
owner alone; the public one, the recipient, is printed and goes into the
configuration:

  archive_encryption:
    recipients: [age1…]
    identity_file: /secure/archive.agekey

Keep copies of the file elsewhere: without it nothing of the archive can be read.
To change the key, make another, name its recipient, and add its line to the file:
new objects have the new key, old ones still need the old.`,
		Example: `  quoll archive keygen --out /secure/archive.agekey
  quoll archive keygen --out /secure/archive.agekey --post-quantum`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usageError(errors.New("name the file for the private key with --out"))
			}
			file, recipient, err := archive.NewIdentity(postQuantum, time.Now())
			if err != nil {
				return err
			}
			if err := durable.CreateExclusive(durable.OS{}, out, file, 0o600); err != nil {
				return fmt.Errorf("write the private key: %w", err)
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"file": out, "recipient": recipient})
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), recipient)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to make for the private key")
	cmd.Flags().BoolVar(&postQuantum, "post-quantum", false, "a hybrid key (ML-KEM-768 and X25519); age opens its files from version 1.3 on")
	outputFlag(cmd, &output)
	return cmd
}

func archiveRewrapCommand() *cobra.Command {
	var identity, out string
	var recipients []string
	cmd := &cobra.Command{
		Use:   "rewrap",
		Short: "Hand the keys of old objects to other recipients",
		Long: `Rewrap encrypts a file of private keys to recipients, so that they open objects of
before with keys of their own. The objects stay as they are: each byte of them is
under the log, and in a store that is written once they cannot change. The result
is an age file; who has the private key of a recipient opens it with age -d, and
names what comes out with --identity.

Somebody who had the old key can still open old objects: keeping them out takes
keeping them from the store.`,
		Example: `  quoll archive rewrap --identity /secure/archive.agekey --recipient age1… --out old-keys.age
  age -d -i mine.agekey old-keys.age > old.agekey
  quoll archive verify --archive /mnt/copy --key archive.pub --identity old.agekey`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if identity == "" || out == "" || len(recipients) == 0 {
				return usageError(errors.New("name the keys, for whom, and the file to make with --identity, --recipient and --out"))
			}
			to, err := archive.ParseRecipients(recipients)
			if err != nil {
				return usageError(err)
			}
			wrapped, err := archive.WrapIdentities(identity, to)
			if err != nil {
				return err
			}
			if err := durable.CreateExclusive(durable.OS{}, out, wrapped, 0o600); err != nil {
				return fmt.Errorf("write %s: %w", out, err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: for %d recipients\n", out, len(to))
			return err
		},
	}
	cmd.Flags().StringVar(&identity, "identity", "", "file with the private keys")
	cmd.Flags().StringSliceVar(&recipients, "recipient", nil, "for whom, with commas or repeated")
	cmd.Flags().StringVar(&out, "out", "", "file to make")
	return cmd
}
