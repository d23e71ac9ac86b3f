package lake

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/backoff"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/objectstore"
)

// headSuffix is what the name of the head has behind that of the lake.
const headSuffix = "/HEAD.json"

// maxHead bounds what is read of a head.
const maxHead = 4 << 20

// headState is what the object HEAD.json of a lake says. A table is in the state of
// the metadata file that is named here, whatever else there is.
type headState struct {
	Version int `json:"version"`
	// Writer is a random word of whoever opened the lake last, on Host. Nobody else may
	// write.
	Writer string    `json:"writer"`
	Host   string    `json:"host"`
	Opened time.Time `json:"opened"`
	// Sequence grows with each change, so that no two heads are the same.
	Sequence uint64            `json:"sequence"`
	Tables   map[string]string `json:"tables"` // locations of metadata files
}

const headVersion = 1

func (s *headState) clone() headState {
	next := *s
	next.Tables = maps.Clone(s.Tables)
	if next.Tables == nil {
		next.Tables = map[string]string{}
	}
	next.Sequence++
	return next
}

// head is the head of a lake in its store. Each change of it is one put on the
// condition that it still is what it was: who opens the lake changes it first, and
// from then on a process that had it before cannot commit.
type head struct {
	objects Objects
	name    string
	clock   clock.Clock
	random  func() float64
	waits   func(problem string)
	ending  context.Context // ends waiting as well as the caller's

	mu    sync.Mutex
	state headState
	etag  string
	dirty bool // there are tables that the store does not know of
}

func createHead(ctx context.Context, objects Objects, lake string) error {
	text, err := json.Marshal(headState{Version: headVersion, Tables: map[string]string{}})
	if err != nil {
		return err
	}
	_, err = objects.Swap(ctx, lake+headSuffix, text, "")
	return err
}

// read takes the state that the store has.
func (h *head) read(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	text, etag, err := h.get(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the store has no such lake: it was emptied, or the name of bucket, container or prefix is another: %w", err)
	}
	if err != nil {
		return err
	}
	var state headState
	if err := json.Unmarshal(text, &state); err != nil || state.Version != headVersion {
		return fmt.Errorf("%s: version %d is none that is known, or it is damaged (%v)", h.name, state.Version, err)
	}
	h.state, h.etag = state, etag
	return nil
}

func (h *head) get(ctx context.Context) (text []byte, etag string, err error) {
	body, info, err := h.objects.Open(ctx, h.name, 0)
	if err != nil {
		return nil, "", err
	}
	defer body.Close()
	text, err = io.ReadAll(io.LimitReader(body, maxHead))
	if err == nil && int64(len(text)) != info.Size {
		err = io.ErrUnexpectedEOF
	}
	return text, info.ETag, err
}

// take makes this process the only one that can commit.
func (h *head) take(ctx context.Context, host string) error {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return fmt.Errorf("name a writer: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.state.clone()
	next.Writer, next.Host, next.Opened = hex.EncodeToString(random[:]), host, h.clock.Now().UTC()
	return h.put(ctx, next)
}

// location is where the metadata file of a table lies; false if there is no such
// table.
func (h *head) location(table string) (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	location, ok := h.state.Tables[table]
	return location, ok
}

// add notes a new table, which flush or the next commit tells the store.
func (h *head) add(table, location string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.state.clone()
	next.Tables[table] = location
	h.state, h.dirty = next, true
}

func (h *head) flush(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.dirty {
		return nil
	}
	return h.put(ctx, h.state.clone())
}

// move commits the next state of a table.
func (h *head) move(ctx context.Context, table, location string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := h.state.clone()
	next.Tables[table] = location
	return h.put(ctx, next)
}

// put changes the head. Once it returns, what the store has is known: the new state
// if the error is nil, the old one if it is none of ErrTaken and ErrUncertain.
func (h *head) put(ctx context.Context, next headState) error {
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	etag, err := h.objects.Swap(ctx, h.name, text, h.etag)
	if err == nil {
		h.now(next, etag)
		return nil
	}
	defer h.waits("")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ending, cancel)()
	return h.settle(ctx, next, text, err)
}

func (h *head) now(state headState, etag string) {
	h.state, h.etag, h.dirty = state, etag, false
}

// settlePace is how often the store is asked what became of a change.
var settlePace = backoff.Policy{First: 500 * time.Millisecond, Max: 30 * time.Second}

// settle finds out what became of a change that was reported as failed. It may have
// happened, and it may still be on its way: so the head is changed once more, to what
// it was, after which that change cannot happen any more. While the store does not
// answer it waits, until ctx ends.
func (h *head) settle(ctx context.Context, next headState, text []byte, cause error) error {
	var undone []headState
	var undoneTexts [][]byte
	for failures := 1; ; {
		there, etag, err := h.get(ctx)
		switch {
		case err != nil:
		case bytes.Equal(there, text):
			h.now(next, etag)
			return nil
		case etag == h.etag:
			last := next
			if len(undone) > 0 {
				last = undone[len(undone)-1]
			}
			back := h.state.clone()
			back.Sequence = last.Sequence + 1
			var put []byte
			if put, err = json.Marshal(back); err != nil {
				return err
			}
			undone, undoneTexts = append(undone, back), append(undoneTexts, put)
			if etag, err = h.objects.Swap(ctx, h.name, put, h.etag); err == nil {
				h.etag, h.state = etag, back
				return cause
			}
			if errors.Is(err, objectstore.ErrChanged) {
				continue // one of ours came through
			}
		default:
			for i := range undone {
				if bytes.Equal(there, undoneTexts[i]) {
					h.etag, h.state = etag, undone[i]
					return cause
				}
			}
			return h.taken(there)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrUncertain, errors.Join(cause, err))
		}
		h.waits(err.Error())
		_ = clock.Sleep(ctx, h.clock, settlePace.Delay(failures, h.random))
		failures++
	}
}

// taken words who has the lake now.
func (h *head) taken(there []byte) error {
	var other headState
	if err := json.Unmarshal(there, &other); err != nil {
		return fmt.Errorf("%w: %s is damaged", ErrTaken, h.name)
	}
	return fmt.Errorf("%w: on %q at %s; two processes cannot write to one lake: stop one of them, and start the other again",
		ErrTaken, other.Host, other.Opened.Format(time.RFC3339))
}
