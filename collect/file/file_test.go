package file_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect/file"
	"github.com/quoll/quoll/model"
)

var received = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return received }

// write puts text into a file of that name and returns its path.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load imports a file and returns what it gave.
func load(t testing.TB, path string, opts file.Options) ([]model.Payload, []file.Reject, file.Summary) {
	t.Helper()
	var payloads []model.Payload
	var rejects []file.Reject
	opts.Now = now
	opts.Reject = func(r file.Reject) error {
		rejects = append(rejects, r)
		return nil
	}
	summary, err := file.Import(context.Background(), path, opts, func(p model.Payload) error {
		payloads = append(payloads, p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return payloads, rejects, summary
}

// The name of a file in testdata starts with its format.
func TestFormats(t *testing.T) {
	pieces := map[string]int{
		"audit-lines.jsonl": 3, "audit-array.json": 2, "audit-array-blobs.json": 3,
		"audit-search-csv.csv": 2, "audit-search-csv-powershell.csv": 1,
		"officeactivity-csv.csv": 2, "officeactivity-json.jsonl": 2, "defender-lines.json": 2, "defender-lines-wrapper.json": 2,
	}
	for name, want := range pieces {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			payloads, rejects, summary := load(t, path, file.Options{})
			if len(payloads) != 1 || len(rejects) != 0 {
				t.Fatalf("%d payloads and %d rejects, want 1 and 0", len(payloads), len(rejects))
			}
			p := payloads[0]
			if !strings.HasPrefix(name, string(p.Format)) || summary.Format != p.Format {
				t.Errorf("format %s", p.Format)
			}
			if p.Source != model.SourceFile || p.Name != name || !p.Received.Equal(received) {
				t.Errorf("envelope %+v", p)
			}
			if !bytes.Equal(p.Body, text) {
				t.Errorf("body is not the file:\n%q\n%q", p.Body, text)
			}
			if summary.Pieces != want || summary.Bytes != int64(len(text)) {
				t.Errorf("summary %+v, want %d pieces in %d bytes", summary, want, len(text))
			}
		})
	}
}

func TestPayloadsAreBounded(t *testing.T) {
	for _, name := range []string{"audit-lines.jsonl", "audit-array.json", "audit-array-blobs.json", "defender-lines-wrapper.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		payloads, _, summary := load(t, filepath.Join("testdata", name), file.Options{PayloadRecords: 1})
		if len(payloads) != summary.Pieces || summary.Pieces < 2 {
			t.Errorf("%s: %d payloads for %d pieces", name, len(payloads), summary.Pieces)
		}
		var joined []byte
		for _, p := range payloads {
			if p.Offset != int64(len(joined)) {
				t.Errorf("%s: offset %d, want %d", name, p.Offset, len(joined))
			}
			if want := 1 + int64(bytes.Count(joined, []byte("\n"))); p.Line != want {
				t.Errorf("%s: line %d, want %d", name, p.Line, want)
			}
			joined = append(joined, p.Body...)
		}
		if !bytes.Equal(joined, text) {
			t.Errorf("%s: the payloads together are not the file", name)
		}
	}
}

func TestCSVPayloadsRepeatTheHeader(t *testing.T) {
	payloads, _, _ := load(t, "testdata/audit-search-csv.csv", file.Options{PayloadRecords: 1})
	if len(payloads) != 2 {
		t.Fatalf("%d payloads, want 2", len(payloads))
	}
	const header = "\xEF\xBB\xBFRecordId,CreationDate,RecordType,Operation,UserId,AuditData\r\n"
	for i, line := range []int64{2, 4} {
		p := payloads[i]
		if !strings.HasPrefix(string(p.Body), header) {
			t.Errorf("payload %d does not start with the header: %q", i, p.Body)
		}
		if p.Line != line {
			t.Errorf("payload %d is at line %d, want %d", i, p.Line, line)
		}
	}
	text, err := os.ReadFile("testdata/audit-search-csv.csv")
	if err != nil {
		t.Fatal(err)
	}
	second := payloads[1]
	if got := string(second.Body[len(header):]); got != string(text[second.Offset:]) {
		t.Errorf("the second payload is %q, want the file from offset %d", got, second.Offset)
	}
}

func TestBytesBoundAPayload(t *testing.T) {
	record := `{"CreationTime":"2026-09-14T08:21:07","Id":"` + strings.Repeat("x", 1000) + "\"}\n"
	path := write(t, "many.jsonl", strings.Repeat(record, 100))
	payloads, _, _ := load(t, path, file.Options{PayloadBytes: 10_500})
	if len(payloads) != 10 {
		t.Errorf("%d payloads, want 10 of 10 records", len(payloads))
	}
	for _, p := range payloads {
		if len(p.Body) > 10_500 {
			t.Errorf("a payload of %d bytes", len(p.Body))
		}
	}
	alone, _, _ := load(t, path, file.Options{PayloadBytes: 10})
	if len(alone) != 100 {
		t.Errorf("%d payloads, want each record in its own", len(alone))
	}
}

// A file of many reads and many payloads: what lies in the buffer moves while a
// payload is in the making.
func TestLargeFile(t *testing.T) {
	var text strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&text, "{\"CreationTime\":\"2026-09-14T08:21:07\",\"Id\":\"%d\",\"Text\":%q}\n", i, strings.Repeat("x", i%200))
	}
	payloads, _, summary := load(t, write(t, "large.jsonl", text.String()), file.Options{PayloadBytes: 300_000})
	var joined strings.Builder
	for _, p := range payloads {
		joined.Write(p.Body)
	}
	if joined.String() != text.String() || summary.Pieces != 30_000 || len(payloads) < 15 {
		t.Errorf("%d payloads of %d pieces are not the file", len(payloads), summary.Pieces)
	}
}

