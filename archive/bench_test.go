package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/model"
)

// benchPayload is like a content blob: 100 records of about 1.3 KB.
func benchPayload(seed uint64) model.Payload {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	for range 100 {
		fmt.Fprintf(&b, `{"CreationTime":"2026-05-0%dT%02d:%02d:%02d","Id":"%016x-%016x","Operation":"MailItemsAccessed","Folders":[`,
			1+rng.IntN(9), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.Uint64(), rng.Uint64())
		for range 8 {
			fmt.Fprintf(&b, `{"Path":"\\Inbox","InternetMessageId":"<%016x%016x@mail.example.com>","SizeInBytes":%d,"Subject":"Weekly report"}`,
				rng.Uint64(), rng.Uint64(), rng.IntN(1<<20))
		}
		b.WriteString("]}\n")
	}
	return model.Payload{Source: model.SourceActivity, Format: model.FormatAuditLines, Name: fmt.Sprint("blob", seed), Body: b.Bytes()}
}

func benchArchive(b *testing.B) *Archive {
	b.Helper()
	dir := b.TempDir()
	a, err := Open(DefaultConfig(dir+"/archive", dir+"/keys/archive.key"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { a.Close() })
	return a
}

// BenchmarkAdd archives payloads of 130 KB, sealed as the defaults say.
func BenchmarkAdd(b *testing.B) {
	a := benchArchive(b)
	payloads := make([]model.Payload, 64)
	for i := range payloads {
		payloads[i] = benchPayload(uint64(i))
	}
	b.SetBytes(int64(len(payloads[0].Body)))
	position := uint64(0)
	for b.Loop() {
		position++
		if err := a.Add(context.Background(), position, payloads[position%64]); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAddSmall archives payloads of 1 KB: the cost of a leaf.
func BenchmarkAddSmall(b *testing.B) {
	a := benchArchive(b)
	p := benchPayload(1)
	p.Body = p.Body[:1024]
	position := uint64(0)
	for b.Loop() {
		position++
		if err := a.Add(context.Background(), position, p); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkVerify verifies 1,000 payloads of 130 KB; the bytes are those of the
// bodies. Compare it with BenchmarkSHA256 of the same run.
func BenchmarkVerify(b *testing.B) {
	a := benchArchive(b)
	size := int64(0)
	for position := uint64(1); position <= 1000; position++ {
		p := benchPayload(position % 64)
		size += int64(len(p.Body))
		if err := a.Add(context.Background(), position, p); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		r, err := Verify(context.Background(), a.cfg.Dir, a.VerifierKey(), nil)
		if err != nil || !r.OK() {
			b.Fatal(r.Problems, err)
		}
	}
}

// BenchmarkSHA256 is the speed of the hash alone.
func BenchmarkSHA256(b *testing.B) {
	p := benchPayload(1)
	b.SetBytes(int64(len(p.Body)))
	for b.Loop() {
		sha256.Sum256(p.Body)
	}
}

// smallArchiveOf archives payloads of 1 KB, a thousand in an object.
func smallArchiveOf(b *testing.B, payloads uint64) *Archive {
	b.Helper()
	a := benchArchive(b)
	p := benchPayload(1)
	body := p.Body
	for position := uint64(1); position <= payloads; position++ {
		p.Body = body[position%1000 : position%1000+1024]
		if err := a.Add(context.Background(), position, p); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	return a
}

// BenchmarkVerifySmall verifies 20,000 payloads of 1 KB: the cost of leaves. With
// -cpu 1,2 it says what a second core gives.
func BenchmarkVerifySmall(b *testing.B) {
	a := smallArchiveOf(b, 20_000)
	for b.Loop() {
		r, err := Verify(context.Background(), a.cfg.Dir, a.VerifierKey(), nil)
		if err != nil || !r.OK() {
			b.Fatal(r.Problems, err)
		}
	}
}

// BenchmarkProve proves payloads of 1 KB in objects of a thousand.
func BenchmarkProve(b *testing.B) {
	a := smallArchiveOf(b, 20_000)
	p, err := OpenProver(a.cfg.Dir, a.VerifierKey(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		if _, err := p.Payload(context.Background(), 1+rng.Uint64N(20_000)); err != nil {
			b.Fatal(err)
		}
	}
}
