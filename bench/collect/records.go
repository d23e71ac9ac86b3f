package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/world"
)

const tenantID = "5c0ffee0-1234-4321-8765-0123456789ab"

// template is a record with places at which every copy is different, so that
// records made of it compress, and repeat in columns, as real ones do.
type template struct {
	text   []byte
	spans  []span
	timeAt int // of the nineteen characters of CreationTime; -1 for none
}

// span is a piece of text that is drawn anew in every copy.
type span struct {
	start, end int
	hex        bool // of digits of a GUID
}

// templates are records by content type.
type templates map[string][]template

// inventedTemplates lets the simulated tenant live for a working day.
func inventedTemplates() (templates, error) {
	start := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	w := world.New(world.Config{Seed: 4, TenantID: tenantID, Start: start, Volume: 2})
	batch, err := w.Advance(start.Add(8 * time.Hour))
	if err != nil {
		return nil, fmt.Errorf("invent records: %w", err)
	}
	byType := map[string][][]byte{}
	for _, record := range batch.Audit {
		name := record.ContentTypes[0]
		byType[name] = append(byType[name], record.Body)
	}
	return makeTemplates(byType)
}

// readTemplates takes the records in a folder's files of JSON, one a line.
func readTemplates(dir string) (templates, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(fmt.Errorf("folder %s has no file *.jsonl", dir), err)
	}
	byType := map[string][][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read records: %w", err)
		}
		for line := range bytes.Lines(text) {
			var record struct{ ID, Workload, CreationTime string }
			line = bytes.TrimSpace(line)
			if json.Unmarshal(line, &record) != nil || len(record.ID) < 30 || record.CreationTime == "" {
				continue // without an Id of its own a copy could not be told from another
			}
			name := audit.ContentTypeOf(record.Workload)
			byType[name] = append(byType[name], line)
		}
	}
	return makeTemplates(byType)
}

// token is what may be drawn by chance: a GUID, or a long word without a blank.
var token = regexp.MustCompile(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[A-Za-z0-9+/=_-]{24,}`)

const guidLength = 36

// makeTemplates draws anew the Id of each record and every token that no other
// record has.
func makeTemplates(byType map[string][][]byte) (templates, error) {
	seen := map[string]int{}
	for _, records := range byType {
		for _, record := range records {
			for _, word := range token.FindAll(record, -1) {
				seen[string(word)]++
			}
		}
	}
	out := templates{}
	for name, records := range byType {
		for _, record := range records {
			t, err := newTemplate(record, seen)
			if err != nil {
				return nil, err
			}
			out[name] = append(out[name], t)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no records to serve")
	}
	return out, nil
}

var (
	idField   = regexp.MustCompile(`"Id": ?"([^"]{30,})"`)
	timeField = regexp.MustCompile(`"CreationTime": ?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)`)
)

func newTemplate(record []byte, seen map[string]int) (template, error) {
	t := template{text: record, timeAt: -1}
	id := idField.FindSubmatchIndex(record)
	if id == nil {
		return t, fmt.Errorf("record without Id: %.200s", record)
	}
	t.spans = append(t.spans, span{id[2], id[3], id[3]-id[2] == guidLength})
	for _, at := range token.FindAllIndex(record, -1) {
		if at[0] < id[3] && at[1] > id[2] || seen[string(record[at[0]:at[1]])] > 1 {
			continue
		}
		t.spans = append(t.spans, span{at[0], at[1], at[1]-at[0] == guidLength && record[at[0]+8] == '-'})
	}
	slices.SortFunc(t.spans, func(a, b span) int { return a.start - b.start })
	if at := timeField.FindSubmatchIndex(record); at != nil {
		t.timeAt = at[2]
	}
	return t, nil
}

// chance is a small generator of numbers (splitmix64): the same seed gives the
// same records, whoever asks for them and how often.
type chance uint64

func (c *chance) next() uint64 {
	*c += 0x9e3779b97f4a7c15
	z := uint64(*c)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

const (
	hexDigits = "0123456789abcdef"
	// wordLetters are 64, so that six bits choose one.
	wordLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab"
)

// appendTo writes a copy of the record that happened at a time.
func (t *template) appendTo(dst []byte, at time.Time, random *chance) []byte {
	base := len(dst)
	dst = append(dst, t.text...)
	record := dst[base:]
	for _, s := range t.spans {
		s.draw(record, random)
	}
	if t.timeAt >= 0 {
		at.UTC().AppendFormat(record[t.timeAt:t.timeAt], "2006-01-02T15:04:05")
	}
	return dst
}

// draw replaces letters and digits and leaves what stands between them.
func (s span) draw(record []byte, random *chance) {
	letters, width := wordLetters, 6
	if s.hex {
		letters, width = hexDigits, 4
	}
	var bits uint64
	left := 0
	for i := s.start; i < s.end; i++ {
		c := record[i]
		if c == '-' || c == '_' || c == '+' || c == '/' || c == '=' || c == '.' {
			continue
		}
		if left < width {
			bits, left = random.next(), 64
		}
		record[i] = letters[bits&(1<<width-1)]
		bits >>= width
		left -= width
	}
}
