// Command soak leaves the real binary alone for a while with a simulated tenant that goes
// on living, asks it what people ask, and looks at its memory, goroutines and files: what
// grows with time and not with what is kept is a leak. make soak runs it.
//
// It knows the binary as a user does: by its commands, its API and its metrics.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// asked are questions as people ask them, whole tables among them.
var asked = []string{
	"OfficeActivity", "OfficeActivity | take 10", `search "inbox" | take 50`, "UnifiedAuditLog | sort by TimeGenerated desc",
	"OfficeActivity | summarize count() by bin(TimeGenerated, 1h), Operation",
	"EmailEvents | join kind=inner EmailUrlInfo on NetworkMessageId | take 100", "union withsource=T * | summarize count() by T",
}

// looked are what pages of the UI ask.
var looked = []string{"status", "gaps", "incidents", "rules", "connectors", "archive"}

func run() (err error) {
	binary := flag.String("quoll", "bin/quoll", "the binary")
	duration := flag.Duration("duration", 30*time.Minute, "how long it is left alone")
	every := flag.Duration("every", 15*time.Second, "how often it is asked and looked at")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "quoll-soak-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	server := exec.CommandContext(ctx, *binary, "demo", "--data", data, "--listen", "127.0.0.1:0")
	server.Stderr = os.Stderr
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = time.Minute
	if err := server.Start(); err != nil {
		return err
	}
	defer func() {
		stop()
		_ = server.Wait() // by the signal
	}()
	c, err := reach(ctx, filepath.Join(data, "server.json"))
	if err != nil {
		return err
	}
	return soak(ctx, c, *duration, *every)
}

// soak asks and looks until the time is over, and judges what was seen.
func soak(ctx context.Context, c *client, duration, every time.Duration) error {
	var seen []sample
	for began := time.Now(); time.Since(began) < duration; {
		for _, query := range asked {
			if err := c.ask(ctx, query); err != nil {
				return err
			}
		}
		for _, page := range looked {
			if err := c.look(ctx, page); err != nil {
				return err
			}
		}
		s, err := c.sample(ctx)
		if err != nil {
			return err
		}
		seen = append(seen, s)
		fmt.Printf("%s\t%s\n", time.Since(began).Round(time.Second), s)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
	return judge(seen)
}

// sample is what a process has at one moment.
type sample struct{ resident, heap, goroutines, files float64 }

func (s sample) String() string {
	return fmt.Sprintf("resident %.0f MiB, heap %.0f MiB, %.0f goroutines, %.0f files", s.resident/(1<<20), s.heap/(1<<20), s.goroutines, s.files)
}

// judge compares the least of the last third with the least of the second, which garbage
// has no part in; the first third is that of the beginning.
func judge(seen []sample) error {
	third := len(seen) / 3
	if third < 4 {
		return fmt.Errorf("%d looks are too few to say anything: a longer -duration", len(seen))
	}
	before, after := least(seen[third:2*third]), least(seen[2*third:])
	fmt.Printf("least of the second third: %s\nleast of the last third:   %s\n", before, after)
	// The simulated tenant remembers what it did. Resident memory comes and goes with what
	// the engine keeps of files.
	switch {
	case after.heap > before.heap*1.1+(8<<20) || after.resident > before.resident*1.15+(48<<20):
		return errors.New("memory grows with time")
	case after.goroutines > before.goroutines+10:
		return errors.New("goroutines grow with time")
	case after.files > before.files+10:
		return errors.New("open files grow with time")
	}
	fmt.Println("nothing grows with time")
	return nil
}

func least(seen []sample) sample {
	l := seen[0]
	for _, s := range seen {
		l = sample{min(l.resident, s.resident), min(l.heap, s.heap), min(l.goroutines, s.goroutines), min(l.files, s.files)}
	}
	return l
}

// client asks the server of the demo.
type client struct{ Address, Token string }

// reach waits for the server to say where it is, and to have its history.
func reach(ctx context.Context, path string) (*client, error) {
	for range 240 {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		c := &client{}
		if err := errors.Join(err, json.Unmarshal(text, c)); err != nil {
			return nil, err
		}
		if c.look(ctx, "status") == nil {
			return c, nil
		}
	}
	return nil, errors.New("the server did not come up within two minutes")
}

func (c *client) ask(ctx context.Context, query string) error {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, "/api/v1/query", string(body), nil)
}

func (c *client) look(ctx context.Context, page string) error {
	return c.do(ctx, http.MethodGet, "/api/v1/"+page, "", nil)
}

// sample reads the metrics that it is about.
func (c *client) sample(ctx context.Context) (s sample, err error) {
	into := map[string]*float64{"process_resident_memory_bytes": &s.resident, "go_memstats_heap_alloc_bytes": &s.heap, "go_goroutines": &s.goroutines, "process_open_fds": &s.files}
	err = c.do(ctx, http.MethodGet, "/metrics", "", func(line string) error {
		name, value, _ := strings.Cut(line, " ")
		if at := into[name]; at != nil {
			var err error
			*at, err = strconv.ParseFloat(value, 64)
			return err
		}
		return nil
	})
	if err == nil && (s.resident == 0 || s.heap == 0 || s.goroutines == 0 || s.files == 0) {
		err = fmt.Errorf("metrics lack something: %+v", s)
	}
	return s, err
}

// do sends a request and reads the answer line by line.
func (c *client) do(ctx context.Context, method, path, body string, line func(string) error) error {
	r, err := http.NewRequestWithContext(ctx, method, c.Address+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s %s: %s", method, path, body, answer.Status)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 256<<20)
	for lines.Scan() {
		if line == nil {
			continue
		}
		if err := line(lines.Text()); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return lines.Err()
}
