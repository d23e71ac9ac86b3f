// Command quoll monitors Microsoft 365: it collects, keeps, answers KQL,
// detects, and archives.
//
// This package is wiring only: flags, configuration, one run group, ordered
// shutdown. Whatever could be called a feature belongs to another package.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker.
var version = "unknown"

// Exit codes.
const (
	exitFailure = 1 // it was tried and failed
	exitUsage   = 2 // the command line or the configuration makes no sense
	exitFound   = 3 // a check ran and found something wrong (archive verify, rules test)
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	said := onScreen(os.Stderr)
	root.SetOut(onScreen(os.Stdout))
	root.SetErr(said)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var exit *exitError
	if errors.As(err, &exit) {
		if exit.err != nil {
			fmt.Fprintln(said, "quoll:", exit.err)
		}
		return exit.code
	}
	fmt.Fprintln(said, "quoll:", err)
	return exitFailure
}

// exitError carries the exit code that an error stands for.
type exitError struct {
	code int
	err  error // nil when everything was said already
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

func usageError(err error) error { return &exitError{exitUsage, err} }
