package automation

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
)

var (
	// ErrNotFound says that there is no such rule or incident.
	ErrNotFound = errors.New("no such automation rule")
	// ErrInvalid wraps what is wrong with a rule.
	ErrInvalid = errors.New("not valid")
	// ErrForGood wraps an error that another attempt does not mend.
	ErrForGood = errors.New("not to be tried again")
)

// Incidents is where incidents are kept.
type Incidents interface {
	// Changes returns what happened after a sequence number, the oldest first.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
	// Forget says that changes up to a sequence number are not asked for again.
	Forget(ctx context.Context, upTo int64) error
	// Incident returns one; nil where there is none.
	Incident(ctx context.Context, number int64) (*Incident, error)
	// Do makes a change once, by its key.
	Do(ctx context.Context, number int64, effect Effect) error
}

// Effect is a change that automation makes.
type Effect struct {
	Key            string // it is made once, by this
	By             string // automation's name
	Says           string // what was done, for the timeline
	Owner          *string
	Severity       model.Severity // "": as it is, as with the others
	Status         model.IncidentStatus
	Classification model.Classification
	Tags           []string
	Comment, Task  string
}

// World is what automation acts on besides incidents.
type World struct {
	Incidents Incidents
	// Tell tells targets by their names, once by its key. The error wraps ErrForGood
	// where a name is none.
	Tell func(ctx context.Context, key string, targets []string, i *Incident, by string) error
	// Ask answers a query and says in a few lines what it gave.
	Ask func(ctx context.Context, text string) (string, error)
	// Check compiles a query behind the let statements that say what incident it is
	// about, and runs none of it; the error has the mistakes and their places.
	Check func(ctx context.Context, about, text string) error
	// Watches says whether an analytics rule watches those who could mute it.
	Watches func(ruleID string) bool
	// Acted writes down what was done with a step in the end; Ran that all steps of
	// a rule on a change came to an end.
	Acted func(ctx context.Context, s Step) error
	Ran   func(ctx context.Context, steps []Step) error
}

// Engine applies rules. It is safe for use by one Run and several others at once.
type Engine struct {
	db     *sql.DB
	files  []*Rule
	paths  map[string]string // of files, by the id of their rule
	broken []Problem
	world  World
	clock  clock.Clock
	random func() float64
	log    *slog.Logger
}

// retries spaces attempts out: the last of them is about half an hour after
// the first.
var retries = backoff.Policy{First: 5 * time.Second, Max: 20 * time.Minute, Tries: 10}

// New returns an engine over the rules of files and those in db. Rules of files
// whose queries have mistakes are not run.
func New(ctx context.Context, db *sql.DB, files Files, world World, clk clock.Clock, random func() float64, log *slog.Logger) (*Engine, error) {
	if err := state.Migrate(ctx, db, "automation", migrations); err != nil {
		return nil, err
	}
	files = files.checked(ctx, world)
	for _, p := range files.Problems {
		log.Error("an automation rule of a file is not run", "error", p)
	}
	return &Engine{db: db, files: files.Rules, paths: files.paths, broken: files.Problems, world: world, clock: clk, random: random, log: log}, nil
}

// Problems are the files and folders that no rule comes from, as they were when the
// engine was made.
func (e *Engine) Problems() []Problem { return e.broken }

// FromFiles are the rules of files by the paths of these, as they were when the engine
// was made.
func (e *Engine) FromFiles() map[string]*Rule {
	all := map[string]*Rule{}
	for _, r := range e.files {
		all[e.paths[r.ID]] = r
	}
	return all
}

// lookEvery is how often changes of incidents are looked for.
const lookEvery = time.Second

// Run applies rules until ctx ends; it then returns nil.
func (e *Engine) Run(ctx context.Context) error {
	forgot := time.Time{}
	for {
		n, err := e.Step(ctx)
		if now := e.clock.Now(); err == nil && now.Sub(forgot).Abs() > time.Hour {
			forgot, err = now, e.forget(ctx)
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("automation waits", "error", err)
		}
		if n > 0 && err == nil && ctx.Err() == nil {
			continue
		}
		if clock.Sleep(ctx, e.clock, lookEvery) != nil {
			return nil
		}
	}
}

// batch bounds the changes and the steps of one look.
const batch = 100

// Step plans what changes ask for that were not seen yet, and makes one attempt at
// each action that is due. It returns how many changes and actions there were.
func (e *Engine) Step(ctx context.Context) (int, error) {
	seen, err := e.planChanges(ctx)
	if err != nil {
		return seen, err
	}
	due, err := e.steps(ctx, `WHERE state=? AND due<=? ORDER BY sequence LIMIT ?`, Waiting, e.clock.Now().UnixMicro(), batch)
	if err != nil {
		return seen, err
	}
	for _, s := range due {
		if err := e.attempt(ctx, s); err != nil {
			return seen + len(due), err
		}
	}
	return seen + len(due), nil
}

