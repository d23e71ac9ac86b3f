package simulate

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/tenantsim/feed"
)

// seen is what can be seen in the lake: how often each Id, and how many rows.
type seen struct {
	records, revisions map[string]int
	office             int64
}

// look reads the tables as a query does.
func (l *life) look(p *process) (s seen) {
	l.t.Helper()
	var err error
	if s.records, err = p.Count(schema.UnifiedAuditLog, "Id"); err != nil {
		l.t.Fatal(err)
	}
	if s.revisions, err = p.Count(schema.UnifiedAuditLogRevisions, "Id"); err != nil {
		l.t.Fatal(err)
	}
	if s.office, err = p.Rows(schema.OfficeActivity); err != nil {
		l.t.Fatal(err)
	}
	return s
}

// fate is what a complete collection makes of a blob.
type fate int

const (
	must  fate = iota // it has to be there
	may               // the machine was off for too long: it is there, or in a gap
	lost              // it was listed and could not be had
	never             // it was never offered
)

func (l *life) fate(b *feed.Blob) fate {
	switch {
	case l.tenant.missed(b):
		return never
	case !l.away.from.IsZero() && b.Listed.After(l.away.from.Add(-days)) && b.Created.Before(l.away.to.Add(-feed.Retention+3*days)):
		return may
	case b.Lost != "":
		return lost
	}
	return must
}

// checkRows compares what can be seen with what the tenant produced.
func (l *life) checkRows(s seen) {
	l.t.Helper()
	var officeSure, officePossible int64
	known := map[string]bool{}
	for _, r := range l.tenant.records {
		known[r.id] = true
		sure, possible := 0, 0 // versions
		office := map[fate]bool{}
		for _, blobs := range r.blobs {
			fates := map[fate]bool{}
			for _, b := range blobs {
				f := l.fate(b)
				fates[f] = true
				office[f] = office[f] || r.sample.office[b.ContentType]
			}
			switch {
			case fates[must]:
				sure++
				possible++
			case fates[may]:
				possible++
			}
		}
		rows, revisions := s.records[r.id], s.revisions[r.id]
		if rows != min(rows, 1) || rows < min(sure, 1) || rows > possible {
			l.t.Errorf("record %s has %d rows; %d versions of it have to be there, %d may: %s", r.id, rows, sure, possible, l.story(r))
		}
		if rows+revisions < sure || rows+revisions > possible {
			l.t.Errorf("record %s has %d rows and %d revisions; %d versions of it have to be there, %d may: %s", r.id, rows, revisions, sure, possible, l.story(r))
		}
		switch {
		case office[must]:
			officeSure++
			officePossible++
		case office[may]:
			officePossible++
		}
	}
	for id := range s.records {
		if !known[id] {
			l.t.Errorf("record %q is visible and was never produced", id)
		}
	}
	if s.office < officeSure || s.office > officePossible {
		l.t.Errorf("OfficeActivity has %d rows, want %d to %d", s.office, officeSure, officePossible)
	}
}

// story tells where a record was to be had.
func (l *life) story(r *record) string {
	var b strings.Builder
	for version, blobs := range r.blobs {
		for _, blob := range blobs {
			b.WriteString("\n  version ")
			b.WriteByte(byte('0' + version))
			b.WriteString(l.describe(blob))
		}
	}
	return b.String()
}

func (l *life) describe(b *feed.Blob) string {
	day := func(at time.Time) string { return at.Sub(l.start).Round(time.Second).String() }
	text := " in " + b.ID + ", created at " + day(b.Created) + ", listed at " + day(b.Listed)
	if !b.Complete.IsZero() {
		text += ", complete at " + day(b.Complete)
	}
	return text + []string{"", ", perhaps gone in the long absence", ", lost " + b.Lost, ", never offered"}[l.fate(b)]
}

// checkLedger compares the ledger's account with what became of each blob.
func (l *life) checkLedger(p *process, s seen) {
	l.t.Helper()
	for _, status := range p.collector.Status().Streams {
		stream := collect.Stream{Tenant: tenantID, ContentType: status.ContentType}
		gaps, err := p.ledger.Gaps(context.Background(), stream, 10_000)
		if err != nil {
			l.t.Fatal(err)
		}
		c := status.Counts
		if c.Backlog() != 0 || status.Health != collect.HealthRunning || status.Lag > l.config.PollEvery+5*time.Minute || int(c.Gaps) != len(gaps) {
			l.t.Errorf("%s ends %s with %+v, lag %v, problem %+v", stream.ContentType, status.Health, c, status.Lag, status.Problem)
		}
		l.checkBlobs(stream.ContentType, c, gaps)
		l.checkStops(stream.ContentType, gaps)
		l.checkAway(stream.ContentType, gaps, s)
	}
}

