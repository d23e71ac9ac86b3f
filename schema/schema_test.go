package schema_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// typeNames spells types as Kusto does, for the golden listing.
var typeNames = map[types.Type]string{
	types.Bool: "bool", types.Int: "int", types.Long: "long", types.Real: "real",
	types.String: "string", types.DateTime: "datetime", types.Dynamic: "dynamic",
}

// The listing makes an accidental change of a column a visible one: stored
// files and published rules depend on names, types and order.
func TestTablesMatchListing(t *testing.T) {
	var got bytes.Buffer
	for _, table := range schema.Tables() {
		fmt.Fprintf(&got, "%s %d columns\n", table.Name, len(table.Columns))
		for _, c := range table.Columns {
			fmt.Fprintf(&got, "  %s:%s", c.Name, typeNames[c.Type])
			if c.Source != "" {
				fmt.Fprintf(&got, " <- %s", c.Source)
			}
			got.WriteByte('\n')
		}
	}
	const path = "testdata/tables.txt"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the tables differ from %s; if the change is meant, run go test ./schema -update and review the difference", path)
	}
}

func TestEveryTableIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range schema.Tables() {
		if seen[table.Name] {
			t.Errorf("two tables are named %s", table.Name)
		}
		seen[table.Name] = true
		if found, ok := schema.Lookup(table.Name); !ok || found != table {
			t.Errorf("Lookup(%q) does not find the table", table.Name)
		}
		i, ok := table.Column(table.TimeColumn)
		if !ok || table.Columns[i].Type != types.DateTime {
			t.Errorf("%s: time column %q is missing or no datetime", table.Name, table.TimeColumn)
		}
		for alias, name := range table.Aliases {
			if _, ok := table.Column(name); !ok {
				t.Errorf("%s: alias %s stands for the unknown column %s", table.Name, alias, name)
			}
			if _, ok := table.Column(alias); ok {
				t.Errorf("%s: alias %s hides a column", table.Name, alias)
			}
		}
		names := map[string]bool{}
		for i, c := range table.Columns {
			if names[c.Name] {
				t.Errorf("%s: column %s twice", table.Name, c.Name)
			}
			names[c.Name] = true
			if at, ok := table.Column(c.Name); !ok || at != i {
				t.Errorf("%s: Column(%q) = %d, %v, want %d", table.Name, c.Name, at, ok, i)
			}
			if typeNames[c.Type] == "" || c.Description == "" {
				t.Errorf("%s.%s: no type or no description", table.Name, c.Name)
			}
			if strings.HasPrefix(c.Name, "quoll_") {
				t.Errorf("%s.%s: the prefix quoll_ is kept for hidden columns", table.Name, c.Name)
			}
		}
	}
}

func TestColumnOfALiteralTable(t *testing.T) {
	table := &schema.Table{Columns: []schema.Column{{Name: "A"}, {Name: "B"}}}
	if i, ok := table.Column("B"); !ok || i != 1 {
		t.Errorf("Column(B) = %d, %v, want 1, true", i, ok)
	}
	if _, ok := table.Column("b"); ok {
		t.Error("Column(b) found a column: names are case-sensitive")
	}
}

func TestValues(t *testing.T) {
	at := time.Date(2026, 9, 14, 8, 25, 40, 123456789, time.FixedZone("", 3600))
	for _, c := range []struct {
		value schema.Value
		kind  types.Type
		text  string
	}{
		{schema.Null(), types.Unknown, "null"},
		{schema.String(""), types.String, ""},
		{schema.String("ada"), types.String, "ada"},
		{schema.Guid("5b1f"), types.Guid, "5b1f"},
		{schema.Dynamic(`{"a":1}`), types.Dynamic, `{"a":1}`},
		{schema.Bool(true), types.Bool, "true"},
		{schema.Bool(false), types.Bool, "false"},
		{schema.Int(-1), types.Int, "-1"},
		{schema.Long(-1 << 63), types.Long, "-9223372036854775808"},
		{schema.Real(-0.5), types.Real, "-0.5"},
		{schema.DateTime(at), types.DateTime, "2026-09-14T07:25:40.123456Z"},
		{schema.DateTime(time.Time{}), types.DateTime, "0001-01-01T00:00:00Z"},
		{schema.TimeSpan(-3), types.TimeSpan, "-3"},
	} {
		if got := c.value.Type(); got != c.kind {
			t.Errorf("type of %v = %d, want %d", c.value, got, c.kind)
		}
		if got := c.value.String(); got != c.text {
			t.Errorf("text = %q, want %q", got, c.text)
		}
	}
	if !(schema.Value{}).IsNull() || schema.String("").IsNull() {
		t.Error("only the zero Value is null")
	}
	if got := schema.DateTime(at).Time(); !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("time = %v, want the instant of %v in UTC", got, at)
	}
}

func TestKeyTellsPartsApart(t *testing.T) {
	if schema.NewKey("ab", "c") == schema.NewKey("a", "bc") {
		t.Error("keys of (ab, c) and (a, bc) are equal")
	}
	first, again := schema.NewKey("a"), schema.NewKey("a")
	if first != again {
		t.Error("keys of equal parts differ")
	}
}

// A key is the hash of its parts behind their lengths, however long they are.
func TestKeyOfLongParts(t *testing.T) {
	for _, length := range []int{0, 1, 200, 215, 216, 217, 250, 256, 1300} {
		parts := []string{"tenant", "kind", strings.Repeat("x", length), strings.Repeat("y", length), "end"}
		var text []byte
		for _, part := range parts {
			text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
			text = append(text, part...)
		}
		sum := sha256.Sum256(text)
		if got := schema.NewKey(parts...); got != schema.Key(sum[:16]) {
			t.Errorf("parts of %d bytes: %x, want %x", length, got, sum[:16])
		}
	}
}
