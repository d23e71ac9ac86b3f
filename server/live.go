package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Topics of GET /api/v1/events.
const (
	topicIncidents = "incidents" // what is open, or was changed
	topicSources   = "sources"   // states of sources, and what arrived
)

// Bounds of the streams of events.
const (
	// liveEvery is how often incidents are looked at while anybody listens, and
	// sourcesEvery how many such looks pass between two at the sources.
	liveEvery    = 3 * time.Second
	sourcesEvery = 3
	// liveStreams is how many pages may listen at a time.
	liveStreams = 100
	// liveTime ends a stream, which the page opens again: so that nothing between
	// keeps one that is dead.
	liveTime = 10 * time.Minute
	// quietTime is after how much silence a line is sent that says nothing, so that
	// proxies keep the connection, and who listens is asked for anew.
	quietTime = 15 * time.Second
	// livePending is how many events wait for a slow page before its stream ends.
	livePending = 8
	// liveIncidents is how many of the newest incidents are compared.
	liveIncidents = 50
	// lookTime bounds one look.
	lookTime = 20 * time.Second
)

// liveEvent is one event of a stream.
type liveEvent struct {
	topic string
	data  []byte // JSON
}

// live looks for what changed while somebody listens, once for all who do, and
// tells them. Its zero value is ready.
type live struct {
	mu        sync.Mutex
	listeners map[chan liveEvent]bool
	last      map[string][]byte // by topic
	looking   bool              // somebody looks already
	closed    bool
}

// join adds a listener, and says whether that one has to see to it that somebody
// looks; nil when there are too many or the server ends.
func (l *live) join() (events chan liveEvent, look bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.listeners) >= liveStreams {
		return nil, false
	}
	if l.listeners == nil {
		l.listeners, l.last = map[chan liveEvent]bool{}, map[string][]byte{}
	}
	events = make(chan liveEvent, livePending)
	for topic, data := range l.last {
		events <- liveEvent{topic, data}
	}
	l.listeners[events] = true
	look, l.looking = !l.looking, true
	return events, look
}

func (l *live) leave(events chan liveEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.listeners, events)
}

// tell sends what changed; who does not keep up is let go. It says whether anybody
// listens still.
func (l *live) tell(topic string, data []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(data) > 0 && !bytes.Equal(l.last[topic], data) {
		l.last[topic] = data
		for events := range l.listeners {
			select {
			case events <- liveEvent{topic, data}:
			default:
				delete(l.listeners, events)
				close(events)
			}
		}
	}
	if len(l.listeners) == 0 {
		clear(l.last)
		l.looking = false
	}
	return len(l.listeners) > 0
}

// close ends all streams, and takes no more.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for events := range l.listeners {
		delete(l.listeners, events)
		close(events)
	}
}

// look looks for changes until nobody listens.
func (s *Server) look() {
	ticker := time.NewTicker(liveEvery)
	defer ticker.Stop()
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		heard := s.live.tell(topicIncidents, s.lookAt(ctx, topicIncidents, s.incidentNews))
		if heard && n%sourcesEvery == 0 {
			heard = s.live.tell(topicSources, s.lookAt(ctx, topicSources, s.sourceNews))
		}
		cancel()
		if !heard {
			return
		}
		<-ticker.C
	}
}

// lookAt returns nil where a service fails: pages keep what they have.
func (s *Server) lookAt(ctx context.Context, topic string, news func(context.Context) (any, error)) []byte {
	found, err := news(ctx)
	if err != nil || found == nil {
		if err != nil {
			s.log.WarnContext(ctx, "look for what changed", "topic", topic, "error", err)
		}
		return nil
	}
	data, err := json.Marshal(found)
	if err != nil {
		return nil
	}
	return data
}

// incidentNews says how many incidents there are, and of the newest when each was
// changed.
func (s *Server) incidentNews(ctx context.Context) (any, error) {
	if s.services.Incidents == nil {
		return nil, nil
	}
	fresh, err := s.services.Incidents.List(ctx, IncidentFilter{Status: []string{"New"}, Limit: 1})
	if err != nil {
		return nil, err
	}
	all, err := s.services.Incidents.List(ctx, IncidentFilter{Limit: liveIncidents})
	if err != nil {
		return nil, err
	}
	changed := make(map[string]time.Time, len(all.Incidents))
	for _, i := range all.Incidents {
		changed[i.ID] = i.Updated
	}
	return struct {
		New     int                  `json:"new"`
		Total   int                  `json:"total"`
		Changed map[string]time.Time `json:"changed"`
	}{fresh.Total, all.Total, changed}, nil
}

// sourceNews says the state of each source, and when something arrived last.
func (s *Server) sourceNews(ctx context.Context) (any, error) {
	if s.services.Connectors == nil {
		return nil, nil
	}
	all, err := s.services.Connectors.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	news := struct {
		States   map[string]string `json:"states"`
		Received *time.Time        `json:"received"`
	}{States: make(map[string]string, len(all))}
	for _, c := range all {
		news.States[c.ID] = c.State
		if c.LastReceived != nil && (news.Received == nil || c.LastReceived.After(*news.Received)) {
			news.Received = c.LastReceived
		}
	}
	return news, nil
}

// handleEvents streams what changes as server-sent events.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
func (s *Server) handleEvents(w http.ResponseWriter, r *http.Request) error {
	events, look := s.live.join()
	if events == nil {
		return &Failure{CodeTooMany, "too many pages listen for what changes; this one asks again and again instead"}
	}
	defer s.live.leave(events)
	if look {
		go s.look()
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx else keeps it until there is more
	stream := http.NewResponseController(w)
	send := func(format string, args ...any) bool {
		// A stream outlives the time that an answer may take; each line does not.
		_ = stream.SetWriteDeadline(time.Now().Add(quietTime))
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && stream.Flush() == nil
	}
	if !send(": quoll\n\n") {
		return nil
	}
	end := time.NewTimer(liveTime)
	defer end.Stop()
	quiet := time.NewTimer(quietTime)
	defer quiet.Stop()
	for {
		quiet.Reset(quietTime)
		select {
		case e, ok := <-events:
			if !ok || !send("event: %s\ndata: %s\n\n", e.topic, e.data) {
				return nil
			}
		case <-quiet.C:
			// Who was signed out, or lost a token, hears no more.
			if _, err := s.identifyCaller(r); err != nil || !send(": still here\n\n") {
				return nil
			}
		case <-end.C:
			return nil
		case <-r.Context().Done():
			return nil
		}
	}
}
