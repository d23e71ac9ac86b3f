package parquetpages_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/quoll/quoll/internal/parquetfile"
	"github.com/quoll/quoll/internal/parquetpages"
)

// Who reads page by page sees each row once, and the rows are those that a longer read gives.
func TestPagesEndWhereTheyAreSaidTo(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	decoder, err := parquetpages.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	several := 0
	for range 4 {
		several += checkPageEnds(t, r, decoder)
	}
	if several < 10 {
		t.Errorf("%d columns have several pages", several)
	}
}

func checkPageEnds(t *testing.T, r *rand.Rand, decoder *parquetpages.Decoder) (several int) {
	t.Helper()
	body, columns := written(t, r, 2, rows, false)
	f, err := parquetpages.Open(bytes.NewReader(body), decoder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	for _, c := range columns {
		whole, err := f.Chunk(1, c.Name)
		if err != nil {
			t.Fatal(err)
		}
		paged, err := f.Chunk(1, c.Name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := whole.Read(0, rows)
		if err != nil {
			t.Fatal(err)
		}
		pages := 0
		for first := int64(0); first < rows; pages++ {
			end, err := paged.PageEnd(first + r.Int64N(2)*r.Int64N(3)%(rows-first))
			if err != nil || end <= first {
				t.Fatalf("%+v: a page from %d to %d: %v", c, first, end, err)
			}
			got, err := paged.Read(first, end)
			if err != nil {
				t.Fatal(err)
			}
			for row := first; row < end; row++ {
				if got, want := valueOf(c.Kind, got, int(row-first)), valueOf(c.Kind, want, int(row)); got != want {
					t.Fatalf("row %d of %+v: %v, want %v", row, c, got, want)
				}
			}
			first = end
		}
		if pages > 1 {
			several++
		}
		for _, row := range []int64{-1, rows} {
			if end, err := paged.PageEnd(row); err == nil {
				t.Errorf("row %d of %d is in a page up to %d", row, rows, end)
			}
		}
	}
	return several
}

// Page by page no more is in memory than a page, however long the texts of a chunk are.
func TestPagesAreReadIntoTheMemoryOfThoseBefore(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 2))
	var out bytes.Buffer
	w, err := parquetfile.NewWriter(&out, []parquetfile.Column{{Name: "long", Kind: parquetfile.Text, Codec: parquetfile.Zstd, PageBytes: 8 << 10}}, parquetfile.Options{CreatedBy: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.Group(1000)
	column := w.Column()
	for range 1000 {
		column.Text(fmt.Appendf(nil, "%0*d", 500+r.IntN(1000), r.Uint64()))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	decoder, err := parquetpages.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquetpages.Open(bytes.NewReader(out.Bytes()), decoder)
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := f.Chunk(0, "long")
	if err != nil {
		t.Fatal(err)
	}
	for first := int64(0); first < 1000; {
		end, err := chunk.PageEnd(first)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chunk.Read(first, end); err != nil {
			t.Fatal(err)
		}
		first = end
	}
	if lent := parquetpages.Lent(f); lent > 64<<10 {
		t.Errorf("pages of 8 KiB took %d bytes", lent)
	}
}
