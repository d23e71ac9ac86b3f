package archive

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
)

// StandingFile is a data file that a table has by the leaves of the log.
type StandingFile struct {
	Number uint64       `json:"number"`
	Table  string       `json:"table"`
	File   string       `json:"file"`
	SHA256 string       `json:"sha256"`
	Rows   int64        `json:"rows"`
	Digest model.RowSum `json:"digest"`
	Seen   time.Time    `json:"seen"`
	Kept   bool         `json:"kept"`
}

// account is what the leaves up to one say of a table.
type account struct {
	files  map[uint64]StandingFile
	rows   int64
	digest model.RowSum
	whole  bool   // by the last leaf of the table
	upTo   uint64 // its position
}

func (a *account) add(f StandingFile) {
	a.files[f.Number] = f
	a.rows += f.Rows
	a.digest.Add(f.Digest)
	a.whole = false
}

// remove takes files away, and says whether they were there.
func (a *account) remove(numbers []uint64) bool {
	for i, number := range numbers {
		f, ok := a.files[number]
		if !ok || i > 0 && number <= numbers[i-1] {
			return false
		}
		delete(a.files, number)
		a.rows -= f.Rows
		a.digest.Sub(f.Digest)
	}
	return true
}

// book is what the leaves of rows and tables up to some leaf say.
type book struct {
	last   uint64 // number
	tables map[string]*account
}

func newBook() *book { return &book{tables: map[string]*account{}} }

func (b *book) table(name string) *account {
	a := b.tables[name]
	if a == nil {
		a = &account{files: map[uint64]StandingFile{}}
		b.tables[name] = a
	}
	return a
}

// errAccount: a leaf does not follow from those before it.
var errAccount = errors.New("does not follow from the leaves before it")

// take takes the next leaf into account. A leaf of a table must add up.
func (b *book) take(e rowsEntry) error {
	if e.number() != b.last+1 {
		return fmt.Errorf("number %d comes after %d: %w", e.number(), b.last, errAccount)
	}
	b.last++
	if e.rows != nil {
		seen, err := time.Parse(time.RFC3339Nano, e.rows.Seen)
		if err != nil {
			return fmt.Errorf("number %d: %w: it has no time", e.rows.Number, errAccount)
		}
		b.table(e.rows.Table).add(StandingFile{
			Number: e.rows.Number, Table: e.rows.Table, File: e.rows.File, SHA256: e.rows.SHA256,
			Rows: e.rows.Rows, Digest: e.rows.Digest, Seen: seen, Kept: e.rows.Kept,
		})
		return nil
	}
	t := e.table
	a := b.table(t.Table)
	if !a.remove(t.Gone) {
		return fmt.Errorf("number %d: table %s lets go of files that it does not have: %w", t.Number, t.Table, errAccount)
	}
	if t.Files != len(a.files) || t.Rows != a.rows || t.Digest != a.digest {
		return fmt.Errorf("number %d: table %s has %d files with %d rows by it and %d with %d by those before it, or another digest: %w",
			t.Number, t.Table, t.Files, t.Rows, len(a.files), a.rows, errAccount)
	}
	a.whole, a.upTo = t.Whole, t.Position
	return nil
}

// standing returns the files of a table by their paths in the lake.
func (b *book) standing(table string) map[string]StandingFile {
	files := map[string]StandingFile{}
	if a := b.tables[table]; a != nil {
		for _, f := range a.files {
			files[f.File] = f
		}
	}
	return files
}

// savedBook is a book on the disk, beside the key: it saves reading the whole log.
type savedBook struct {
	Size   int64                 `json:"size"` // of the log
	Root   string                `json:"root"` // with so many leaves
	Last   uint64                `json:"last"`
	Tables map[string]savedTable `json:"tables"`
}

type savedTable struct {
	Whole bool           `json:"whole"`
	UpTo  uint64         `json:"upTo"`
	Files []StandingFile `json:"files"`
}

