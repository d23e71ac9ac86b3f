// Command archive measures the archive over many payloads: how fast it appends,
// verifies and proves, beside the speed of SHA-256 and of the disk in the same
// run.
//
// It knows the archive's own functions and nothing else of Quoll.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/internal/pagecache"
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/model"
)

func main() {
	var b bench
	flag.Uint64Var(&b.leaves, "leaves", 10_000_000, "payloads to archive")
	flag.IntVar(&b.size, "size", 1024, "bytes of a payload")
	flag.IntVar(&b.batch, "batch", 1000, "payloads in an object")
	flag.IntVar(&b.proofs, "proofs", 1000, "proofs to make of each kind")
	flag.StringVar(&b.steps, "steps", "append,verify,one,prove", "what to do, in this order; one is to verify with one core")
	parent := flag.String("dir", "", "folder to work in: a new one is made in it and removed afterwards (default: where temporary files go)")
	keep := flag.String("keep", "", "folder to work in that stays; what an earlier run left there is gone on with")
	flag.Parse()
	if err := b.within(*parent, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "bench/archive:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	leaves uint64
	size   int
	batch  int
	proofs int
	steps  string
	dir    string
}

func (b *bench) within(parent, keep string) (err error) {
	if keep != "" {
		b.dir = keep
		return errors.Join(os.MkdirAll(keep, 0o750), b.run())
	}
	if b.dir, err = os.MkdirTemp(parent, "quoll-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	return b.run()
}

func (b *bench) archiveDir() string { return filepath.Join(b.dir, "archive") }

func (b *bench) config() archive.Config {
	config := archive.DefaultConfig(b.archiveDir(), filepath.Join(b.dir, "keys", "archive.key"))
	config.MaxPayloads, config.MaxAge = b.batch, time.Hour
	return config
}

func (b *bench) run() error {
	hashSpeed()
	if err := diskSpeed(b.dir); err != nil {
		return err
	}
	for step := range strings.SplitSeq(b.steps, ",") {
		if err := b.step(step); err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
		fmt.Printf("%-34s %d MiB\n", "peak memory of the process so far", usage.Peak()/mebibyte)
	}
	return nil
}

func (b *bench) step(name string) error {
	switch name {
	case "append":
		return b.appendAll()
	case "verify":
		return b.verify()
	case "one":
		cores := runtime.GOMAXPROCS(1)
		defer runtime.GOMAXPROCS(cores)
		return b.verify()
	case "prove":
		return b.prove()
	}
	return errors.New("there is no such step")
}

// stopwatch measures the time on the wall and the processor time of the process.
type stopwatch struct {
	started time.Time
	spent   time.Duration
}

func start() stopwatch { return stopwatch{time.Now(), usage.Processor()} }

// rate prints what was done since, by the wall and for each second of processor
// time: on a machine that does other things as well, the latter is what counts.
func (s stopwatch) rate(what string, n float64, unit string) {
	took, spent := time.Since(s.started).Seconds(), (usage.Processor() - s.spent).Seconds()
	fmt.Printf("%-34s %12.0f %s/s   (%.0f in %.1f s, %.1f s of processor time)\n", what, n/took, unit, n, took, spent)
}

const mebibyte = 1 << 20

func hashSpeed() {
	block := make([]byte, mebibyte)
	watch := start()
	n := 0
	for ; usage.Processor()-watch.spent < 2*time.Second; n++ {
		sha256.Sum256(block)
	}
	watch.rate("SHA-256, one core", float64(n), "MiB")
}

// diskSpeed writes a gibibyte in order and syncs it, and then writes small files
// as the archive does, each with its own sync.
func diskSpeed(dir string) error {
	name := filepath.Join(dir, "disk")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	block := make([]byte, mebibyte)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(block) // never fails
	watch := start()
	for range 1024 {
		if _, err := f.Write(block); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	watch.rate("disk, writing in order", 1024, "MiB")
	watch = start()
	const syncs = 200
	for i := range syncs {
		if err := writeSynced(name+strconv.Itoa(i), block[:64<<10]); err != nil {
			return err
		}
	}
	watch.rate("disk, files of 64 KiB, each synced", syncs, "files")
	return os.Remove(name)
}

func writeSynced(name string, data []byte) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// body fills in the payload of a position: records whose words repeat and whose
// numbers do not.
func body(buf []byte, position uint64) []byte {
	rng := rand.New(rand.NewPCG(position, 2))
	b := buf[:0]
	for len(b) < cap(buf) {
		b = append(b, `{"CreationTime":"2026-05-01T08:00:00","Operation":"MailItemsAccessed","Workload":"Exchange","ResultStatus":"Succeeded","Id":"`...)
		b = strconv.AppendUint(b, rng.Uint64(), 16)
		b = append(b, `","UserId":"person`...)
		b = strconv.AppendUint(b, rng.Uint64N(5000), 10)
		b = append(b, `@agency.example","ClientIP":"203.0.113.`...)
		b = strconv.AppendUint(b, rng.Uint64N(256), 10)
		b = append(b, "\"}\n"...)
	}
	return b[:cap(buf)]
}

// appendAll archives the payloads that are not there yet.
func (b *bench) appendAll() (err error) {
	a, err := archive.Open(b.config())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctx := context.Background()
	before := a.Sealed()
	watch := start()
	p := model.Payload{Source: model.SourceActivity, Format: model.FormatAuditLines, Tenant: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", ContentType: "Audit.Exchange"}
	for position := before + 1; position <= b.leaves; position++ {
		p.Name = "20260501080000000000$2026050108000000" + strconv.FormatUint(position, 10) + "$audit_exchange$Audit_Exchange"
		p.Received = watch.started
		p.Body = body(make([]byte, 0, b.size), position)
		if err := a.Add(ctx, position, p); err != nil {
			return err
		}
		if position%(b.leaves/16+1) != 0 {
			continue
		}
		if err := b.keepCheckpoint(position, a.Checkpoint()); err != nil {
			return err
		}
		watch.rate(fmt.Sprintf("append, up to %d", position), float64(position-before), "payloads")
	}
	if err := a.Flush(ctx); err != nil {
		return err
	}
	appended := float64(b.leaves - min(before, b.leaves))
	watch.rate("append", appended, "payloads")
	watch.rate("append, bodies", appended*float64(b.size)/mebibyte, "MiB")
	return nil
}

// keepCheckpoint keeps one beside the archive, for proofs of consistency.
func (b *bench) keepCheckpoint(position uint64, checkpoint []byte) error {
	dir := filepath.Join(b.dir, "kept")
	return errors.Join(os.MkdirAll(dir, 0o750), os.WriteFile(filepath.Join(dir, fmt.Sprintf("%020d", position)), checkpoint, 0o640))
}

// readAll reads every file of the archive once: what verify reads.
func readAll(dir string) error {
	buf := make([]byte, mebibyte)
	var total, files int64
	watch := start()
	err := eachFile(dir, func(f *os.File) error {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, buf)
		total, files = total+n, files+1
		return err
	})
	watch.rate(fmt.Sprintf("reading its %d files", files), float64(total)/mebibyte, "MiB")
	return err
}

func eachFile(dir string, do func(*os.File) error) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(do(f), f.Close())
	})
}

