// Command tenants measures how late a process that collects many tenants brings
// each, while some of them are in trouble.
//
// It starts the binary against a server of its own on loopback, which stands
// for all tenants and knows when it listed each blob and when it was fetched. It
// must not know how Quoll works inside.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what is measured.
type options struct {
	quoll          string
	tenants        int
	warmUp, during time.Duration
	every          time.Duration // between two blobs of one tenant
	output         string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "tenants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	var o options
	flags := flag.NewFlagSet("tenants", flag.ContinueOnError)
	flags.StringVar(&o.quoll, "quoll", "bin/quoll", "the binary to measure")
	flags.IntVar(&o.tenants, "tenants", 500, "how many")
	flags.DurationVar(&o.warmUp, "warm-up", 2*time.Minute, "what is not measured")
	flags.DurationVar(&o.during, "during", 150*time.Second, "what is measured")
	flags.DurationVar(&o.every, "every", 20*time.Second, "between two blobs of one tenant")
	flags.StringVar(&o.output, "o", "", "file for the figures as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "quoll-tenants-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	crowd, err := newCrowd(o.tenants)
	if err != nil {
		return err
	}
	defer crowd.close()
	if err := crowd.configure(dir); err != nil {
		return err
	}
	figures, err := measure(ctx, o, crowd, dir)
	if err != nil {
		return err
	}
	figures.print(os.Stdout)
	if o.output != "" {
		text, err := json.MarshalIndent(figures, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.output, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return figures.judge()
}

// measure runs the binary and the crowd for the given time.
func measure(ctx context.Context, o options, crowd *crowd, dir string) (*figures, error) {
	log, err := os.Create(filepath.Join(dir, "quoll.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	quoll := exec.CommandContext(ctx, o.quoll, "serve", "--config", filepath.Join(dir, "quoll.yaml"))
	quoll.Stderr = log
	quoll.Cancel = func() error { return quoll.Process.Signal(syscall.SIGTERM) }
	quoll.WaitDelay = time.Minute
	if err := quoll.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- quoll.Wait() }()
	say("%d tenants; %v pass before %v are measured", o.tenants, o.warmUp, o.during)
	crowd.start(o.every)
	if err := pass(ctx, ended, o.warmUp); err != nil {
		return nil, errors.Join(err, tail(log.Name()))
	}
	crowd.forget()
	say("measuring")
	before, err := usage(quoll.Process.Pid)
	if err != nil {
		return nil, err
	}
	if err := pass(ctx, ended, o.during); err != nil {
		return nil, errors.Join(err, tail(log.Name()))
	}
	after, err := usage(quoll.Process.Pid)
	if err != nil {
		return nil, err
	}
	f := crowd.figures(o.during)
	f.CPUSeconds, f.RSSMiB, f.PeakRSSMiB = after.cpu-before.cpu, after.rss, after.peak
	crowd.stop()
	f.Produced = crowd.produced()
	if err := f.await(ctx, ended, func() (string, error) { return count(ctx, o.quoll, dir) }); err != nil {
		return nil, err
	}
	say("ending the process")
	if err := quoll.Process.Signal(syscall.SIGTERM); err != nil {
		return nil, err
	}
	if err := <-ended; err != nil {
		return f, errors.Join(fmt.Errorf("quoll ended: %w", err), tail(log.Name()))
	}
	return f, nil
}

// say tells whoever waits what goes on: the whole takes minutes.
func say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", values...)
}

// stillToCome is how long what was published last may take to be visible.
const stillToCome = 90 * time.Second

// await asks for the rows until there are as many as tenants that are well produced,
// or nothing is to be waited for any more.
func (f *figures) await(ctx context.Context, ended chan error, count func() (string, error)) error {
	for until := time.Now().Add(stillToCome); ; {
		rows, err := count()
		if err != nil {
			return fmt.Errorf("count what arrived: %w", err)
		}
		fields := strings.FieldsFunc(rows, func(c rune) bool { return c < '0' || c > '9' })
		if f.Rows = strings.Join(strings.Fields(rows), " "); len(fields) > 0 {
			if n, err := strconv.Atoi(fields[len(fields)-1]); err == nil && n >= f.Produced {
				return nil
			}
		}
		say("%d records were produced; visible: %s", f.Produced, f.Rows)
		if time.Now().After(until) {
			return nil
		}
		if err := pass(ctx, ended, 5*time.Second); err != nil {
			return err
		}
	}
}

// count returns how many records there are of tenants that are well, and how many
// different ones, as CSV.
func count(ctx context.Context, quoll, dir string) (string, error) {
	rows, err := exec.CommandContext(ctx, quoll, "query", "--data", filepath.Join(dir, "data"), "--format", "csv", `UnifiedAuditLog | where not(OrganizationId matches regex "[`+lastDigits()+`]$") | summarize Records = count(), Distinct = dcount(Id, 4)`).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(rows), err
}

// pass lets time pass, unless the process ends.
func pass(ctx context.Context, ended chan error, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case err := <-ended:
		ended <- err
		return fmt.Errorf("quoll ended: %w", cmp.Or(err, errors.New("without an error")))
	}
}

func tail(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return errors.New(string(text[max(0, len(text)-2000):]))
}

// figures are what was measured. Lags are from a blob's being listed to its
// being fetched, in seconds, of tenants that are well.
type figures struct {
	Tenants    int     `json:"tenants"`
	InTrouble  int     `json:"inTrouble"`
	Seconds    float64 `json:"seconds"`
	Blobs      int     `json:"blobs"`
	MedianLag  float64 `json:"medianLag"` // of the tenants' mean lags
	WorstLag   float64 `json:"worstLag"`
	Worst      string  `json:"worst"`
	LongestLag float64 `json:"longestLag"` // of a single blob
	CPUSeconds float64 `json:"cpuSeconds"`
	RSSMiB     float64 `json:"rssMiB"`
	PeakRSSMiB float64 `json:"peakRSSMiB"`
	Produced   int     `json:"produced"` // records of tenants that are well, from the start
	Rows       string  `json:"rows"`     // that a query finds of them
}

func (f *figures) print(w io.Writer) {
	fmt.Fprintf(w, `tenants                %d, of them %d in trouble
measured               %.0f s, %d blobs
lag, median tenant     %.1f s
lag, worst tenant      %.1f s (%.2f of the median), %s
lag, longest of a blob %.1f s
processor              %.2f of one core
memory                 %.0f MiB, at most %.0f MiB
records                %d produced by tenants that are well; a query finds: %s
`, f.Tenants, f.InTrouble, f.Seconds, f.Blobs, f.MedianLag, f.WorstLag, f.WorstLag/f.MedianLag, f.Worst, f.LongestLag, f.CPUSeconds/f.Seconds, f.RSSMiB, f.PeakRSSMiB, f.Produced, f.Rows)
}

func (f *figures) judge() error {
	if f.WorstLag > 2*f.MedianLag {
		return fmt.Errorf("the worst tenant's lag is %.2f of the median", f.WorstLag/f.MedianLag)
	}
	return nil
}

// summarise turns the lags of each tenant into figures.
func summarise(lags map[string][]float64) (f figures) {
	type tenant struct {
		name string
		mean float64
	}
	var means []tenant
	for name, list := range lags {
		sum := 0.0
		for _, lag := range list {
			sum += lag
			f.LongestLag = max(f.LongestLag, lag)
		}
		f.Blobs += len(list)
		means = append(means, tenant{name, sum / float64(max(len(list), 1))})
	}
	slices.SortFunc(means, func(a, b tenant) int { return cmp.Compare(a.mean, b.mean) })
	if len(means) > 0 {
		worst := means[len(means)-1]
		f.MedianLag, f.WorstLag, f.Worst = means[len(means)/2].mean, worst.mean, worst.name
	}
	return f
}