const (
	maxBook = 256 << 20
	// A book is saved when so many leaves have come since.
	saveBookAfter = 2048
)

// loadBook returns what the log says, from the saved book on.
func (a *Archive) loadBook() error {
	if a.book != nil {
		return nil
	}
	b, from := a.savedBook()
	for n := from / tileWidth; n*tileWidth < a.state.tree.size; n++ {
		leaves, err := a.bundleAt(n)
		if err != nil {
			return fmt.Errorf("read what the archive has of the tables: %w", err)
		}
		for i, line := range leaves {
			if n*tileWidth+int64(i) < from || !ofRows(line) {
				continue
			}
			e, ok := parseRows(line)
			if !ok {
				return fmt.Errorf("read what the archive has of the tables: %w: leaf %d", ErrDamaged, n*tileWidth+int64(i))
			}
			if err := b.take(e); err != nil {
				return fmt.Errorf("read what the archive has of the tables: %w: leaf %d: %w", ErrDamaged, n*tileWidth+int64(i), err)
			}
		}
	}
	a.book, a.bookSaved = b, from
	return nil
}

// savedBook returns an empty book if there is none of this log.
func (a *Archive) savedBook() (b *book, size int64) {
	text, err := durable.ReadFile(a.cfg.FS, a.cfg.beside(".rows"), maxBook)
	var saved savedBook
	if err != nil || json.Unmarshal(text, &saved) != nil || saved.Size <= 0 || saved.Size > a.state.tree.size {
		return newBook(), 0
	}
	if root, err := a.rootAt(saved.Size); err != nil || root.String() != saved.Root {
		return newBook(), 0 // of an older life of the data directory
	}
	b = newBook()
	b.last = saved.Last
	for name, t := range saved.Tables {
		into := b.table(name)
		for _, f := range t.Files {
			into.add(f)
		}
		into.whole, into.upTo = t.Whole, t.UpTo
	}
	return b, saved.Size
}

func (a *Archive) rootAt(size int64) (tlog.Hash, error) {
	head := tlog.Tree{N: a.state.tree.size, Hash: a.state.tree.root()}
	return tlog.TreeHash(size, tlog.TileHashReader(head, tileReader{read: a.readLog}))
}

// saveBook writes the book beside the key if there is much that it would save.
func (a *Archive) saveBook() error {
	size := a.state.tree.size
	if size-a.bookSaved < saveBookAfter {
		return nil
	}
	saved := savedBook{Size: size, Root: a.state.tree.root().String(), Last: a.book.last, Tables: map[string]savedTable{}}
	for name, t := range a.book.tables {
		files := slices.SortedFunc(maps.Values(t.files), func(a, b StandingFile) int { return cmp.Compare(a.Number, b.Number) })
		saved.Tables[name] = savedTable{t.whole, t.upTo, files}
	}
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(saved); err != nil {
		return fmt.Errorf("save what the archive has of the tables: %w", err)
	}
	if err := durable.WriteFile(a.cfg.FS, a.cfg.beside(".rows"), text.Bytes(), 0o600); err != nil {
		return fmt.Errorf("save what the archive has of the tables: %w", err)
	}
	a.bookSaved = size
	return nil
}

// Standing returns the data files of a table that stand by the log, by their paths
// below the lake's folder, and whether the last look at the table got to its end, and
// up to which journal position its rows were in files then.
func (a *Archive) Standing(table string) (files map[string]StandingFile, whole bool, upTo uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, false, 0, ErrClosed
	}
	if a.unsure {
		if err := a.recover(); err != nil {
			return nil, false, 0, err
		}
	}
	if err := a.loadBook(); err != nil {
		return nil, false, 0, err
	}
	if t := a.book.tables[table]; t != nil {
		whole, upTo = t.whole, t.upTo
	}
	return a.book.standing(table), whole, upTo, nil
}
