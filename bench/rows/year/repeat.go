package year

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/apache/iceberg-go"
	"golang.org/x/sync/errgroup"

	"github.com/quoll/quoll/internal/icebergtable"
	"github.com/quoll/quoll/schema"
)

// repeat writes each file of the base once a week, table by table, and commits
// the files of a table in one snapshot.
func repeat(ctx context.Context, config Config, base, dir string) error {
	from, err := openCatalog(base)
	if err != nil {
		return err
	}
	defer from.close()
	to, err := openCatalog(dir)
	if err != nil {
		return err
	}
	defer to.close()
	for _, t := range schema.Tables() {
		if len(config.Tables) > 0 && !slices.Contains(config.Tables, t.Name) {
			continue
		}
		table, err := from.load(ctx, t.Name)
		if err != nil {
			return err
		}
		files, err := repeatTable(ctx, config, table, to, t)
		if err == nil && len(files) > 0 {
			err = to.add(ctx, t.Name, files)
		}
		if err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
		if len(files) > 0 {
			config.Progress(fmt.Sprintf("%s: %d files", t.Name, len(files)))
		}
	}
	return nil
}

// repeatTable repeats the files of a table, two at a time.
func repeatTable(ctx context.Context, config Config, from *icebergtable.Table, to *catalog, t *schema.Table) (files []iceberg.DataFile, err error) {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	err = from.DataFiles(func(f iceberg.DataFile) error {
		group.Go(func() error {
			copies, err := repeatFile(ctx, config, to, t, f)
			mu.Lock()
			defer mu.Unlock()
			files = append(files, copies...)
			return err
		})
		return nil
	})
	return files, errors.Join(err, group.Wait())
}

// repeatFile writes a file of the base for each of its weeks.
func repeatFile(ctx context.Context, config Config, to *catalog, t *schema.Table, f iceberg.DataFile) (files []iceberg.DataFile, err error) {
	pattern, err := readPattern(ctx, t, f)
	if err != nil {
		return nil, err
	}
	table, err := to.load(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	for days := 0; ; days += week {
		day := pattern.day + days
		if int64(day)*24*60*60 >= config.End.Unix() {
			return files, ctx.Err()
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name := time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly)
		path := filepath.Join(to.dir, namespace, t.Name, "data", "TimeGenerated_day="+name, fmt.Sprintf("day-%016x-%s.parquet", len(files), suffix()))
		written, err := writeFile(path, func(w io.Writer) (*copied, error) { return pattern.write(w, days) })
		if err != nil {
			return nil, err
		}
		file, err := icebergtable.NewDataFile(table.Spec(), fileURI(path), int32(day), f.Count(), written.bytes, written.splits, written.columns)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
}

func suffix() string {
	var b [6]byte
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return hex.EncodeToString(b[:])
}

// writeFile does not wait for the disk: what a crash takes is made anew.
func writeFile(path string, fill func(io.Writer) (*copied, error)) (made *copied, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	if made, err = fill(out); err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return made, out.Flush()
}
