// Package world lets the invented agency live: people work through their days,
// mail comes and goes, administrators administer, and one mailbox is taken
// over. It turns time into audit records and Defender records.
//
// It must not know how records are published, nor that anybody collects them.
// The same seed, start and end of story give the same records, whatever the
// pieces in which time passes: each tick of time has its own stream of choices.
package world

import (
	"errors"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// Tick is the step in which time passes. Nothing of a tick is known before it
// has passed whole, so that no record lies in the future.
const Tick = 10 * time.Second

// Config says which world.
type Config struct {
	Seed     uint64
	TenantID string
	// Start is when the world begins, cut to a whole tick.
	Start time.Time
	// StoryEnd is when the compromise is over; it begins StoryLength earlier.
	// When that lies before Start, or when StoryEnd is zero, no story is told.
	StoryEnd time.Time
	// AttacksBegin is when the further stories begin, one after the other within
	// AttacksLength; zero or before Start tells none. What compares with the days
	// before needs two days of them.
	AttacksBegin time.Time
	// Volume scales how much people do: 1 is about ten thousand audit records
	// on a working day.
	Volume float64
	// Releases says that mail is now and then held in quarantine by mistake and
	// let out by an administrator, for which the shipped rules raise an alert.
	Releases bool
}

// Audit is an audit record that came into being.
type Audit struct {
	audit.Record
	// Prompt records become available with the usual delay, never hours late:
	// the story has to be there when its end is.
	Prompt bool
	Known  time.Time // end of the tick in which it came into being
}

// Defender is a Defender record that came into being.
type Defender struct {
	*defender.Record
	Known time.Time // end of the tick in which it came into being
}

// Batch is what came into being in a stretch of time, in no order.
type Batch struct {
	Audit    []Audit
	Defender []Defender
}

// World is the agency in motion. It is not safe for concurrent use.
type World struct {
	cfg    Config
	org    *organisation.Organisation
	cursor time.Time // all ticks before it have passed
	agenda agenda
	actors []*actor
	files  map[*organisation.Site][]organisation.File

	dice  *dice.Dice // of the present tick
	batch Batch
	story Story
	// truths are those of the further stories; told is the one being told.
	truths []*Attack
	told   *Attack
	// telling is true while a step of the story is recorded.
	telling bool
	errs    []error
}

// New makes the world at its start.
func New(cfg Config) *World {
	cfg.Start = cfg.Start.UTC().Truncate(Tick)
	if cfg.Volume <= 0 {
		cfg.Volume = 1
	}
	w := &World{
		cfg:    cfg,
		org:    organisation.New(cfg.Seed, cfg.TenantID),
		cursor: cfg.Start,
		files:  map[*organisation.Site][]organisation.File{},
		dice:   dice.Named(cfg.Seed, "beginning"),
	}
	for _, site := range w.org.Sites {
		w.files[site] = append([]organisation.File(nil), site.Files...)
	}
	for _, p := range w.org.People {
		w.actors = append(w.actors, newActor(w, p))
		w.files[p.OneDrive] = append([]organisation.File(nil), p.OneDrive.Files...)
	}
	w.planBackground()
	w.planStory()
	w.planAttacks()
	return w
}

// Organisation is the agency. It must not be changed.
func (w *World) Organisation() *organisation.Organisation { return w.org }

// Story is what has happened of the compromise so far.
func (w *World) Story() Story {
	s := w.story
	s.Steps = append([]Step(nil), w.story.Steps...)
	return s
}

// Advance lets time pass up to the last whole tick before until and returns
// what came into being. Time that has already passed gives nothing.
func (w *World) Advance(until time.Time) (Batch, error) {
	w.batch = Batch{}
	for !w.cursor.Add(Tick).After(until) {
		w.tick()
	}
	batch := w.batch
	w.batch = Batch{}
	err := errors.Join(w.errs...)
	w.errs = nil
	return batch, err
}

func (w *World) tick() {
	end := w.cursor.Add(Tick)
	w.dice = dice.New(w.cfg.Seed, uint64(w.cursor.Unix()))
	for w.agenda.due(end) {
		entry := w.agenda.next()
		entry.do(entry.at)
	}
	for _, a := range w.actors {
		w.live(a)
	}
	w.background()
	w.cursor = end
}

// moment is some whole second of the present tick.
func (w *World) moment() time.Time {
	return w.cursor.Add(time.Duration(w.dice.Below(int(Tick/time.Second))) * time.Second)
}

// later puts something on the agenda. What would lie in the past happens at
// once, in the next tick.
func (w *World) later(at time.Time, do func(at time.Time)) {
	at = at.Truncate(time.Second)
	if at.Before(w.cursor) {
		at = w.cursor
	}
	w.agenda.add(at, do)
}

// record words an audit record and gives it to the feeds of its content types.
func (w *World) record(at time.Time, id string, record any, contentTypes ...string) {
	body, err := audit.Marshal(record)
	if err != nil {
		w.errs = append(w.errs, err)
		return
	}
	w.note(id, at)
	w.batch.Audit = append(w.batch.Audit, Audit{
		Record: audit.Record{ContentTypes: contentTypes, ID: id, Time: at, Body: body},
		Prompt: w.telling,
		Known:  w.cursor.Add(Tick),
	})
	w.tellApp(at, record, body)
}

// stream words a Defender record.
func (w *World) stream(at time.Time, table, reportID string, properties any) {
	record, err := defender.New(w.cfg.TenantID, table, reportID, at, properties)
	if err != nil {
		w.errs = append(w.errs, err)
		return
	}
	w.note(reportID, at)
	w.batch.Defender = append(w.batch.Defender, Defender{record, w.cursor.Add(Tick)})
}
