package lake

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quoll/quoll/schema"
)

// TestRowsOfASheetAreThoseOfCells gives one lake rows as cells and another the same
// rows in sheets: with gaps, texts that are no UTF-8, values of another type,
// constants, repeats and revisions.
func TestRowsOfASheetAreThoseOfCells(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	cells, sheets := openLake(t, t.TempDir()), openLake(t, t.TempDir())
	tables := []string{schema.UnifiedAuditLog, schema.OfficeActivity, schema.ThreatIntelIndicators}
	made := map[string]*schema.Sheet{}
	for _, name := range tables {
		made[name] = schema.NewSheet(tableNamed(name))
	}
	for position := uint64(1); position <= 30; position++ {
		at := noon.Add(time.Duration(position) * time.Minute)
		asCells := Batch{Position: position, Ingested: at}
		asRows := Batch{Position: position, Ingested: at}
		for _, sheet := range made {
			sheet.Reset()
		}
		for range random.IntN(60) {
			id := random.IntN(500)
			r := schema.Record{Key: schema.NewKey("tenant", "audit", fmt.Sprint(id)), Digest: digest(uint64(random.IntN(2)))}
			inSheet := r
			for _, name := range tables[:1+random.IntN(len(tables))] {
				row := randomRow(random, name)
				r.Rows = append(r.Rows, row)
				inSheet.Rows = append(inSheet.Rows, inSheetOf(made[name], row))
			}
			asCells.Records, asRows.Records = append(asCells.Records, r), append(asRows.Records, inSheet)
		}
		for name, sheet := range made {
			sheet.Complete(constantsOf(name))
		}
		want, got := apply(t, cells, asCells), apply(t, sheets, asRows)
		if fmt.Sprint(want) != fmt.Sprint(got) {
			t.Fatalf("position %d: %v in sheets, %v as cells", position, got, want)
		}
		if random.IntN(8) == 0 {
			flush(t, cells)
			flush(t, sheets)
		}
	}
	for _, name := range append(tables, schema.UnifiedAuditLogRevisions) {
		want, got := rowsOf(t, cells, name), rowsOf(t, sheets, name)
		if len(want) < 20 {
			t.Errorf("only %d rows in %s", len(want), name)
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s: %d rows in sheets differ from %d as cells", name, len(got), len(want))
		}
	}
}

// constantsOf are what randomRow gives every row of a table that has none.
func constantsOf(name string) []schema.Cell {
	return row(name, "Type", schema.String(name), "SourceSystem", schema.String("Quoll")).Cells
}

func randomRow(random *rand.Rand, name string) schema.Row {
	out := schema.Row{Table: tableNamed(name)}
	for i, c := range out.Table.Columns {
		if random.IntN(3) > 0 || c.Name == "Type" || c.Name == "SourceSystem" {
			continue
		}
		value := randomValue(random, c.Type)
		if random.IntN(20) == 0 {
			value = randomValue(random, []schema.Type{schema.TypeString, schema.TypeLong, schema.TypeReal, schema.TypeDateTime}[random.IntN(4)])
		}
		out.Cells = append(out.Cells, schema.Cell{Column: i, Value: value})
	}
	random.Shuffle(len(out.Cells), func(i, j int) { out.Cells[i], out.Cells[j] = out.Cells[j], out.Cells[i] })
	out.Cells = append(out.Cells, constantsOf(name)...)
	if random.IntN(3) == 0 {
		out.Cells[len(out.Cells)-1].Value = schema.String("elsewhere")
	}
	return out
}

func randomValue(random *rand.Rand, t schema.Type) schema.Value {
	text := strings.Repeat("é漢", random.IntN(3)) + []string{"plain", "", "\xff", "\xc3", "\xa9", "a b"}[random.IntN(6)]
	switch t {
	case schema.TypeBool:
		return schema.Bool(random.IntN(2) == 0)
	case schema.TypeInt:
		return schema.Int(int32(random.IntN(100) - 50))
	case schema.TypeLong:
		return schema.Long(random.Int64() - random.Int64())
	case schema.TypeReal:
		return schema.Real(random.NormFloat64())
	case schema.TypeDateTime:
		return schema.DateTime(noon.Add(time.Duration(random.IntN(1e9))))
	case schema.TypeDynamic:
		return schema.Dynamic(`{"a":"` + text + `"}`)
	}
	return schema.String(text)
}

// inSheetOf writes the row into a sheet, after others that are not ended or lose.
func inSheetOf(sheet *schema.Sheet, from schema.Row) schema.Row {
	sheet.Begin()
	sheet.Set(0, schema.String("forgotten"), 0)
	sheet.Begin()
	for _, c := range from.Cells {
		if slices.Contains(constantsOf(from.Table.Name), c) {
			continue // Complete gives it
		}
		if of := from.Table.Columns[c.Column].Type; of == schema.TypeString && c.Value.Type() == of && utf8.ValidString(c.Value.Text()) && c.Column%2 == 0 {
			sheet.SetText(c.Column, c.Value.Text(), 1)
		} else if isDynamic := from.Table.Columns[c.Column].Type == schema.TypeDynamic; isDynamic && c.Value.Type() == schema.TypeDynamic && utf8.ValidString(c.Value.Text()) {
			sheet.SetParsed(c.Column, c.Value.Text(), 1)
		} else {
			sheet.Set(c.Column, c.Value, 1)
		}
		if sheet.Has(c.Column) {
			sheet.Set(c.Column, schema.String("late"), 1)
		}
	}
	return sheet.End()
}
