package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/quoll/quoll/journal"
)

// commandLog is the log of commands that run once: trouble only.
func commandLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// serverLog is the log of a running server: lines on standard error.
func serverLog(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// inUse says what to do about a data directory that another process has open.
func inUse(err error, data string) error {
	if !errors.Is(err, journal.ErrLocked) {
		return err
	}
	return fmt.Errorf("data directory %s is in use by another quoll process: stop it first, or use its web address", data)
}

// hasData says whether dir is a data directory. Commands that only read refuse
// to make one.
func hasData(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "journal")); err != nil {
		return fmt.Errorf("%s is no data directory of quoll (it has no journal): import a file into it first, or name another with --data", dir)
	}
	return nil
}