func TestTooLongRecordIsRejected(t *testing.T) {
	good := `{"CreationTime":"2026-09-14T08:21:07","Id":"a1"}` + "\n"
	long := `{"CreationTime":"2026-09-14T08:21:07","Id":"` + strings.Repeat("x", 3<<20) + "\"}\n"
	path := write(t, "long.jsonl", good+long+good)
	payloads, rejects, summary := load(t, path, file.Options{RecordBytes: 1 << 20})
	if len(rejects) != 1 || rejects[0].Line != 2 || rejects[0].Bytes != int64(len(long)-1) {
		t.Fatalf("rejects: %d, first at line %d of %d bytes", len(rejects), rejects[0].Line, rejects[0].Bytes)
	}
	if len(payloads) != 2 || payloads[1].Line != 2 || summary.Pieces != 2 || summary.Rejected != 1 {
		t.Errorf("%d payloads, summary %+v: want the records before and behind", len(payloads), summary)
	}
	if payloads[1].Offset != int64(len(good)+len(long)-1) {
		t.Errorf("second payload at offset %d, want %d", payloads[1].Offset, len(good)+len(long)-1)
	}
}

func TestTooLongCSVLineIsRejected(t *testing.T) {
	header := "RecordId,AuditData\n"
	good := "a1,{}\n"
	path := write(t, "long.csv", header+good+strings.Repeat("x", 3<<20)+"\n"+good)
	payloads, rejects, _ := load(t, path, file.Options{RecordBytes: 1 << 20})
	if len(payloads) != 2 || len(rejects) != 1 || rejects[0].Line != 3 {
		t.Errorf("%d payloads, %d rejects: want 2 and 1", len(payloads), len(rejects))
	}
}

func TestNothingToImport(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "blank": "\r\n \n", "mark": "\xEF\xBB\xBF",
	} {
		payloads, rejects, summary := load(t, write(t, name, text), file.Options{})
		if len(payloads) != 0 || len(rejects) != 0 || summary.Pieces != 0 {
			t.Errorf("%s: %d payloads, %d rejects", name, len(payloads), len(rejects))
		}
	}
	if payloads, _, _ := load(t, write(t, "x", "[]"), file.Options{Format: model.FormatAuditArray}); len(payloads) != 0 {
		t.Error("an empty array gives a payload")
	}
	if payloads, _, _ := load(t, write(t, "x", "A,AuditData\n"), file.Options{}); len(payloads) != 0 {
		t.Error("a header without lines gives a payload")
	}
}

func TestUnknownFormats(t *testing.T) {
	for name, text := range map[string]string{
		"garbage":          "\x00\x01\x02\xFF" + strings.Repeat("\x7f\x00", 1000),
		"another CSV":      "a,b\n1,2\n",
		"another JSON":     `{"hello":"world"}`,
		"hunting rows":     `{"Timestamp":"2026-09-18T14:08:56Z","NetworkMessageId":"x"}`,
		"UTF-16":           "\xFF\xFEA\x00",
		"an open quote":    "a,\"AuditData",
		"a cut object":     `{"CreationTime":`,
		"text, no columns": "hello",
	} {
		_, err := file.Import(context.Background(), write(t, "x", text), file.Options{}, func(model.Payload) error { return nil })
		if !errors.Is(err, file.ErrUnknownFormat) {
			t.Errorf("%s: error %v, want ErrUnknownFormat", name, err)
		}
	}
}

func TestGivenFormatIsNotDoubted(t *testing.T) {
	path := write(t, "x", `{"hello":"world"}`)
	payloads, _, summary := load(t, path, file.Options{Format: model.FormatDefenderLines, Tenant: "t1"})
	if len(payloads) != 1 || payloads[0].Format != model.FormatDefenderLines || payloads[0].Tenant != "t1" || summary.Format != model.FormatDefenderLines {
		t.Errorf("payloads %+v", payloads)
	}
}

