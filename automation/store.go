package automation

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/quoll/quoll/internal/state"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The states of a Step.
const (
	Waiting = "waiting"
	Done    = "done"
	Failed  = "failed"  // the budget of attempts is spent
	Refused = "refused" // it is not for automation to do
)

// Step is one action of a rule on one incident.
type Step struct {
	Sequence, Incident, Change int64
	RuleID, RuleName           string
	Place                      int // among the actions of the rule
	Action                     Action
	State                      string
	Attempts                   int
	At, Due                    time.Time // UTC
	Ended                      time.Time // zero while it waits
	Error                      string    // of the last attempt
}

// Stored is a rule that is kept in the state.
type Stored struct {
	*Rule
	By string
	At time.Time // UTC
}

func stored(ctx context.Context, db *sql.DB) ([]Stored, error) {
	return state.All(ctx, db, "read automation rules", func(row state.Row) (s Stored, err error) {
		var body string
		var at int64
		if err := row.Scan(&body, &s.By, &at); err != nil {
			return s, err
		}
		s.At = time.UnixMicro(at).UTC()
		s.Rule, err = Parse([]byte(body))
		return s, err
	}, `SELECT body, by, at FROM automation_rule ORDER BY id`)
}

func (e *Engine) cursor(ctx context.Context) (sequence int64, err error) {
	if err = e.db.QueryRowContext(ctx, `SELECT sequence FROM automation_cursor`).Scan(&sequence); err != nil {
		return 0, fmt.Errorf("read how far automation is: %w", err)
	}
	return sequence, nil
}

// advance notes that a change was seen, with the steps that it asks for.
func (e *Engine) advance(ctx context.Context, c Change, run []*Rule) error {
	if err := state.Change(ctx, e.db, func(tx *sql.Tx) error { return noteSteps(ctx, tx, c, run, e.clock.Now().UnixMicro()) }); err != nil {
		return fmt.Errorf("plan automation: %w", err)
	}
	return nil
}

func noteSteps(ctx context.Context, tx *sql.Tx, c Change, run []*Rule, now int64) error {
	for _, r := range run {
		for place, a := range r.Actions {
			body, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO automation_run (rule_id, rule_name, incident, change, place, body, state, at, due) VALUES (?,?,?,?,?,?,?,?,?)`,
				r.ID, r.Name, c.Incident, c.Sequence, place, string(body), Waiting, now, now); err != nil {
				return err
			}
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE automation_cursor SET sequence=?`, c.Sequence)
	return err
}

const selectSteps = `SELECT sequence, incident, change, rule_id, rule_name, place, body, state, attempts, at, due, done, error FROM automation_run `

func (e *Engine) steps(ctx context.Context, which string, args ...any) ([]Step, error) {
	return state.All(ctx, e.db, "read steps of automation", func(row state.Row) (s Step, err error) {
		var body []byte
		var at, due, done int64
		if err := row.Scan(&s.Sequence, &s.Incident, &s.Change, &s.RuleID, &s.RuleName, &s.Place, &body, &s.State, &s.Attempts, &at, &due, &done, &s.Error); err != nil {
			return s, err
		}
		s.At, s.Due = time.UnixMicro(at).UTC(), time.UnixMicro(due).UTC()
		if done != 0 {
			s.Ended = time.UnixMicro(done).UTC()
		}
		return s, json.Unmarshal(body, &s.Action)
	}, selectSteps+which, args...)
}

func (e *Engine) settle(ctx context.Context, s Step) error {
	var done int64
	if !s.Ended.IsZero() {
		done = s.Ended.UnixMicro()
	}
	if _, err := e.db.ExecContext(ctx, `UPDATE automation_run SET state=?, attempts=?, due=?, done=?, error=? WHERE sequence=?`, s.State, s.Attempts, s.Due.UnixMicro(), done, s.Error, s.Sequence); err != nil {
		return fmt.Errorf("note a step of automation: %w", err)
	}
	return nil
}

// remember is how long steps that came to an end are kept.
const remember = 180 * 24 * time.Hour

func (e *Engine) forget(ctx context.Context) error {
	if _, err := e.db.ExecContext(ctx, `DELETE FROM automation_run WHERE state<>? AND done BETWEEN 1 AND ?`, Waiting, e.clock.Now().Add(-remember).UnixMicro()); err != nil {
		return fmt.Errorf("forget old steps of automation: %w", err)
	}
	return nil
}

// Fare is how a rule fares.
type Fare struct {
	Incidents                      int // that it ran for
	Done, Failed, Refused, Waiting int // steps
	Last                           time.Time
	LastError                      string    // of the newest step that has one and did not end well
	LastFailed                     time.Time // when that was planned; zero without such a step
}

func (e *Engine) fares(ctx context.Context) (map[string]Fare, error) {
	all := map[string]Fare{}
	type line struct {
		id   string
		fare Fare
	}
	lines, err := state.All(ctx, e.db, "read how automation fares", func(row state.Row) (l line, err error) {
		var last int64
		err = row.Scan(&l.id, &l.fare.Incidents, &l.fare.Done, &l.fare.Failed, &l.fare.Refused, &l.fare.Waiting, &last)
		l.fare.Last = time.UnixMicro(last).UTC()
		return l, err
	}, `SELECT rule_id, count(DISTINCT incident), sum(state='done'), sum(state='failed'), sum(state='refused'), sum(state='waiting'), max(at) FROM automation_run GROUP BY rule_id`)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		var failed int64
		err := e.db.QueryRowContext(ctx, `SELECT error, at FROM automation_run WHERE rule_id=? AND error<>'' AND state<>'done' ORDER BY sequence DESC LIMIT 1`, l.id).Scan(&l.fare.LastError, &failed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("read how automation fares: %w", err)
		}
		if err == nil {
			l.fare.LastFailed = time.UnixMicro(failed).UTC()
		}
		all[l.id] = l.fare
	}
	return all, nil
}