func (e *Engine) planChanges(ctx context.Context) (int, error) {
	after, err := e.cursor(ctx)
	if err != nil {
		return 0, err
	}
	changes, err := e.world.Incidents.Changes(ctx, after, batch)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	rules, err := e.all(ctx)
	if err != nil {
		return 0, err
	}
	for n, c := range changes {
		var run []*Rule
		if slices.ContainsFunc(rules, func(r *Rule) bool { return r.triggered(c) }) {
			i, err := e.world.Incidents.Incident(ctx, c.Incident)
			if err != nil {
				return n, err
			}
			if i != nil && i.MergedInto == 0 {
				run = plan(rules, c, i, e.clock.Now())
			}
		}
		if err := e.advance(ctx, c, run); err != nil {
			return n, err
		}
	}
	return len(changes), e.world.Incidents.Forget(ctx, changes[len(changes)-1].Sequence)
}

// all returns the rules of files and of the state, in their order. A rule of the
// state whose id a file has is left out.
func (e *Engine) all(ctx context.Context) ([]*Rule, error) {
	kept, err := stored(ctx, e.db)
	if err != nil {
		return nil, err
	}
	rules := slices.Clone(e.files)
	for _, k := range kept {
		if !e.inFile(k.ID) {
			rules = append(rules, k.Rule)
		}
	}
	inOrder(rules)
	return rules, nil
}

func (e *Engine) inFile(id string) bool {
	return slices.ContainsFunc(e.files, func(r *Rule) bool { return r.ID == id })
}

// errRefused says that something is not for automation to do.
var errRefused = errors.New("an alert of this incident is of a rule that watches those who could mute it: people close it and lower its severity, automation does not")

