package journal_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/model"
)

// auditBlob makes a payload like a content blob: 500 records of about 1.3 KB.
func auditBlob(seed uint64) model.Payload {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	b.WriteByte('[')
	for i := range 500 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"CreationTime":"2026-05-0%dT%02d:%02d:%02d","Id":"%016x-%016x","Operation":"MailItemsAccessed","Workload":"Exchange",`,
			1+rng.IntN(9), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.Uint64(), rng.Uint64())
		fmt.Fprintf(&b, `"UserId":"user%d@example.com","ClientIPAddress":"192.0.2.%d","Folders":[`, rng.IntN(900), rng.IntN(256))
		for k := range 7 {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"Path":"\\Inbox","InternetMessageId":"<%016x%016x@mail.example.com>","SizeInBytes":%d,"Subject":"Weekly report"}`,
				rng.Uint64(), rng.Uint64(), rng.IntN(1<<20))
		}
		b.WriteString(`]}`)
	}
	b.WriteByte(']')
	return model.Payload{Source: model.SourceActivity, Format: model.FormatAuditArray, Name: "blob", Body: b.Bytes()}
}

// BenchmarkAppend appends blobs of 500 records of 1.3 KB: alone, and from 16
// goroutines at once. Compare it with BenchmarkRawWrite of the same run.
func BenchmarkAppend(b *testing.B) {
	for _, parallel := range []int{1, 8} {
		b.Run(fmt.Sprintf("callers=%d", parallel), func(b *testing.B) {
			j, err := journal.Open(journal.DefaultConfig(b.TempDir()))
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			blobs := []model.Payload{auditBlob(1), auditBlob(2), auditBlob(3), auditBlob(4)}
			b.SetBytes(int64(len(blobs[0].Body)))
			var n atomic.Uint64
			b.SetParallelism(parallel)
			b.ResetTimer()
			if parallel == 1 {
				for b.Loop() {
					if _, err := j.Append(context.Background(), blobs[n.Add(1)%4]); err != nil {
						b.Fatal(err)
					}
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := j.Append(context.Background(), blobs[n.Add(1)%4]); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkRawWrite writes the same bytes to a plain file with an fsync each.
func BenchmarkRawWrite(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	blob := auditBlob(1)
	b.SetBytes(int64(len(blob.Body)))
	for b.Loop() {
		if _, err := f.Write(blob.Body); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads blobs back, checks included.
func BenchmarkRead(b *testing.B) {
	j, err := journal.Open(journal.DefaultConfig(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	const blobs = 64
	size := 0
	for n := range blobs {
		p := auditBlob(uint64(n))
		size += len(p.Body)
		if _, err := j.Append(context.Background(), p); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if err := j.Read(context.Background(), 0, func(journal.Entry) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
