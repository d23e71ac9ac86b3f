package simulate

import (
	"maps"
	"time"

	"github.com/quoll/quoll/tenantsim/feed"
)

// lostCodes are what the fetches of a blob get that is listed and cannot be had.
var lostCodes = []string{"AF20050", "AF20051", "AF20052", "AF50000"}

// met counts what happened in the life, by kind.
func (l *life) met() map[string]int {
	met := l.tenant.feed.FaultsMet()
	maps.Copy(met, l.tenant.made)
	maps.Copy(met, l.machine.Faults.Met())
	for _, contentType := range l.tenant.types {
		met["subscription ended"] += len(l.tenant.feed.Stops(contentType))
	}
	met["power cut between operations"] = l.cuts
	met["process ended by itself"] = l.failures
	met["clock of the machine wrong"] = l.skews
	met["merge of small files"] = l.log.merges
	met["network down"] = l.outages
	met["machine off for longer than content is kept"] = count(!l.away.from.IsZero())
	met["= starts of the process"] = l.boots
	met["= content types"] = len(l.tenant.types)
	met["= records"] = len(l.tenant.records)
	met["= blobs"] = len(l.tenant.blobs)
	met["= virtual hours"] = int(l.end.Sub(l.start)/time.Hour) + int(calmFor/time.Hour)
	return met
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
