package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/model"
)

// The kinds of leaves that tell of the lake's data files. They are numbered
// together, from 1 on and without a hole.
const (
	leafRows  = "rows"
	leafTable = "table"
)

// RowsLeaf is the leaf of one data file of a table of the lake: one line of JSON
// with the fields in this order. The same line stands in the object's index.
type RowsLeaf struct {
	Leaf   string `json:"leaf"`   // "rows"
	Number uint64 `json:"number"` // among the leaves of rows and tables, from 1
	Table  string `json:"table"`
	File   string `json:"file"`   // its path below the lake's folder, with slashes
	SHA256 string `json:"sha256"` // of the file, in the clear, lower-case hexadecimal
	Size   int64  `json:"size"`   // bytes of the file
	Rows   int64  `json:"rows"`
	// Digest is the sum over the rows: docs/formats/archive.md says of what.
	Digest model.RowSum `json:"digest"`
	From   string       `json:"from"` // bounds of TimeGenerated, inclusively: RFC 3339 in UTC
	To     string       `json:"to"`
	First  uint64       `json:"first"` // least and greatest journal position of its rows
	Last   uint64       `json:"last"`
	Seen   string       `json:"seen"` // when the archive met it: RFC 3339 in UTC
	Kept   bool         `json:"kept"` // the object has its bytes
	Object string       `json:"object"`
}

// TableLeaf is the leaf that closes what is told of a table: which files no longer
// stand, and what those that do have together.
type TableLeaf struct {
	Leaf   string `json:"leaf"` // "table"
	Number uint64 `json:"number"`
	Table  string `json:"table"`
	// Position is the journal position up to which the table's rows were in files.
	Position uint64 `json:"position"`
	Seen     string `json:"seen"`
	// Gone are the numbers of leaves, in ascending order, whose files the table has
	// no more, or of whose file a later leaf tells.
	Gone   []uint64     `json:"gone"`
	Files  int          `json:"files"` // that stand, by the leaves up to this one
	Rows   int64        `json:"rows"`  // in them
	Digest model.RowSum `json:"digest"`
	// Whole says that the table had these files and no others when it was seen.
	Whole  bool   `json:"whole"`
	Object string `json:"object"`
}

// The prefixes by which leaves are told apart without the cost of JSON.
var (
	rowsPrefix  = []byte(`{"leaf":"` + leafRows + `",`)
	tablePrefix = []byte(`{"leaf":"` + leafTable + `",`)
)

// ofRows says whether a line is a leaf of rows or of a table.
func ofRows(line []byte) bool {
	return bytes.HasPrefix(line, rowsPrefix) || bytes.HasPrefix(line, tablePrefix)
}

// rowsEntry is a leaf of rows or of a table; the other member is nil.
type rowsEntry struct {
	rows  *RowsLeaf
	table *TableLeaf
}

// parseRows returns false for anything but a leaf of rows or of a table in its one
// form.
func parseRows(line []byte) (e rowsEntry, ok bool) {
	switch {
	case bytes.HasPrefix(line, rowsPrefix):
		e.rows = &RowsLeaf{}
		ok = canonical(line, e.rows)
	case bytes.HasPrefix(line, tablePrefix):
		e.table = &TableLeaf{}
		ok = canonical(line, e.table)
	}
	return e, ok
}

// canonical reads a leaf, and says whether the line is the one that is written for it.
func canonical(line []byte, leaf any) bool {
	if err := json.Unmarshal(line, leaf); err != nil {
		return false
	}
	again, err := encodeLeaf(leaf)
	return err == nil && bytes.Equal(again, line)
}

func (e rowsEntry) number() uint64 {
	if e.rows != nil {
		return e.rows.Number
	}
	return e.table.Number
}

func (e rowsEntry) object() string {
	if e.rows != nil {
		return e.rows.Object
	}
	return e.table.Object
}

// seen is when the archive met what the leaf is of; the zero time if it has none.
func (e rowsEntry) seen() time.Time {
	text := ""
	if e.rows != nil {
		text = e.rows.Seen
	} else {
		text = e.table.Seen
	}
	at, _ := time.Parse(time.RFC3339Nano, text)
	return at
}

const (
	rowsDir    = "rows"
	rowsSuffix = ".tar"
	// rowsMember begins the name of a data file in an object.
	rowsMember = "rows/"
	rowsKind   = ".parquet"
)

// rowsPath returns the path of an object of data files, by the first and the last
// number of its leaves.
func rowsPath(first, last uint64) string {
	return fmt.Sprintf("%s/%016d/%020d-%020d%s", rowsDir, first/objectsPerDir, first, last, rowsSuffix)
}

// rowsPath returns the path of such an object that is encrypted to recipients, or of
// one that is not where there are none.
func (r Recipients) rowsPath(first, last uint64) string {
	if len(r) == 0 {
		return rowsPath(first, last)
	}
	return rowsPath(first, last) + encryptedSuffix
}

func memberOfRows(number uint64) string {
	return fmt.Sprintf("%s%020d%s", rowsMember, number, rowsKind)
}

// series are the objects that are numbered together.
type series int

const (
	ofPayloads  series = iota // by journal positions
	ofDataFiles               // by numbers of leaves of rows and tables
	seriesCount
)

// directory is where the objects of a series are.
func (s series) directory() string {
	if s == ofDataFiles {
		return rowsDir
	}
	return objectsDir
}

// unit is what counts them.
func (s series) unit() string {
	if s == ofDataFiles {
		return "leaf of rows"
	}
	return "position"
}

// parseStoredPath is the inverse of objectPath and rowsPath, also for what is
// encrypted; ok is false for any other path.
func parseStoredPath(name string) (s series, first, last uint64, ok bool) {
	if strings.HasPrefix(name, rowsDir+"/") {
		first, last, ok = parseRowsPath(name)
		return ofDataFiles, first, last, ok
	}
	first, last, ok = parseObjectPath(name)
	return ofPayloads, first, last, ok
}

func parseRowsPath(name string) (first, last uint64, ok bool) {
	name = strings.TrimSuffix(name, encryptedSuffix)
	const directory = len(rowsDir) + 1 + 16 + 1
	base, found := strings.CutSuffix(name[min(directory, len(name)):], rowsSuffix)
	first, last, ok = parseSpan(base)
	return first, last, found && ok && rowsPath(first, last) == name
}
