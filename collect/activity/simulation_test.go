package activity

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

// go test ./collect/activity -run Everything -seeds 500 -first-seed 1000
var (
	seeds     = flag.Uint64("seeds", 0, "how many seeds TestEverythingListedIsJournalled tries; 0 is four, or one with -short")
	firstSeed = flag.Uint64("first-seed", 0, "the first of them")
)

// simulation is the life of a tenant over some virtual days: what it publishes,
// what goes wrong on the way and when the collector is killed, all by seed.
type simulation struct {
	*rig
	mu     sync.Mutex
	random *rand.Rand
	calm   bool
	grown  int64 // blobs that were caught growing
	ids    []string
}

func (s *simulation) chance(percent int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.calm && s.random.IntN(100) < percent
}

// misfortune answers some requests in the feed's place.
func (s *simulation) misfortune(r *http.Request) (*http.Response, error) {
	if !s.chance(15) {
		return nil, nil
	}
	s.mu.Lock()
	kind := s.random.IntN(12)
	s.mu.Unlock()
	body := `[{"Id":"` + r.URL.Path
	switch kind {
	case 0:
		return answer(403, `{"error":{"code":"AF429","message":"Too many requests."}}`), nil
	case 1:
		return answer(429, "", "Retry-After", "45"), nil
	case 2:
		return answer(503, "<html>unavailable</html>"), nil
	case 3:
		return answer(500, `{"error":{"code":"AF50000","message":"internal"}}`), nil
	case 4:
		return nil, syscall.ECONNRESET
	case 5:
		return broken(body, io.ErrUnexpectedEOF), nil
	case 6:
		return answer(200, body), nil
	case 7:
		return answer(401, ""), nil
	case 8:
		s.feed.mu.Lock()
		clear(s.feed.tokens)
		s.feed.mu.Unlock()
		return nil, nil
	case 9:
		return answer(400, `{"error":{"code":"AF20031","message":"Invalid nextPage Input."}}`), nil
	case 10:
		return answer(404, `{"error":{"code":"AF20050","message":"does not exist"}}`), nil
	default:
		time.Sleep(20 * time.Minute) // far beyond any patience
		return nil, r.Context().Err()
	}
}

// publish adds a few blobs, some of them created long before they are listed.
func (s *simulation) publish(types []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range s.random.IntN(5) {
		created := time.Now().Add(-time.Duration(s.random.IntN(120)) * time.Second)
		if s.random.IntN(10) == 0 {
			created = time.Now().Add(-time.Duration(s.random.IntN(60)) * time.Hour)
		}
		if s.random.IntN(4) == 0 && len(s.feed.blobs) > 0 {
			created = s.feed.blobs[len(s.feed.blobs)-1].created // two at the same instant
		}
		name := id(len(s.ids))
		grown := time.Time{}
		if s.random.IntN(5) == 0 {
			grown = created.Add(time.Duration(s.random.IntN(9)) * time.Minute)
		}
		s.feed.add(types[s.random.IntN(len(types))], name, created, growing(`[{"Id":"`+name+`/1"}]`, grown))
		s.ids = append(s.ids, name)
	}
}

// TestEverythingListedIsJournalled is the property of the whole package: over
// days of trouble and crashes, what the server listed and what is journalled
// are the same set, nothing is given up, and the ledger's account agrees.
func TestEverythingListedIsJournalled(t *testing.T) {
	grown, count := int64(0), *seeds
	switch {
	case count > 0:
	case testing.Short():
		count = 1
	default:
		count = 4
	}
	for seed := *firstSeed; seed < *firstSeed+count; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inVirtualTime(t, func(r *rig) { grown += simulate(r, seed) })
		})
	}
	if grown == 0 {
		t.Error("no blob was caught growing: the simulation is too kind")
	}
}

// simulate lives through one seed and returns how many blobs were caught
// growing.
func simulate(r *rig, seed uint64) int64 {
	s := &simulation{rig: r, random: rand.New(rand.NewPCG(seed, 99))}
	types := []string{exchange, "Audit.General"}
	r.cfg.ContentTypes, r.cfg.PollEvery = types, 15*time.Minute
	r.feed.fault = s.misfortune
	r.sink.fail = func(model.Payload) (bool, error) {
		switch {
		case s.chance(3):
			return true, errors.New("killed after the journal was written")
		case s.chance(3):
			return false, syscall.ENOSPC
		}
		return false, nil
	}
	for range 12 {
		s.publish(types) // history
	}
	r.start()
	steps := 48 // three days
	if testing.Short() {
		steps = 16
	}
	for range steps {
		r.run(90 * time.Minute)
		s.publish(types)
		if s.chance(15) {
			r.stop()
			r.run(time.Duration(seed%5) * time.Hour)
			r.start()
		}
	}
	s.mu.Lock()
	s.calm = true
	s.mu.Unlock()
	r.run(12 * time.Hour)

	want := slices.Clone(s.ids)
	slices.Sort(want)
	if got := slices.Compact(r.sink.names()); !slices.Equal(got, want) {
		lost := slices.DeleteFunc(want, func(id string) bool { return slices.Contains(got, id) })
		r.t.Errorf("%d blobs journalled of %d listed; missing %v", len(got), len(s.ids), lost)
	}
	s.checkPayloads()
	s.checkLedger()
	r.wantNoSecret()
	return s.grown
}

// checkPayloads compares what was journalled last of each blob with what the
// feed holds, byte for byte.
func (s *simulation) checkPayloads() {
	last := map[string]model.Payload{}
	for _, p := range s.sink.all() {
		last[p.Name] = p
	}
	for _, b := range s.feed.blobs {
		if p := last[b.id]; string(p.Body) != b.body || p.ContentType != b.contentType {
			s.t.Errorf("%s of %s was journalled as %q", b.id, p.ContentType, p.Body)
		}
	}
}

func (s *simulation) checkLedger() {
	synctest.Wait()
	counts, grown := collect.Counts{}, int64(0)
	for _, stream := range s.c.Status().Streams {
		counts.Journalled += stream.Counts.Journalled
		counts.Expired += stream.Counts.Expired
		counts.Gaps += stream.Counts.Gaps
		grown += stream.Counts.Regrown
		if stream.Counts.Backlog() != 0 || stream.Lag > 16*time.Minute || stream.Health != collect.HealthRunning {
			s.t.Errorf("%s ends %s with backlog %d, lag %v, problem %+v", stream.ContentType, stream.Health, stream.Counts.Backlog(), stream.Lag, stream.Problem)
		}
	}
	if want := (collect.Counts{Journalled: int64(len(s.ids))}); counts != want {
		s.t.Errorf("the ledger counts %+v, want %+v", counts, want)
	}
	if counts.Gaps != 0 {
		for _, stream := range s.c.Status().Streams {
			gaps, err := s.ledger.Gaps(s.t.Context(), collect.Stream{Tenant: testTenant, ContentType: stream.ContentType}, 9)
			s.t.Logf("%s: gaps %+v, %v", stream.ContentType, gaps, err)
		}
	}
	s.grown = grown
}

// TestSimulationSeesLoss makes sure that the property can fail: a collector
// that does not list again loses what appears late.
func TestSimulationSeesLoss(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		r.cfg.Overlap, r.cfg.RelistEvery = 0, 1000*time.Hour
		r.start()
		r.run(time.Hour)
		r.feed.add(exchange, id(1), time.Now().Add(-30*time.Minute))
		r.run(time.Hour)
		if names := r.sink.names(); len(names) != 0 {
			t.Errorf("journalled %s", strings.Join(names, ", "))
		}
	})
}
