package termfilter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/quoll/quoll/internal/bloom"
	"github.com/quoll/quoll/internal/termfilter"
)

// built returns the filters of parts of a thousand rows, each of which has a number of
// its own and what all have.
func built(parts int) []byte {
	var b termfilter.Builder
	for part := range parts {
		t := termfilter.NewTerms(1000, 100)
		for row := range 1000 {
			t.Text(row, fmt.Appendf(nil, "part%d row%d from 10.0.%d.7 by user%d@contoso.example", part, row, part, part), false)
		}
		b.Part(t)
	}
	return append([]byte("what a file begins with"), b.Bytes()...)
}

func TestPartsThatLackATermAreLeftOut(t *testing.T) {
	body := built(4)
	r := bytes.NewReader(body)
	f, err := termfilter.Open(r, int64(len(body)))
	if err != nil || f.Rows() != 4000 {
		t.Fatalf("%v rows: %v", f, err)
	}
	text := func(s string) *termfilter.Sought { return termfilter.Text(s, true, true, false) }
	second, fourth := termfilter.Span{First: 1000, End: 2000}, termfilter.Span{First: 3000, End: 4000}
	for _, c := range []struct {
		name   string
		sought *termfilter.Sought
		want   []termfilter.Span
	}{
		{"a word", text("PART1"), []termfilter.Span{second}},
		{"an address, whose numbers are in all", text("10.0.3.7"), []termfilter.Span{fourth}},
		{"an address of mail", text("user1@contoso.example"), []termfilter.Span{second}},
		{"a word of all", text("contoso"), []termfilter.Span{{First: 0, End: 4000}}},
		{"a word of none", text("nowhere"), nil},
		{"one of two", &termfilter.Sought{Any: []*termfilter.Sought{text("part1"), text("part3")}}, []termfilter.Span{second, fourth}},
		{"both of two", &termfilter.Sought{All: []*termfilter.Sought{text("part1"), text("part3")}}, nil},
		{"one of none", &termfilter.Sought{Any: []*termfilter.Sought{}}, nil},
		{"nothing that is kept", text("by"), []termfilter.Span{{First: 0, End: 4000}}},
	} {
		parts, err := f.Parts(r, c.sought, nil, nil)
		var got []termfilter.Span
		for _, p := range parts {
			if last := len(got) - 1; last >= 0 && got[last].End == p.First {
				got[last].End = p.End
			} else {
				got = append(got, p.Span)
			}
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (%v)", c.name, got, c.want, err)
		}
	}
}

