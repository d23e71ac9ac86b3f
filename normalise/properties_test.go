package normalise_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

var received = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func rowsOf(t testing.TB, format model.Format, body string) normalise.Result {
	t.Helper()
	return normalise.New(normalise.Config{WorkspaceID: "w1"}).Payload(model.Payload{
		Format: format, Body: []byte(body), Received: received,
	})
}

// valueOf returns a cell of the first row of a table, as text.
func valueOf(t testing.TB, r normalise.Result, table, column string) string {
	t.Helper()
	for _, record := range r.Records {
		for _, row := range record.Rows {
			if row.Table.Name != table {
				continue
			}
			i, ok := row.Table.Column(column)
			if !ok {
				t.Fatalf("no column %s.%s", table, column)
			}
			return row.Value(i).String()
		}
	}
	t.Fatalf("no row of %s", table)
	return ""
}

func TestConstantCells(t *testing.T) {
	audit := rowsOf(t, model.FormatAuditLines, `{"CreationTime":"2026-09-14T08:21:07","Id":"a","Workload":"Exchange"}`)
	mail := rowsOf(t, model.FormatDefenderLines, `{"category":"AdvancedHunting-EmailUrlInfo","properties":{"NetworkMessageId":"n"}}`)
	other := rowsOf(t, model.FormatDefenderLines, `{"category":"x"}`)
	for _, c := range []struct {
		result              normalise.Result
		table, column, want string
	}{
		{audit, "OfficeActivity", "TenantId", "w1"},
		{audit, "OfficeActivity", "SourceSystem", "OfficeActivityManager"},
		{audit, "OfficeActivity", "Type", "OfficeActivity"},
		{audit, "OfficeActivity", "OfficeTenantId", "$RestApiTenantId$"},
		{audit, "OfficeActivity", "_IsBillable", "True"},
		{audit, "UnifiedAuditLog", "TenantId", "w1"},
		{audit, "UnifiedAuditLog", "SourceSystem", "Quoll"},
		{audit, "UnifiedAuditLog", "Type", "UnifiedAuditLog"},
		{mail, "EmailUrlInfo", "TenantId", "w1"},
		{mail, "EmailUrlInfo", "Type", "EmailUrlInfo"},
		{mail, "EmailUrlInfo", "_IsBillable", "True"},
		{other, "DefenderEvents", "Type", "DefenderEvents"},
		{other, "DefenderEvents", "SourceSystem", "Quoll"},
	} {
		if got := valueOf(t, c.result, c.table, c.column); got != c.want {
			t.Errorf("%s.%s = %q, want %q", c.table, c.column, got, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]string{
		"2021-05-18T21:13:33":           "2021-05-18T21:13:33Z",
		"2021-05-18T21:13:33Z":          "2021-05-18T21:13:33Z",
		" 2021-05-18 21:13:33 ":         "2021-05-18T21:13:33Z",
		"2026-09-18T14:11:24.3832981Z":  "2026-09-18T14:11:24.383298Z",
		"2026-09-18T14:11:24.5":         "2026-09-18T14:11:24.5Z",
		"2021-05-18T21:13:33+02:00":     "2021-05-18T19:13:33Z",
		"2021-05-18T21:13:33.5-0730":    "2021-05-19T04:43:33.5Z",
		"5/18/2021 9:13:33 PM":          "2021-05-18T21:13:33Z",
		"5/18/2021 9:13:33\u202fPM":     "2021-05-18T21:13:33Z",
		"4/28/2021, 3:05:26.000 PM":     "2021-04-28T15:05:26Z",
		"12/31/2021 23:59:59":           "2021-12-31T23:59:59Z",
		"5/18/2021 9:13 AM":             "2021-05-18T09:13:00Z",
		"/Date(1621372413000)/":         "2021-05-18T21:13:33Z",
		"/Date(1621372413250+0200)/":    "2021-05-18T21:13:33.25Z",
		"/Date(1000)/":                  "1970-01-01T00:00:01Z",
		"9998-12-31T23:59:59.9999999Z":  "9998-12-31T23:59:59.999999Z",
		"2024-02-29T00:00:00":           "2024-02-29T00:00:00Z",
		"2023-02-29T00:00:00":           "",
		"2021-05-18T24:00:00":           "",
		"2021-13-18T00:00:00":           "",
		"0001-01-01T00:00:00+01:00":     "",
		"2021-05-18T21:13:33 somewhere": "",
		"2021-05-18T21:13:3x":           "",
		"/Date(99999999999999999999)/":  "",
		"/Date(999999999999999999)/":    "",
		"18.5.2021":                     "",
		"18/5/2021 9:13:33 PM":          "",
	} {
		r := rowsOf(t, model.FormatAuditLines, fmt.Sprintf(`{"Id":"a","CreationTime":%q}`, text))
		got := valueOf(t, r, "UnifiedAuditLog", "TimeGenerated")
		if want == "" {
			want = received.Format(time.RFC3339)
			if r.Counts.Times != 1 {
				t.Errorf("%q is not counted as unreadable", text)
			}
		} else if r.Counts.Times != 0 {
			t.Errorf("%q is counted as unreadable", text)
		}
		if got != want {
			t.Errorf("%q read as %s, want %s", text, got, want)
		}
	}
}

// An Id counts once for a tenant, however the tenant is spelled and whatever
// else the record says.
func TestAuditIdentity(t *testing.T) {
	key := func(tenant, record string) schema.Record {
		r := normalise.New(normalise.Config{}).Payload(model.Payload{Tenant: tenant, Format: model.FormatAuditLines, Body: []byte(record)})
		return r.Records[0]
	}
	base := key("", `{"OrganizationId":"AA-bb","Id":"1","CreationTime":"2026-09-14T08:21:07"}`)
	for _, same := range []schema.Record{
		key("", `{"OrganizationId":"aa-BB","Id":"1"}`),
		key("aa-bb", `{"Id":"1"}`),
		key("other", `{"OrganizationId":"aa-bb","Id":"1","Extra":true}`),
	} {
		if same.Key != base.Key {
			t.Error("the same Id of the same tenant has two keys")
		}
		if same.Digest == base.Digest {
			t.Error("other content has the same digest")
		}
	}
	for _, other := range []schema.Record{
		key("", `{"OrganizationId":"aa-bb","Id":"2"}`),
		key("cc", `{"Id":"1"}`),
		key("", `{"OrganizationId":"aa-bb"}`),
	} {
		if other.Key == base.Key {
			t.Error("another Id or tenant has the same key")
		}
	}
	a := key("t", `{"CreationTime":"2026-09-14T08:21:07","Text":"x\/\u0079","N":{"b":1,"a":[2]}}`)
	b := key("t", ` {"N" : {"a":[2 ],"b":1}, "Text":"x/y","CreationTime":"2026-09-14T08:21:07"}`)
	if a.Key != b.Key || a.Digest != b.Digest {
		t.Error("order of members, space and escapes change the identity of a record without an Id")
	}
}

// What encoding/json reads from a record is what is in the row.
func TestOracle(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		payload := payloadOf(t, archive)
		for _, record := range normalise.New(normalise.Config{}).Payload(payload).Records {
			for _, row := range record.Rows {
				checked += checkRow(t, row, record.Rows[0])
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d cells were checked", checked)
	}
}

// checkRow compares the cells of an audit row that come from one field as they
// are with that field of UnifiedAuditLog.Record.
func checkRow(t *testing.T, row, whole schema.Row) (checked int) {
	t.Helper()
	column, ok := whole.Table.Column("Record")
	if !ok {
		return 0
	}
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(whole.Value(column).Text()))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		t.Fatalf("Record is no JSON: %v", err)
	}
	if repeatsKeys(whole.Value(column).Text(), fields) {
		return 0 // encoding/json takes the last of equal keys, we the first
	}
	for i, c := range row.Table.Columns {
		switch c.Name {
		case "RecordType", "RecordTypeName", "UserType", "UserTypeName", "Logon_Type", "TimeGenerated":
			continue // names and fallbacks, see the golden files
		}
		field, ok := fields[c.Source]
		if !ok || row.Table.Name == schema.DefenderEvents {
			continue
		}
		if want, known := oracle(field, c.Type); known && row.Value(i).String() != want {
			t.Errorf("%s.%s = %q, want %q", row.Table.Name, c.Name, row.Value(i), want)
		}
		checked++
	}
	return checked
}

func repeatsKeys(text string, fields map[string]any) bool {
	for name := range fields {
		if strings.Count(text, strconv.Quote(name)+":") > 1 {
			return true
		}
	}
	return false
}

// oracle writes a field as the column should hold it; known is false for pairs
// of types that the golden files show.
func oracle(field any, kind schema.Type) (want string, known bool) {
	switch v := field.(type) {
	case nil:
		return "null", true
	case string:
		if v == "" {
			return "null", true
		}
		return v, kind == schema.TypeString
	case bool:
		if kind == schema.TypeString {
			return map[bool]string{true: "True", false: "False"}[v], true
		}
		return strconv.FormatBool(v), kind == schema.TypeBool
	case json.Number:
		if kind == schema.TypeString {
			return v.String(), true
		}
		n, err := strconv.ParseInt(v.String(), 10, 32)
		return strconv.FormatInt(n, 10), err == nil && kind != schema.TypeDateTime
	}
	return "", false
}

// The text of an object in a cell is the same JSON as in the record.
func TestObjectsKeepTheirContent(t *testing.T) {
	object := `{ "z" : [1, 2.50, -0, 1e400, true, null], "a": {"\u00e9\"": "\ud83d\ude00\t\u0001\u2028\\"}, "": [] }`
	r := rowsOf(t, model.FormatAuditLines, `{"Id":"a","CreationTime":"2026-09-14T08:21:07","Workload":"Exchange","Folder":`+object+`,"Members":`+object+`}`)
	const want = `{"z":[1,2.50,-0,1e400,true,null],"a":{"é\"":"😀\t\u0001` + "\u2028" + `\\"},"":[]}`
	for _, column := range []string{"Folder", "Members"} {
		if got := valueOf(t, r, "OfficeActivity", column); got != want {
			t.Errorf("%s = %s, want %s", column, got, want)
		}
	}
}

// Of several fields for a column the one named first in the schema counts, in
// whatever order the record has them.
func TestFirstSourceCounts(t *testing.T) {
	for _, fields := range []string{
		`"CrossMailboxOperation":false,"CrossMailboxOperations":true`,
		`"CrossMailboxOperations":true,"CrossMailboxOperation":false`,
	} {
		r := rowsOf(t, model.FormatAuditLines, `{"Id":"a","CreationTime":"2026-09-14T08:21:07","Workload":"Exchange",`+fields+`}`)
		if got := valueOf(t, r, "OfficeActivity", "CrossMailboxOperations"); got != "true" {
			t.Errorf("%s gives %s, want true", fields, got)
		}
	}
}

func TestDeepNesting(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	r := rowsOf(t, model.FormatAuditLines, deep+"\n"+`{"Id":"a"}`)
	if len(r.Records) != 1 || len(r.Rejects) != 1 {
		t.Fatalf("%d records, %d rejects: want the deep one rejected alone", len(r.Records), len(r.Rejects))
	}
	quoted, err := json.Marshal(deep)
	if err != nil {
		t.Fatal(err)
	}
	r = rowsOf(t, model.FormatAuditLines, `{"Id":"a","Workload":"Exchange","Members":`+string(quoted)+`}`)
	if got := valueOf(t, r, "OfficeActivity", "Members"); got != string(quoted) {
		t.Error("a deep text in a dynamic column does not stay a text")
	}
	r = rowsOf(t, model.FormatAuditLines, `{"AuditData":`+string(quoted)+`}`)
	if len(r.Rejects) != 1 {
		t.Error("a deep record in a wrapper is not rejected")
	}
}

func TestLinesOfARepeatedHeader(t *testing.T) {
	r := normalise.New(normalise.Config{}).Payload(model.Payload{
		Format: model.FormatAuditSearchCSV, Line: 4001,
		Body: []byte("Id,AuditData\r\n1,{}\r\n2,broken\r\n"),
	})
	if len(r.Rejects) != 1 || r.Rejects[0].Line != 4002 || r.Rejects[0].Index != 1 {
		t.Errorf("rejects %+v, want one at line 4002", r.Rejects)
	}
}

func TestUnknownFormatIsRejectedWhole(t *testing.T) {
	r := rowsOf(t, "novel", "x")
	if len(r.Rejects) != 1 || string(r.Rejects[0].Raw) != "x" {
		t.Errorf("rejects %+v", r.Rejects)
	}
}

func TestNamesAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "{\"F%d\":1,%q:2}\n", i, strings.Repeat("x", 200))
	}
	r := rowsOf(t, model.FormatAuditLines, b.String())
	total := 0
	for name, n := range r.Counts.Fields {
		total += n
		if len(name) > 128 {
			t.Errorf("a name of %d bytes is kept", len(name))
		}
	}
	if len(r.Counts.Fields) > 1001 || total != 10_000 {
		t.Errorf("%d names for %d fields, want at most 1001 for 10000", len(r.Counts.Fields), total)
	}
}