func TestGarbageBeforeTheFirstRecordDoesNotHideTheFormat(t *testing.T) {
	path := write(t, "x", "{cut\n{\"CreationTime\":\"2026-09-14T08:21:07\",\"Id\":\"a1\"}\n")
	payloads, _, summary := load(t, path, file.Options{})
	if len(payloads) != 1 || summary.Pieces != 2 {
		t.Errorf("%d payloads, summary %+v", len(payloads), summary)
	}
}

func TestArraysAreKnownByTheirBracket(t *testing.T) {
	for _, text := range []string{
		`[{"hello":1},{"CreationTime":"2026-09-14T08:21:07","Id":"a1"}]`,
		`{"value":[{"CreationTime":"2026-09-14T08:21:07","Id":"a1"}]}`,
		"{\"CreationTime\":\"2026-09-14T08:21:07\",\n\"Id\":\"a1\"}",
	} {
		if format, err := file.Sniff([]byte(text), true); format != model.FormatAuditArray {
			t.Errorf("%s is %s, %v", text, format, err)
		}
	}
}

func TestGzip(t *testing.T) {
	text, err := os.ReadFile("testdata/audit-array.json")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	payloads, _, summary := load(t, write(t, "a.json.gz", packed.String()), file.Options{})
	if len(payloads) != 1 || !bytes.Equal(payloads[0].Body, text) || summary.Bytes != int64(len(text)) {
		t.Errorf("payloads %d, summary %+v", len(payloads), summary)
	}
	cut := packed.String()[:packed.Len()-9]
	if _, err := file.Import(context.Background(), write(t, "cut.gz", cut), file.Options{}, func(model.Payload) error { return nil }); err == nil {
		t.Error("a cut gzip file gives no error")
	}
}

func TestImportingAgainGivesTheSamePayloads(t *testing.T) {
	const path = "testdata/audit-array-blobs.json"
	first, _, _ := load(t, path, file.Options{PayloadRecords: 1})
	second, _, _ := load(t, path, file.Options{PayloadRecords: 1})
	if len(first) != 3 || !reflect.DeepEqual(first, second) {
		t.Errorf("%d payloads, and others the second time", len(first))
	}
}

func TestErrorsStopTheImport(t *testing.T) {
	stop := errors.New("the disk is full")
	_, err := file.Import(context.Background(), "testdata/audit-lines.jsonl", file.Options{}, func(model.Payload) error { return stop })
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want emit's", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = file.Import(ctx, "testdata/audit-lines.jsonl", file.Options{}, func(model.Payload) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := file.Import(context.Background(), "testdata/none", file.Options{}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that of a missing file", err)
	}
}

func TestProgress(t *testing.T) {
	var last int64
	info, err := os.Stat("testdata/audit-lines.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	load(t, "testdata/audit-lines.jsonl", file.Options{Progress: func(read int64) { last = read }})
	if last != info.Size() {
		t.Errorf("progress ends at %d of %d bytes", last, info.Size())
	}
}

// Whatever the bytes and the bounds, the payloads and the rejects together are
// the file, and again the same.
func FuzzImport(f *testing.F) {
	for _, format := range []model.Format{model.FormatAuditLines, model.FormatAuditSearchCSV} {
		f.Add([]byte("{\"a\":1}\n{\"b\":\"x\n[{},{}]"), string(format), 1, 8)
		f.Add([]byte("h,AuditData\r\n1,\"{\n}\"\r\n2,\"x\n"), string(format), 2, 100)
	}
	f.Fuzz(func(t *testing.T, text []byte, format string, records, size int) {
		if len(text) > 32<<10 || bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
			return
		}
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		opts := file.Options{Format: model.Format(format), PayloadRecords: records % 10, PayloadBytes: size % 1000}
		if opts.Format == "" {
			opts.Format = model.FormatAuditLines
		}
		payloads, rejects, summary := load(t, path, opts)
		again, _, _ := load(t, path, opts)
		if !reflect.DeepEqual(payloads, again) || len(rejects) != summary.Rejected {
			t.Errorf("%q: not the same twice", text)
		}
		if summary.Pieces == 0 {
			return
		}
		csv := opts.Format == model.FormatAuditSearchCSV || opts.Format == model.FormatOfficeActivityCSV
		joined := text[:payloads[0].Offset]
		if !csv && len(joined) > 0 {
			t.Errorf("%q: starts at %d", text, len(joined))
		}
		header := len(joined)
		for _, p := range payloads {
			joined = append(joined[:len(joined):len(joined)], p.Body[header:]...)
		}
		if !bytes.Equal(joined, text) {
			t.Errorf("payloads give %q, want %q", joined, text)
		}
	})
}

func ExampleSniff() {
	format, err := file.Sniff([]byte(`{"CreationTime":"2026-09-14T08:21:07","Id":"a1"}`), true)
	fmt.Println(format, err)
	// Output: audit-lines <nil>
}