// checkBlobs: each lost blob has one gap of its own, and no other has one.
func (l *life) checkBlobs(contentType string, c collect.Counts, gaps []collect.Gap) {
	l.t.Helper()
	named := map[string]int{}
	for _, g := range gaps {
		if g.ContentID != "" {
			named[g.ContentID]++
		}
	}
	least, most := int64(0), int64(0) // journalled
	for _, b := range l.tenant.blobs {
		if b.ContentType != contentType {
			continue
		}
		n := named[b.ID]
		delete(named, b.ID)
		switch f := l.fate(b); {
		case f == must:
			least++
			most++
			if n != 0 {
				l.t.Errorf("the ledger has a gap for a blob that can be had:%s", l.describe(b))
			}
		case f == may && b.Lost == "":
			most++
			if n > 1 {
				l.t.Errorf("the ledger has %d gaps for one blob:%s", n, l.describe(b))
			}
		case f == lost && n != 1:
			l.t.Errorf("the ledger has %d gaps for a blob that is lost:%s", n, l.describe(b))
		case f == never && n != 0:
			l.t.Errorf("the ledger has a gap for a blob that was never offered:%s", l.describe(b))
		}
	}
	for id := range named {
		l.t.Errorf("the ledger has a gap for a blob that never was: %s", id)
	}
	if c.Journalled < least || c.Journalled > most {
		l.t.Errorf("%s: the ledger counts %d blobs as journalled, want %d to %d", contentType, c.Journalled, least, most)
	}
}

const (
	stopReason = "the subscription was "
	// clockError is how exactly the collector knows the server's clock.
	clockError = 2 * time.Second
)

// checkStops: each span without a subscription is within a gap, and each such
// gap is about one.
func (l *life) checkStops(contentType string, gaps []collect.Gap) {
	l.t.Helper()
	stops := l.tenant.feed.Stops(contentType)
	touched := make([]bool, len(gaps))
	for _, stop := range stops {
		i := slices.IndexFunc(gaps, func(g collect.Gap) bool {
			return strings.HasPrefix(g.Reason, stopReason) && !g.From.After(stop.From.Add(clockError)) && !g.To.Before(stop.To.Add(-clockError))
		})
		if i < 0 {
			l.t.Errorf("%s: no gap covers the time from %v to %v without a subscription, of %+v", contentType, stop.From, stop.To, gaps)
			continue
		}
		touched[i] = true
		last := stop.From // when the subscription can have been seen last
		if !l.away.from.IsZero() && last.After(l.away.from) && l.away.from.After(stop.From.Add(-feed.Retention*2)) {
			last = l.away.from
		}
		if g := gaps[i]; g.From.Before(last.Add(-2*days)) || g.To.After(stop.To.Add(2*days)) {
			l.t.Errorf("%s: the gap from %v to %v is far wider than the time without a subscription, from %v to %v", contentType, g.From, g.To, stop.From, stop.To)
		}
	}
	for i, g := range gaps {
		if strings.HasPrefix(g.Reason, stopReason) && !touched[i] {
			l.t.Errorf("%s: the gap %+v is about no time without a subscription, of %v", contentType, g, stops)
		}
	}
}

// checkAway: what the long absence of the machine cost is within a gap, and
// there is such a gap only then.
func (l *life) checkAway(contentType string, gaps []collect.Gap, s seen) {
	l.t.Helper()
	var spans, all []collect.Gap
	named := map[string]bool{}
	for _, g := range gaps {
		named[g.ContentID] = true
		if g.ContentID == "" {
			all = append(all, g)
			if !strings.HasPrefix(g.Reason, stopReason) {
				spans = append(spans, g)
			}
		}
	}
	if l.away.from.IsZero() {
		if len(spans) > 0 {
			l.t.Errorf("%s: gaps without a reason: %+v", contentType, spans)
		}
		return
	}
	for _, g := range spans {
		if g.From.Before(l.away.from.Add(-2*days)) || g.To.After(l.away.to.Add(-feed.Retention+days)) {
			l.t.Errorf("%s: the gap %+v is wider than the absence from %v to %v", contentType, g, l.away.from, l.away.to)
		}
	}
	for _, b := range l.tenant.blobs {
		if b.ContentType != contentType || l.fate(b) != may || b.Lost != "" {
			continue
		}
		covered := named[b.ID] || slices.ContainsFunc(all, func(g collect.Gap) bool { return !b.Created.Before(g.From) && b.Created.Before(g.To) })
		for _, c := range l.tenant.holds[b] {
			if s.records[c.id] == 0 && !covered {
				l.t.Errorf("record %s is not there and in no gap of %+v:%s", c.id, all, l.describe(b))
			}
		}
	}
}

// checkJournal compares what was journalled last of each blob with the blob,
// byte for byte. Of one that was still filling before the machine was off for too long
// it may be the beginning: what it lacks is in a gap, or checkAway says so.
func (l *life) checkJournal(p *process) {
	l.t.Helper()
	last := map[string][]byte{}
	err := p.Journal.Read(context.Background(), 0, func(e journal.Entry) error {
		last[e.Payload.ContentType+e.Payload.Name] = e.Payload.Body
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, b := range l.tenant.blobs {
		body, ok := last[b.ContentType+b.ID]
		switch f := l.fate(b); {
		case f == must && !ok:
			l.t.Errorf("a blob is not in the journal:%s", l.describe(b))
		case ok && !bytes.Equal(body, bodyOf(b.Records)) && !(f == may && begins(body, b)):
			l.t.Errorf("a blob is not in the journal as it is:%s", l.describe(b))
		case ok && (f == lost || f == never):
			l.t.Errorf("a blob is in the journal and cannot be:%s", l.describe(b))
		}
	}
}

func bodyOf(records [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(records, []byte{','})...), ']')
}

// begins says whether a body is that of a blob which has its first records only.
func begins(body []byte, b *feed.Blob) bool {
	for n := range b.Records {
		if !b.Complete.IsZero() && bytes.Equal(body, bodyOf(b.Records[:n])) {
			return true
		}
	}
	return false
}
