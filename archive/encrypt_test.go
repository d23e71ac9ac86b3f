package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"filippo.io/age"

	"github.com/quoll/quoll/internal/durable/durabletest"
	"github.com/quoll/quoll/model"
)

// keyPair makes an identity and the text of its recipient.
func keyPair(t testing.TB) (age.Identity, string) {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity, identity.Recipient().String()
}

func recipients(t testing.TB, texts ...string) Recipients {
	t.Helper()
	r, err := ParseRecipients(texts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rotatedArchive has an object in the clear, one to an old key, and one to two new
// ones: as after encryption was switched on and the key changed.
func rotatedArchive(t testing.TB) (files fstest.MapFS, key string, old, newer, second age.Identity) {
	t.Helper()
	fsys := durabletest.New(nil)
	old, oldTo := keyPair(t)
	newer, newerTo := keyPair(t)
	second, secondTo := keyPair(t)
	for i, to := range []Recipients{nil, recipients(t, oldTo), recipients(t, newerTo, secondTo)} {
		cfg := memory(fsys)
		cfg.Recipients = to
		a := mustOpen(t, cfg)
		fill(t, a, uint64(4*i+4), 4)
		key = a.VerifierKey()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return fsys.Snapshot("/archive"), key, old, newer, second
}

func verifyWith(t testing.TB, files fstest.MapFS, key string, identities ...age.Identity) Report {
	t.Helper()
	r, err := verifyFS(context.Background(), files, key, Trust{Identities: identities}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyWithAndWithoutKeys(t *testing.T) {
	files, key, old, newer, second := rotatedArchive(t)
	for name, c := range map[string]struct {
		identities []age.Identity
		sealed     uint64
	}{
		"no key":            {nil, 8},
		"the old key":       {[]age.Identity{old}, 4},
		"one new key":       {[]age.Identity{second}, 4},
		"old and new":       {[]age.Identity{old, newer}, 0},
		"old and other new": {[]age.Identity{second, old}, 0},
	} {
		r := verifyWith(t, files, key, c.identities...)
		if !r.OK() || r.Objects != 3 || r.Sealed != c.sealed || r.Payloads != 12-c.sealed {
			t.Errorf("%s: %d payloads, %d sealed, %d objects, problems %v", name, r.Payloads, r.Sealed, r.Objects, r.Problems)
		}
	}
	for name := range files {
		if strings.Contains(name, "objects/") && isEncrypted(name) && bytes.Contains(files[name].Data, []byte("ustar")) {
			t.Errorf("%s is in the clear", name)
		}
	}
}

// TestEveryByteOfAnEncryptedArchive flips each byte, cuts at each and doubles
// each, without a key and with all of them: each is found, and no other file named.
func TestEveryByteOfAnEncryptedArchive(t *testing.T) {
	t.Parallel()
	files, key, old, newer, _ := rotatedArchive(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		whole := slices.Clone(f.Data)
		for at := 0; at < len(whole); at += stride(911) {
			flipped := slices.Clone(whole)
			flipped[at] ^= 1 << (at % 8)
			for what, changed := range map[string][]byte{"flipped": flipped, "cut at": whole[:at], "doubled": slices.Insert(slices.Clone(whole), at, whole[at])} {
				f.Data = changed
				requireNamed(t, verifyWith(t, files, key), fmt.Sprintf("byte %d of %s %s, no key", at, name, what), name)
				requireNamed(t, verifyWith(t, files, key, old, newer), fmt.Sprintf("byte %d of %s %s", at, name, what), name)
			}
			f.Data = whole
			if t.Failed() {
				t.FailNow()
			}
		}
		delete(files, name)
		requireNamed(t, verifyWith(t, files, key), name+" removed, no key", name)
		requireNamed(t, verifyWith(t, files, key, old, newer), name+" removed", name)
		files[name] = f
	}
	for _, name := range []string{objectPath(5, 8), objectPath(13, 16) + encryptedSuffix, objectPath(1, 4) + encryptedSuffix} {
		files[name] = &fstest.MapFile{Data: []byte("x")}
		requireNamed(t, verifyWith(t, files, key), "stray "+name, name)
		delete(files, name)
	}
}

// An object that somebody encrypted anew has the right contents and not the hash
// in the log.
func TestAnObjectEncryptedAnewIsNotTheOneSigned(t *testing.T) {
	files, key, old, newer, _ := rotatedArchive(t)
	_, to := keyPair(t)
	name := objectPath(5, 8) + encryptedSuffix
	clear, err := Identities{old}.decrypt(bytes.NewReader(files[name].Data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(clear)
	if err != nil {
		t.Fatal(err)
	}
	oldTo := old.(*age.X25519Identity).Recipient().String()
	if files[name].Data, err = recipients(t, oldTo, to).encrypt(text); err != nil {
		t.Fatal(err)
	}
	r := verifyWith(t, files, key, old, newer)
	requireNamed(t, r, "encrypted anew", name)
	if r.Payloads != 12 || !strings.Contains(r.Problems[0].Detail, "every payload in it is still whole") {
		t.Errorf("%d payloads, %v", r.Payloads, r.Problems)
	}
}

// With the keys an encrypted archive is read, searched and proved like another;
// without one it says what it lacks.
func TestReadingAnEncryptedArchive(t *testing.T) {
	dir := t.TempDir()
	identity, to := keyPair(t)
	cfg := DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key"))
	cfg.Recipients = recipients(t, to)
	a := mustOpen(t, cfg)
	fill(t, a, 9, 4)
	defer a.Close()
	open := func(identities ...age.Identity) *Prover {
		p, err := OpenProver(cfg.Dir, a.VerifierKey(), identities)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
	p := open(identity)
	read := 0
	if err := p.Payloads(t.Context(), 0, func(payload model.Payload, l PayloadLeaf) error {
		read++
		if want := samplePayload(l.Position); !bytes.Equal(payload.Body, want.Body) {
			t.Errorf("position %d: %q", l.Position, payload.Body)
		}
		return nil
	}); err != nil || read != 9 {
		t.Errorf("read %d, %v", read, err)
	}
	if proved, err := p.Payload(t.Context(), 6); err != nil || !bytes.Equal(proved.Body, samplePayload(6).Body) {
		t.Errorf("prove: %v", err)
	}
	if at, err := p.Search(t.Context(), func(l PayloadLeaf, _ []byte) bool { return l.Position == 2 }, nil); err != nil || at != 2 {
		t.Errorf("search: %d, %v", at, err)
	}
	for name, prover := range map[string]*Prover{"with the key": p, "without": open()} {
		s, err := prover.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Sealed(t.Context(), 0, func(o SealedObject) error {
			copied, err := s.Object(o.ObjectLeaf)
			if want, _ := os.ReadFile(filepath.Join(cfg.Dir, filepath.FromSlash(o.Object))); err == nil && !bytes.Equal(copied, want) {
				err = errors.New("a copy has other bytes than the archive")
			}
			return err
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	other, _ := keyPair(t)
	for name, without := range map[string]*Prover{"no key": open(), "another key": open(other)} {
		if _, err := without.Payload(t.Context(), 6); !errors.Is(err, ErrEncrypted) {
			t.Errorf("%s: prove: %v", name, err)
		}
		if err := without.Payloads(t.Context(), 0, func(model.Payload, PayloadLeaf) error { return nil }); !errors.Is(err, ErrEncrypted) {
			t.Errorf("%s: read: %v", name, err)
		}
	}
}

// TestCrashWhileEncrypting stops the machine at each operation, and goes on: an
// object that is made again has other bytes, and nothing sealed is lost.
func TestCrashWhileEncrypting(t *testing.T) {
	t.Parallel()
	identity, text := keyPair(t)
	to := recipients(t, text)
	live := func(fsys *durabletest.FS) (a *Archive, err error) {
		cfg := memory(fsys)
		cfg.Recipients, cfg.MaxPayloads = to, 3
		if a, err = Open(cfg); err != nil {
			return nil, err
		}
		for position := a.Sealed() + 1; position <= 6 && err == nil; position++ {
			err = a.Add(t.Context(), position, samplePayload(position))
		}
		return a, errors.Join(err, a.Close())
	}
	for n := 1; ; n += stride(31) {
		fsys := durabletest.New(durabletest.At(n, durabletest.Crash))
		before, err := live(fsys)
		if err == nil {
			break
		}
		after := fsys.AfterCrash(durabletest.KeepNone, nil)
		a, err := live(after)
		if err != nil || a.Sealed() != 6 || before != nil && before.Sealed() > 6 {
			t.Fatalf("operation %d: %v", n, err)
		}
		if r := verifyWith(t, after.Snapshot("/archive"), a.VerifierKey(), identity); !r.OK() || r.Payloads != 6 {
			t.Fatalf("operation %d: %d payloads, %v", n, r.Payloads, r.Problems)
		}
	}
}

func TestRecipientsAndIdentities(t *testing.T) {
	_, to := keyPair(t)
	quantum, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, texts := range map[string][]string{"no key": {"age1nonsense"}, "kinds that do not go together": {to, quantum.Recipient().String()}} {
		if _, err := ParseRecipients(texts); !errors.Is(err, ErrRecipients) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := ParseRecipients(nil); r != nil || err != nil {
		t.Errorf("none: %v, %v", r, err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("# old and new\n"+quantum.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	identities, err := ReadIdentities(file)
	if err != nil || len(identities) != 1 {
		t.Fatal(identities, err)
	}
	text, err := recipients(t, quantum.Recipient().String()).encrypt([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identities.decrypt(bytes.NewReader(text)); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("AGE-SECRET-KEY-1SECRET\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIdentities(file); err == nil || strings.Contains(err.Error(), "SECRET-KEY") {
		t.Errorf("error %v", err)
	}
}
