package simulate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/feed"
)

// tally counts over many lives what happened in them. A kind of trouble that no
// life meets proves nothing, so that scripts/simulate refuses a hundred lives
// and more that lack one.
type tally struct{ times, lives map[string]int }

func newTally() *tally { return &tally{map[string]int{}, map[string]int{}} }

// operations are those at which a machine can crash. Links are left out: the
// river makes none.
var operations = []string{"create", "mkdir", "rename", "remove", "write", "truncate", "sync", "syncdir", "commit"}

// lostCodes are what the fetches of a blob get that is listed and cannot be had.
var lostCodes = []string{"AF20050", "AF20051", "AF20052", "AF50000"}

// add counts what happened in one life.
func (a *tally) add(l *life) {
	met := l.tenant.feed.FaultsMet()
	maps.Copy(met, l.tenant.made)
	for _, contentType := range l.tenant.types {
		met["subscription ended"] += len(l.tenant.feed.Stops(contentType))
	}
	f := l.machine.faults
	for _, operation := range operations {
		met["crash at "+operation] = f.crashes[operation]
	}
	met["disk operation failed, and was done"] = f.failedKept
	met["disk operation failed, and was not done"] = f.failedLost
	met["disk full at an operation"] = f.full
	met["power cut between operations"] = l.cuts
	met["process ended by itself"] = l.failures
	met["clock of the machine wrong"] = l.skews
	met["merge of small files"] = l.log.merges
	met["network down"] = l.outages
	met["machine off for longer than content is kept"] = 0
	if !l.away.from.IsZero() {
		met["machine off for longer than content is kept"] = 1
	}
	for kind, n := range met {
		a.times[kind] += n
		a.lives[kind] += min(n, 1)
	}
	a.times["= starts of the process"] += l.boots
	a.times["= content types"] += len(l.tenant.types)
	a.times["= records"] += len(l.tenant.records)
	a.times["= blobs"] += len(l.tenant.blobs)
	a.times["= virtual hours"] += int(l.end.Sub(l.start)/time.Hour) + int(calmFor/time.Hour)
}

// String has a line per kind, which scripts/simulate adds up over processes:
// how often it was met, and in how many lives.
func (a *tally) String() string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(a.times)) {
		fmt.Fprintf(&b, "met\t%s\t%d\t%d\n", kind, a.times[kind], a.lives[kind])
	}
	return b.String()
}

// note counts what becomes of a blob in the tenant's hands.
func (t *tenant) note(b *feed.Blob, again bool) {
	late := b.Listed.Sub(b.Created)
	t.made["blob listed a second time under another id"] += count(again)
	t.made["blob listed hours late"] += count(late >= time.Hour)
	t.made["blob listed later than the overlap of listings"] += count(late > 6*time.Hour)
	t.made["blob still filling when it is listed"] += count(b.Complete.After(b.Listed))
	for _, code := range lostCodes {
		t.made["blob lost: "+code] += count(b.Lost == code)
	}
}

func count(happened bool) int {
	if happened {
		return 1
	}
	return 0
}
