package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/internal/durable"
)

func witnessCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "witness",
		Short: "Watch over other machines' archives, and cosign their checkpoints",
		Long: `A witness runs on another machine than the archive, best in other hands. It
remembers the last checkpoint of each log it was told of, and cosigns the next
one only if the log has grown out of that. So nobody, not even the holder of the
archive's key, can put an archive back to an older state or show two histories of
it without its being found. docs/witness.md says how to set one up.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(witnessKeyCommand(), witnessServeCommand(), witnessCheckpointCommand(), witnessStatusCommand())
	return cmd
}

type witnessOptions struct {
	dir, name, listen, addressFile, certificate, key, output string
	logKeys                                                  []string
}

func (o *witnessOptions) keyFile() string { return filepath.Join(o.dir, "witness.key") }

func witnessKeyCommand() *cobra.Command {
	var o witnessOptions
	cmd := &cobra.Command{
		Use:     "key",
		Short:   "Print the witness's verifier key; make one at first use",
		Example: `  quoll witness key --dir ./witness --name witness.example/w1 > w1.pub`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			signer, err := o.signer()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), signer.VerifierKey())
			return err
		},
	}
	cmd.Flags().StringVar(&o.dir, "dir", "quoll-witness", "the witness's folder")
	cmd.Flags().StringVar(&o.name, "name", "", "name of a new key: a URL without https://, which no other witness has")
	return cmd
}

// signer reads the key, or makes one where there is none and a name is given.
func (o *witnessOptions) signer() (*proof.Cosigner, error) {
	text, err := os.ReadFile(o.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		if o.name == "" {
			return nil, usageError(fmt.Errorf("%s is not there: make it with quoll witness key --dir %s --name witness.example/w1", o.keyFile(), o.dir))
		}
		private, err := proof.GenerateCosigner(rand.Reader, o.name)
		if err != nil {
			return nil, usageError(err)
		}
		if err := durable.MkdirAll(durable.OS{}, o.dir, 0o750); err != nil {
			return nil, fmt.Errorf("make %s: %w", o.dir, err)
		}
		text = []byte(private + "\n")
		if err := durable.CreateExclusive(durable.OS{}, o.keyFile(), text, 0o600); err != nil {
			return nil, fmt.Errorf("write the witness's key: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("read the witness's key: %w", err)
	}
	signer, err := proof.NewCosigner(string(text))
	if err != nil {
		return nil, fmt.Errorf("read the witness's key %s: %w", o.keyFile(), err)
	}
	return signer, nil
}

func witnessServeCommand() *cobra.Command {
	var o witnessOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Cosign checkpoints until stopped",
		Long: `Serve answers C2SP tlog-witness (POST add-checkpoint) for the logs whose verifier
