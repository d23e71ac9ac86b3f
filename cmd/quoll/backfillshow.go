package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/quoll/quoll/server"
)

// noteEvery is the time between two lines of progress in a log.
const noteEvery = 10 * time.Second

// backfillShow shows how far backfills are: a bar on a terminal, lines in a log
// elsewhere, and at the end what they came to.
type backfillShow struct {
	out     io.Writer
	output  string
	log     *slog.Logger
	bar     *progressbar.ProgressBar // nil where there is no terminal
	began   time.Time
	noted   time.Time
	missing bool
}

func newBackfillShow(out, notes io.Writer, output string) *backfillShow {
	s := &backfillShow{out: out, output: output, log: backfillLog(notes)}
	if isTerminal(notes) {
		s.log = commandLog()
		s.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true))
	}
	return s
}

// begin says what a backfill will take.
func (s *backfillShow) begin(b backfilled) {
	s.began, s.noted = time.Now(), time.Now()
	span := b.To.Sub(b.From)
	covered := time.Duration(b.CoveredSeconds) * time.Second
	s.log.Info("backfill begins", "tenant", b.TenantName, "from", b.From, "to", b.To, "span", span, "searched_before", covered, "queries_at_least", b.Open)
	if s.bar != nil {
		s.bar.ChangeMax64(max(1, int64(span/time.Second)))
		s.describe(b)
	}
}

// step shows progress.
func (s *backfillShow) step(b backfilled) {
	if s.bar != nil {
		s.describe(b)
		_ = s.bar.Set64(b.DoneSeconds)
		return
	}
	if time.Since(s.noted) < noteEvery {
		return
	}
	s.noted = time.Now()
	s.log.Info("backfill", "tenant", b.TenantName, "done", share(b), "left", s.left(b), "queries", b.Queries, "at_microsoft", b.Running,
		"open", b.Open, "pages", b.Pages, "records", b.Found, "added", b.Added, "problem", b.Problem)
}

func (s *backfillShow) describe(b backfilled) {
	text := fmt.Sprintf("%s: %d queries, %d at Microsoft, %d records", b.TenantName, b.Queries, b.Running, b.Found)
	if b.Problem != "" {
		text += " (trouble, it is tried again)"
	}
	s.bar.Describe(text)
}

func share(b backfilled) string {
	span := b.To.Sub(b.From).Seconds()
	return fmt.Sprintf("%.1f%%", 100*float64(b.DoneSeconds)/max(span, 1))
}

// left estimates the time that is left, by what this run has done so far.
func (s *backfillShow) left(b backfilled) time.Duration {
	done := b.DoneSeconds - b.CoveredSeconds
	open := int64(b.To.Sub(b.From)/time.Second) - b.DoneSeconds
	if done <= 0 {
		return 0
	}
	return time.Duration(float64(time.Since(s.began)) * float64(open) / float64(done)).Round(time.Second)
}

// end prints what a backfill came to.
func (s *backfillShow) end(b backfilled) error {
	if s.bar != nil {
		_ = s.bar.Clear()
	}
	s.missing = s.missing || len(b.Missing) > 0
	return printBackfilled(s.out, s.output, &b)
}

func (s *backfillShow) finish() {
	if s.bar != nil {
		_ = s.bar.Finish()
	}
}

// outcome turns the end of all backfills into an exit code.
func (s *backfillShow) outcome(err error) error {
	if err == nil && s.missing {
		return &exitError{exitFound, nil}
	}
	return err
}

// ended reports whether a backfill of a server has ended.
func ended(b *backfilled) bool { return b.State != server.BackfillRunning }
