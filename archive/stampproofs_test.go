package archive

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quoll/quoll/archive/proof"
)

// TestADamagedStampIsLeftOut proves without what is damaged, tells of it, and gives
// nothing that a verifier who asks for a stamp would take.
func TestADamagedStampIsLeftOut(t *testing.T) {
	files, key, harbour, ridge := stampedArchive(t)
	p := proverOf(t, files, key)
	var told []string
	p.Warn = func(text string) { told = append(told, text) }
	flip := func(name string) { files[name].Data[100] ^= 1 }
	for _, step := range []struct {
		damage, want string
		warnings     int
	}{
		{"", "harbour ridge 5", 0},
		{stampPath(5, "harbour"), "ridge 5", 1},
		{stampPath(5, "ridge"), "ridge 15", 2},
		{stampedCheckpointPath(15), "harbour 21", 3},
		{stampPath(21, "harbour"), "", 4},
	} {
		if told = nil; step.damage != "" {
			flip(step.damage)
		}
		proved, err := p.Payload(t.Context(), 1)
		if err != nil || len(told) != step.warnings || step.damage != "" && !strings.Contains(strings.Join(told, " "), step.damage+" is damaged") {
			t.Fatalf("%s: %v, told %q", step.damage, err, told)
		}
		got := ""
		v, err := checkStamped(stampedEvidence(t, proved), proof.Trust{Log: p.verifier})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range v.Stamps {
			got += s.Name + " "
		}
		if len(v.Stamps) > 0 {
			got += fmt.Sprint(v.Stamps[0].Size)
		}
		if got != step.want {
			t.Errorf("%s damaged: stamped by %q, want %q", step.damage, got, step.want)
		}
		_, err = checkStamped(stampedEvidence(t, proved), proof.Trust{Log: p.verifier, StampRoots: harbour.roots, StampQuorum: 1})
		if holds := strings.Contains(step.want, "harbour"); holds != (err == nil) || err != nil && !errors.Is(err, proof.ErrStamps) {
			t.Errorf("%s damaged, and harbour asked for: %v", step.damage, err)
		}
	}
	// Who puts the damaged one in by hand is found.
	proved, err := p.Payload(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	flip(stampPath(5, "ridge"))
	flip(stampPath(5, "harbour"))
	whole, err := p.Payload(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	proved.Stamped = whole.Stamped
	proved.Stamped.Stamps[1].Token[100] ^= 1
	if _, err := checkStamped(stampedEvidence(t, proved), proof.Trust{Log: p.verifier, StampRoots: ridge.roots, StampQuorum: 1}); err == nil {
		t.Error("a damaged stamp passes")
	}
}

// TestGrowthHasStamps proves that checkpoints grew out of each other, with the stamps of
// the first stamped tree that has the newer one.
func TestGrowthHasStamps(t *testing.T) {
	files, key, harbour, ridge := stampedArchive(t)
	p := proverOf(t, files, key)
	older := files[stampedCheckpointPath(5)].Data
	trust := proof.Trust{Log: p.verifier, StampRoots: ridge.roots, StampQuorum: 1}
	read := func(data []byte) (*proof.Consistency, error) {
		b, err := proof.Read(bytes.NewReader(data))
		if err == nil && b.Consistency == nil {
			err = errors.New("another kind of bundle")
		}
		return b.Consistency, err
	}
	prove := func(newer []byte) []byte {
		t.Helper()
		c, err := p.Consistency(t.Context(), older, newer)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := c.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	check := func(data []byte, trust proof.Trust) ([]proof.VerifiedStamp, error) {
		c, err := read(data)
		if err != nil {
			return nil, err
		}
		_, _, stamps, err := c.CheckTrusting(trust)
		return stamps, err
	}
	whole := prove(files[stampedCheckpointPath(15)].Data)
	if stamps, err := check(whole, trust); err != nil || len(stamps) != 1 || !stamps[0].Trusted || stamps[0].Size != 15 {
		t.Fatalf("%+v, %v", stamps, err)
	}
	if stamps, err := check(prove(older), proof.Trust{Log: p.verifier, StampRoots: harbour.roots, StampQuorum: 1}); err != nil || len(stamps) != 2 || stamps[0].Size != 5 {
		t.Errorf("one that has not grown: %+v, %v", stamps, err)
	}
	newest := prove(nil)
	if stamps, err := check(newest, proof.Trust{Log: p.verifier}); err != nil || stamps != nil {
		t.Errorf("a tree that nobody has stamped: %+v, %v", stamps, err)
	}
	if _, err := check(newest, trust); !errors.Is(err, proof.ErrStamps) {
		t.Errorf("and a stamp asked for: %v", err)
	}
	for at := 0; at < len(whole); at += stride(53) {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		if _, err := check(flipped, trust); err == nil {
			t.Fatalf("byte %d flipped passes", at)
		}
	}
	// The stamps of an older tree say nothing of a newer one.
	c, err := read(newest)
	if err != nil {
		t.Fatal(err)
	}
	early, err := p.StampedTree(t.Context(), c.Newer, 15)
	if err != nil || early == nil {
		t.Fatal(early, err)
	}
	c.Stamped = early
	if _, _, _, err := c.CheckTrusting(trust); !errors.Is(err, proof.ErrStamps) {
		t.Errorf("an older tree's stamps: %v", err)
	}
	// But they do of what is proved by its leaves alone, as an absence is.
	tree, err := p.StampedTree(t.Context(), c.Newer, 3)
	if err != nil || tree == nil || len(tree.Stamps) != 2 || len(tree.Hashes) == 0 {
		t.Fatalf("%+v, %v", tree, err)
	}
}