// attempt does one step and notes what came of it. Its error is one of the state:
// the step then waits.
func (e *Engine) attempt(ctx context.Context, s Step) error {
	err := e.do(ctx, s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := e.clock.Now().UTC()
	s.Attempts++
	switch {
	case err == nil:
		s.State, s.Ended, s.Error = Done, now, ""
	case errors.Is(err, errRefused):
		s.State, s.Ended, s.Error = Refused, now, err.Error()
	case errors.Is(err, ErrForGood), s.Attempts >= retries.Tries:
		s.State, s.Ended, s.Error = Failed, now, err.Error()
	default:
		s.Due, s.Error = now.Add(retries.Delay(s.Attempts, e.random)), err.Error()
		return e.settle(ctx, s)
	}
	if s.State != Done {
		e.log.Error("an action of an automation rule did not succeed", "rule", s.RuleName, "incident", s.Incident, "action", s.Action.String(), "error", s.Error)
		says := fmt.Sprintf("%s: %s after %d attempts: %s", s.Action, s.State, s.Attempts, bounded(s.Error, 500))
		// The incident goes on without: that this cannot be written there is in the
		// log, and does not keep the step from ending.
		if err := e.world.Incidents.Do(ctx, s.Incident, Effect{Key: s.key() + " " + s.State, By: s.by(), Says: says}); err != nil {
			e.log.Error("the timeline of an incident could not be written", "incident", s.Incident, "error", err)
		}
	}
	if err := e.world.Acted(ctx, s); err != nil {
		return err // the step is done again, which changes nothing
	}
	if err := e.settle(ctx, s); err != nil {
		return err
	}
	return e.ran(ctx, s)
}

// ran tells once all steps of a rule on a change came to an end.
func (e *Engine) ran(ctx context.Context, s Step) error {
	steps, err := e.steps(ctx, `WHERE rule_id=? AND change=? ORDER BY place`, s.RuleID, s.Change)
	if err != nil || slices.ContainsFunc(steps, func(other Step) bool { return other.State == Waiting }) {
		return err
	}
	return e.world.Ran(ctx, steps)
}

func (s Step) key() string { return fmt.Sprintf("automation %s %d %d", s.RuleID, s.Change, s.Place) }

// by is the name under which a rule acts.
func (s Step) by() string { return "Automation: " + s.RuleName }

func (e *Engine) do(ctx context.Context, s Step) error {
	i, err := e.world.Incidents.Incident(ctx, s.Incident)
	if err != nil {
		return err
	}
	if i == nil || i.MergedInto != 0 {
		return fmt.Errorf("%w: the incident is part of another by now", ErrForGood)
	}
	a := s.Action
	lowers := a.Severity != "" && a.Severity.Rank() < i.Severity.Rank()
	if (a.Close != nil || lowers) && slices.ContainsFunc(i.Alerts, func(one model.Alert) bool { return e.world.Watches(one.RuleID) }) {
		return errRefused
	}
	effect := Effect{Key: s.key(), By: s.by(), Says: a.String(), Owner: a.Assign, Tags: a.Tag, Severity: a.Severity, Comment: a.Comment, Task: a.Task}
	switch {
	case a.Activate:
		effect.Status = model.IncidentActive
	case a.Close != nil:
		effect.Status, effect.Classification, effect.Comment = model.IncidentClosed, a.Close.Classification, a.Close.Comment
	case len(a.Notify) > 0:
		if err := e.world.Tell(ctx, s.key(), a.Notify, i, s.by()); err != nil {
			return err
		}
	case a.Query != nil:
		found, err := e.world.Ask(ctx, about(i)+a.Query.Text)
		if err != nil {
			return err
		}
		effect.Says = bounded(a.String()+": "+found, maxFound)
	}
	return e.world.Incidents.Do(ctx, s.Incident, effect)
}

// maxFound bounds what a query adds to a timeline, in bytes.
const maxFound = 8 << 10

func bounded(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// about tells a query what incident it is about, by let statements.
func about(i *Incident) string {
	list := func(kind string) string {
		texts := i.entity(kind)
		if texts == nil {
			texts = []string{}
		}
		body, err := json.Marshal(texts)
		if err != nil {
			panic("texts always marshal: " + err.Error())
		}
		return "dynamic(" + string(body) + ")"
	}
	moment := func(t time.Time) string { return "datetime(" + t.UTC().Format("2006-01-02T15:04:05.000000Z") + ")" }
	return fmt.Sprintf("let IncidentNumber = %d; let FirstActivity = %s; let LastActivity = %s; let Accounts = %s; let Mailboxes = %s; let Addresses = %s; let Hosts = %s; let Links = %s; let Messages = %s;\n",
		i.Number, moment(i.FirstActivity), moment(i.LastActivity), list("Account"), list("Mailbox"), list("IP"), list("Host"), list("URL"), list("MailMessage"))
}

// Listed is a rule with where it is from and how it fares.
type Listed struct {
	*Rule
	File bool   // it is from a file, and changed there
	By   string // who put it into the state
	At   time.Time
	Fare Fare
}

// List returns all rules, in their order.
func (e *Engine) List(ctx context.Context) ([]Listed, error) {
	kept, err := stored(ctx, e.db)
	if err != nil {
		return nil, err
	}
	fares, err := e.fares(ctx)
	if err != nil {
		return nil, err
	}
	var all []Listed
	for _, r := range e.files {
		all = append(all, Listed{Rule: r, File: true, Fare: fares[r.ID]})
	}
	for _, k := range kept {
		if !e.inFile(k.ID) {
			all = append(all, Listed{Rule: k.Rule, By: k.By, At: k.At, Fare: fares[k.ID]})
		}
	}
	slices.SortFunc(all, func(a, b Listed) int { return cmp.Or(a.Order-b.Order, strings.Compare(a.ID, b.ID)) })
	return all, nil
}

// Put keeps a rule, in place of the one of its id. The error wraps ErrInvalid where
// the rule is wrong.
func (e *Engine) Put(ctx context.Context, text, by string) (*Rule, error) {
	r, err := Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if e.inFile(r.ID) {
		return nil, fmt.Errorf("%w: the id %s is that of a rule in a file: change it there, or take another", ErrInvalid, r.ID)
	}
	if err := r.check(ctx, e.world); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, err := e.db.ExecContext(ctx, `INSERT INTO automation_rule (id, body, by, at) VALUES (?,?,?,?)
		ON CONFLICT (id) DO UPDATE SET body=excluded.body, by=excluded.by, at=excluded.at`, r.ID, text, by, e.clock.Now().UnixMicro()); err != nil {
		return nil, fmt.Errorf("keep automation rule %s: %w", r.ID, err)
	}
	return r, nil
}

// Remove takes a rule out of the state. What it has begun is done still. The error
// is ErrNotFound, or wraps ErrInvalid where the rule is one of a file.
func (e *Engine) Remove(ctx context.Context, id string) error {
	if e.inFile(id) {
		return fmt.Errorf("%w: automation rule %s is in a file: take it away there", ErrInvalid, id)
	}
	result, err := e.db.ExecContext(ctx, `DELETE FROM automation_rule WHERE id=?`, id)
	if err != nil {
		return fmt.Errorf("take away automation rule %s: %w", id, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrNotFound, err)
	}
	return nil
}

// Steps returns what automation did and waits to do, the newest first; of one
// incident where number is not 0.
func (e *Engine) Steps(ctx context.Context, number int64, limit int) ([]Step, error) {
	return e.steps(ctx, `WHERE (?=0 OR incident=?) ORDER BY sequence DESC LIMIT ?`, number, number, limit)
}
