package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

// certified is a data directory with an archive and a ledger of one stream: two
// days of blobs, of which the first is closed.
type certified struct {
	t       *testing.T
	dir     string
	db      *sql.DB
	ledger  *collect.Ledger
	archive *archive.Archive
	now     time.Time
	blobs   uint64
}

var certifiedDay = time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)

func newCertified(t *testing.T) *certified {
	t.Helper()
	c := &certified{t: t, dir: filepath.Join(t.TempDir(), "q"), now: certifiedDay.Add(36 * time.Hour)}
	for _, dir := range []string{"journal", "keys"} { // what a data directory is known by
		if err := os.MkdirAll(filepath.Join(c.dir, dir), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	db, err := state.Open(t.Context(), filepath.Join(c.dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c.db = db
	if c.ledger, err = collect.OpenLedger(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	config := archive.DefaultConfig(c.dir+"-archive", filepath.Join(c.dir, "keys", "archive.key"))
	config.Origin = defaultOrigin
	if c.archive, err = archive.Open(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.archive.Close() })
	for hour := range 30 {
		c.blob(fmt.Sprintf("blob$%02d", hour), certifiedDay.Add(time.Duration(hour)*time.Hour+time.Minute))
	}
	lost := collect.Listing{ContentID: "lost$1", URI: "https://manage.example/1", Created: certifiedDay.Add(5 * time.Hour), Expires: c.now}
	c.must(c.list(lost))
	c.must(c.ledger.Expired(t.Context(), gapStream, "lost$1", c.now, "AF20051\nthe content expired"))
	c.settle()
	return c
}

var gapStream = collect.Stream{Tenant: gapTenant, ContentType: "Audit.Exchange"}

func (c *certified) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *certified) list(blobs ...collect.Listing) error {
	_, err := c.ledger.Listed(c.t.Context(), gapStream, c.now, blobs)
	return err
}

// blob lists, archives and settles one.
func (c *certified) blob(id string, created time.Time) {
	c.t.Helper()
	c.blobs++
	p := model.Payload{Tenant: gapTenant, Source: model.SourceActivity, Format: model.FormatAuditArray, ContentType: gapStream.ContentType,
		Name: id, Received: c.now, Body: fmt.Appendf(nil, `[{"Id":%q}]`, id)}
	c.must(c.archive.Add(c.t.Context(), c.blobs, p))
	c.must(c.archive.Flush(c.t.Context()))
	c.must(c.list(collect.Listing{ContentID: id, URI: "https://manage.example/" + id, Created: created, Expires: created.Add(7 * 24 * time.Hour)}))
	c.must(c.ledger.Journalled(c.t.Context(), gapStream, id, collect.Receipt{
		Size: int64(len(p.Body)), Records: 1, SHA256: p.SHA256(), Position: c.blobs, At: c.now}))
}

// Journal implements collect.Sink: what is journalled is archived.
func (c *certified) Journal(ctx context.Context, p model.Payload) (uint64, error) {
	c.blobs++
	return c.blobs, errors.Join(c.archive.Add(ctx, c.blobs, p), c.archive.Flush(ctx))
}

// settle lists everything up to now and closes what can be.
func (c *certified) settle() {
	c.t.Helper()
	w := collect.Window{From: certifiedDay, To: c.now}
	c.must(c.ledger.AdvanceListed(c.t.Context(), gapStream, w, c.now))
	_, err := c.ledger.Settle(c.t.Context(), gapStream, w, 6*time.Hour, c.now)
	c.must(err)
	_, err = c.ledger.CloseHours(c.t.Context(), gapStream, c.now)
	c.must(err)
}

// quoll runs a command in this process and returns what it printed and its
// error.
func quoll(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func (c *certified) certify(args ...string) (string, error) {
	c.t.Helper()
	return quoll(c.t, append([]string{"archive", "certificate", "--data", c.dir}, args...)...)
}

func (c *certified) verify(file string, args ...string) (string, error) {
	c.t.Helper()
	return quoll(c.t, append([]string{"archive", "verify-certificate", file, "--key", filepath.Join(c.dir, "keys", "archive.pub")}, args...)...)
}

func TestCertificateIsIssuedAndVerified(t *testing.T) {
	c := newCertified(t)
	file := filepath.Join(t.TempDir(), "day")
	out, err := c.certify("--day", "2026-09-14", "--content-type", "Audit.Exchange", "--out", file)
	if err != nil {
		t.Fatal(err, out)
	}
	out, err = c.verify(file, "--archive", c.dir+"-archive")
	if err != nil {
		t.Fatal(err, out)
	}
	for _, want := range []string{"holds: Audit.Exchange of " + gapTenant + " on 2026-09-14, sequence 1: 25 blobs listed, 24 fetched, 1 lost, 24 records, 1 gaps",
		"gap: 2026-09-14T05:00:00Z: blob lost$1 is lost: AF20051 the content expired", "all 24 fetched blobs are in the log of 60 leaves", "the certificate itself is not in the log; a running server brings it there"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}

	// Issued again, it is the same.
	before, _ := os.ReadFile(file)
	if printed, err := c.certify("--day", "2026-09-14"); err != nil || printed != string(before) {
		t.Errorf("issued again: %v\n%s\nwant\n%s", err, printed, before)
	}

	// A byte of it, and of its list.
	for _, name := range []string{file, file + blobsSuffix} {
		good, err := os.ReadFile(name)
		c.must(err)
		bad := bytes.Clone(good)
		bad[len(bad)/2] ^= 1
		c.must(os.WriteFile(name, bad, 0o600))
		if out, err := c.verify(file); exitCode(err) != exitFound || !strings.Contains(out, "does NOT hold") {
			t.Errorf("%s changed: %v\n%s", name, err, out)
		}
		c.must(os.WriteFile(name, good, 0o600))
	}

	// An archive that does not have the blobs.
	out, err = c.verify(file, "--archive", t.TempDir(), "-o", "json")
	var report certificateReport
	c.must(json.Unmarshal([]byte(out), &report))
	if exitCode(err) != exitFound || report.Holds || len(report.Problems) != 1 {
		t.Errorf("against an empty folder: %v, %+v", err, report)
	}
}

func exitCode(err error) int {
	if exit, ok := err.(*exitError); ok {
		return exit.code
	}
	return 0
}

func TestLateBlobSupersedesACertificate(t *testing.T) {
	c := newCertified(t)
	first, err := c.certify("--day", "2026-09-14")
	c.must(err)
	c.blob("late$1", certifiedDay.Add(3*time.Hour))
	if _, err := c.certify("--day", "2026-09-14"); err == nil || !strings.Contains(err.Error(), "is not closed: the hour from 03:00 is") {
		t.Errorf("certified while an hour is open again: %v", err)
	}
	c.settle()
	folder := t.TempDir()
	_, err = c.certify("--day", "2026-09-14", "--out", folder)
	c.must(err)
	file := filepath.Join(folder, "2026-09-14-Audit.Exchange.certificate")
	out, err := c.verify(file, "--archive", c.dir+"-archive")
	if err != nil || !strings.Contains(out, "sequence 2: 26 blobs listed") || !strings.Contains(out, "it supersedes sequence 1 with SHA-256 "+sha256Text([]byte(first))) {
		t.Errorf("%v\n%s", err, out)
	}
}

func sha256Text(b []byte) string { return fmt.Sprintf("%x", (&model.Payload{Body: b}).SHA256()) }

func TestADayThatIsNotClosedIsRefusedOrProvisional(t *testing.T) {
	c := newCertified(t)
	for day, want := range map[string]string{
		"2026-09-13": "nothing is known of it", "2026-09-15": "the hour from 06:00 is", "2026-09-44": "is no day like",
	} {
		if out, err := c.certify("--day", day); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q\n%s", day, err, want, out)
		}
	}
	file := filepath.Join(t.TempDir(), "day")
	_, err := c.certify("--day", "2026-09-15", "--content-type", "Audit.Exchange", "--provisional", "--out", file)
	c.must(err)
	out, err := c.verify(file)
	if err != nil || !strings.Contains(out, "PROVISIONAL: 6 blobs listed") {
		t.Errorf("%v\n%s", err, out)
	}
	if issued, err := c.ledger.Certificates(t.Context(), gapStream, certifiedDay.Add(24*time.Hour)); err != nil || len(issued) != 0 {
		t.Errorf("%d certificates kept, %v; a provisional one is none", len(issued), err)
	}
}

// TestPruningKeepsTheAccount: after the rows of a certified day's blobs are
// gone, the calendar and the certificate are what they were.
func TestPruningKeepsTheAccount(t *testing.T) {
	c := newCertified(t)
	file := filepath.Join(t.TempDir(), "day")
	w := collect.Window{From: certifiedDay, To: certifiedDay.Add(48 * time.Hour)}
	later := c.now.Add(9 * 24 * time.Hour)
	prune := func() int64 {
		t.Helper()
		removed, err := c.ledger.Prune(t.Context(), gapStream, later.Add(-8*24*time.Hour), later)
		c.must(err)
		return removed
	}
	if removed := prune(); removed != 0 {
		t.Errorf("%d rows of a day without certificate are gone", removed)
	}
	first, err := c.certify("--day", "2026-09-14")
	c.must(err)
	before, err := c.ledger.Calendar(t.Context(), gapStream, w, later)
	c.must(err)
	if removed := prune(); removed != 25 {
		t.Errorf("%d rows removed, want the 25 of the certified day", removed)
	}
	after, err := c.ledger.Calendar(t.Context(), gapStream, w, later)
	c.must(err)
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("the calendar was\n%v\nand is\n%v", before, after)
	}
	out, err := c.certify("--day", "2026-09-14", "--content-type", "Audit.Exchange", "--out", file)
	c.must(err)
	if signed, err := os.ReadFile(file); err != nil || string(signed) != first || !strings.Contains(out, "no longer in the ledger") {
		t.Errorf("%v; %s\n%s", err, out, signed)
	}
	if _, err := c.ledger.Prune(t.Context(), gapStream, later.Add(-7*24*time.Hour), later); err == nil {
		t.Error("what may be listed again was pruned")
	}
}

// TestServerCertifiesAsDaysClose: what a server does every hour.
func TestServerCertifiesAsDaysClose(t *testing.T) {
	c := newCertified(t)
	p, err := dataPaths(c.dir)
	c.must(err)
	issuer := newIssuer(c.ledger, p, false)
	at := &handClock{Clock: clock.System(), now: c.now}
	issuer.now = at.Now
	certifier := &certifier{issuer: issuer, data: p.data, sink: c, clock: at, log: slog.New(slog.DiscardHandler)}
	file := certificateFile(p.data, gapStream, certifiedDay)
	journalled := c.blobs
	sequence := func() int {
		t.Helper()
		c.must(certifier.look(t.Context()))
		issued, err := c.ledger.Certificates(t.Context(), gapStream, certifiedDay)
		c.must(err)
		if out, err := c.verify(file, "--archive", c.dir+"-archive"); err != nil || !strings.Contains(out, "the certificate itself is in the log, at position ") {
			t.Error(err, out)
		}
		return len(issued)
	}
	if n := sequence(); n != 1 {
		t.Errorf("%d certificates of the closed day, want one", n)
	}
	if n := sequence(); n != 1 {
		t.Errorf("%d certificates after another look", n)
	}
	if n := c.blobs - journalled; n != 2 {
		t.Errorf("%d payloads journalled by two looks, want the certificate and its list", n)
	}
	if _, err := os.Stat(certificateFile(p.data, gapStream, certifiedDay.Add(24*time.Hour))); err == nil {
		t.Error("a day that is not closed is certified")
	}
	at.now, c.now = at.now.Add(time.Hour), c.now.Add(time.Hour)
	c.blob("late$1", certifiedDay.Add(3*time.Hour))
	c.settle()
	at.now = at.now.Add(time.Minute)
	if n := sequence(); n != 2 {
		t.Errorf("%d certificates after a blob came late, want two", n)
	}

	// Weeks later the rows are shed; certificate and list are still to be had.
	at.now = at.now.Add(60 * 24 * time.Hour)
	sequence()
	copied := filepath.Join(t.TempDir(), "copy")
	out, err := c.certify("--day", "2026-09-14", "--content-type", "Audit.Exchange", "--out", copied)
	if err != nil || !strings.Contains(out, copied+blobsSuffix) {
		t.Fatal(err, out)
	}
	if _, err := c.ledger.Day(t.Context(), gapStream, certifiedDay, at.now, nil); !errors.Is(err, collect.ErrPruned) {
		t.Errorf("the rows of the blobs are still there: %v", err)
	}
	if out, err := c.verify(copied, "--archive", c.dir+"-archive"); err != nil || !strings.Contains(out, "sequence 2: 26 blobs listed") {
		t.Error(err, out)
	}
}

// handClock is set by hand.
type handClock struct {
	clock.Clock
	now time.Time
}

func (h *handClock) Now() time.Time { return h.now }
