package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// cosignEvery is the time between two rounds of asking witnesses: about that of
// sealing a batch.
const cosignEvery = time.Minute

// askWitnesses prepares what asks witnesses to cosign, if there are any and the
// archive could be opened.
func (n *node) askWitnesses(endpoints []witness.Endpoint) {
	if len(endpoints) == 0 || n.archive == nil {
		return
	}
	n.witnesses = witness.NewCollector(n.archive, n.archive.Verifier(), endpoints, &http.Client{}, clock.System(), n.log)
}

func (n *node) witnessStatus() []server.WitnessStatus {
	if n.witnesses == nil {
		return nil
	}
	var all []server.WitnessStatus
	for _, s := range n.witnesses.Standing() {
		w := server.WitnessStatus{Name: s.Name, URL: s.Address, Size: s.Size, Time: moment(s.Time)}
		if s.Err != nil {
			w.Problem = s.Err.Error()
		}
		all = append(all, w)
	}
	return all
}

func (n *node) witnessStates() []server.PartState {
	if n.witnesses == nil {
		return nil
	}
	var all []server.PartState
	for _, s := range n.witnesses.Standing() {
		all = append(all, witnessState(s))
	}
	return all
}

// witnessState is the state of one witness. That it cannot be reached keeps nothing from
// being archived; that it has seen something else is the worst that can be found.
func witnessState(s witness.Standing) server.PartState {
	state := server.PartState{Part: "archiveWitness", Name: s.Name, State: server.StateOK}
	if s.Err == nil {
		if s.Size == 0 {
			state.State = server.StateStarting
		}
		return state
	}
	state.State, state.Code, state.Cause = server.StateDegraded, "witness-unreachable", s.Err.Error()
	state.Remedy = "It is asked again each minute, and nothing waits for it. Look at the address in archive_witnesses, the network, and whether it runs."
	switch {
	case errors.Is(s.Err, witness.ErrSplit):
		state.State, state.Code, state.Remedy = server.StateFailing, "witness-split", "Two histories of this log were signed. Keep this archive and the witness's folder as they are, and find out who had the key: docs/witness.md."
	case errors.Is(s.Err, witness.ErrRollback):
		state.State, state.Code, state.Remedy = server.StateFailing, "witness-rollback", "Put the newest copy of the archive and of the data directory's keys back. If this machine was restored from a backup, what came after is missing here: docs/witness.md."
	case errors.Is(s.Err, witness.ErrKey):
		state.State, state.Code, state.Remedy = server.StateFailing, "witness-key", "The archive was made anew, or somebody else's key signs. If it is meant, give the witness keys/archive.pub of the data directory beside the old one."
	case errors.Is(s.Err, witness.ErrUnknown):
		state.Code, state.Remedy = "witness-unknown", "Start the witness with --log-key and keys/archive.pub of the data directory."
	}
	return state
}

