package archive

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// certified makes an archive on disk, a certificate over some of its payloads
// and the list of blobs.
func certified(t *testing.T) (cfg Config, key string, c *Certificate, list []byte) {
	t.Helper()
	dir := t.TempDir()
	cfg = DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key"))
	cfg.Origin, cfg.Random, cfg.FS = testOrigin, rand.NewChaCha8([32]byte{1}), durable.OS{}
	a := mustOpen(t, cfg)
	fill(t, a, 300, 90)
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	key = a.VerifierKey()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	c = &Certificate{
		Tenant: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", ContentType: "Audit.SharePoint", Day: day, Sequence: 2,
		Supersedes: strings.Repeat("5a", 32), Closed: day.Add(31 * time.Hour), Issued: day.Add(40 * time.Hour),
		Hours: "CCCCCXCCCCCCCCCCCCCCCCCC", Gaps: []string{"2026-09-14T05:00:00Z: blob lost$1 is lost: AF20051"},
	}
	leaves := &tree{}
	add := func(b CertifiedBlob) {
		line, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		leaves.append(tlog.RecordHash(line), func(tlog.Tile, []tlog.Hash) {})
		list = append(append(list, line...), '\n')
		c.Listed, c.Records, c.Bytes = c.Listed+1, c.Records+b.Records, c.Bytes+b.Size
	}
	for _, position := range []uint64{3, 5, 11, 290} {
		p := samplePayload(position)
		sum := p.SHA256()
		add(CertifiedBlob{Created: fmt.Sprintf("2026-09-14T04:%02d:00.000000Z", position%60), ContentID: p.Name, State: "journalled",
			Size: int64(len(p.Body)), Records: 1, SHA256: fmt.Sprintf("%x", sum), Position: position})
		c.Fetched++
	}
	add(CertifiedBlob{Created: "2026-09-14T05:00:00.000000Z", ContentID: "lost$1", State: "expired"})
	c.Expired, c.Root = 1, leaves.root()
	return cfg, key, c, list
}