keys it is given. What it cosigned is in <dir>/<log>/checkpoints.jsonl, whole;
what it refused although it should not have happened, in alarms.jsonl beside it
and in the log. Requests carry no secret and answers are signed, so that http is
enough; with --tls-certificate it speaks https.`,
		Example: `  quoll witness serve --dir ./witness --log-key agency.pub --listen :8447`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveWitness(cmd.Context(), cmd.OutOrStdout(), o, serverLog(slog.LevelInfo))
		},
	}
	o.logFlags(cmd)
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8447", "address to answer at")
	cmd.Flags().StringVar(&o.addressFile, "address-file", "", "write the address to this file once it answers")
	cmd.Flags().StringVar(&o.certificate, "tls-certificate", "", "PEM file with the certificate, for https")
	cmd.Flags().StringVar(&o.key, "tls-key", "", "PEM file with its key")
	return cmd
}

func (o *witnessOptions) logFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.dir, "dir", "quoll-witness", "the witness's folder")
	cmd.Flags().StringArrayVar(&o.logKeys, "log-key", nil, "file with the verifier key of a log (archive.pub); may be given several times")
}

func (o *witnessOptions) logs() ([]note.Verifier, error) {
	if len(o.logKeys) == 0 {
		return nil, usageError(errors.New("name the verifier key of a log with --log-key"))
	}
	var logs []note.Verifier
	for _, file := range o.logKeys {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the key of a log: %w", err)
		}
		key, err := note.NewVerifier(strings.TrimSpace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("read the key of a log %s: %w", file, err)
		}
		logs = append(logs, key)
	}
	return logs, nil
}

// witnessTimeout bounds how long a request may take.
const witnessTimeout = 30 * time.Second

func serveWitness(ctx context.Context, out io.Writer, o witnessOptions, log *slog.Logger) (err error) {
	logs, err := o.logs()
	if err != nil {
		return err
	}
	if (o.certificate == "") != (o.key == "") {
		return usageError(errors.New("--tls-certificate and --tls-key go together"))
	}
	signer, err := o.signer()
	if err != nil {
		return err
	}
	w, err := witness.Open(witness.Config{Dir: o.dir, Logs: logs, Signer: signer, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	listener, err := o.listenOn(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "witness %s answers at %s\n", signer.VerifierKey(), listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	if o.addressFile != "" {
		if err := durable.WriteFile(durable.OS{}, o.addressFile, []byte(listener.Addr().String()+"\n"), 0o644); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	server := &http.Server{Handler: w, ReadTimeout: witnessTimeout, WriteTimeout: witnessTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), witnessTimeout)
		defer cancel()
		stopped <- server.Shutdown(stop)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", o.listen, err)
	}
	return <-stopped
}

func (o *witnessOptions) listenOn(ctx context.Context) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil || o.certificate == "" {
		return listener, err
	}
	certificate, err := tls.LoadX509KeyPair(o.certificate, o.key)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the certificate: %w", err), listener.Close())
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}), nil
}

func witnessCheckpointCommand() *cobra.Command {
	var o witnessOptions
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the last checkpoint that was cosigned of a log",
		Long: `Checkpoint prints what quoll archive verify --kept takes: with it, an archive that
was put back to an older state is found without asking the witness.`,
		Example: `  quoll witness checkpoint --dir ./witness --log-key agency.pub > kept.checkpoint`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logs, err := o.logs()
			if err != nil {
				return err
			}
			signed, err := witness.ReadLatest(o.dir, logs[0].Name())
			if err == nil && signed == nil {
				err = fmt.Errorf("nothing of %s was cosigned yet", logs[0].Name())
			}
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(signed)
			return err
		},
	}
	o.logFlags(cmd)
	return cmd
}

func witnessStatusCommand() *cobra.Command {
	var o witnessOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what a witness has refused",
		Long: `Status prints the alarms that a witness has kept of the logs: split views,
rollbacks, unknown keys. It may run beside the witness. The exit code is 3 when
there are any.`,
		Example: `  quoll witness status --dir ./witness --log-key agency.pub
  quoll witness status --dir ./witness --log-key agency.pub -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return runWitnessStatus(cmd.OutOrStdout(), o) },
	}
	o.logFlags(cmd)
	outputFlag(cmd, &o.output)
	return cmd
}

func runWitnessStatus(out io.Writer, o witnessOptions) error {
	logs, err := o.logs()
	if err != nil {
		return err
	}
	found := 0
	for _, key := range logs {
		alarms, err := witness.ReadAlarms(o.dir, key.Name())
		if err != nil {
			return fmt.Errorf("read the alarms of %s: %w", key.Name(), err)
		}
		found += len(alarms)
		if err := printAlarms(out, o.output, key.Name(), alarms); err != nil {
			return err
		}
	}
	if found > 0 {
		return &exitError{code: exitFound}
	}
	return nil
}

func printAlarms(out io.Writer, output, origin string, alarms []witness.Alarm) error {
	if len(alarms) == 0 && output != "json" {
		_, err := fmt.Fprintf(out, "%s: no alarms\n", origin)
		return err
	}
	for _, a := range alarms {
		var err error
		if output == "json" {
			err = json.NewEncoder(out).Encode(struct {
				Log string `json:"log"`
				witness.Alarm
			}{origin, a})
		} else {
			_, err = fmt.Fprintf(out, "%s: %s at %s: %s\n", origin, a.What, a.Time.Format(time.RFC3339), a.Detail)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
