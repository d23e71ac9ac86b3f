package defender

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/internal/clock"
	wording "github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/export"
	"github.com/quoll/quoll/tenantsim/graph"
	"github.com/quoll/quoll/tenantsim/hub"
	"github.com/quoll/quoll/tenantsim/world"
)

const (
	tenantID  = "5c0ffee0-1234-4321-8765-0123456789ab"
	oneForAll = "defender"
	pushToken = "simulated-token-of-relays"
)

// pool is what an agency streams in a day, each record once; lives draw from it.
var pool = sync.OnceValues(func() ([]*wording.Record, error) {
	start := time.Now().UTC().Add(-30 * time.Hour)
	w := world.New(world.Config{Seed: 11, TenantID: tenantID, Start: start, StoryEnd: start.Add(20 * time.Hour), Volume: 1})
	day, err := w.Advance(start.Add(24 * time.Hour))
	if err != nil {
		return nil, err
	}
	var records []*wording.Record
	known := map[string]bool{}
	for _, r := range day.Defender {
		if !known[string(r.Properties)] {
			known[string(r.Properties)] = true
			records = append(records, r.Record)
		}
	}
	return records, nil
})

// road is a way from the tenant to Quoll.
type road int

const (
	overHub road = 1 << iota
	overStorage
	overPush
	overHunting
)

// tenant publishes. Its methods are called by one goroutine.
type tenant struct {
	dice      *dice.Dice
	namespace *hub.Namespace
	export    string // folder
	graph     *graph.Server
	relay     *relay

	records []*wording.Record
	roads   map[*wording.Record]road
	sent    map[road][]*wording.Record // for repeats
	halves  map[string][]byte          // by file: the rest of a line that is half there
	made    map[string]int             // what is odd about what was published, by kind
	late    []*wording.Record          // rows that can be hunted when all was read once
}

// odd counts what is odd about what is published, whether it happened or not.
func (t *tenant) odd(kind string, happened bool) bool {
	t.made[kind] += map[bool]int{true: 1}[happened]
	return happened
}

// hubs are those of the tables and the one that takes all.
func hubs() []string {
	names := []string{oneForAll}
	for _, table := range wording.Tables() {
		names = append(names, hub.Name(table))
	}
	return names
}

// plan draws the records of a life and the roads of each. What is hunted is
// streamed nowhere: the two word a record differently.
func (t *tenant) plan(all []*wording.Record) {
	n := t.dice.Between(60, 240)
	for range n {
		r := dice.Pick(t.dice, all)
		if t.roads[r] != 0 {
			continue
		}
		t.records = append(t.records, r)
		t.roads[r] = dice.Pick(t.dice, []road{overHub, overHub, overHub, overStorage, overStorage, overPush, overHunting, overHub | overStorage, overHub | overPush | overStorage})
	}
}

// publish sends records over their roads, and now and then something again.
func (t *tenant) publish(ctx context.Context, records []*wording.Record) error {
	by := map[road][]*wording.Record{}
	for _, r := range records {
		for _, one := range []road{overHub, overStorage, overPush, overHunting} {
			if t.roads[r]&one != 0 {
				by[one] = append(by[one], r)
			}
		}
	}
	for _, one := range []road{overHub, overStorage, overPush} {
		if t.odd("record published again", len(t.sent[one]) > 0 && t.dice.Chance(0.3)) {
			by[one] = append(by[one], dice.Pick(t.dice, t.sent[one]))
		}
		t.sent[one] = append(t.sent[one], by[one]...)
	}
	for _, r := range by[overHunting] {
		if t.odd("row to be hunted that comes after its time was read", t.dice.Chance(0.25)) {
			t.late = append(t.late, r)
			continue
		}
		t.graph.AddHunting(r.Table, r.Time, time.Now(), r.Properties)
	}
	if err := t.toHub(ctx, by[overHub]); err != nil {
		return err
	}
	if err := t.toStorage(by[overStorage]); err != nil {
		return err
	}
	return t.toRelay(by[overPush])
}

func (t *tenant) toHub(ctx context.Context, records []*wording.Record) error {
	for part := range slices.Chunk(records, t.dice.Between(1, 8)) {
		lines, err := lines(part)
		if err != nil {
			return err
		}
		name, message := oneForAll, hub.Message(lines...)
		switch {
		case t.odd("record in the hub of its table", len(part) == 1 && t.dice.Chance(0.5)):
			name = hub.Name(part[0].Table)
		case t.odd("message that is a bare array", t.dice.Chance(0.1)):
			message = append(append([]byte{'['}, bytes.Join(lines, []byte{','})...), ']')
		case t.odd("message that is a bare record", len(part) == 1 && t.dice.Chance(0.3)):
			message = lines[0]
		}
		messages := [][]byte{message}
		if t.odd("message without a record in it", t.dice.Chance(0.05)) {
			messages = append(messages, dice.Pick(t.dice, [][]byte{{}, []byte(`{"records":[]}`), []byte(`{"records":[{"half`), {0, 0xff}}))
		}
		if err := t.namespace.Publish(ctx, name, int32(t.dice.Below(int(t.namespace.Partitions()))), messages...); err != nil {
			return err
		}
	}
	return nil
}

// toStorage appends lines; now and then the last one is half there until more
// comes.
func (t *tenant) toStorage(records []*wording.Record) error {
	for _, r := range records {
		line, err := r.Line(time.Now())
		if err != nil {
			return err
		}
		path := filepath.Join(t.export, export.Path(tenantID, r.Table, r.Time))
		text := append(t.halves[path], append(line, "\r\n"...)...)
		t.halves[path] = nil
		if t.odd("line of an export half there", t.dice.Chance(0.2)) {
			cut := t.dice.Between(1, len(text)-1)
			t.halves[path], text = text[cut:], text[:cut]
		}
		if err := appendTo(path, text); err != nil {
			return err
		}
	}
	return nil
}

// complete writes what is left of lines.
func (t *tenant) complete() error {
	for path, rest := range t.halves {
		if err := appendTo(path, rest); err != nil {
			return err
		}
	}
	clear(t.halves)
	return nil
}

func appendTo(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(text)
	return err
}

func (t *tenant) toRelay(records []*wording.Record) error {
	if len(records) == 0 {
		return nil
	}
	lines, err := lines(records)
	if err != nil {
		return err
	}
	t.relay.bodies <- bytes.Join(lines, []byte{'\n'})
	return nil
}

func lines(records []*wording.Record) ([][]byte, error) {
	var all [][]byte
	for _, r := range records {
		line, err := r.Line(time.Now())
		if err != nil {
			return nil, err
		}
		all = append(all, line)
	}
	return all, nil
}

// relay pushes bodies to whoever takes them at the time, until each was taken.
type relay struct {
	bodies chan []byte
	mu     sync.Mutex
	to     *push.Receiver
}

func (r *relay) set(to *push.Receiver) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
}

// run ends when bodies is closed and empty.
func (r *relay) run(ctx context.Context) {
	for body := range r.bodies {
		for ctx.Err() == nil && !r.push(ctx, body) {
			_ = clock.Sleep(ctx, hasty{}, time.Second) // ctx is asked above
		}
	}
}

func (r *relay) push(ctx context.Context, body []byte) bool {
	r.mu.Lock()
	to := r.to
	r.mu.Unlock()
	if to == nil {
		return false
	}
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, push.Path, strings.NewReader(string(body)))
	request.Header.Set("Authorization", "Bearer "+pushToken)
	answer := httptest.NewRecorder()
	to.ServeHTTP(answer, request)
	return answer.Code == http.StatusOK
}
