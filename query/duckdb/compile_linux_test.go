package duckdb

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/kqltest"
	"github.com/quoll/quoll/query"
)

// emptyTables is every table of the schema, without rows.
type emptyTables struct{}

func (emptyTables) Acquire(string) (*ReadSet, error) {
	return &ReadSet{TimeColumn: "TimeGenerated", Release: func() {}}, nil
}

// threadTime is the processor time that this thread has had, which other work on
// the machine does not lengthen as it does the time of the clock on the wall.
func threadTime(t testing.TB) time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID of Linux
	var at syscall.Timespec
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&at)), 0); errno != 0 {
		t.Fatal(errno)
	}
	return time.Duration(at.Nano())
}

// compileTexts are the queries by where they come from: those of bench/queries,
// of our scripts, and of the folder QUOLL_BENCH_CORPUS, which holds .kql files or
// lines of JSON with a query each.
func compileTexts(t testing.TB) map[string][]string {
	scripts, err := kqltest.Queries()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]string{"scripts": scripts, "bench": nil}
	folders := map[string]string{"bench": queriesDir}
	if corpus := os.Getenv("QUOLL_BENCH_CORPUS"); corpus != "" {
		folders["corpus"] = corpus
	}
	for name, folder := range folders {
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			texts[name] = append(texts[name], textsOf(t, filepath.Join(folder, file.Name()))...)
		}
		if len(texts[name]) == 0 {
			t.Fatalf("no queries in %s", folder)
		}
	}
	return texts
}

func textsOf(t testing.TB, file string) (texts []string) {
	content, err := os.ReadFile(file)
	switch {
	case strings.HasSuffix(file, ".kql") && err == nil:
		return []string{string(content)}
	case !strings.HasSuffix(file, ".jsonl"):
		return nil
	case err != nil:
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(content)))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct {
			Query string `json:"query"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		texts = append(texts, line.Query)
	}
	return texts
}

// BenchmarkCompile measures all that a query costs before the engine has its
// SQL: parsing, binding against the tables of the schema, rewriting, generating.
// It reports the median and the worst query in processor time, each the best of
// five, and how many compile; of the others finding the mistakes is measured.
func BenchmarkCompile(b *testing.B) {
	engine := openEngine(b, DefaultConfig(), emptyTables{})
	now := time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)
	for name, texts := range compileTexts(b) {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for b.Loop() {
				took := make([]time.Duration, len(texts))
				compiled := 0
				for i, text := range texts {
					took[i] = time.Hour
					var err error
					for range 5 {
						started := threadTime(b)
						err = compileOnly(engine, text, now)
						took[i] = min(took[i], threadTime(b)-started)
					}
					if err == nil {
						compiled++
					}
				}
				worst := slices.Index(took, slices.Max(took))
				b.Logf("worst: %.200q", texts[worst])
				b.ReportMetric(float64(took[worst])/1e6, "worst-ms")
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2])/1e6, "median-ms")
				b.ReportMetric(float64(took[len(took)*99/100])/1e6, "p99-ms")
				b.ReportMetric(float64(compiled), "compiled")
				b.ReportMetric(float64(len(texts)), "queries")
			}
		})
	}
}

func compileOnly(engine *Engine, text string, now time.Time) error {
	statement, err := query.Schema{IngestionTime: "quoll_ingestion_time"}.Compile(text, bind.Options{Now: now})
	if err != nil {
		return err
	}
	_, err = engine.SQL(context.Background(), statement, query.RunOptions{Limits: query.DefaultLimits()})
	return err
}
