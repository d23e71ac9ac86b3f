package pipeline

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

// Status is where the river stands. Counts are since the process started,
// except Quarantined.
type Status struct {
	// Journal is the last durable position, Applied the last visible one,
	// Committed the one up to which all rows are in files, Archived the last
	// one that a published checkpoint covers.
	Journal, Applied, Committed, Archived uint64

	Entries    int64 // journal entries applied
	Records    int64 // raw records in them, rejects included
	Added      int64
	Duplicates int64
	Revisions  int64
	Rejected   int64
	// Expired records are out of date by what retention removed, and were not taken.
	Expired int64
	// Quarantined is how many entries of the journal could not be taken.
	Quarantined int64
	// Rows is the rows added, by table.
	Rows map[string]int64
	// Flows are the records by where they came from.
	Flows map[Origin]Flow
	// Unknown is what the normaliser met and did not know.
	Unknown normalise.Counts

	// LastApplied is when the last entry became visible (UTC), and Lag the time
	// from its arrival to then.
	LastApplied time.Time
	Lag         time.Duration
	LastFlush   time.Time
	// FlushError, MaintainError and ArchiveError say what is being tried again;
	// empty if all is well.
	FlushError string
	// Pressure is how short the room on the disk is, and Free what there is of it, in
	// bytes; zero where nobody looks.
	Pressure      Pressure
	Free          uint64
	MaintainError string
	ArchiveError  string
}

// Origin is a source, tenant and content type as payloads say them.
type Origin struct {
	Source          model.Source
	Tenant, Content string
}

// Flow counts records since the process started.
type Flow struct {
	Added, Duplicates, Revisions, Rejected int64
	// Others are those that name another organisation than the tenant that they were
	// collected for, and Other is one such organisation. They are kept under its name.
	Others int64
	Other  string
}

// Status returns where the river stands now.
func (p *Pipeline) Status() Status {
	p.mu.Lock()
	s := p.status
	s.Rows, s.Flows = maps.Clone(p.status.Rows), maps.Clone(p.status.Flows)
	s.Unknown = normalise.Counts{}
	s.Unknown.Add(p.status.Unknown)
	p.mu.Unlock()
	s.Journal = uint64(p.Parts.Journal.Last())
	s.Pressure, s.Free, _ = p.gate.look()
	s.Applied, s.Committed = p.Lake.Applied(), p.Lake.Position()
	if p.Archive != nil {
		s.Archived = p.Archive.Sealed()
	}
	return s
}

// Flow returns what came from one origin since the process started.
func (p *Pipeline) Flow(from Origin) Flow {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status.Flows[from]
}

// pressed tells of a change of the room on the disk.
func (p *Pipeline) pressed(to Pressure, free uint64) {
	switch to {
	case PressureStop:
		p.Logger.Error("the disk is nearly full: collecting has stopped, and goes on by itself when there is room", "freeMiB", free>>20)
	case PressureSlow:
		p.Logger.Warn("the disk is short of room: collecting is slowed down", "freeMiB", free>>20)
	default:
		p.Logger.Info("the disk has room again: collecting goes on as ever", "freeMiB", free>>20)
	}
}

func (p *Pipeline) update(change func(*Status)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.status)
}

// account counts an entry that is visible now and tells who waits for it.
func (p *Pipeline) account(j *job, a lake.Applied) {
	p.count(j, a)
	p.measureLag(j, a)
	p.watchMu.Lock()
	defer p.watchMu.Unlock()
	if applied, ok := p.watchers[j.entry.Position]; ok {
		delete(p.watchers, j.entry.Position)
		applied <- outcome{applied: a, rejects: reasons(j.result.Rejects)}
	}
}

func (p *Pipeline) count(j *job, a lake.Applied) {
	now := p.Clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.status
	s.Entries++
	s.Records += int64(a.Records + len(j.result.Rejects))
	s.Added += int64(a.Added)
	s.Duplicates += int64(a.Duplicates + a.Replayed)
	s.Revisions += int64(a.Revisions)
	s.Rejected += int64(len(j.result.Rejects))
	s.Expired += int64(a.Expired)
	if s.Rows == nil {
		s.Rows = map[string]int64{}
	}
	for table, n := range a.Rows {
		s.Rows[table] += int64(n)
	}
	s.Unknown.Add(j.result.Counts)
	p.tellOthers(j)
	s.count(j, a)
	s.LastApplied, s.Lag = now, now.Sub(j.entry.Payload.Received)
	close(p.moved)
	p.moved = make(chan struct{})
}

