package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// options say what is run.
type options struct {
	mockFlags
	quollBinary    string
	quollEnv       []string
	quollConfig    string
	filebeatBinary string
	rules          bool
	repeat         int
	only           string
	output         string
	keep           bool
	profile        string
}

func runBenchmark(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("collect", flag.ContinueOnError)
	var o options
	o.register(set)
	set.StringVar(&o.quollBinary, "quoll", "bin/quoll", "the binary to measure")
	set.Func("quoll-env", "NAME=value for quoll; may be repeated", func(s string) error { o.quollEnv = append(o.quollEnv, s); return nil })
	set.StringVar(&o.quollConfig, "quoll-config", "", "further lines of quoll's configuration")
	set.StringVar(&o.filebeatBinary, "filebeat", os.Getenv("FILEBEAT"), "Filebeat's binary, built with x-pack; without it Filebeat is left out")
	set.BoolVar(&o.rules, "rules", false, "let quoll run its shipped rules meanwhile")
	set.IntVar(&o.repeat, "repeat", 1, "how often each is run, in turn; medians are shown")
	set.StringVar(&o.only, "only", "bare,floor,quoll,filebeat", "what to run")
	set.StringVar(&o.output, "o", "", "write the results as JSON to this file")
	set.BoolVar(&o.keep, "keep", false, "keep the folders of the runs")
	set.StringVar(&o.profile, "profile", "", "build quoll anew, from the repository's root, and write what takes its processor time to this file, and what it allocates to FILE.heap")
	if err := set.Parse(args); err != nil {
		return err
	}
	if o.profile != "" {
		remove, err := o.profiled(ctx)
		if err != nil {
			return err
		}
		defer remove()
	}
	var results []result
	for range o.repeat {
		for _, name := range strings.Split(o.only, ",") {
			if name == "filebeat" && o.filebeatBinary == "" {
				continue
			}
			one, err := o.measure(ctx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprintf(os.Stderr, "%s: %.1f s of CPU, %.1f s\n", name, one.CPU.Seconds(), one.Wall.Seconds())
			results = append(results, one)
		}
	}
	if o.output != "" {
		text, err := json.MarshalIndent(results, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.output, append(text, '\n'), 0o600); err != nil {
			return err
		}
	}
	return printTable(os.Stdout, results)
}

// profiled has a quoll measured that writes profiles of itself.
func (o *options) profiled(ctx context.Context) (remove func(), err error) {
	dir, err := os.MkdirTemp("", "bench-collect-")
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	if o.profile, err = filepath.Abs(o.profile); err == nil {
		o.quollBinary, err = buildProfiled(ctx, dir)
	}
	if err != nil {
		remove()
		return nil, err
	}
	o.quollEnv = append(o.quollEnv, "QUOLL_BENCH_PROFILE="+o.profile)
	return remove, nil
}

// measure runs one collector against a fresh server in a fresh folder.
func (o options) measure(ctx context.Context, name string) (one result, err error) {
	dir, err := os.MkdirTemp("", "bench-collect-")
	if err != nil {
		return one, err
	}
	if o.keep {
		fmt.Fprintln(os.Stderr, name, "works in", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	flags := o.mockFlags
	if name == "filebeat" {
		flags.pageSize = 0 // it does not follow pages
	}
	if flags.records != "" {
		if flags.records, err = filepath.Abs(flags.records); err != nil {
			return one, err
		}
	}
	r, err := openRig(ctx, flags, dir)
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, r.close(ctx)) }()
	switch name {
	case "bare":
		return r.bare(ctx, "bare download")
	case "floor":
		return r.bare(ctx, "download, SHA-256, zstd, Parquet", "-keep", dir)
	case "quoll":
		return r.quoll(ctx, o)
	case "filebeat":
		return r.filebeat(ctx, o)
	}
	return one, errors.New("there is no such collector")
}

// perMillion is the CPU seconds for a million records.
func (r *result) perMillion() float64 { return r.CPU.Seconds() / float64(r.Records) * 1e6 }

func printTable(w io.Writer, results []result) error {
	byName := map[string][]result{}
	var names []string
	for _, r := range results {
		if byName[r.Collector] == nil {
			names = append(names, r.Collector)
		}
		byName[r.Collector] = append(byName[r.Collector], r)
	}
	medians := map[string]float64{}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "collector\tCPU s per million\tCPU of bare\trecords/s\tpeak RSS MiB\tMB/s\tdistinct records\truns")
	for _, name := range names {
		runs := byName[name]
		slices.SortFunc(runs, func(a, b result) int { return int(a.CPU - b.CPU) })
		m := runs[len(runs)/2]
		medians[name] = m.perMillion()
		ratio := "-"
		if base := medians["bare download"]; base > 0 {
			ratio = fmt.Sprintf("%.2f", m.perMillion()/base)
		}
		delivered := "-"
		if m.Delivered >= 0 {
			delivered = fmt.Sprintf("%d of %d", m.Delivered, m.Records)
		}
		peak := int64(0)
		for _, r := range runs {
			peak = max(peak, r.PeakRSS)
		}
		fmt.Fprintf(t, "%s\t%.2f\t%s\t%.0f\t%d\t%.0f\t%s\t%d\n", name, m.perMillion(), ratio,
			float64(m.Records)/m.Wall.Seconds(), peak>>20, float64(m.Bytes)/1e6/m.Wall.Seconds(), delivered, len(runs))
	}
	if quoll, peer := medians["quoll"], medians["Filebeat o365audit to a file"]; quoll > 0 && peer > 0 {
		fmt.Fprintf(t, "\nrecords per CPU second, quoll against Filebeat: %.1f times\n", peer/quoll)
	}
	for _, r := range results {
		if r.Visible.Max > 0 {
			fmt.Fprintf(t, "\n%s: from the journal to queries in seconds: half of the records %.2f, 99 in 100 %.2f, all %.2f\n", r.Collector, r.Visible.P50, r.Visible.P99, r.Visible.Max)
		}
	}
	if len(results) > 0 {
		fmt.Fprintf(t, "\nrecords of %.0f bytes on average; %s\n", float64(results[0].Bytes)/float64(results[0].Records), time.Now().UTC().Format(time.DateOnly))
	}
	return t.Flush()
}
