// Command mutants breaks the code in one way after the other, each of which a
// collector could have, and lets the simulations look for it: a fault that no
// life fails for is one that they cannot see. make simulate-mutations runs it.
//
// The broken code is an overlay of the Go command: no file is changed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// simulation is one of the two.
type simulation struct {
	pkg, test string
	batch     uint64 // seeds that a process lives through before anybody looks
}

var (
	river = simulation{"./simulate", "^TestTheWholeRiver$", 8}
	roads = simulation{"./simulate/defender", "^TestEveryRoad$", 12}
)

func main() {
	seeds := flag.Uint64("seeds", 200, "how many seeds look for each fault")
	only := flag.String("only", "", "a regular expression: faults whose names match")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *seeds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, seeds uint64, only string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	found, survived := 0, 0
	for _, m := range mutants {
		if !wanted.MatchString(m.name) {
			continue
		}
		began := time.Now()
		seed, err := m.hunt(ctx, seeds)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		took := time.Since(began).Round(time.Second)
		if seed == 0 {
			survived++
			fmt.Printf("SURVIVED %d seeds (%v): %s\n", seeds, took, m.name)
			continue
		}
		found++
		fmt.Printf("found by seed %d (%v): %s\n", seed, took, m.name)
	}
	if survived > 0 {
		return fmt.Errorf("%d of %d faults were not found", survived, found+survived)
	}
	fmt.Printf("%d faults, all found\n", found)
	return nil
}

// hunt returns the first seed that fails with the fault, or 0.
func (m *mutant) hunt(ctx context.Context, seeds uint64) (uint64, error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	s := river
	if m.roads {
		s = roads
	}
	binary := filepath.Join(dir, "lives")
	if err := m.build(ctx, dir, s, binary); err != nil {
		return 0, err
	}
	for first := uint64(1); first <= seeds; first += s.batch {
		if seed, err := s.live(ctx, binary, first, min(s.batch, seeds-first+1)); seed != 0 || err != nil {
			return seed, err
		}
	}
	return 0, nil
}

// build compiles the simulation over the broken file.
func (m *mutant) build(ctx context.Context, dir string, s simulation, binary string) error {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return err
	}
	broken, err := m.apply(string(text))
	if err != nil {
		return err
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return err
	}
	replacement, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(replacement, []byte(broken), 0o600); err != nil {
		return err
	}
	replaces, err := json.Marshal(map[string]map[string]string{"Replace": {path: replacement}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(overlay, replaces, 0o600); err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-w", "-overlay", overlay, "-o", binary, s.pkg).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build: %w: %s", err, output)
	}
	return nil
}

// apply breaks the text of the file.
func (m *mutant) apply(text string) (string, error) {
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("%s has the text of the fault %d times, not once: the code has changed, let the fault follow it", m.file, n)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

// aLife bounds how long a life takes, which some faults would make endless.
const aLife = 30 * time.Second

var failed = regexp.MustCompile(`(?m)^seed (\d+) failed`)

// live returns the first of some seeds that fails, or 0. A process that dies
// or hangs counts as the first of them.
func (s simulation) live(ctx context.Context, binary string, first, count uint64) (uint64, error) {
	bounded, cancel := context.WithTimeout(ctx, time.Duration(count)*aLife)
	defer cancel()
	command := exec.CommandContext(bounded, binary, "-test.run", s.test, "-test.timeout", "0", "-test.parallel", "12",
		"-first-seed", strconv.FormatUint(first, 10), "-seeds", strconv.FormatUint(count, 10))
	command.Env = append(os.Environ(), "GOGC=800")
	output, err := command.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		return 0, ctx.Err()
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if match := failed.FindSubmatch(output); match != nil {
		return strconv.ParseUint(string(match[1]), 10, 64)
	}
	return first, nil
}
