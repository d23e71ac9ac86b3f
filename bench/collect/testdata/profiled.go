package main

// This file is no part of Quoll: the benchmark lays it over cmd/quoll, and builds
// a binary that writes profiles of itself.

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

var _ = profiled(os.Getenv("QUOLL_BENCH_PROFILE"))

// profiled writes what took processor time until SIGTERM to a file, and what was
// allocated to the one of the same name with ".heap" behind.
func profiled(path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		pprof.StopCPUProfile()
		if heap, err := os.Create(path + ".heap"); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(heap, 0)
			_ = heap.Close()
		}
		_ = file.Close()
	}()
	return nil
}
