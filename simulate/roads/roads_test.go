package roads

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/push"
)

const (
	every  = 20 * time.Second // a record on each road
	before = 2 * time.Minute
	// tolerance is by how much later others may be than on a good day.
	tolerance = time.Second
)

// lasts is for how long there is trouble, and then for how long what waited may
// take to arrive.
func lasts() (during, afterward time.Duration) {
	if testing.Short() {
		return 6 * time.Minute, 10 * time.Minute
	}
	return 12 * time.Minute, 25 * time.Minute
}

// story is what happened in one run.
type story struct {
	delays  map[string]time.Duration // until a record was seen, by id
	missing []string                 // at the end
	unseen  map[road]int             // of what was published while there was trouble, at its end
	status  collect.Status           // of the road in trouble, at its end
	after   collect.Status
	log     *logText
}

// TestNoRoadHoldsAnotherUp puts one road after the other into trouble. The rest
// delivers every record as early as it does on a good day; the one in trouble says
// so in its status and once in the log, and catches up afterwards. Relays that
// never end their bodies hold nothing up but pushes.
func TestNoRoadHoldsAnotherUp(t *testing.T) {
	good := tell(t, "", well)
	if len(good.missing) > 0 || len(good.log.lines("level=WARN"))+len(good.log.lines("level=ERROR")) > 0 {
		t.Fatalf("on a good day %d records are missing, and the log says\n%s", len(good.missing), good.log.String())
	}
	for i, r := range []road{feedRoad, hubRoad, storageRoad, huntRoad} {
		for j, m := range []mode{revoked, dead, hanging, slow} {
			if testing.Short() && i != j {
				continue // each road and each trouble once
			}
			t.Run(fmt.Sprint(r, " ", m), func(t *testing.T) {
				s := tell(t, r, m)
				s.compare(t, good, r)
				if m != slow {
					s.checkTrouble(t, r, m)
				}
			})
		}
	}
	t.Run("push stuck", func(t *testing.T) {
		s := tell(t, pushRoad, hanging)
		s.compare(t, good, pushRoad)
		if s.unseen[pushRoad] == 0 {
			t.Error("records came over a road that was full")
		}
	})
}

// tell lets all roads run, with one of them in trouble for a while.
func tell(t *testing.T, victim road, m mode) (s *story) {
	t.Helper()
	during, afterward := lasts()
	synctest.Test(t, func(t *testing.T) {
		r, n := openRiver(t), newTenant(t)
		s = &story{delays: map[string]time.Duration{}, unseen: map[road]int{}, log: r.log}
		collectors := n.collectors(t, r)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.run(ctx, t, slices.Collect(maps.Values(collectors)))
		}()
		time.Sleep(7 * time.Second) // not at the instant of a poll
		n.publishFor(ctx, t, before)
		release := n.begin(t, victim, m)
		began := time.Now()
		n.publishFor(ctx, t, during)
		for id, at := range n.published {
			if _, seen := r.seen.of(id); !seen && !at.Before(began) {
				s.unseen[roadOf(id)]++
			}
		}
		if c := collectors[victim]; c != nil {
			s.status = c.Status()
		}
		release()
		time.Sleep(afterward)
		if c := collectors[victim]; c != nil {
			s.after = c.Status()
		}
		for id, at := range n.published {
			seen, ok := r.seen.of(id)
			if !ok {
				s.missing = append(s.missing, id)
			}
			s.delays[id] = seen.Sub(at)
		}
		cancel()
		<-ended
		must(t, r.machine.Close())
		n.close()
	})
	return s
}

func roadOf(id string) road {
	name, _, _ := strings.Cut(id, "-")
	return road(name)
}

func (n *tenant) publishFor(ctx context.Context, t *testing.T, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		n.publish(ctx, t)
		time.Sleep(every)
	}
}

// begin begins trouble and returns what ends it.
func (n *tenant) begin(t *testing.T, victim road, m mode) (end func()) {
	t.Helper()
	if victim != pushRoad {
		n.trouble(t, victim, m)
		return func() { n.trouble(t, victim, well) }
	}
	var stuck []*io.PipeWriter
	for range push.DefaultConfig().AtOnce {
		body, writer := io.Pipe()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, push.Path, body)
		request.Header.Set("Authorization", "Bearer "+pushToken)
		go n.push.ServeHTTP(httptest.NewRecorder(), request)
		stuck = append(stuck, writer)
	}
	synctest.Wait()
	n.held = []string{}
	return func() {
		for _, writer := range stuck {
			_ = writer.Close() // never fails
		}
		synctest.Wait()
		held := n.held
		n.held = nil
		for _, body := range held { // relays send again what was not taken
			n.relay(t, body)
		}
	}
}

// compare holds every road but one against a good day.
func (s *story) compare(t *testing.T, good *story, victim road) {
	t.Helper()
	if len(s.missing) > 0 {
		t.Errorf("%d records never came, such as %s", len(s.missing), slices.Min(s.missing))
	}
	late := map[road]int{}
	for id, usual := range good.delays {
		if r := roadOf(id); r != victim && s.delays[id] > usual+tolerance {
			if late[r]++; late[r] == 1 {
				t.Errorf("%s took %v, and %v on a good day", id, s.delays[id], usual)
			}
		}
	}
}

// checkTrouble looks at what a road says that nothing comes over.
func (s *story) checkTrouble(t *testing.T, victim road, m mode) {
	t.Helper()
	during, _ := lasts()
	if published := int(during / every); s.unseen[victim] != published {
		t.Errorf("%d of %d records did not come over a road that is %s", s.unseen[victim], published, m)
	}
	want := collect.HealthDegraded
	if m == revoked && victim != hubRoad { // which ends the connection without a word
		want = collect.HealthBlocked
	}
	if s.status.Health != want || s.status.Problem == nil || s.status.Problem.Remedy == "" || len(s.status.Streams) != 1 {
		t.Errorf("the road that is %s says %s, %+v", m, s.status.Health, s.status.Problem)
	} else if one := s.status.Streams[0]; one.Health != want || one.Problem == nil || one.Failures == 0 || one.Errors == 0 {
		t.Errorf("its stream says %s, %+v, %d failures", one.Health, one.Problem, one.Failures)
	}
	told := append(s.log.lines("level=WARN", "road="+string(victim), "cause="), s.log.lines("level=ERROR", "road="+string(victim), "cause=")...)
	if len(told) == 0 || len(told) > 3 {
		t.Errorf("the log tells %d times:\n%s", len(told), strings.Join(told, ""))
	}
	if len(s.log.lines("works again", "road="+string(victim))) == 0 {
		t.Errorf("the log does not say that it works again:\n%s", s.log.String())
	}
	if s.after.Health != collect.HealthRunning || s.after.Problem != nil {
		t.Errorf("long after it was mended it says %s, %+v", s.after.Health, s.after.Problem)
	}
}
