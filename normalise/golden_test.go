package normalise_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"os"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each file in testdata is a payload and what becomes of it. Its comment has
// lines "name: value" for the envelope; the section body is the payload's body,
// without its last line end and with "^M" for CR; rows, rejects and counts are
// the result, written anew by -update. A record that is kept whole, byte for byte
// as it is in the body, is not repeated. The constant cells of each table are
// left out, as they are tested once, in TestConstantCells, and so is the time of
// pick-up.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			payload := payloadOf(t, archive)
			result := normalise.New(normalise.Config{}).Payload(payload)
			got := map[string]string{
				"rows":    describeRecords(result.Records, payload),
				"rejects": describeRejects(result.Rejects),
				"counts":  describeCounts(result.Counts),
			}
			if *update {
				writeGolden(t, file, archive, got)
				return
			}
			for _, name := range []string{"rows", "rejects", "counts"} {
				if want := section(archive, name); got[name] != want {
					t.Errorf("%s differ; if that is meant, run with -update and review.\ngot:\n%s\nwant:\n%s", name, got[name], want)
				}
			}
		})
	}
}

func payloadOf(t *testing.T, archive *txtar.Archive) model.Payload {
	t.Helper()
	body := strings.TrimSuffix(section(archive, "body"), "\n")
	p := model.Payload{
		Source:   model.SourceFile,
		Received: time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC),
		Line:     1,
		Body:     []byte(strings.ReplaceAll(body, "^M", "\r")),
	}
	for line := range strings.Lines(string(archive.Comment)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		switch name {
		case "format":
			p.Format = model.Format(value)
		case "content-type":
			p.ContentType = value
		case "tenant":
			p.Tenant = value
		}
	}
	return p
}

func section(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func writeGolden(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	out := &txtar.Archive{Comment: archive.Comment}
	out.Files = append(out.Files, txtar.File{Name: "body", Data: []byte(section(archive, "body"))})
	for _, name := range []string{"rows", "rejects", "counts"} {
		if got[name] != "" {
			out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
		t.Fatal(err)
	}
}

// constantColumns are the same in every row of a table.
var constantColumns = []string{"SourceSystem", "Type", "_IsBillable", "OfficeTenantId"}

func describeRecords(records []schema.Record, payload model.Payload) string {
	var b strings.Builder
	for i, record := range records {
		fmt.Fprintf(&b, "record %d key %x digest %x\n", i, record.Key[:4], record.Digest[:4])
		for _, row := range record.Rows {
			fmt.Fprintf(&b, "  %s\n", row.Table.Name)
			for column, c := range row.Table.Columns {
				value := row.Value(column)
				if value.IsNull() || slices.Contains(constantColumns, c.Name) {
					continue
				}
				text := value.String()
				if c.Name == "Record" && bytes.Contains(payload.Body, []byte(text)) {
					text = wholeRecord
				}
				if isPickUp(c.Name, value, payload) {
					continue
				}
				if strings.ContainsAny(text, "\r\n") || strings.TrimSpace(text) != text {
					text = fmt.Sprintf("%q", text)
				}
				fmt.Fprintf(&b, "    %s: %s\n", c.Name, text)
			}
		}
	}
	return b.String()
}

// wholeRecord stands for a record that is in the body as it is in the row.
const wholeRecord = "(as in the body)"

func isPickUp(column string, value schema.Value, payload model.Payload) bool {
	return (column == "Start_Time" || column == "ElevationTime") && value.Time().Equal(payload.Received)
}

func describeRejects(rejects []normalise.Reject) string {
	var b strings.Builder
	for _, r := range rejects {
		fmt.Fprintf(&b, "piece %d line %d: %s: %q\n", r.Index, r.Line, r.Reason, r.Raw)
	}
	return b.String()
}

func describeCounts(c normalise.Counts) string {
	var b bytes.Buffer
	for _, number := range slices.Sorted(maps.Keys(c.RecordTypes)) {
		fmt.Fprintf(&b, "record type %d: %d\n", number, c.RecordTypes[number])
	}
	for _, named := range []struct {
		what   string
		counts map[string]int
	}{{"field", c.Fields}, {"category", c.Categories}, {"value", c.Values}} {
		for _, name := range slices.Sorted(maps.Keys(named.counts)) {
			fmt.Fprintf(&b, "%s %s: %d\n", named.what, name, named.counts[name])
		}
	}
	if c.Times > 0 {
		fmt.Fprintf(&b, "times: %d\n", c.Times)
	}
	if c.NoID > 0 {
		fmt.Fprintf(&b, "without id: %d\n", c.NoID)
	}
	return b.String()
}