// A part is told what of many texts its rows may have; a map that is read at once for them
// says the same as one that is read place by place.
func TestWhatIsLeftOfManyTexts(t *testing.T) {
	body := built(4)
	r := bytes.NewReader(body)
	f, err := termfilter.Open(r, int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	common := termfilter.Text("contoso", true, true, false)
	var any []*termfilter.Sought
	alone := map[int]map[*termfilter.Sought][]termfilter.Span{}
	for n := range 300 {
		text := termfilter.Text(fmt.Sprintf("part%d row%d", n%5, n*7), true, true, false)
		any = append(any, text)
		parts, err := f.Parts(r, &termfilter.Sought{All: []*termfilter.Sought{common, text}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			if alone[p.Number] == nil {
				alone[p.Number] = map[*termfilter.Sought][]termfilter.Span{}
			}
			alone[p.Number][text] = p.Blocks
		}
	}
	memory := &termfilter.Buffers{}
	if other, err := f.Parts(r, &termfilter.Sought{Any: any[:200]}, memory, nil); err != nil || len(other) != 4 {
		t.Fatalf("%d parts, %v", len(other), err)
	}
	parts, err := f.Parts(r, &termfilter.Sought{All: []*termfilter.Sought{common, {Any: any}}}, memory, nil)
	if err != nil || len(parts) != 4 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	for _, p := range parts {
		left := p.Sought.Texts()
		if len(left) < 10 || len(left) > 100 || left[0] != common {
			t.Fatalf("part %d: %d texts are left", p.Number, len(left))
		}
		left = left[1:]
		for text, blocks := range alone[p.Number] {
			if !slices.Contains(left, text) {
				t.Errorf("part %d: a text that is in %v is not left", p.Number, blocks)
			}
		}
		if len(left) != len(alone[p.Number]) {
			t.Errorf("part %d: %d texts are left, and %d are there", p.Number, len(left), len(alone[p.Number]))
		}
	}
}

// Rows of a part are told apart by block: exactly where one block has a term, in groups
// of blocks where several have it, and not at all where all have it.
func TestBlocksOfAPart(t *testing.T) {
	terms := termfilter.NewTerms(6_400, 50)
	for row := range 6_400 {
		terms.Text(row, fmt.Appendf(nil, "row%d of all", row), false)
	}
	terms.Text(777, []byte("rare"), false)
	terms.Text(1_234, []byte("rare"), false)
	more := terms.Clone()
	more.Text(3_333, []byte("later rare"), false)
	var b termfilter.Builder
	b.Part(terms)
	b.Part(more)
	body := b.Bytes()
	f, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	blocks := func(text string) (found [2][]termfilter.Span) {
		parts, err := f.Parts(bytes.NewReader(body), termfilter.Text(text, true, true, false), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			found[p.Number] = p.Blocks
		}
		return found
	}
	type spans = []termfilter.Span
	for text, want := range map[string][2]spans{
		"row777": {{{700, 800}}, {{7_100, 7_200}}},
		"all":    {{{0, 6_400}}, {{6_400, 12_800}}},
		"rare":   {{{400, 800}, {1_200, 1_600}}, {{6_800, 7_200}, {7_600, 8_000}, {9_600, 10_000}}},
		"later":  {nil, {{9_700, 9_800}}},
	} {
		if got := blocks(text); !slices.EqualFunc(got[:], want[:], slices.Equal) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	falsely := 0
	for n := range 4_000 {
		if got := blocks(fmt.Sprintf("nobody%d", n)); got[0] != nil {
			falsely++
		}
	}
	if falsely > 30 { // of 256 one, half of which say what cannot be
		t.Errorf("%d of 4,000 words that are not there are taken for there", falsely)
	}
}

// Filters of before there were blocks are read.
func TestFiltersOfTheFirstFormat(t *testing.T) {
	block := make([]byte, 32)
	termfilter.Each([]byte("word"), func(hash uint64) { bloom.Add(block, hash) })
	body := append(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(block, 10), 1), make([]byte, 40)...)
	tail := body[40:]
	tail[0], tail[8] = 32, 1
	copy(tail[12:], unicode.Version)
	binary.LittleEndian.PutUint32(tail[28:], crc32.Checksum(body[32:68], crc32.MakeTable(crc32.Castagnoli)))
	copy(tail[32:], "QTERMS01")
	f, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
	if err != nil || f == nil || f.Rows() != 10 {
		t.Fatalf("%+v, %v", f, err)
	}
	for text, want := range map[string]int{"word": 1, "other": 0} {
		parts, err := f.Parts(bytes.NewReader(body), termfilter.Text(text, true, true, false), nil, nil)
		if err != nil || len(parts) != want || want == 1 && parts[0].Candidates() != 10 {
			t.Errorf("%s: %v, %v", text, parts, err)
		}
	}
}

// ofBefore makes filters of one part say that they are of a format without homes.
func ofBefore(body []byte, magic string) []byte {
	const tail, part = 48, 20
	at := len(body) - tail
	sum := crc32.Checksum(body[at-part:at+28], crc32.MakeTable(crc32.Castagnoli))
	body = binary.LittleEndian.AppendUint32(slices.Clone(body[:at+28]), sum)
	return append(body, magic...)
}

// oneRow returns the filters of one text, with or without those of ports: the former
// say so, and of the latter the text has the port apart.
func oneRow(t *testing.T, text string, ports bool) (*termfilter.Filter, *bytes.Reader) {
	t.Helper()
	terms := termfilter.NewTerms(1, 1)
	if !ports {
		text = regexp.MustCompile(`([\].]\d*):(\d)`).ReplaceAllString(text, "$1 $2")
	}
	terms.Text(0, []byte(text), false)
	var b termfilter.Builder
	b.Part(terms)
	body := b.Bytes()
	if !ports {
		body = ofBefore(body, "QTERMS02")
	}
	f, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
	if err != nil || f == nil {
		t.Fatalf("%v, %v", f, err)
	}
	return f, bytes.NewReader(body)
}

// An address with its port is told from the same address with another and another
// address with the same port, and only by filters that know ports.
func TestAddressesWithTheirPorts(t *testing.T) {
	const text = "from 203.0.113.5:49152 and 198.51.100.7:1234 and [2001:db8::1f]:50443 and [fe80::9]:58443"
	for _, c := range []struct {
		needle     string
		with, less bool // found by filters with and without ports
	}{
		{"203.0.113.5:49152", true, true}, {"xyzzy 203.0.113.5:49152", false, false},
		{"203.0.113.5:1234", false, true}, {"198.51.100.7:49152", false, true},
		{"[fe80::9]:58443", true, true}, {"[fe80::9]:50443", false, true},
		{"203.0.113.5", true, true}, {"49152", true, true}, {"203.0.113.5 1234", true, true},
	} {
		for _, ports := range []bool{true, false} {
			f, r := oneRow(t, text, ports)
			parts, err := f.Parts(r, termfilter.Text(c.needle, true, true, false), nil, nil)
			if want := ports && c.with || !ports && c.less; err != nil || len(parts) == 1 != want {
				t.Errorf("%s, filters with ports %t: found %t, %v", c.needle, ports, len(parts) == 1, err)
			}
		}
	}
}

// Filters of before are not missed what they never had.
func TestPortsAreNotMissedInFiltersOfBefore(t *testing.T) {
	const text = "from 203.0.113.5:49152"
	for _, ports := range []bool{true, false} {
		f, r := oneRow(t, "203.0.113.5 from 49152", ports)
		c, err := termfilter.NewChecker(r, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Text([]byte(text), false)
		if want := map[bool]int{true: 1}[ports]; c.Missing() != want {
			t.Errorf("filters with ports %t: %d missing, want %d", ports, c.Missing(), want)
		}
	}
}

// Whatever byte of directory and tail is another, the filters are none or damaged.
func TestADamagedDirectoryIsNotBelieved(t *testing.T) {
	body := built(2)
	for at := len(body) - 80; at < len(body); at++ {
		body[at] ^= 0x10
		f, err := termfilter.Open(bytes.NewReader(body), int64(len(body)))
		if f != nil || err != nil && !errors.Is(err, termfilter.ErrDamaged) {
			t.Errorf("byte %d: %v, %v", at, f, err)
		}
		body[at] ^= 0x10
	}
}

// Of many values, a part is left out if it has none; what knows whole values is asked first,
// and what it does not know leaves nothing out.
func TestManyValues(t *testing.T) {
	body := built(4)
	r := bytes.NewReader(body)
	f, err := termfilter.Open(r, int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	text := func(part, row int) string {
		return fmt.Sprintf("part%d row%d from 10.0.%d.7 by user%d@contoso.example", part, row, part, part)
	}
	var texts []string
	for row := range 40 {
		texts = append(texts, text(1, row*3), text(7, row))
	}
	sought := termfilter.Values(texts, []string{"a"})
	numbers := func(whole termfilter.Whole) (numbers []int) {
		parts, err := f.Parts(r, sought, &termfilter.Buffers{}, whole)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			numbers = append(numbers, p.Number)
			if p.Sought != sought || p.Candidates() != 200 { // 118 rows in blocks of a hundred
				t.Errorf("part %d: %d candidates", p.Number, p.Candidates())
			}
		}
		return numbers
	}
	says := func(is bool) termfilter.Whole {
		filter := make([]byte, 4*bloom.BlockBytes)
		if is {
			filter = bytes.Repeat([]byte{0xff}, len(filter))
		}
		return func(part int, column string) ([]byte, error) {
			if column != "a" {
				t.Errorf("column %s is asked", column)
			}
			return filter, nil
		}
	}
	unknown := func(int, string) ([]byte, error) { return nil, nil }
	for name, whole := range map[string]termfilter.Whole{"nothing": nil, "unknown": unknown, "all": says(true)} {
		if got := numbers(whole); !slices.Equal(got, []int{1}) {
			t.Errorf("with %s known of values the parts are %v", name, got)
		}
	}
	if got := numbers(says(false)); len(got) > 0 {
		t.Errorf("parts without a value are %v", got)
	}
	var m termfilter.Matcher
	for value, want := range map[string]bool{text(1, 3): true, text(1, 4): false, strings.ToUpper(text(1, 3)): false, text(1, 3) + " ": false} {
		if m.In([]byte(value), false, sought) != want {
			t.Errorf("%s: in is %v", value, !want)
		}
	}
	if termfilter.Values([]string{"by", text(1, 3)}, []string{"a"}).Asks() {
		t.Error("a value without terms is asked for")
	}
	if n := (&termfilter.Sought{All: []*termfilter.Sought{sought, termfilter.Text("x1", true, true, false)}}).Many(); n != 80 {
		t.Errorf("%d values are sought", n)
	}
}
