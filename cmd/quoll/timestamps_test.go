package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/archive/proof/command"
	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
	"github.com/quoll/quoll/archive/stamps"
	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/preflight"
	"github.com/quoll/quoll/server"
)

// authorityOf serves a time-stamping authority on loopback, as a configuration has it.
func authorityOf(t *testing.T, name, dir string) (*timestamptest.Authority, config.Timestamp) {
	t.Helper()
	a, err := timestamptest.New(timestamptest.Options{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(a)
	t.Cleanup(listener.Close)
	roots, err := timestamp.ReadRoots(a.Root())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".pem")
	if err := os.WriteFile(file, a.Root(), 0o600); err != nil {
		t.Fatal(err)
	}
	return a, config.Timestamp{RootsFile: file, Authority: stamps.Authority{Name: name, URL: listener.URL, Roots: roots, Every: time.Hour, Timeout: 10 * time.Second}}
}

// TestTheLogIsStamped has the log of a node stamped by an authority while another one
// refuses, tells where they stand, and verifies and proves with the stamp alone.
func TestTheLogIsStamped(t *testing.T) {
	k, _ := openKeeper(t)
	dir := t.TempDir()
	k.journal(t, `{"Id":"11111111-0000-4000-8000-000000000001","CreationTime":"2026-05-01T10:00:00","Operation":"New-InboxRule","OrganizationId":"`+keeperTenant+`","RecordType":1,"UserId":"a@contoso.example","Workload":"Exchange"}`+"\n")
	if err := k.node.archiveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, harbour := authorityOf(t, "harbour", dir)
	refusing, ridge := authorityOf(t, "ridge", dir)
	refusing.Break(timestamptest.Refuse)
	if err := k.node.keepStamps([]config.Timestamp{harbour, ridge}, k.audit); err != nil {
		t.Fatal(err)
	}
	for _, stamper := range k.node.stampers {
		stamper.Once(t.Context())
	}
	if err := k.node.archiveAll(t.Context()); err != nil { // the stamp is under the log
		t.Fatal(err)
	}
	detail, err := k.Archive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := detail.Timestamps; len(s) != 2 || s[0].Size == 0 || s[0].Time == nil || s[0].Subject != "CN=harbour,O=Stamps" || s[0].Problem != "" || s[0].Late || s[1].Time != nil || !strings.Contains(s[1].Problem, "no stamps for you") || s[1].Remedy == "" {
		t.Fatalf("%+v", s)
	}
	states := k.node.stampStates(time.Now())
	if states[0].State != server.StateOK || states[1].State != server.StateDegraded || states[1].Code != "stamp-refused" {
		t.Errorf("health: %+v", states)
	}
	if late := k.node.stampStates(time.Now().Add(5 * time.Hour)); late[0].State != server.StateOK || late[1].State != server.StateFailing || late[1].Code != "stamp-late" || late[1].Remedy == "" {
		t.Errorf("health, hours later: %+v", late)
	}
	if f := k.node.stampFigures(time.Now()); f[0].Leaves != detail.Timestamps[0].Size || f[1].Failures != 1 {
		t.Errorf("figures: %+v", f)
	}
	var printed strings.Builder
	if err := printStatus(&printed, &server.Status{Archive: &detail.ArchiveStatus}); err != nil || !strings.Contains(printed.String(), "harbour (CN=harbour,O=Stamps) stamped the first") || !strings.Contains(printed.String(), "ridge has not stamped yet") {
		t.Errorf("quoll status: %v\n%s", err, printed.String())
	}
	checkPeers(t, k.node.paths, harbour, ridge)
	verifyStamped(t, k.node.paths, harbour, ridge)
	proveStamped(t, k.node.paths, harbour, ridge)
}

// checkPeers asks authorities and witnesses as quoll check does.
func checkPeers(t *testing.T, p paths, harbour, ridge config.Timestamp) {
	t.Helper()
	key, err := os.ReadFile(p.verifier())
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		t.Fatal(err)
	}
	private, err := proof.GenerateCosigner(rand.Reader, "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := proof.NewCosigner(private)
	if err != nil {
		t.Fatal(err)
	}
	watching, err := witness.Open(witness.Config{Dir: t.TempDir(), Logs: []note.Verifier{verifier}, Signer: signer, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Close()
	listener := httptest.NewServer(watching)
	defer listener.Close()
	named, err := proof.NewWitnessVerifier(signer.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Config{DataDir: p.data, ArchiveDir: p.archive, ArchiveTimestamps: []config.Timestamp{harbour, ridge}, Witnesses: []witness.Endpoint{{URL: listener.URL, Key: named}, {URL: "http://127.0.0.1:1", Key: named}}}
	var found []preflight.Finding
	preflight.Run(t.Context(), checkPlan(c, nil), func(f preflight.Finding) {
		if strings.HasPrefix(f.Check, "witness ") || strings.HasPrefix(f.Check, "time stamps ") {
			found = append(found, f)
		}
	})
	for i, want := range []struct {
		check    string
		severity preflight.Severity
		says     string
	}{
		{"witness witness.example/w1", preflight.OK, "it answers, and knows the log and its key"},
		{"witness witness.example/w1", preflight.Warning, "connection refused"},
		{"time stamps harbour", preflight.OK, "it stamps, and its stamp leads to a root of roots_file (CN=harbour,O=Stamps); its certificates hold until "},
		{"time stamps ridge", preflight.Warning, "no stamps for you"},
	} {
		if f := found[i]; f.Check != want.check || f.Severity != want.severity || !strings.Contains(f.Found, want.says) || (f.Remedy == "") != (f.Severity == preflight.OK) {
			t.Errorf("%+v, want %+v", f, want)
		}
	}
}

// verifyStamped runs quoll archive verify with roots and without.
func verifyStamped(t *testing.T, p paths, harbour, ridge config.Timestamp) {
	t.Helper()
	verify := func(more ...string) (string, error) {
		return quoll(t, append([]string{"archive", "verify", "--archive", p.archive, "--key", p.verifier()}, more...)...)
	}
	if out, err := verify(); err != nil || !strings.Contains(out, "1 time stamps of harbour (CN=harbour,O=Stamps), the last at ") || !strings.Contains(out, "no root was given") {
		t.Errorf("without roots: %v\n%s", err, out)
	}
	if out, err := verify("--stamp-roots", harbour.RootsFile, "--stamp-quorum", "1"); err != nil || !strings.Contains(out, "all of which lead to a root that was given") {
		t.Errorf("with its root: %v\n%s", err, out)
	}
	var exit *exitError
	if out, err := verify("--stamp-roots", ridge.RootsFile, "--stamp-quorum", "1"); !errors.As(err, &exit) || exit.code != exitFound || !strings.Contains(out, "stamps: missing: 0 authorities") {
		t.Errorf("with another root: %v\n%s", err, out)
	}
	if _, err := verify("--stamp-quorum", "1"); !errors.As(err, &exit) || exit.code != exitUsage {
		t.Errorf("a quorum without roots: %v", err)
	}
	// Roots that are configured are used for the archive of the data directory.
	p.stampRoots = ridge.RootsFile + "\n" + harbour.RootsFile
	if _, err := openWorkspace(p); err != nil {
		t.Fatal(err)
	}
	if out, err := quoll(t, "archive", "verify", "--data", p.data, "--stamp-quorum", "1", "-o", "json"); err != nil || !strings.Contains(out, `"stamps":{"count":1,"trusted":1,`) {
		t.Errorf("with what is configured: %v\n%s", err, out)
	}
}

// proveStamped hands a bundle to quoll-verify.
func proveStamped(t *testing.T, p paths, harbour, ridge config.Timestamp) {
	t.Helper()
	bundle := filepath.Join(t.TempDir(), "record.evidence.tar")
	if out, err := quoll(t, "archive", "prove", "--data", p.data, "--position", "1", "--out", bundle); err != nil {
		t.Fatalf("prove: %v\n%s", err, out)
	}
	check := func(more ...string) (int, string) {
		var out, notes bytes.Buffer
		code := command.Run(append(append([]string{"--key", p.verifier()}, more...), bundle), &out, &notes)
		return code, out.String() + notes.String()
	}
	if code, out := check("--stamp-roots", harbour.RootsFile); code != 0 || !strings.Contains(out, "it was there at ") || !strings.Contains(out, "CN=harbour,O=Stamps has stamped the first ") {
		t.Errorf("with its root: %d\n%s", code, out)
	}
	if code, out := check(); code != 0 || !strings.Contains(out, "NOT to be relied on: no root was given") {
		t.Errorf("without a root: %d\n%s", code, out)
	}
	if code, out := check("--stamp-roots", ridge.RootsFile); code != 3 || !strings.Contains(out, "not enough time stamps: 0 that lead to the roots that were given, 1 are asked for") {
		t.Errorf("with another root: %d\n%s", code, out)
	}
	if code, out := check("--stamp-roots", ridge.RootsFile, "--stamp-quorum", "0", "--json"); code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, `"trusted":false,"untrusted":"the time stamp does not lead to a trusted root`) {
		t.Errorf("with another root, and none asked for: %d\n%s", code, out)
	}
	if code, _ := check("--stamp-quorum", "1"); code != 2 {
		t.Errorf("a quorum without roots: %d", code)
	}
}

// TestNothingMeetsNoQuorum asks quoll-verify for stamps and witnesses of what has none.
func TestNothingMeetsNoQuorum(t *testing.T) {
	e := newErasing(t)
	e.deliver("one", auditBlob(1, "ada@contoso.com"))
	if err := e.node.close(); err != nil {
		t.Fatal(err)
	}
	p, dir := e.node.paths, t.TempDir()
	_, harbour := authorityOf(t, "harbour", dir)
	growth, absence, incident := filepath.Join(dir, "growth.tar"), filepath.Join(dir, "absence.tar"), filepath.Join(dir, "incident.tar")
	if out, err := quoll(t, "archive", "consistency", "--data", p.data, "--from", filepath.Join(p.archive, "checkpoint"), "--out", growth); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := quoll(t, "archive", "prove-absence", "--data", p.data, "--tenant", erasedTenant, "--operation", "Set-Mailbox", "--subject", "ben@contoso.com", "--from", "2026-05-01", "--to", "2026-05-02", "--out", absence); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var b bytes.Buffer
	w, err := proof.NewCustodyWriter(&b, proof.CustodyAbout{Incident: 1, Exported: "2026-05-02T10:00:00Z", Origin: p.origin})
	if err == nil {
		err = w.AddRecords(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	config := archive.DefaultConfig(p.archive, p.keyFile())
	config.Origin = p.origin
	if err := errors.Join(w.Close(func(text string) ([]byte, error) { return archive.SignCustody(config, text) }), os.WriteFile(incident, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{growth, absence, incident} {
		check := func(more ...string) (int, string) {
			var out, notes bytes.Buffer
			code := command.Run(append(append([]string{"--key", p.verifier()}, more...), file), &out, &notes)
			return code, out.String() + notes.String()
		}
		if code, out := check("--stamp-roots", harbour.RootsFile); code != 3 || !strings.Contains(out, "not enough time stamps") {
			t.Errorf("%s, stamps: %d\n%s", filepath.Base(file), code, out)
		}
		if code, out := check("--quorum", "1"); code != 3 || !strings.Contains(out, "not enough witnesses") {
			t.Errorf("%s, witnesses: %d\n%s", filepath.Base(file), code, out)
		}
		if code, out := check("--stamp-roots", harbour.RootsFile, "--stamp-quorum", "0"); code != 0 {
			t.Errorf("%s, nothing asked for: %d\n%s", filepath.Base(file), code, out)
		}
	}
	stampedNow(t, config, harbour)
	growth, absence = filepath.Join(dir, "growth2.tar"), filepath.Join(dir, "absence2.tar")
	if out, err := quoll(t, "archive", "consistency", "--data", p.data, "--from", filepath.Join(p.archive, "checkpoint"), "--out", growth); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := quoll(t, "archive", "prove-absence", "--data", p.data, "--tenant", erasedTenant, "--operation", "Set-Mailbox", "--subject", "ben@contoso.com", "--from", "2026-05-01", "--to", "2026-05-02", "--out", absence); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, file := range []string{growth, absence} {
		var out, notes bytes.Buffer
		if code := command.Run([]string{"--key", p.verifier(), "--stamp-roots", harbour.RootsFile, file}, &out, &notes); code != 0 || !strings.Contains(out.String(), "it was there at 20") {
			t.Errorf("%s, stamped since: %d\n%s%s", filepath.Base(file), code, out.String(), notes.String())
		}
	}
	// A stamp that is damaged is left out, and that is told.
	damaged, err := filepath.Glob(filepath.Join(p.archive, "stamps", "*.tsr"))
	if err != nil || len(damaged) != 1 {
		t.Fatal(damaged, err)
	}
	if err := os.WriteFile(damaged[0], []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	root := rootCommand()
	root.SetOut(io.Discard)
	root.SetErr(&told)
	root.SetArgs([]string{"archive", "consistency", "--data", p.data, "--from", filepath.Join(p.archive, "checkpoint"), "--out", filepath.Join(dir, "growth3.tar")})
	if err := root.ExecuteContext(t.Context()); err != nil || strings.Count(told.String(), "WARNING: stamps/") != 1 {
		t.Errorf("a damaged stamp: %v\n%s", err, told.String())
	}
}

// stampedNow has the log of an archive that is closed stamped by an authority.
func stampedNow(t *testing.T, c archive.Config, by config.Timestamp) {
	t.Helper()
	a, err := archive.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := askable(by)
	if err != nil {
		t.Fatal(err)
	}
	s := stamps.New(asked, stamps.Dependencies{
		Archive: a, Key: a.Verifier(), Dir: t.TempDir(), FS: durable.OS{}, Clock: clock.System(), Random: rand.Reader, Chance: func() float64 { return 0 },
		Journal: func(context.Context, model.Payload) error { return nil }, Log: slog.New(slog.DiscardHandler),
	})
	s.Once(t.Context())
	if s := s.Status(); s.Size == 0 {
		t.Fatalf("%+v", s.Trouble)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAnIncidentHasStamps exports an incident whose records are under a stamp.
func TestAnIncidentHasStamps(t *testing.T) {
	n, c, _ := custodyOf(t)
	if err := n.archiveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, harbour := authorityOf(t, "harbour", t.TempDir())
	if err := n.keepStamps([]config.Timestamp{harbour}, c.audit); err != nil {
		t.Fatal(err)
	}
	n.stampers[0].Once(t.Context())
	_, data := exported(t, c, "1")
	bundle, err := proof.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(n.paths.verifier())
	if err != nil {
		t.Fatal(err)
	}
	log, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		t.Fatal(err)
	}
	v, err := bundle.Custody.CheckTrusting(proof.Trust{Log: log, StampRoots: harbour.Roots})
	if err != nil || v.Stamped == 0 || v.Trusted != v.Stamped || v.LastStamp == nil || !v.LastStamp.Trusted {
		t.Fatalf("%v: %+v", err, v)
	}
	name := filepath.Join(t.TempDir(), "incident.tar")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, notes bytes.Buffer
	if code := command.Run([]string{"--key", n.paths.verifier(), "--stamp-roots", harbour.RootsFile, "--stamp-quorum", "0", name}, &out, &notes); code != 0 || !strings.Contains(out.String(), "time stamp") && !strings.Contains(out.String(), "has stamped the log") {
		t.Errorf("%d\n%s%s", code, out.String(), notes.String())
	}
}