func TestCertificate(t *testing.T) {
	cfg, key, c, list := certified(t)
	signed, err := SignCertificate(cfg, c)
	if err != nil {
		t.Fatal(err)
	}
	read, err := OpenCertificate(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	if read.Text(testOrigin) != c.Text(testOrigin) || read.Root != c.Root || read.Supersedes != c.Supersedes || !slices.Equal(read.Gaps, c.Gaps) {
		t.Errorf("read back\n%s\nwant\n%s", read.Text(testOrigin), c.Text(testOrigin))
	}
	for _, line := range []string{"content type: Audit.SharePoint\n", "day: 2026-09-14 (UTC", "state: closed 2026-09-15T07:00:00Z\n",
		"supersedes: sequence 1, sha256 5a5a", "blobs listed: 5\n", "blobs expired: 1\n", "- 2026-09-14T05:00:00Z: blob lost$1 is lost: AF20051\n"} {
		if !strings.Contains(string(signed), line) {
			t.Errorf("the certificate lacks %q:\n%s", line, signed)
		}
	}
	blobs, err := read.CheckBlobs(strings.NewReader(string(list)))
	if err != nil || len(blobs) != 4 {
		t.Fatalf("%d blobs, %v, want 4", len(blobs), err)
	}
	head, missing, err := FindBlobs(t.Context(), cfg.Dir, key, nil, read, blobs)
	if err != nil || len(missing) != 0 || head.Size < 300 {
		t.Errorf("head %+v, missing %v, %v", head, missing, err)
	}
}

// TestEveryByteOfACertificateCounts changes each byte of a certificate and each
// of its list of blobs.
func TestEveryByteOfACertificateCounts(t *testing.T) {
	cfg, key, c, list := certified(t)
	signed, err := SignCertificate(cfg, c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range signed {
		for _, flip := range []byte{1, 0x20} {
			changed := slices.Clone(signed)
			changed[i] ^= flip
			if _, err := OpenCertificate(changed, key); err == nil {
				t.Errorf("byte %d changed from %q to %q, and the certificate holds", i, signed[i], changed[i])
			}
		}
	}
	for _, changed := range [][]byte{signed[:len(signed)-1], append(slices.Clone(signed), '\n'), append([]byte("\n"), signed...), nil} {
		if _, err := OpenCertificate(changed, key); err == nil {
			t.Errorf("%d bytes hold, of %d", len(changed), len(signed))
		}
	}
	for i := range list {
		changed := slices.Clone(list)
		changed[i] ^= 1
		if _, err := c.CheckBlobs(strings.NewReader(string(changed))); err == nil {
			t.Errorf("byte %d of the list changed, and it holds", i)
		}
	}
	for _, n := range []int{0, 1, len(list) - 1, strings.IndexByte(string(list), '\n') + 1} {
		if _, err := c.CheckBlobs(strings.NewReader(string(list[:n]))); err == nil {
			t.Errorf("the first %d bytes of the list hold", n)
		}
	}
}

func TestBlobsThatAreNotInTheLogAreNamed(t *testing.T) {
	cfg, key, c, _ := certified(t)
	p := samplePayload(3)
	good := CertifiedBlob{ContentID: p.Name, Size: int64(len(p.Body)), SHA256: fmt.Sprintf("%x", p.SHA256()), Position: 3}
	hash, name, position, beyond := good, good, good, good
	hash.SHA256, name.ContentID, position.Position, beyond.Position = strings.Repeat("0", 64), "other", 5, 999
	_, missing, err := FindBlobs(t.Context(), cfg.Dir, key, nil, c, []CertifiedBlob{good, hash})
	if err != nil || len(missing) != 1 || !strings.Contains(missing[0], "with SHA-256") {
		t.Errorf("%v, %v, want the wrong hash alone", missing, err)
	}
	for _, b := range []CertifiedBlob{name, position, beyond} {
		if _, missing, err := FindBlobs(t.Context(), cfg.Dir, key, nil, c, []CertifiedBlob{b}); err != nil || len(missing) != 1 {
			t.Errorf("%+v: missing %v, %v", b, missing, err)
		}
	}
}

func TestACertificateIsNoCheckpoint(t *testing.T) {
	cfg, key, c, _ := certified(t)
	checkpoint, err := os.ReadFile(filepath.Join(cfg.Dir, checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCertificate(checkpoint, key); err == nil || !strings.Contains(err.Error(), "the signature holds, but") {
		t.Errorf("a checkpoint is taken for a certificate: %v", err)
	}
	signed, err := SignCertificate(cfg, c)
	if err != nil {
		t.Fatal(err)
	}
	id, err := loadIdentity(&cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openCheckpoint(signed, id.verifier); err == nil {
		t.Error("a certificate is taken for a checkpoint")
	}
	for name, text := range map[string]string{
		"a line more":     c.Text(testOrigin) + "by the way: nothing\n",
		"a number padded": strings.Replace(c.Text(testOrigin), "records: ", "records: 0", 1),
		"another order":   strings.Replace(c.Text(testOrigin), "blobs listed: 5\nblobs fetched: 4\n", "blobs fetched: 4\nblobs listed: 5\n", 1),
	} {
		odd, err := note.Sign(&note.Note{Text: text}, id.signer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenCertificate(odd, key); err == nil || !strings.Contains(err.Error(), "canonical") {
			t.Errorf("%s: %v, want it refused although it is signed", name, err)
		}
	}
	other := cfg
	other.Origin = "somebody.example/else"
	if _, err := SignCertificate(other, c); !errors.Is(err, ErrKey) {
		t.Errorf("signed with the key of another origin: %v", err)
	}
}

func TestCertificatesThatMakeNoSenseAreNotSigned(t *testing.T) {
	cfg, _, good, _ := certified(t)
	for name, change := range map[string]func(*Certificate){
		"no tenant":                  func(c *Certificate) { c.Tenant = "" },
		"two lines":                  func(c *Certificate) { c.ContentType = "Audit\nroot: x" },
		"a gap of two lines":         func(c *Certificate) { c.Gaps = []string{"a\nroot: b"} },
		"23 hours":                   func(c *Certificate) { c.Hours = c.Hours[1:] },
		"counts that do not add up":  func(c *Certificate) { c.Listed++ },
		"closed and provisional":     func(c *Certificate) { c.Sequence, c.Supersedes = 0, "" },
		"the first supersedes":       func(c *Certificate) { c.Sequence = 1 },
		"the second supersedes none": func(c *Certificate) { c.Supersedes = "" },
	} {
		c := *good
		change(&c)
		if _, err := SignCertificate(cfg, &c); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// TestBlobsInPartsAreFound: a large blob is in several payloads, with others in
// between, and with the beginning of an attempt that broke off before it.
func TestBlobsInPartsAreFound(t *testing.T) {
	dir := t.TempDir()
	cfg := DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key"))
	cfg.Origin, cfg.Random = testOrigin, rand.NewChaCha8([32]byte{1})
	a := mustOpen(t, cfg)
	body := []byte(`[{"Id":"1"},{"Id":"2"},{"Id":"3"}]`)
	cuts := []int{0, 11, 22, len(body)}
	add := func(position uint64, p model.Payload) {
		t.Helper()
		if err := a.Add(t.Context(), position, p); err != nil {
			t.Fatal(err)
		}
	}
	part := func(i int) model.Payload {
		p := samplePayload(1)
		p.Name, p.Offset, p.Body = "large", int64(cuts[i]), body[cuts[i]:cuts[i+1]]
		return p
	}
	add(1, part(0))
	add(2, part(1)) // broke off
	add(3, part(0))
	add(4, samplePayload(5))
	add(5, part(1))
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	add(6, samplePayload(6))
	add(7, part(2))
	if err := errors.Join(a.Flush(t.Context()), a.Close()); err != nil {
		t.Fatal(err)
	}
	c := &Certificate{Tenant: part(0).Tenant, ContentType: part(0).ContentType}
	good := CertifiedBlob{ContentID: "large", Size: int64(len(body)), SHA256: fmt.Sprintf("%x", sha256.Sum256(body)), Position: 7}
	find := func(b CertifiedBlob) []string {
		t.Helper()
		_, missing, err := FindBlobs(t.Context(), cfg.Dir, a.VerifierKey(), nil, c, []CertifiedBlob{b})
		if err != nil {
			t.Fatal(err)
		}
		return missing
	}
	if missing := find(good); len(missing) != 0 {
		t.Errorf("missing %v", missing)
	}
	hash, size, position := good, good, good
	hash.SHA256, size.Size, position.Position = strings.Repeat("0", 64), 40, 5
	for _, b := range []CertifiedBlob{hash, size, position} {
		if missing := find(b); len(missing) != 1 {
			t.Errorf("%+v: missing %v, want it", b, missing)
		}
	}
}
