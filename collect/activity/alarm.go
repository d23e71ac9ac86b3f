package activity

import (
	"context"
	"fmt"
	"time"

	"github.com/quoll/quoll/collect"
)

const (
	codeExpires = "content-expires"
	// alarmPatience is how long content may be outstanding before its deadline
	// is anybody's concern: on a first start much of it is days old.
	alarmPatience = 15 * time.Minute
	// alarmEvery is how often the log says it again while it lasts.
	alarmEvery = 6 * time.Hour
)

// alarm returns the warning that content is about to be lost, or nil: what is
// outstanding and deleted by Microsoft within ExpiryAlarm, days before it is.
func (s *stream) alarm(ctx context.Context, now time.Time) (*collect.Problem, error) {
	if s.cfg.ExpiryAlarm == 0 {
		return nil, nil
	}
	e, err := s.ledger.Expiring(ctx, s.Stream, now.Add(-alarmPatience), now.Add(s.cfg.ExpiryAlarm))
	if err != nil || e.Blobs == 0 {
		return nil, err
	}
	return expiring(s.ContentType, e, now), nil
}

func expiring(contentType string, e collect.Expiring, now time.Time) *collect.Problem {
	blobs, are := "blobs", "are"
	if e.Blobs == 1 {
		blobs, are = "blob", "is"
	}
	var left string
	switch until := e.First.Sub(now); {
	case until <= 0:
		left = "any moment"
	case until >= 48*time.Hour:
		left = fmt.Sprintf("in %d days", int(until.Hours()/24))
	case until >= time.Hour:
		left = fmt.Sprintf("in %d hours", int(until.Hours()))
	default:
		left = fmt.Sprintf("in %d minutes", int(until.Minutes()))
	}
	return &collect.Problem{
		Time: now.UTC(), Code: codeExpires,
		Cause: fmt.Sprintf("%d %s of %s %s outstanding and will be lost: Microsoft deletes the first %s, at %s.",
			e.Blobs, blobs, contentType, are, left, e.First.UTC().Format("2006-01-02 15:04 UTC")),
		Remedy: "End the trouble that keeps them from being fetched before then. What expires first is tried first. After that only a search of the audit log brings them back.",
	}
}

// sound says in the log that content is about to be lost, and that it no longer
// is.
func (s *stream) sound(ctx context.Context) {
	now := s.clock.Now()
	warning, err := s.alarm(ctx, now)
	switch {
	case err != nil:
		s.logger.Warn("the deadlines of outstanding content cannot be read", "error", err)
	case warning == nil && !s.sounded.IsZero():
		s.sounded = time.Time{}
		s.logger.Info("no outstanding content is about to expire any more")
	case warning != nil && now.Sub(s.sounded) >= alarmEvery:
		s.sounded = now
		s.logger.Error(warning.Cause, "remedy", warning.Remedy)
	}
}

// warn adds the alarm to a status that health has judged. Trouble that is known
// already stays the problem: it is the reason, and has the remedy.
func (s *stream) warn(ctx context.Context, status *collect.StreamStatus, now time.Time) error {
	warning, err := s.alarm(ctx, now)
	if err != nil || warning == nil {
		return err
	}
	status.Warnings = append(status.Warnings, *warning)
	status.Health = collect.Worst(status.Health, collect.HealthDegraded)
	if status.Problem == nil {
		status.Problem = warning
	}
	return nil
}