// Names that no column takes are counted where they are more than are known at a time, and
// those of the next payload are its own.
func TestNamesBeyondTheBoundAreCounted(t *testing.T) {
	const many = 12_000
	var b strings.Builder
	for i := range many {
		fmt.Fprintf(&b, "{\"Id\":\"%d\",\"Known\":1,\"F%d\":1}\n", i, i)
	}
	n := normalise.New(normalise.Config{})
	for range 2 {
		r := n.Payload(model.Payload{Format: model.FormatAuditLines, Body: []byte(b.String())})
		total := 0
		for _, times := range r.Counts.Fields {
			total += times
		}
		if total != 2*many || r.Counts.Fields["Known"] != many {
			t.Errorf("%d fields are counted, and Known %d times, want %d and %d", total, r.Counts.Fields["Known"], 2*many, many)
		}
	}
	r := n.Payload(model.Payload{Format: model.FormatAuditLines, Body: []byte(`{"Id":"a","F1":1}`)})
	if len(r.Counts.Fields) != 1 || r.Counts.Fields["F1"] != 1 {
		t.Errorf("another payload counts %v", r.Counts.Fields)
	}
}

// What has a time of its own is a record, whatever its members are called, and of what has
// none the record is the one inside.
func TestARecordWithItsOwnTimeIsNoWrapper(t *testing.T) {
	const inner = `{"CreationTime":"2026-09-14T08:00:00","Id":"inner","Workload":"Exchange"}`
	r := rowsOf(t, model.FormatAuditLines, `{"CreationTime":"2026-09-14T09:00:00","Id":"outer","Workload":"Exchange","AuditData":`+inner+`}`)
	if got := valueOf(t, r, "UnifiedAuditLog", "Id"); got != "outer" {
		t.Errorf("the record is %s, want outer", got)
	}
	r = rowsOf(t, model.FormatAuditLines, `{"Id":"outer","AuditData":`+inner+`}`)
	if got := valueOf(t, r, "UnifiedAuditLog", "Id"); got != "inner" {
		t.Errorf("the record is %s, want inner", got)
	}
}