// count adds what became of a payload to the flow of its origin.
func (s *Status) count(j *job, a lake.Applied) {
	if s.Flows == nil {
		s.Flows = map[Origin]Flow{}
	}
	from := originOf(j)
	f := s.Flows[from]
	f.Added += int64(a.Added)
	f.Duplicates += int64(a.Duplicates + a.Replayed)
	f.Revisions += int64(a.Revisions)
	f.Rejected += int64(len(j.result.Rejects))
	for other, n := range j.result.Counts.Organisations {
		f.Others += int64(n)
		if f.Other == "" || other < f.Other { // one and the same, whatever the order
			f.Other = other
		}
	}
	s.Flows[from] = f
}

func originOf(j *job) Origin {
	p := &j.entry.Payload
	return Origin{p.Source, p.Tenant, p.ContentType}
}

// mostOthersTold bounds how often the log tells of an organisation that is not the
// tenant's, in the life of a process.
const mostOthersTold = 20

// tellOthers says in the log that a tenant's payload has records of another
// organisation, the first time for each. p.mu must be held.
func (p *Pipeline) tellOthers(j *job) {
	if j.entry.Payload.Source == model.SourceFile { // whose they are, is for the person who brings it to know
		return
	}
	for other, n := range j.result.Counts.Organisations {
		key := strings.Join([]string{j.entry.Payload.Tenant, other}, " ")
		if p.others[key] || len(p.others) >= mostOthersTold {
			continue
		}
		if p.others == nil {
			p.others = map[string]bool{}
		}
		p.others[key] = true
		p.Logger.Warn("records of another organisation came with a tenant's; they are kept under its name",
			"source", j.entry.Payload.Source, "tenant", j.entry.Payload.Tenant, "contentType", j.entry.Payload.ContentType,
			"organization", other, "records", n, "payload", j.entry.Payload.Name)
	}
}

// quarantine notes an entry that could not be taken as a whole.
func (p *Pipeline) quarantine(ctx context.Context, j *job) error {
	_, err := p.State.ExecContext(ctx, `INSERT INTO pipeline_quarantine
		(position, name, format, sha256, reason, seen) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (position) DO UPDATE SET reason = excluded.reason, seen = excluded.seen`,
		int64(j.entry.Position), j.entry.Payload.Name, string(j.entry.Payload.Format), j.entry.SHA256[:],
		j.quarantine, p.Clock.Now().UnixMicro())
	if err != nil {
		return fmt.Errorf("quarantine position %d: %w", j.entry.Position, err)
	}
	return p.countQuarantine(ctx)
}

// countQuarantine brings the number in the status up to date.
func (p *Pipeline) countQuarantine(ctx context.Context) error {
	var n int64
	if err := p.State.QueryRowContext(ctx, `SELECT count(*) FROM pipeline_quarantine`).Scan(&n); err != nil {
		return fmt.Errorf("count the quarantine: %w", err)
	}
	p.update(func(s *Status) { s.Quarantined = n })
	return nil
}

// endQuarantine lets go of the entries that were not seen to fail since then.
func (p *Pipeline) endQuarantine(ctx context.Context, since time.Time) error {
	_, err := p.State.ExecContext(ctx, `DELETE FROM pipeline_quarantine WHERE seen < ?`, since.UnixMicro())
	if err != nil {
		return fmt.Errorf("end the quarantine: %w", err)
	}
	return p.countQuarantine(ctx)
}

// Quarantined is a journal entry that could not be taken as a whole.
type Quarantined struct {
	Position journal.Position
	Name     string
	Format   string
	Reason   string
	Seen     time.Time // UTC
}

// Quarantine returns the entries that could not be taken as a whole, oldest first,
// at most limit of them.
func (p *Pipeline) Quarantine(ctx context.Context, limit int) ([]Quarantined, error) {
	rows, err := p.State.QueryContext(ctx, `SELECT position, name, format, reason, seen
		FROM pipeline_quarantine ORDER BY position LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list the quarantine: %w", err)
	}
	defer rows.Close()
	var list []Quarantined
	for rows.Next() {
		var q Quarantined
		var position, seen int64
		if err := rows.Scan(&position, &q.Name, &q.Format, &q.Reason, &seen); err != nil {
			return nil, fmt.Errorf("list the quarantine: %w", err)
		}
		q.Position, q.Seen = journal.Position(position), time.UnixMicro(seen).UTC()
		list = append(list, q)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the quarantine: %w", err)
	}
	return list, nil
}
