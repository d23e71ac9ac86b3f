// Package parquetfile writes Parquet files of flat tables: texts, numbers,
// booleans and times, with nulls.
//
// It is a writer for columns that are mostly empty, or the same, or few values
// over and over, beside a few long texts: a value goes into a dictionary as
// long as the dictionary pays, and a run of the same costs nothing. Long texts
// are encoded a page at a time, so that memory does not grow with the file.
// Reading is the business of libraries, which also are the test's judges.
//
// It must not know which table it writes, nor where the file goes. The format is
// https://parquet.apache.org/docs/file-format/; files have one row group after
// the other, data pages of version 1, and minima and maxima and Bloom filters
// where asked for.
package parquetfile

// Kind is the type of a column.
type Kind uint8

// The kinds.
const (
	Text      Kind = iota // UTF-8
	Int32                 // of which the low 32 bits of a number are kept
	Int64                 //
	Float64               // given by its bits
	Bool                  // 0 or 1
	Timestamp             // microseconds since 1970, without zone
)

// Codec is how pages are compressed.
type Codec uint8

// The codecs.
const (
	Zstd   Codec = iota
	Snappy       // where it saves a quarter; as Uncompressed otherwise
	Uncompressed
)

// Column says how a column is written.
type Column struct {
	Name string
	// FieldID is the number by which Iceberg knows the column.
	FieldID  int32
	Kind     Kind
	Optional bool // there may be nulls
	// Dictionary lets values go into a dictionary while that pays.
	Dictionary bool
	// Bounds asks for minima and maxima. Texts longer than maxBound have none.
	Bounds bool
	// Bloom asks for a filter of the values in each row group, by which a reader
	// that looks for one value leaves groups out. Texts only.
	Bloom bool
	Codec Codec
	// PageBytes is the size from which a page ends where Options.PageRows lets it; 0: a
	// mebibyte.
	PageBytes int
}

// Options are what a file is written with, beside its columns.
type Options struct {
	CreatedBy string
	// Small spends several times the processor time on smaller files: for what
	// is written once and kept for years. What is a byte a value or less in a
	// dictionary is left as it is then, because reading it costs less than unpacking.
	Small bool
	// PageRows lets a page of what is in no dictionary end behind a multiple of so many
	// rows of its row group and nowhere else, but at 4 MiB: who wants the rows between
	// two of them unpacks few others. 0: behind any row.
	PageRows int
	// Pool lends memory to writers of files that are not Small, one after the
	// other; nil makes it anew.
	Pool *Pool
}

const (
	// pageBytes is the size from which a page of values is written, but for what columns
	// and options say, and maxPageBytes that at which it ends behind any row.
	pageBytes    = 1 << 20
	maxPageBytes = 4 << 20
	// maxDictionary bounds the values of a dictionary, maxDictionaryBytes their
	// length together.
	maxDictionary      = 1 << 16
	maxDictionaryBytes = 1 << 20
	// trial is how many values show whether a dictionary pays: no more than
	// half of them may be different.
	trial = 2048
	// firstTrial is how many values show that hardly any of them is there twice: no
	// more than one in sixteen. A flushed file has some thousand rows.
	firstTrial = 256
	// maxBound is the longest text that is kept as minimum or maximum.
	maxBound = 128
)
