package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quoll/quoll/tenantsim"
)

// victim is the binary with its configuration.
type victim struct {
	binary string
	dir    string
	data   string
	log    *os.File
}

func newVictim(binary, dir string, tenant *tenantsim.Tenant, server *tenantsim.Server) (*victim, error) {
	absolute, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	v := &victim{binary: absolute, dir: dir, data: filepath.Join(dir, "data")}
	ca, secret := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "secret")
	if err := errors.Join(server.WriteCA(ca), os.WriteFile(secret, []byte(tenant.ClientSecret()), 0o600)); err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`data_dir: %s
archive_dir: %s
flush_every: 3s
shipped_rules: false
server:
  listen: 127.0.0.1:0
tenants:
  - name: Simulated
    tenant_id: %s
    audit_log:
      client_id: %s
      client_secret_file: %s
      base_url: %s
      authority_url: %s
      ca_file: %s
      poll_every: 1s
`, v.data, filepath.Join(dir, "archive"), tenant.TenantID(), tenant.ClientID(), secret, server.URL, server.URL, ca)
	if err := os.WriteFile(configFile(dir), []byte(config), 0o600); err != nil {
		return nil, err
	}
	v.log, err = os.Create(filepath.Join(dir, "log"))
	return v, err
}

// begin starts the server; ended has what Wait says.
func (v *victim) begin(ctx context.Context) (process *os.Process, ended <-chan error, err error) {
	cmd := exec.CommandContext(ctx, v.binary, "serve", "--config", configFile(v.dir))
	cmd.Stdout, cmd.Stderr = v.log, v.log
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	wait := make(chan error, 1)
	go func() { wait <- cmd.Wait() }()
	return cmd.Process, wait, nil
}

// live runs the server for a time and kills it. That it ends by itself is an
// error.
func (v *victim) live(ctx context.Context, life time.Duration) error {
	process, ended, err := v.begin(ctx)
	if err != nil {
		return err
	}
	select {
	case err := <-ended:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("the server ended by itself: %w; it says:\n%s", err, v.lastWords())
	case <-time.After(life):
	}
	if err := process.Kill(); err != nil {
		return err
	}
	<-ended
	return nil
}

// start runs the server until stop is called, which asks it to end. It returns
// once the server answers: before, a query would take the data directory for
// itself.
func (v *victim) start(ctx context.Context) (stop func() error, err error) {
	before, err := os.Stat(v.log.Name())
	if err != nil {
		return nil, err
	}
	process, ended, err := v.begin(ctx)
	if err != nil {
		return nil, err
	}
	for serving := false; !serving; {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the server ended by itself: %w; it says:\n%s", err, v.lastWords())
		case <-time.After(100 * time.Millisecond):
		}
		text, err := os.ReadFile(v.log.Name())
		if err != nil {
			return nil, err
		}
		serving = bytes.Contains(text[before.Size():], []byte("msg=serving"))
	}
	return func() error {
		if err := process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		if err := <-ended; err != nil {
			return fmt.Errorf("the server was asked to end and says: %w\n%s", err, v.lastWords())
		}
		return nil
	}, nil
}

// lastWords is the end of the log.
func (v *victim) lastWords() string {
	text, err := os.ReadFile(v.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// command runs another command of the binary.
func (v *victim) command(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, v.binary, args...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("quoll %s: %w: %s", strings.Join(args, " "), err, problems.String())
	}
	return string(out), nil
}

// compare returns how what can be seen differs from what the tenant produced.
func (v *victim) compare(ctx context.Context, tenant *tenantsim.Tenant) error {
	out, err := v.command(ctx, "query", "--data", v.data, "--format", "csv", "UnifiedAuditLog | summarize n = count() by Id")
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	want := tenant.Produced().Audit
	if len(rows) == 0 {
		return fmt.Errorf("no answer, want %d records", len(want))
	}
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		id, n := row[0], row[1]
		if count, err := strconv.Atoi(n); err != nil || count != 1 {
			return fmt.Errorf("record %s has %s rows", id, n)
		}
		if _, ok := want[id]; !ok {
			return fmt.Errorf("record %s was never produced", id)
		}
		seen[id] = true
	}
	for id := range want {
		if !seen[id] {
			return fmt.Errorf("%d of %d records are visible; %s is not", len(seen), len(want), id)
		}
	}
	return nil
}
