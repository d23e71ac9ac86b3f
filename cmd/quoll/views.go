package main

import (
	"context"
	"sync"
	"time"

	"github.com/quoll/quoll/server"
)

// viewEvery is how long one person's looks at one thing are one view: pages ask again
// while they are open.
const viewEvery = 15 * time.Minute

// maxViews bounds what is remembered of views. Beyond it all is forgotten, and looks
// are written down again: more rows rather than fewer.
const maxViews = 4096

// viewBook writes down who looks at what, once in a while.
type viewBook struct {
	acts *acts

	mu   sync.Mutex
	seen map[seenView]time.Time
}

type seenView struct {
	person string
	view   server.View
}

func newViewBook(audit *acts) *viewBook {
	return &viewBook{acts: audit, seen: map[seenView]time.Time{}}
}

// Viewed implements server.Views.
func (b *viewBook) Viewed(ctx context.Context, v server.View) error {
	key, now := seenView{server.CallerName(ctx), v}, b.acts.clock.Now()
	if !b.due(key, now) {
		return nil
	}
	err := b.acts.done(ctx, act{operation: "View", kind: v.Page, id: v.Object, description: "looked at it, perhaps several times within a quarter of an hour"}, nil)
	if err != nil {
		b.mu.Lock()
		delete(b.seen, key)
		b.mu.Unlock()
	}
	return err
}

// due says whether a view is to be written down, and takes it for written down.
func (b *viewBook) due(key seenView, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at, ok := b.seen[key]; ok && now.Sub(at) < viewEvery && !now.Before(at) {
		return false
	}
	if len(b.seen) >= maxViews {
		clear(b.seen)
	}
	b.seen[key] = now
	return true
}
