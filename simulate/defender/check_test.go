package defender

import (
	"context"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/simulate/lives"
	wording "github.com/quoll/quoll/tenantsim/defender"
)

// rows counts rows by table and what tells them apart in it.
type rows map[string]int

// settle ends all trouble, waits until everything is visible, and looks: while
// the river flows, and after one more start.
func (l *life) settle(ctx context.Context, relaying *sync.WaitGroup) {
	l.t.Helper()
	l.machine.Faults.End()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opened, done := make(chan *lives.Process, 1), make(chan error, 1)
	var collectors []collect.Collector
	go func() {
		done <- l.process(ctx, time.Hour, func(p *lives.Process, all []collect.Collector) {
			collectors = all
			opened <- p
		})
	}()
	select {
	case err := <-done:
		l.t.Errorf("the process ended: %v", err)
		return
	case p := <-opened:
		relaying.Wait()
		l.comeLate(ctx, collectors)
		l.await(ctx, p)
		l.checkGaps(collectors)
	}
	cancel()
	if err := <-done; err != nil {
		l.t.Errorf("the process ended: %v", err)
	}
	p, err := l.boot(context.Background(), time.Hour)
	must(l.t, err)
	l.compare(l.look(p))
	must(l.t, p.Close())
}

// comeLate adds rows whose time this process has read already: only who reads it
// again finds them.
func (l *life) comeLate(ctx context.Context, collectors []collect.Collector) {
	l.t.Helper()
	began := time.Now()
	for !hunted(collectors, began) {
		if time.Since(began) > patience || clock.Sleep(ctx, hasty{}, 3*time.Second) != nil {
			l.t.Error("hunting did not come to an end once")
			break
		}
	}
	for _, r := range l.tenant.late {
		l.tenant.graph.AddHunting(r.Table, r.Time, time.Now(), r.Properties)
	}
}

// hunted says whether every table was read to its end after a time.
func hunted(collectors []collect.Collector, after time.Time) bool {
	for _, c := range collectors {
		if c.Status().Source != model.SourceHunting {
			continue
		}
		for _, s := range c.Status().Streams {
			if !s.LastSuccess.After(after) {
				return false
			}
		}
	}
	return true
}

func (l *life) wanted() rows {
	want := rows{}
	for _, r := range l.tenant.records {
		want[r.Table+" "+r.RowID()]++
	}
	return want
}

// await waits until there are as many rows as records, and compares. On a machine
// that does much else a life is slow, so that only standing still counts against
// it.
func (l *life) await(ctx context.Context, p *lives.Process) {
	l.t.Helper()
	most, since := int64(-1), time.Now()
	for {
		n := l.rows(p) // which costs little: no file is read
		if n > most {
			most, since = n, time.Now()
		}
		if n >= int64(len(l.tenant.records)) || time.Since(since) > patience || clock.Sleep(ctx, hasty{}, 3*time.Second) != nil {
			l.compare(l.look(p))
			return
		}
	}
}

// rows counts all that can be seen.
func (l *life) rows(p *lives.Process) (sum int64) {
	l.t.Helper()
	for _, table := range tables {
		n, err := p.Rows(table)
		must(l.t, err)
		sum += n
	}
	return sum
}

// compare holds what can be seen against what was published.
func (l *life) compare(seen rows) {
	l.t.Helper()
	want, published := l.wanted(), map[string]road{}
	for _, r := range l.tenant.records {
		published[r.Table+" "+r.RowID()] |= l.tenant.roads[r]
	}
	for name, n := range want {
		if seen[name] != n {
			l.t.Errorf("%s has %d rows, want %d; it was published over roads %04b", name, seen[name], n, published[name])
		}
	}
	for name, n := range seen {
		if want[name] == 0 {
			l.t.Errorf("%s has %d rows and was never published", name, n)
		}
	}
}

// checkGaps: nothing was lost, so no hub may say so.
func (l *life) checkGaps(collectors []collect.Collector) {
	l.t.Helper()
	for _, c := range collectors {
		for _, s := range c.Status().Streams {
			if s.Counts.Gaps != 0 {
				l.t.Errorf("%s of %s counts %d gaps, and nothing was lost", s.ContentType, c.Status().Name, s.Counts.Gaps)
			}
		}
	}
}

// look reads the tables as a query does.
func (l *life) look(p *lives.Process) rows {
	l.t.Helper()
	seen := rows{}
	for _, table := range tables {
		ids, err := p.Count(table, wording.IDColumn(table))
		must(l.t, err)
		for id, n := range ids {
			seen[table+" "+id] += n
		}
	}
	return seen
}