func archiveCosignCommand() *cobra.Command {
	var data, key string
	cmd := &cobra.Command{
		Use:   "cosign URL",
		Short: "Ask a witness to cosign the archive's checkpoint",
		Long: `Cosign shows the archive's checkpoint to a witness (quoll witness serve, or any
that speaks C2SP tlog-witness), with the proof that the log has only grown since
the last one that the witness saw. Its cosignature is published in the archive as
checkpoint.cosigned. A server does this by itself for the witnesses in its
configuration (archive_witnesses); this is for data directories without one.

The exit code is 3 when the witness has seen more of the log, another history of
it, or knows it under another key. It keeps the evidence.`,
		Example: `  quoll archive cosign https://witness.example --data ./q --witness-key w1.pub`,
		Args:    someArguments("the address of one witness", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCosign(cmd, data, key, args[0])
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&key, "witness-key", "", "file with the witness's verifier key")
	return cmd
}

func runCosign(cmd *cobra.Command, data, keyFile, url string) error {
	if keyFile == "" {
		return usageError(errors.New("name the file with the witness's verifier key with --witness-key"))
	}
	if err := config.CheckAddress(url, "https://witness.example"); err != nil {
		return usageError(fmt.Errorf("the address of the witness: %w", err))
	}
	keys, err := readWitnesses(keyFile)
	if err != nil {
		return err
	}
	if len(keys) != 1 {
		return usageError(fmt.Errorf("%s has %d keys, it should have one", keyFile, len(keys)))
	}
	if err := hasData(data); err != nil {
		return err
	}
	p, err := dataPaths(data)
	if err != nil {
		return err
	}
	config, err := p.archiveConfig()
	if err != nil {
		return err
	}
	a, err := archive.Open(config)
	if errors.Is(err, archive.ErrLocked) {
		return fmt.Errorf("%w: a server asks witnesses by itself; name this one under archive_witnesses in its configuration", err)
	}
	if err != nil {
		return err
	}
	collector := witness.NewCollector(a, a.Verifier(), []witness.Endpoint{{URL: url, Key: keys[0]}}, &http.Client{}, clock.System(), commandLog())
	err = collector.Collect(cmd.Context())
	if err = errors.Join(err, a.Close()); err != nil {
		if errors.Is(err, witness.ErrSplit) || errors.Is(err, witness.ErrRollback) || errors.Is(err, witness.ErrKey) {
			return &exitError{exitFound, err}
		}
		return err
	}
	s := collector.Standing()[0]
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has cosigned %d leaves at %s\n", s.Name, s.Size, s.Time.Format(time.RFC3339))
	return err
}

func readWitnesses(file string) ([]note.Verifier, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read witness keys: %w", err)
	}
	keys, err := proof.ReadWitnesses(string(text))
	if err != nil {
		return nil, fmt.Errorf("read witness keys %s: %w", file, err)
	}
	return keys, nil
}

// trustFlags are what verify takes besides the log's key.
type trustFlags struct {
	witnesses string
	quorum    int
	kept      []string
	stamps    stampFlags
}

func (f *trustFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.witnesses, "witnesses", "", "file with verifier keys of witnesses, one a line, whose cosignatures are checked")
	cmd.Flags().IntVar(&f.quorum, "quorum", 0, "how many of these witnesses must have cosigned")
	f.stamps.flags(cmd)
	cmd.Flags().StringArrayVar(&f.kept, "kept", nil, "file with a checkpoint that was kept elsewhere, as a witness does: the archive must have grown out of it; may be given several times")
}

// trust reads what was given. Files of roots of time stamps are configured for an
// archive of one's own.
func (f *trustFlags) trust(stampRoots string) (archive.Trust, error) {
	t := archive.Trust{Quorum: f.quorum}
	if f.quorum < 0 || f.quorum > 0 && f.witnesses == "" {
		return t, usageError(errors.New("--quorum counts witnesses whose keys are in --witnesses FILE"))
	}
	if f.witnesses != "" {
		var err error
		if t.Witnesses, err = readWitnesses(f.witnesses); err != nil {
			return t, err
		}
	}
	if err := f.stamps.trust(&t, stampRoots); err != nil {
		return t, err
	}
	for _, name := range f.kept {
		signed, err := os.ReadFile(name)
		if err != nil {
			return t, fmt.Errorf("read kept checkpoint: %w", err)
		}
		t.Kept = append(t.Kept, signed)
	}
	return t, nil
}

// cosignedLine says who has cosigned, or nothing.
func cosignedLine(c *archive.Cosigned) string {
	if c == nil {
		return ""
	}
	var who []string
	for _, w := range c.Witnesses {
		who = append(who, fmt.Sprintf("%s at %s", w.Name, w.Time.Format(time.RFC3339)))
	}
	if c.Unknown > 0 {
		who = append(who, fmt.Sprintf("%d whose key was not given, not checked", c.Unknown))
	}
	return fmt.Sprintf("the first %d leaves are cosigned by %s\n", c.Size, strings.Join(who, ", "))
}
