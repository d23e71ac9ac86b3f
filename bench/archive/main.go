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
	"github.com/quoll/quoll/internal/usage"
	"github.com/quoll/quoll/model"
)

func main() {
	leaves := flag.Uint64("leaves", 10_000_000, "payloads to archive")
	size := flag.Int("size", 1024, "bytes of a payload")
	dir := flag.String("dir", "", "folder to work in, which is removed afterwards (default: a temporary one)")
	batch := flag.Int("batch", 1000, "payloads in an object")
	on := flag.String("on", "", "folder that a run left which was broken off: verify and prove what it has archived, and leave it")
	proofs := flag.Int("proofs", 1000, "proofs to make of each kind")
	flag.Parse()
	if *on != "" {
		if err := runOn(*on, *proofs); err != nil {
			fmt.Fprintln(os.Stderr, "bench/archive:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*leaves, *size, *batch, *dir, *proofs); err != nil {
		fmt.Fprintln(os.Stderr, "bench/archive:", err)
		os.Exit(1)
	}
}

func run(leaves uint64, size, batch int, parent string, proofs int) (err error) {
	dir, err := os.MkdirTemp(parent, "quoll-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	hashSpeed()
	if err := diskSpeed(dir); err != nil {
		return err
	}
	key, kept, err := appendAll(dir, leaves, size, batch)
	if err != nil {
		return err
	}
	return readBack(dir, key, leaves, proofs, kept)
}

// runOn goes on with what an earlier run has archived.
func runOn(dir string, proofs int) error {
	hashSpeed()
	config := archive.DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key"))
	a, err := archive.Open(config)
	if err != nil {
		return err
	}
	key, sealed, checkpoint := a.VerifierKey(), a.Sealed(), a.Checkpoint()
	if err := a.Close(); err != nil {
		return err
	}
	return readBack(dir, key, sealed, proofs, [][]byte{checkpoint})
}

// readBack verifies with all cores and with one, and makes proofs.
func readBack(dir, key string, leaves uint64, proofs int, kept [][]byte) error {
	if err := readAll(filepath.Join(dir, "archive")); err != nil {
		return err
	}
	if err := verify(dir, key); err != nil {
		return err
	}
	cores := runtime.GOMAXPROCS(1)
	err := verify(dir, key)
	runtime.GOMAXPROCS(cores)
	if err != nil {
		return err
	}
	return prove(dir, key, leaves, proofs, kept)
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

// appendAll archives the payloads, and keeps some checkpoints on the way.
func appendAll(dir string, leaves uint64, size, batch int) (key string, kept [][]byte, err error) {
	config := archive.DefaultConfig(filepath.Join(dir, "archive"), filepath.Join(dir, "keys", "archive.key"))
	config.MaxPayloads, config.MaxAge = batch, time.Hour
	a, err := archive.Open(config)
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctx := context.Background()
	watch := start()
	p := model.Payload{Source: model.SourceActivity, Format: model.FormatAuditLines, Tenant: "3f2504e0-4f89-41d3-9a0c-0305e82c3301", ContentType: "Audit.Exchange"}
	for position := uint64(1); position <= leaves; position++ {
		p.Name = "20260501080000000000$2026050108000000" + strconv.FormatUint(position, 10) + "$audit_exchange$Audit_Exchange"
		p.Received = watch.started
		p.Body = body(make([]byte, 0, size), position)
		if err := a.Add(ctx, position, p); err != nil {
			return "", nil, err
		}
		if position%(leaves/16+1) == 0 {
			kept = append(kept, a.Checkpoint())
		}
	}
	if err := a.Flush(ctx); err != nil {
		return "", nil, err
	}
	watch.rate("append", float64(leaves), "payloads")
	watch.rate("append, bodies", float64(leaves)*float64(size)/mebibyte, "MiB")
	return a.VerifierKey(), kept, nil
}

// readAll reads every file of the archive once: what verify reads.
func readAll(dir string) error {
	buf := make([]byte, mebibyte)
	var total, files int64
	watch := start()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, buf)
		total, files = total+n, files+1
		return errors.Join(err, f.Close())
	})
	watch.rate(fmt.Sprintf("reading its %d files", files), float64(total)/mebibyte, "MiB")
	return err
}

func verify(dir, key string) error {
	watch := start()
	r, err := archive.Verify(context.Background(), filepath.Join(dir, "archive"), key, nil)
	if err != nil {
		return err
	}
	if !r.OK() {
		return fmt.Errorf("the archive is not whole: %v", r.Problems[0])
	}
	cores := runtime.GOMAXPROCS(0)
	watch.rate(fmt.Sprintf("verify, %d cores", cores), float64(r.Size), "leaves")
	watch.rate(fmt.Sprintf("verify, %d cores, files", cores), float64(r.Bytes)/mebibyte, "MiB")
	fmt.Printf("%-34s %s\n", "peak memory of the process", peakMemory())
	return nil
}

func prove(dir, key string, leaves uint64, proofs int, kept [][]byte) (err error) {
	p, err := archive.OpenProver(filepath.Join(dir, "archive"), key, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	rng := rand.New(rand.NewPCG(1, 2))
	ctx := context.Background()
	watch := start()
	for range proofs {
		if _, err := p.Payload(ctx, 1+rng.Uint64N(leaves)); err != nil {
			return err
		}
	}
	watch.rate("prove a payload", float64(proofs), "proofs")
	watch = start()
	for range proofs {
		if _, err := p.Consistency(ctx, kept[rng.IntN(len(kept))], nil); err != nil {
			return err
		}
	}
	watch.rate("prove consistency", float64(proofs), "proofs")
	return nil
}

// peakMemory is what Linux says; elsewhere it is not known.
func peakMemory() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "not known"
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "not known"
}
