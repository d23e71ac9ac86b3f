package tenantsim

import (
	"time"

	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/export"
	"github.com/quoll/quoll/tenantsim/world"
)

// streamer decides when Defender records are exported. The file of an hour
// grows after the hour, because files go by event time and lines by this.
type streamer struct {
	cfg      *Config
	waiting  queue[streamed]
	exported map[string]map[string]bool // table, ReportId
	pending  map[string]bool            // table and ReportId
}

type streamed struct {
	record *defender.Record
	at     time.Time
}

func newStreamer(cfg *Config) *streamer {
	return &streamer{cfg: cfg, exported: map[string]map[string]bool{}, pending: map[string]bool{}}
}

// take decides when records are exported; found is told when each can be hunted,
// which is then too.
func (s *streamer) take(records []world.Defender, found func(*defender.Record, time.Time)) {
	for _, r := range records {
		key := r.Table + " " + r.ReportID
		s.pending[key] = true
		d := dice.Named(s.cfg.Seed, "stream "+key)
		at := max2(r.Time.Add(d.Span(s.cfg.Delay*3/4, s.cfg.Delay*5/4)), r.Known)
		s.waiting.add(at, streamed{r.Record, at})
		found(r.Record, at)
		if d.Chance(s.cfg.RepeatedLines) {
			again := at.Add(d.Span(time.Second, 20*time.Minute))
			s.waiting.add(again, streamed{r.Record, again})
		}
	}
}

// due returns the lines that are exported by now and were not by done, and takes
// all up to now for written.
func (s *streamer) due(now, done time.Time) ([]export.Line, error) {
	var lines []export.Line
	for s.waiting.due(now) {
		next := s.waiting.next()
		if next.at.After(done) {
			text, err := next.record.Line(next.at)
			if err != nil {
				return nil, err
			}
			lines = append(lines, export.Line{Table: next.record.Table, Time: next.record.Time, Text: text})
		}
		table := next.record.Table
		if s.exported[table] == nil {
			s.exported[table] = map[string]bool{}
		}
		s.exported[table][next.record.ReportID] = true
		delete(s.pending, table+" "+next.record.ReportID)
	}
	return lines, nil
}

func (s *streamer) produced() (map[string]map[string]bool, int) {
	tables := map[string]map[string]bool{}
	for table, ids := range s.exported {
		tables[table] = make(map[string]bool, len(ids))
		for id := range ids {
			tables[table][id] = true
		}
	}
	return tables, len(s.pending)
}
