package archive_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/model"
)

// These tests read an archive by docs/formats/archive.md alone: with the
// standard library, a zstd reader and the public log client, and with nothing of
// the package but what wrote the archive.

func writeArchive(t *testing.T) (dir string, grow func(to uint64), key string) {
	t.Helper()
	root := t.TempDir()
	cfg := archive.DefaultConfig(filepath.Join(root, "archive"), filepath.Join(root, "keys", "archive.key"))
	cfg.Origin = "quoll.example/format"
	cfg.MaxPayloads = 60 // a full batch is packed in one way, a Flush packs in the other
	a, err := archive.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	grow = func(to uint64) {
		for position := a.Sealed() + 1; position <= to; position++ {
			if err := a.Add(t.Context(), position, payloadAt(position)); err != nil {
				t.Fatal(err)
			}
			if position == to {
				if err := a.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return cfg.Dir, grow, a.VerifierKey()
}

func payloadAt(position uint64) model.Payload {
	p := model.Payload{
		Tenant:      "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
		Source:      model.SourceActivity,
		Format:      model.FormatAuditArray,
		ContentType: "Audit.Exchange",
		Name:        fmt.Sprintf("blob$%d", position),
		Received:    time.Unix(1_750_000_000+int64(position), 0),
		Body:        []byte(fmt.Sprintf(`[{"Id":"%d","Operation":"Send"}]`, position)),
	}
	if position%2 == 0 {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err)
		}
		p.Packed = encoder.EncodeAll(p.Body, nil)
	}
	return p
}

func readFile(t *testing.T, parts ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// head opens the checkpoint as any client of signed notes does.
func head(t *testing.T, dir, key string) tlog.Tree {
	t.Helper()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(readFile(t, dir, "checkpoint"), note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	var tree tlog.Tree
	var origin, root string
	if _, err := fmt.Sscanf(n.Text, "%s\n%d\n%s\n", &origin, &tree.N, &root); err != nil || origin != "quoll.example/format" {
		t.Fatalf("checkpoint %q: %v", n.Text, err)
	}
	if tree.Hash, err = tlog.ParseHash(root); err != nil {
		t.Fatal(err)
	}
	return tree
}

// tiles is a client of the C2SP layout over files.
type tiles struct{ dir string }

func (tiles) Height() int                          { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte)      {}
func (c tiles) path(level string, n string) string { return filepath.Join(c.dir, "tile", level, n) }
func (c tiles) ReadTiles(ts []tlog.Tile) (data [][]byte, err error) {
	for _, t := range ts {
		n := fmt.Sprintf("%03d", t.N) // fewer than 1,000 tiles
		if t.W < 256 {
			n += fmt.Sprintf(".p/%d", t.W)
		}
		b, err := os.ReadFile(c.path(fmt.Sprint(t.L), n))
		if err != nil {
			return nil, err
		}
		data = append(data, b)
	}
	return data, nil
}

// entries reads all entry bundles.
func entries(t *testing.T, dir string, size int64) (leaves [][]byte) {
	t.Helper()
	for n := int64(0); n*256 < size; n++ {
		name := fmt.Sprintf("%03d", n)
		if w := size - n*256; w < 256 {
			name += fmt.Sprintf(".p/%d", w)
		}
		b := readFile(t, dir, "tile", "entries", name)
		for len(b) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(b))
			leaves = append(leaves, b[2:end])
			b = b[end:]
		}
	}
	return leaves
}

// TestPublicLogClient proves every leaf and the consistency of every two
// checkpoints with golang.org/x/mod/sumdb/tlog.
func TestPublicLogClient(t *testing.T) {
	dir, grow, key := writeArchive(t)
	var heads []tlog.Tree
	for _, to := range []uint64{1, 3, 200, 255, 300, 520} {
		grow(to)
		tree := head(t, dir, key)
		hashes := tlog.TileHashReader(tree, tiles{dir})
		leaves := entries(t, dir, tree.N)
		if int64(len(leaves)) != tree.N {
			t.Fatalf("%d leaves, the checkpoint has %d", len(leaves), tree.N)
		}
		for i := int64(0); i < tree.N; i += 1 + tree.N/40 {
			proof, err := tlog.ProveRecord(tree.N, i, hashes)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(leaves[i])); err != nil {
				t.Errorf("leaf %d of %d: %v", i, tree.N, err)
			}
		}
		for _, older := range heads {
			proof, err := tlog.ProveTree(tree.N, older.N, hashes)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash); err != nil {
				t.Errorf("size %d is not consistent with %d: %v", tree.N, older.N, err)
			}
		}
		heads = append(heads, tree)
	}
}

