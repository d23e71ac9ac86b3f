// Command collect measures collectors of the Office 365 Management Activity
// API side by side: a client that downloads content and drops it, Quoll with
// the whole river behind it, and, where its binary is given, Filebeat.
//
// Each runs as a process of its own against a server of its own, which serves
// the same records from the same seed over TLS; what counts is the processor
// time that the operating system says the collector's process took. It must
// not know how Quoll works inside: it starts the binary, asks its status, and
// counts records with a query.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "collect:", err)
		os.Exit(1)
	}
}

// run is the benchmark, or one of its processes when the first argument names
// one.
func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "mock":
			return runMock(ctx, args[1:])
		case "bare":
			return runBare(ctx, args[1:])
		}
	}
	return runBenchmark(ctx, args)
}
