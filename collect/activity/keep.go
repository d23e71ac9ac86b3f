package activity

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

// keep hands a whole body to the sink and, when it is durable there, settles
// the blob. A crash in between leaves the blob outstanding: it is fetched and
// journalled again, and its records are dropped downstream as repeats.
func (s *stream) keep(ctx context.Context, blob collect.Blob, d *download) error {
	receipt, err := s.journal(ctx, blob, d)
	if err == nil {
		err = s.ledger.Journalled(ctx, s.Stream, blob.ContentID, receipt)
	}
	return s.storage(err)
}

// recheck fetches a blob that was journalled while it may still have been
// filling, and journals it again if there is something else in it now. Records
// that were in it before are dropped downstream as repeats.
func (s *stream) recheck(ctx context.Context, v *visit, blob collect.Journalled) (err error) {
	d, err := s.download(ctx, v, blob.Blob)
	if err != nil {
		return s.recheckFailed(ctx, blob, err)
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if d.sum == blob.SHA256 {
		// It may have come too early once more: the clock that said when to
		// fetch it again was set since.
		return s.storage(s.ledger.Recheck(ctx, s.Stream, blob.ContentID, collect.Failure{Next: s.settles(blob.Blob, d.asked)}))
	}
	s.logger.Info("content has grown since it was first fetched", "contentId", blob.ContentID, "records", d.records)
	receipt, err := s.journal(ctx, blob.Blob, d)
	if err == nil {
		if receipt.Recheck.IsZero() { // it grows longer than expected
			receipt.Recheck = receipt.At.Add(s.cfg.SettleAfter)
		}
		err = s.ledger.Regrown(ctx, s.Stream, blob.ContentID, receipt)
	}
	return s.storage(err)
}

func (s *stream) recheckFailed(ctx context.Context, blob collect.Journalled, err error) error {
	if ctx.Err() != nil || !blobsFault(err) {
		return err
	}
	if reason := s.lostReason(blob.Blob, err); reason != "" {
		s.logger.Warn("content cannot be fetched once more; what was journalled of it stands", "contentId", blob.ContentID, "reason", reason)
		return s.storage(s.ledger.Unchanged(ctx, s.Stream, blob.ContentID))
	}
	wait := max(blobPolicy.Delay(blob.Attempts, s.random), waitAsked(err))
	if noteErr := s.ledger.Recheck(ctx, s.Stream, blob.ContentID, collect.Failure{Next: s.clock.Now().Add(wait), Cause: err.Error(), Missing: behaviourOf(err) == gone}); noteErr != nil {
		return s.storage(noteErr)
	}
	return err
}

// journal makes a body durable and writes its receipt. A body that was too large
// for memory is journalled in parts, cut between records, that are the body when
// they are put together; the receipt covers the whole. A crash between two parts
// leaves the blob outstanding, and the first of them are journalled again.
func (s *stream) journal(ctx context.Context, blob collect.Blob, d *download) (collect.Receipt, error) {
	payload := model.Payload{
		Tenant:      s.Tenant,
		Source:      model.SourceActivity,
		Format:      model.FormatAuditArray,
		ContentType: s.ContentType,
		Name:        blob.ContentID,
		Received:    s.clock.Now().UTC(),
	}
	s.lags.Available(s.Stream, blob.ContentID, blob.Created)
	position, err := s.journalBody(ctx, payload, d)
	if err != nil {
		return collect.Receipt{}, err
	}
	return collect.Receipt{
		Size:     d.body.Size(),
		Records:  d.records,
		SHA256:   d.sum,
		Position: position,
		At:       s.clock.Now(),
		Recheck:  s.settles(blob, d.asked),
	}, nil
}

// journalBody returns the position of the last part.
func (s *stream) journalBody(ctx context.Context, payload model.Payload, d *download) (position uint64, err error) {
	if d.body.InMemory() {
		payload.Sum = d.sum
		payload.Body, payload.Free = d.body.Whole()
		return s.sink.Journal(ctx, payload)
	}
	for i := 1; i < len(d.parts) && err == nil; i++ {
		position, err = s.journalPart(ctx, payload, d, d.parts[i-1], d.parts[i])
	}
	return position, err
}

func (s *stream) journalPart(ctx context.Context, payload model.Payload, d *download, from, to int64) (uint64, error) {
	part, done, err := d.body.Part(ctx, from, to)
	if err != nil {
		return 0, err
	}
	defer done()
	payload.Offset, payload.Body = from, part
	if slices.Contains(d.fragments, from) {
		payload.Format = model.FormatFragment
	}
	return s.sink.Journal(ctx, payload)
}

// settles returns when a blob that was asked for at a time is to be fetched once
// more, or zero when it was old enough. Both are by our clock.
func (s *stream) settles(blob collect.Blob, asked time.Time) time.Time {
	at := blob.Created.Add(s.cfg.SettleAfter - s.client.server.Off()) // by our clock
	if s.cfg.SettleAfter == 0 || !asked.Before(at) {
		return time.Time{}
	}
	return at
}
