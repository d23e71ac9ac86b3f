package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

const (
	// certifyEvery is the time between two looks for days that have closed.
	certifyEvery = time.Hour
	// certifyBack is how far back days are looked for: blobs of older ones can
	// no longer come.
	certifyBack = 10 * 24 * time.Hour
	// keepBlobRows is how long the ledger keeps a row for each blob. The list
	// beside the day's certificate has them for ever.
	keepBlobRows = 40 * 24 * time.Hour
)

// certificateFile is where the server keeps the latest certificate of a day.
func certificateFile(data string, s collect.Stream, day time.Time) string {
	return filepath.Join(data, "certificates", s.Tenant, fmt.Sprintf("%s-%s.certificate", day.Format(time.DateOnly), s.ContentType))
}

// certifier issues the certificates of days as they close, keeps them with their
// lists of blobs in the data directory, journals both, so that they become
// leaves of the archive's log, and then lets the ledger shed the rows of old
// blobs.
type certifier struct {
	issuer *issuer
	data   string
	sink   collect.Sink
	clock  clock.Clock
	log    *slog.Logger
}

// run works until ctx ends, and then returns nil. What fails is tried again.
func (c *certifier) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := c.look(ctx); err != nil && ctx.Err() == nil {
			c.log.Error("certifying closed days failed; it is tried again", "error", err, "after", certifyEvery)
		}
		if clock.Sleep(ctx, c.clock, certifyEvery) != nil {
			break
		}
	}
	return nil
}

// look certifies what has closed. Trouble with one stream leaves the others
// alone; rows are shed only where nothing is left to certify.
func (c *certifier) look(ctx context.Context) error {
	streams, err := c.issuer.ledger.Streams(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range streams {
		errs = append(errs, c.stream(ctx, s))
	}
	return errors.Join(errs...)
}

func (c *certifier) stream(ctx context.Context, s collect.Stream) error {
	now := c.clock.Now()
	days, err := c.issuer.ledger.DaysToCertify(ctx, s, now.Add(-certifyBack))
	if err != nil {
		return err
	}
	for _, day := range days {
		signed, list, err := c.issuer.certify(ctx, s, day)
		if err != nil {
			return err
		}
		if err := writeCertificate(certificateFile(c.data, s, day), signed, list); err != nil {
			return err
		}
	}
	if err := c.journal(ctx, s); err != nil {
		return err
	}
	removed, err := c.issuer.ledger.Prune(ctx, s, now.Add(-keepBlobRows), now)
	if removed > 0 {
		c.log.Info("rows of old blobs were removed from the ledger; their days are certified", "tenant", s.Tenant, "contentType", s.ContentType, "rows", removed)
	}
	return err
}

// journal brings the certificates of a stream into the journal that are not
// there, also those that a command issued beside the server. After a crash
// between the journal and the ledger one is journalled twice, which does no harm.
func (c *certifier) journal(ctx context.Context, s collect.Stream) error {
	all, err := c.issuer.ledger.Unlogged(ctx, s)
	if err != nil {
		return err
	}
	for _, u := range all {
		list, err := c.listOf(ctx, u)
		if err != nil {
			return err
		}
		if list != nil {
			if _, err := c.sink.Journal(ctx, c.payload(u, model.FormatBlobList, list)); err != nil {
				return fmt.Errorf("journal list of blobs: %w", err)
			}
		}
		position, err := c.sink.Journal(ctx, c.payload(u, model.FormatCertificate, u.Signed))
		if err != nil {
			return fmt.Errorf("journal certificate: %w", err)
		}
		if err := c.issuer.ledger.Logged(ctx, u, position); err != nil {
			return err
		}
	}
	return nil
}

// listOf returns the list of blobs that a certificate was made over, if it can
// still be had: that of one that was superseded cannot.
func (c *certifier) listOf(ctx context.Context, u collect.Unlogged) ([]byte, error) {
	if list, err := keptList(c.data, u.Stream, u.Day, u.Signed); list != nil || err != nil {
		return list, err
	}
	signed, list, err := c.issuer.certify(ctx, u.Stream, u.Day)
	if err != nil || string(signed) != string(u.Signed) {
		return nil, err
	}
	return list, nil
}

// payload is a certificate or its list as the journal takes it.
func (c *certifier) payload(u collect.Unlogged, format model.Format, body []byte) model.Payload {
	name := fmt.Sprintf("%s-%s.%d.certificate", u.Day.Format(time.DateOnly), u.Stream.ContentType, u.Sequence)
	if format == model.FormatBlobList {
		name += blobsSuffix
	}
	return model.Payload{
		Tenant: u.Stream.Tenant, Source: model.SourceLedger, Format: format, ContentType: u.Stream.ContentType,
		Name: name, Received: c.clock.Now().UTC(), Body: body,
	}
}

// writeCertificate writes a certificate and its list of blobs. The list comes
// first: a certificate is never without it. A nil list leaves what is there.
func writeCertificate(file string, signed, list []byte) error {
	if err := durable.MkdirAll(durable.OS{}, filepath.Dir(file), 0o750); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	if list != nil {
		if err := durable.WriteFile(durable.OS{}, file+blobsSuffix, list, 0o640); err != nil {
			return fmt.Errorf("write list of blobs: %w", err)
		}
	}
	if err := durable.WriteFile(durable.OS{}, file, signed, 0o640); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}

// keptList returns the list of blobs that the server keeps beside a certificate,
// if that is the certificate meant; nil otherwise.
func keptList(data string, s collect.Stream, day time.Time, signed []byte) ([]byte, error) {
	file := certificateFile(data, s, day)
	kept, err := os.ReadFile(file)
	if err == nil && string(kept) == string(signed) {
		return os.ReadFile(file + blobsSuffix)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return nil, err
}