// The same payload gives the same rows, used by several goroutines or not.
func TestPure(t *testing.T) {
	n := normalise.New(normalise.Config{})
	const text = `[{"Id":"a","CreationTime":"2026-09-14T08:21:07","Workload":"Exchange","Item":{"a":"b"},"SessionId":"s"}]`
	body := []byte(text)
	payload := model.Payload{Format: model.FormatAuditArray, Body: body, Received: received}
	want := n.Payload(payload)
	results := make(chan normalise.Result)
	for range 8 {
		go func() {
			released := n.Payload(payload)
			released.Release()
			results <- n.Payload(payload)
		}()
	}
	for range 8 {
		if got := <-results; !sameRows(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if string(body) != text {
		t.Errorf("the payload was changed to %s", body)
	}
}

// Whatever the bytes: no panic, every byte that is no filler is in a record or
// a reject, and every text in a row is one that Parquet and JSON readers take.
func FuzzPayload(f *testing.F) {
	formats := []model.Format{
		model.FormatAuditLines, model.FormatAuditArray, model.FormatAuditSearchCSV,
		model.FormatOfficeActivityCSV, model.FormatDefenderLines, model.FormatOfficeActivityJSON,
	}
	for i := range formats {
		f.Add([]byte(`{"CreationTime":"2026-09-14T08:21:07","Id":"a","Workload":"Exchange","Item":{"a":["\ud800"]},"Members":"[1]"}`), i)
		f.Add([]byte("RecordType,TimeGenerated [UTC],AuditData,Members\n1,\"9/14/2026, 8:21:07 AM\",\"{\"\"Id\"\":\"\"a\"\"}\",[]\n"), i)
		f.Add([]byte(`{"category":"AdvancedHunting-EmailEvents","properties":{"NetworkMessageId":"n","To":"[]","UrlCount":1e3}}`), i)
		f.Add([]byte(`{"AuditData":"{\"CreationTime\":1}"},{"auditData":{}},{"AuditData":1}`), i)
	}
	f.Fuzz(func(t *testing.T, body []byte, format int) {
		if len(body) > 64<<10 || format < 0 {
			return
		}
		chosen := formats[format%len(formats)]
		r := rowsOf(t, chosen, string(body))
		for _, record := range r.Records {
			for _, row := range record.Rows {
				checkCells(t, row)
			}
		}
		survey(t, chosen, body)
		if pieces, least := len(r.Records)+len(r.Rejects), tokens(chosen, body); pieces < least {
			t.Errorf("%q: %d records and rejects for %d pieces", body, pieces, least)
		}
	})
}

// tokens counts the pieces that brackets and quotes show in a JSON body. A piece
// that turns out to be broken may become several.
func tokens(format model.Format, body []byte) int {
	if format == model.FormatAuditSearchCSV || format == model.FormatOfficeActivityCSV {
		return 0 // a body may be a header alone
	}
	scanner := split.NewScanner(len(body))
	for at, n := 0, 0; ; n++ {
		token := scanner.JSON(body[at:], true)
		if token.Kind == split.End {
			return n
		}
		at += token.End
	}
}

func checkCells(t *testing.T, row schema.Row) {
	t.Helper()
	seen := map[int]bool{}
	for column, value := range row.All() {
		c := row.Table.Columns[column]
		if seen[column] {
			t.Errorf("%s.%s has two cells", row.Table.Name, c.Name)
		}
		seen[column] = true
		if value.Type() != c.Type {
			t.Errorf("%s.%s holds type %d", row.Table.Name, c.Name, value.Type())
		}
		if !utf8.ValidString(value.Text()) {
			t.Errorf("%s.%s holds invalid UTF-8: %q", row.Table.Name, c.Name, value.Text())
		}
		if c.Type == schema.TypeDynamic && !json.Valid([]byte(value.Text())) {
			t.Errorf("%s.%s holds no JSON: %q", row.Table.Name, c.Name, value.Text())
		}
	}
}

func BenchmarkAuditRecords(b *testing.B) {
	archive, err := txtar.ParseFile("testdata/exchange.txtar")
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte(section(archive, "body")), 500)
	records := bytes.Count(body, []byte("\n"))
	n := normalise.New(normalise.Config{})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := n.Payload(model.Payload{Format: model.FormatAuditLines, ContentType: "Audit.Exchange", Body: body, Received: received})
		r.Release()
	}
	b.ReportMetric(float64(records*b.N)/b.Elapsed().Seconds(), "records/s")
}

