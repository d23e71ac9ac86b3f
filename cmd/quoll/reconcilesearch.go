package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/reconcile"
)

// runReconcileSearch compares with what a search of the tenant's audit log
// finds. The pages go to a temporary folder and nowhere else.
func runReconcileSearch(ctx context.Context, w, notes io.Writer, o reconcileOptions) (equal bool, err error) {
	if o.from == "" {
		return false, usageError(errors.New("--audit-search wants --from: say from when on to search, as a date or as 30d"))
	}
	c, err := config.Load(o.config)
	if err != nil {
		return false, usageError(err)
	}
	if o.data == "" {
		o.data = c.DataDir
	}
	request := auditsearch.Request{RecordTypes: o.types, Operations: o.operations}
	now := time.Now()
	if request.From, err = instant("--from", o.from, now); err != nil {
		return false, err
	}
	if o.to == "" {
		o.to = "0s"
	}
	if request.To, err = instant("--to", o.to, now); err != nil {
		return false, err
	}
	t, err := searchedTenant(c, o.tenant)
	if err != nil {
		return false, err
	}
	if t.AuditSearch == nil {
		return false, usageError(fmt.Errorf("tenant %s: its audit log cannot be searched: that needs an audit_log section, in the commercial cloud or GCC", t.Name))
	}
	if err := request.Check(*t.AuditSearch, now); err != nil {
		return false, usageError(fmt.Errorf("tenant %s: %w", t.Name, err))
	}
	// In whole seconds, and in one reading of "now".
	o.from, o.to = request.From.Format(time.RFC3339), request.To.Format(time.RFC3339)
	o.where = o.searched(t.ID)
	return o.compareSearch(ctx, w, notes, t, request)
}

func searchedTenant(c *config.Config, name string) (config.Tenant, error) {
	var names []string
	if name != "" {
		names = []string{name}
	}
	chosen, err := chooseTenants(c.Tenants, names)
	if err != nil {
		return config.Tenant{}, err
	}
	if len(chosen) > 1 {
		return config.Tenant{}, usageError(errors.New("there are several tenants: name one with --tenant"))
	}
	return chosen[0], nil
}

// searched is the condition on Quoll's records that matches what is searched.
func (o *reconcileOptions) searched(tenant string) string {
	conditions := []string{`OrganizationId =~ ` + literals([]string{tenant})}
	if len(o.types) > 0 {
		conditions = append(conditions, "RecordTypeName in~ ("+literals(o.types)+")")
	}
	if len(o.operations) > 0 {
		conditions = append(conditions, "Operation in~ ("+literals(o.operations)+")")
	}
	if o.where != "" {
		conditions = append(conditions, "("+o.where+"\n)")
	}
	return strings.Join(conditions, " and ")
}

func (o *reconcileOptions) compareSearch(ctx context.Context, w, notes io.Writer, t config.Tenant, request auditsearch.Request) (equal bool, err error) {
	c, err := o.comparison()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	temp, err := os.MkdirTemp(o.temp, "reconcile-search-*")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	db, err := state.Open(ctx, filepath.Join(temp, "state.db"))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pages, err := newSpool(filepath.Join(temp, "pages"), c)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, pages.file.Close()) }()

	show := newBackfillShow(io.Discard, notes, "text")
	defer show.finish()
	search, err := newSearch(t, db, nil, show.log)
	if err != nil {
		return false, err
	}
	name := "audit search of " + t.Name
	c.BeginFile(name)
	b := backfilled{TenantID: t.ID, TenantName: t.Name, From: request.From, To: request.To, Started: time.Now()}
	show.begin(b)
	var mu sync.Mutex
	summary, err := search.Run(ctx, request, pages, func(p auditsearch.Progress) {
		mu.Lock()
		defer mu.Unlock()
		noteProgress(&b, p)
		show.step(b)
	})
	show.finish()
	if err != nil {
		return false, err
	}
	for _, m := range summary.Missing {
		c.Reject(reconcile.Reject{File: name, Reason: fmt.Sprintf("%s to %s: %s", m.From.Format(time.RFC3339), m.To.Format(time.RFC3339), m.Reason)})
	}
	return o.judge(ctx, w, c, pages.again)
}

// spool keeps the pages of a search in a file while they are compared. It is the
// sink of that search.
type spool struct {
	mu         sync.Mutex
	comparison *reconcile.Comparison
	file       *os.File
	out        *bufio.Writer
}

var _ collect.Sink = (*spool)(nil)

func newSpool(path string, c *reconcile.Comparison) (*spool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &spool{comparison: c, file: f, out: bufio.NewWriterSize(f, 1<<20)}, nil
}

// Journal implements collect.Sink.
func (s *spool) Journal(_ context.Context, p model.Payload) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.out.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p.Body)))); err != nil {
		return 0, fmt.Errorf("keep a page: %w", err)
	}
	if _, err := s.out.Write(p.Body); err != nil {
		return 0, fmt.Errorf("keep a page: %w", err)
	}
	return 0, s.comparison.Add(p)
}

// again yields all pages in the order in which they were added.
func (s *spool) again(yield func(model.Payload) error) error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(s.file, 1<<20)
	for {
		var length [8]byte
		if _, err := io.ReadFull(in, length[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint64(length[:]))
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if err := yield(model.Payload{Source: model.SourceAuditSearch, Format: model.FormatAuditSearchPage, Body: body}); err != nil {
			return err
		}
	}
}