// TestDocumentedObjects opens every object with tar and zstd, and finds its
// index, its bodies and its leaves where the document says.
func TestDocumentedObjects(t *testing.T) {
	dir, grow, key := writeArchive(t)
	grow(150)
	leaves := entries(t, dir, head(t, dir, key).N)
	position := uint64(0)
	for len(leaves) > 0 {
		var l struct {
			Leaf, Object, SHA256, Name, Tenant, Source, Format, ContentType, Received string
			Position, First, Last, Payloads, Size                                     uint64
		}
		if err := json.Unmarshal(leaves[0], &l); err != nil || l.Leaf != "payload" || l.Position != position+1 {
			t.Fatalf("leaf %s: %v", leaves[0], err)
		}
		file := readFile(t, dir, filepath.FromSlash(l.Object))
		z, err := zstd.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		r := tar.NewReader(z)
		h, err := r.Next()
		if err != nil || h.Name != "index.jsonl" {
			t.Fatalf("first member %v: %v", h, err)
		}
		index, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.SplitAfter(strings.TrimSuffix(string(index), "\n"), "\n") {
			position++
			if strings.TrimSuffix(line, "\n") != string(leaves[0]) {
				t.Fatalf("index line %s, leaf %s", line, leaves[0])
			}
			if err := json.Unmarshal(leaves[0], &l); err != nil {
				t.Fatal(err)
			}
			h, err := r.Next()
			if err != nil || h.Name != fmt.Sprintf("payload/%020d", position) {
				t.Fatalf("member %v: %v", h, err)
			}
			body, err := io.ReadAll(r)
			want := payloadAt(position)
			if err != nil || !bytes.Equal(body, want.Body) || l.SHA256 != fmt.Sprintf("%x", sha256.Sum256(body)) ||
				l.Size != uint64(len(body)) || l.Name != want.Name || l.Received != want.Received.UTC().Format(time.RFC3339Nano) ||
				!h.ModTime.Equal(want.Received) || l.ContentType != want.ContentType || l.Tenant != want.Tenant {
				t.Fatalf("payload %d: %s, leaf %+v, error %v", position, body, l, err)
			}
			leaves = leaves[1:]
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("more members: %v", err)
		}
		z.Close()
		if err := json.Unmarshal(leaves[0], &l); err != nil || l.Leaf != "object" || l.Last != position ||
			l.Payloads != l.Last-l.First+1 || l.SHA256 != fmt.Sprintf("%x", sha256.Sum256(file)) || l.Size != uint64(len(file)) {
			t.Fatalf("object leaf %s: %v", leaves[0], err)
		}
		leaves = leaves[1:]
	}
	if position != 150 {
		t.Errorf("%d payloads", position)
	}
}

// TestPublicTools runs the how-to of docs/formats/archive.md.
func TestPublicTools(t *testing.T) {
	dir, grow, _ := writeArchive(t)
	grow(3)
	objects, err := fs.Glob(os.DirFS(dir), "objects/*/*.tar.zst")
	if err != nil || len(objects) != 1 {
		t.Fatalf("objects %v, %v", objects, err)
	}
	object := filepath.Join(dir, objects[0])
	if _, err := exec.LookPath("zstd"); err != nil {
		t.Log("no zstd on this machine; TestDocumentedObjects reads the same bytes")
		return
	}
	out, err := exec.Command("tar", "--zstd", "-xOf", object, "payload/00000000000000000002").Output()
	if err != nil || string(out) != `[{"Id":"2","Operation":"Send"}]` {
		t.Errorf("tar gives %q, %v", out, err)
	}
}

// TestDocumentedExample checks the examples of docs/formats/archive.md: the
// checkpoint has the signature of the key, and the leaf is what is written.
func TestDocumentedExample(t *testing.T) {
	text := string(readFile(t, "..", "docs", "formats", "archive.md"))
	var blocks []string
	for i, part := range strings.Split(text, "\n```") {
		if i%2 == 1 {
			_, block, _ := strings.Cut(part, "\n")
			blocks = append(blocks, block+"\n")
		}
	}
	var key, checkpoint, leaf string
	for _, b := range blocks {
		switch {
		case strings.HasPrefix(b, "quoll.example/archive+"):
			key = strings.TrimSpace(b)
		case strings.HasPrefix(b, "quoll.example/archive\n"):
			checkpoint = b
		case strings.HasPrefix(b, `{"leaf":"payload"`):
			leaf = strings.TrimSpace(b)
		}
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open([]byte(checkpoint), note.VerifierList(verifier)); err != nil {
		t.Error("documented checkpoint:", err)
	}
	dir, grow, _ := writeArchive(t)
	grow(3)
	for _, written := range entries(t, dir, 4) {
		if string(written) == leaf {
			return
		}
	}
	t.Errorf("no leaf is written like the documented %s", leaf)
}

// TestDocumentedCertificate checks the example of docs/formats/certificate.md:
// with the public libraries by what the page says, and as the package does.
func TestDocumentedCertificate(t *testing.T) {
	var certificate, key, list string
	for i, part := range strings.Split(string(readFile(t, "..", "docs", "formats", "certificate.md")), "\n```") {
		_, block, _ := strings.Cut(part, "\n")
		switch block += "\n"; {
		case i%2 == 0:
		case strings.HasPrefix(block, "Quoll certificate"):
			certificate = block
		case strings.HasPrefix(block, "quoll.example/archive+"):
			key = strings.TrimSpace(block)
		case strings.HasPrefix(block, `{"created":`):
			list = block
		}
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open([]byte(certificate), note.VerifierList(verifier)); err != nil {
		t.Error("documented certificate:", err)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
	for n, line := range lines {
		hashes, err := tlog.StoredHashes(int64(n), []byte(line), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(lines)), reader)
	if err != nil || !strings.Contains(certificate, "\nroot: "+root.String()+"\n") {
		t.Errorf("the documented list has the root %s, %v", root, err)
	}
	c, err := archive.OpenCertificate([]byte(certificate), key)
	if err != nil {
		t.Fatal(err)
	}
	if blobs, err := c.CheckBlobs(strings.NewReader(list)); err != nil || len(blobs) != 1 {
		t.Errorf("%d blobs, %v", len(blobs), err)
	}
}