// What stands between records and is none takes none of them with it.
func TestForeignElementsOfAList(t *testing.T) {
	const a, b = `{"CreationTime":"2026-09-14T08:21:07","Id":"a"}`, `{"CreationTime":"2026-09-14T08:21:07","Id":"b"}`
	for _, foreign := range []string{`"x"`, `"say \"{\""`, "7", "null", "NaN"} {
		r := rowsOf(t, model.FormatAuditArray, "["+foreign+","+a+", "+foreign+" ,"+b+"]")
		if len(r.Records) != 2 || len(r.Rejects) != 2 {
			t.Errorf("%s: %d records and %d rejects, want two of each", foreign, len(r.Records), len(r.Rejects))
			continue
		}
		for _, reject := range r.Rejects {
			if string(reject.Raw) != foreign {
				t.Errorf("%s: the reject is %s", foreign, reject.Raw)
			}
		}
	}
}

// A piece of a record that was too long is one reject, whatever stands in it.
func TestAFragmentIsNoRecord(t *testing.T) {
	const piece = `"x"},{"CreationTime":"2026-09-14T08:21:07","Id":"a"},{"CreationT`
	r := rowsOf(t, model.FormatFragment, piece)
	if len(r.Records) != 0 || len(r.Rejects) != 1 || string(r.Rejects[0].Raw) != piece || !strings.Contains(r.Rejects[0].Reason, "too long") {
		t.Errorf("%d records, rejects %v", len(r.Records), r.Rejects)
	}
}
