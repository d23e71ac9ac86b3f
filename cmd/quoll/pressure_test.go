package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/server"
)

// fillingDisk is a pipeline whose disk is short, and a journal of acts.
type fillingDisk struct {
	mu       sync.Mutex
	pressure pipeline.Pressure
	fails    bool
	acts     []string
}

func (f *fillingDisk) Status() pipeline.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return pipeline.Status{Pressure: f.pressure, Free: 7}
}

// becomes sets what the disk is like, and returns what was written down before.
func (f *fillingDisk) becomes(pressure pipeline.Pressure, fails bool) (acts int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pressure, f.fails = pressure, fails
	return len(f.acts)
}

// since returns what was written down after the first acts.
func (f *fillingDisk) since(acts int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.acts[acts:])
}

func (f *fillingDisk) Append(_ context.Context, payloads ...model.Payload) (journal.Position, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails {
		return 0, errors.New("the disk is full")
	}
	for _, p := range payloads {
		f.acts = append(f.acts, string(p.Body))
	}
	return 1, nil
}

func TestEachTurnOfTheDiskIsWrittenDownOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fillingDisk{}
		ctx, stop := context.WithCancel(t.Context())
		w := pressureWatch{f, &acts{journal: f, clock: clock.System(), log: slog.New(slog.DiscardHandler)}, clock.System(), slog.New(slog.DiscardHandler)}
		done := make(chan error)
		go func() { done <- w.run(ctx) }()
		for _, step := range []struct {
			pressure pipeline.Pressure
			fails    bool
			status   string // of the act that is new
		}{
			{pipeline.PressureNone, false, ""},
			{pipeline.PressureSlow, false, `"Status":"Failure"`},
			{pipeline.PressureSlow, false, ""},
			{pipeline.PressureStop, true, ""},
			{pipeline.PressureStop, false, `"Status":"Failure"`},
			{pipeline.PressureNone, false, `"Status":"Success"`},
		} {
			before := f.becomes(step.pressure, step.fails)
			time.Sleep(2 * watchDiskEvery)
			synctest.Wait()
			if fresh := f.since(before); step.status == "" && len(fresh) != 0 || step.status != "" && (len(fresh) != 1 || !strings.Contains(fresh[0], step.status)) {
				t.Errorf("%+v: %q", step, fresh)
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for pressure, want := range map[pipeline.Pressure]string{pipeline.PressureSlow: server.StateDegraded, pipeline.PressureStop: server.StateFailing} {
		if part := (&measured{}).disk(pressure); part.State != want || part.Remedy == "" {
			t.Errorf("%q: %+v", pressure, part)
		}
	}
}
