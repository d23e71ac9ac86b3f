package tenantsim

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

// contents is everything that the feed offers.
func contents(t *testing.T, tenant *Tenant, now time.Time) string {
	t.Helper()
	c := newCaller(t, tenant)
	c.startAll()
	var b bytes.Buffer
	for _, contentType := range audit.ContentTypes() {
		blobs, _ := c.list(contentType, now.Add(-20*time.Hour), now)
		for _, blob := range blobs {
			fmt.Fprintf(&b, "%s %s\n", blob.ContentID, c.fetch(blob.ContentURI))
		}
	}
	return b.String()
}

func TestATenantMadeAgainGoesOnWithItsPast(t *testing.T) {
	clock := newClock()
	cfg := smallConfig(clock)
	cfg.StateFile, cfg.ExportDir = filepath.Join(t.TempDir(), "sim", "state.json"), t.TempDir()
	cfg.Delay, cfg.PublishEvery = 2*time.Second, 3*time.Second
	first := newTenant(t, cfg)
	for range 200 { // looked at often and at odd moments
		clock.advance(7 * time.Second)
		if err := first.Advance(); err != nil {
			t.Fatal(err)
		}
	}
	exported := readExport(t, cfg.ExportDir)
	feed := contents(t, first, clock.now())

	again := newTenant(t, cfg)
	if contents(t, again, clock.now()) != feed {
		t.Error("the feed has changed")
	}
	if err := again.Advance(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(readExport(t, cfg.ExportDir), exported) {
		t.Error("lines were exported twice")
	}
	if !maps.EqualFunc(first.Produced().Defender, again.Produced().Defender, maps.Equal) {
		t.Error("another set of Defender records was produced")
	}
	if !reflect.DeepEqual(first.Story(), again.Story()) {
		t.Error("another story is told")
	}
	clock.advance(20 * time.Minute)
	if err := again.Advance(); err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(readExport(t, cfg.ExportDir), exported) {
		t.Error("the export does not go on")
	}
}

func TestAnotherTenantIsNotRecalled(t *testing.T) {
	clock := newClock()
	cfg := smallConfig(clock)
	cfg.StateFile = filepath.Join(t.TempDir(), "state.json")
	cfg.StoryAge = time.Hour
	end := func(cfg Config) time.Time {
		steps := newTenant(t, cfg).Story().Steps
		return steps[len(steps)-1].Time
	}
	first := end(cfg)
	clock.advance(time.Hour)
	if again := end(cfg); !again.Equal(first) {
		t.Errorf("the story ended at %v, now at %v", first, again)
	}
	cfg.Seed++
	if other := end(cfg); other.Equal(first) {
		t.Error("the past of another seed was recalled")
	}
	clock.advance(rememberFor)
	if late := end(cfg); late.Before(clock.now().Add(-2 * time.Hour)) {
		t.Errorf("a past of ten days ago was recalled: %v", late)
	}
	if err := os.WriteFile(cfg.StateFile, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg); err == nil {
		t.Error("a broken state was taken")
	}
}