// verify reads the files and verifies them, each time from the disk.
func (b *bench) verify() error {
	a, err := archive.Open(b.config())
	if err != nil {
		return err
	}
	key := a.VerifierKey()
	if err := a.Close(); err != nil {
		return err
	}
	for _, look := range []func() error{
		func() error { return readAll(b.archiveDir()) },
		func() error { return verify(b.archiveDir(), key) },
	} {
		if err := errors.Join(pagecache.Forget(b.archiveDir(), ""), look()); err != nil {
			return err
		}
	}
	return nil
}

func verify(dir, key string) error {
	watch := start()
	r, err := archive.Verify(context.Background(), dir, key, nil)
	if err != nil {
		return err
	}
	if !r.OK() {
		return fmt.Errorf("the archive is not whole: %v", r.Problems[0])
	}
	cores := runtime.GOMAXPROCS(0)
	watch.rate(fmt.Sprintf("verify, %d cores", cores), float64(r.Size), "leaves")
	watch.rate(fmt.Sprintf("verify, %d cores, files", cores), float64(r.Bytes)/mebibyte, "MiB")
	return nil
}

func (b *bench) prove() (err error) {
	a, err := archive.Open(b.config())
	if err != nil {
		return err
	}
	key, sealed, kept := a.VerifierKey(), a.Sealed(), [][]byte{a.Checkpoint()}
	if err := a.Close(); err != nil {
		return err
	}
	if err := eachFile(filepath.Join(b.dir, "kept"), func(f *os.File) error {
		checkpoint, err := io.ReadAll(f)
		kept = append(kept, checkpoint)
		return err
	}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p, err := archive.OpenProver(b.archiveDir(), key, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	rng := rand.New(rand.NewPCG(1, 2))
	ctx := context.Background()
	watch := start()
	for range b.proofs {
		if _, err := p.Payload(ctx, 1+rng.Uint64N(sealed)); err != nil {
			return err
		}
	}
	watch.rate("prove a payload", float64(b.proofs), "proofs")
	watch = start()
	for range b.proofs {
		if _, err := p.Consistency(ctx, kept[rng.IntN(len(kept))], nil); err != nil {
			return err
		}
	}
	watch.rate("prove consistency", float64(b.proofs), "proofs")
	return nil
}
