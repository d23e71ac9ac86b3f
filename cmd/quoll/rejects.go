package main

import (
	"context"
	"sync"

	"github.com/quoll/quoll/collect/file"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
)

// rejectRouter sends what could not be taken to the reject file of the import
// that is running, and everything else to the folder of rejects.
type rejectRouter struct {
	dir *pipeline.RejectDir

	mu      sync.Mutex
	current *file.RejectFile // nil unless an import is running
}

// follow makes f the file of the running import; nil ends it.
func (r *rejectRouter) follow(f *file.RejectFile) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current = f
}

// add lists a piece that did not become a payload.
func (r *rejectRouter) add(reject file.Reject) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.Add(reject)
}

// Reject implements pipeline.Rejects.
func (r *rejectRouter) Reject(ctx context.Context, position uint64, p model.Payload, rejects []normalise.Reject) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil || p.Source != model.SourceFile {
		return r.dir.Reject(ctx, position, p, rejects)
	}
	for _, reject := range rejects {
		if err := r.current.Add(file.Reject{File: p.Name, Line: reject.Line, Reason: reject.Reason, Raw: reject.Raw}); err != nil {
			return err
		}
	}
	return nil
}
