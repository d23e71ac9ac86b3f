package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os/user"
	"time"

	"github.com/quoll/quoll/automation"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/incident"
	"github.com/quoll/quoll/intel"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// desk is where commands change what people keep: at the server that has the
// data directory open, or, where none has, at one in this process that has no
// address. Either way the same code does it and writes it down.
type desk struct {
	note serverNote
	by   string
}

// atDesk calls do at the desk of a data directory. by is for whom the command
// acts; empty is who runs it.
func atDesk(ctx context.Context, data, by string, do func(desk) error) error {
	if u, err := user.Current(); by == "" && err == nil {
		by = u.Username
	}
	return hereOrThere(ctx, data, func(n *node) error {
		rules, err := loadRules(true, withSaved(data, nil))
		if err != nil {
			return err
		}
		services, err := deskServices(ctx, n, rules)
		if err != nil {
			return err
		}
		s, err := server.New(server.DefaultConfig(), server.Options{Services: services, Logger: n.log})
		if err != nil {
			return err
		}
		return do(desk{serverNote{Address: "http://127.0.0.1", client: &http.Client{Transport: inProcess{s.Handler()}}}, by})
	}, func(note serverNote) error { return do(desk{note, by}) })
}

// ask sends body, which may be nil, as JSON and reads the answer into into, which
// may be nil.
func (d desk) ask(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	return deskError(call(ctx, d.as(), method, path, text, into))
}

// file asks for a file.
func (d desk) file(ctx context.Context, method, path string) ([]byte, error) {
	data, err := callFile(ctx, d.as(), method, path, nil)
	return data, deskError(err)
}

func (d desk) as() serverNote {
	note := d.note
	note.actor = d.by
	return note
}

// deskError gives what the desk refuses its exit code.
func deskError(err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		switch refused.Code {
		case server.CodeNotFound:
			return usageError(refused)
		case server.CodeConflict:
			return &exitError{exitFound, refused}
		}
	}
	return err
}

// deskServices are the services that change what people keep.
func deskServices(ctx context.Context, n *node, rules []*detect.Rule) (server.Services, error) {
	indicators, err := intel.Open(ctx, n.state, time.Now)
	if err != nil {
		return server.Services{}, err
	}
	store, err := incident.Open(ctx, n.state, time.Now)
	if err != nil {
		return server.Services{}, err
	}
	detector, err := detect.New(ctx, detect.DefaultConfig(), n.state, rules, ruleQuerier{n.query}, store, clock.System(), n.log)
	if err != nil {
		return server.Services{}, err
	}
	audit := &acts{journal: n.journal, workspace: n.workspace, clock: clock.System(), log: n.log}
	holds, err := newHoldDesk(ctx, n, audit)
	if err != nil {
		return server.Services{}, err
	}
	automations, err := automation.New(ctx, n.state, automation.Files{}, automation.World{Check: checkQuery(n.query)}, clock.System(), rand.Float64, n.log)
	if err != nil {
		return server.Services{}, err
	}
	view := incidents{store, n.query}
	settle := func(ctx context.Context) error { return errors.Join(n.catchUp(ctx), n.archiveAll(ctx)) }
	return server.Services{
		Automation: automationDesk{automations, store, audit},
		Incidents:  auditedIncidents{view, audit},
		Custodian:  &custodian{n, view, func() []*detect.Rule { return rules }, audit, settle, clock.System()},
		Disposals:  disposalDesk{holds, n, func(ctx context.Context, _ uint64) error { return n.archiveAll(ctx) }},
		Erasures:   erasureDesk{holds: holds, node: n, seal: func(ctx context.Context, _ uint64) error { return n.archiveAll(ctx) }},
		Holds:      holds,
		Library:    libraryDesk{n.library, audit},
		Exceptions: exceptionDesk{db: n.state, rules: detector.Rules, acts: audit, now: time.Now},
		Indicators: indicatorDesk{indicators, n, detector, audit},
	}, nil
}

// inProcess answers requests by a handler in this process.
type inProcess struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &recordedAnswer{header: http.Header{}, status: http.StatusOK}
	p.handler.ServeHTTP(answer, r)
	return &http.Response{
		Status: http.StatusText(answer.status), StatusCode: answer.status, Header: answer.header, Body: io.NopCloser(&answer.body), Request: r,
	}, nil
}

// recordedAnswer is an answer that is kept in memory.
type recordedAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *recordedAnswer) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *recordedAnswer) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *recordedAnswer) Write(b []byte) (int, error) { return k.body.Write(b) }
