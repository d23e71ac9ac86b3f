package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a program that is being measured.
type process struct {
	cmd     *exec.Cmd
	log     *os.File
	started time.Time
	peak    atomic.Int64 // bytes resident at most, as last read
	done    chan struct{}
	err     error // once done is closed
}

// usage is what a process took.
type usage struct {
	CPU     time.Duration // user and system
	Wall    time.Duration
	PeakRSS int64 // bytes
}

// start runs a program with its output in a file.
func start(logPath string, env []string, name string, args ...string) (*process, error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(name, args...), log: log, started: time.Now(), done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	go p.watch()
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// watch reads the peak of memory, which is gone once the process has ended.
func (p *process) watch() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	path := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)
	for {
		if text, err := os.ReadFile(path); err == nil {
			if peak := field(text, "VmHWM:"); peak > 0 {
				p.peak.Store(peak << 10)
			}
		}
		select {
		case <-p.done:
			return
		case <-tick.C:
		}
	}
}

func field(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), name); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n
		}
	}
	return 0
}

// wait waits for the end of the process, or stops it with ctx, and says what it
// took.
func (p *process) wait(ctx context.Context) (usage, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill() // it may have ended just now
		<-p.done
	}
	u := usage{Wall: time.Since(p.started), PeakRSS: p.peak.Load()}
	if state := p.cmd.ProcessState; state != nil {
		u.CPU = state.UserTime() + state.SystemTime()
	}
	err := errors.Join(p.err, ctx.Err(), p.log.Close())
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", p.cmd.Path, err, p.tail())
	}
	return u, err
}

// stop asks the process to end and waits for that.
func (p *process) stop(ctx context.Context) (usage, error) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended just now
	return p.wait(ctx)
}

// tail is the last lines of the output.
func (p *process) tail() string {
	file, err := os.Open(p.log.Name())
	if err != nil {
		return ""
	}
	defer file.Close()
	var lines []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		if lines = append(lines, scanner.Text()); len(lines) > 10 {
			lines = lines[1:]
		}
	}
	return strings.Join(lines, "\n")
}
