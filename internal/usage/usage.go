// Package usage says what this process has used so far, for benchmarks: on a
// machine that others use, processor time says more than the time that passed.
//
// It must not know what is measured.
package usage

import (
	"fmt"
	"syscall"
	"time"
)

// Processor returns the processor time of all threads, in user and in system mode.
func Processor() time.Duration {
	u := used()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Peak returns the greatest resident memory, in bytes.
func Peak() int64 { return used().Maxrss << 10 } // Linux counts in KiB

func used() (u syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Errorf("usage of this very process: %w", err)) // there is no cause for which it may fail
	}
	return u
}
