package normalise

import (
	"fmt"
	"strings"
	"testing"
)

// TestCountsOfManyPayloadsAreBounded: what payload after payload makes up is not
// remembered for ever, and nothing goes uncounted.
func TestCountsOfManyPayloadsAreBounded(t *testing.T) {
	var all Counts
	const payloads, each = 30, maxNames / 10
	for payload := range payloads {
		var one Counts
		for i := range each {
			name := fmt.Sprintf("field %d of payload %d", i, payload)
			count(&one.Fields, name)
			count(&one.Values, name)
			count(&one.Categories, name)
			one.recordType(int64(1000 + payload*each + i))
		}
		all.Add(one)
	}
	for what, counts := range map[string]map[string]int{"fields": all.Fields, "values": all.Values, "categories": all.Categories} {
		sum := 0
		for _, times := range counts {
			sum += times
		}
		if len(counts) > maxNames+1 || sum != payloads*each {
			t.Errorf("%s: %d names, %d in all; want at most %d names and %d", what, len(counts), sum, maxNames+1, payloads*each)
		}
	}
	if len(all.RecordTypes) > maxNames {
		t.Errorf("%d record types", len(all.RecordTypes))
	}
}

// TestLongNamesAreNotKept: a name that is too long to be counted is not kept to be
// known again either.
func TestLongNamesAreNotKept(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	known, all := tally{counters: map[string]*counter{}}, names{}
	for i := range 100 {
		name := fmt.Sprint(long, i)
		known.count(known.counter(name))
		if all.keep(name) != otherNames {
			t.Fatal("a long name was kept")
		}
	}
	var counts map[string]int
	known.settle(&counts)
	w := newWorker()
	for i := range 100 {
		_, object, invalid := w.parse(fmt.Sprintf(`{"Id":"a","%s%d":1}`, long, i))
		if invalid != "" {
			t.Fatal(invalid)
		}
		w.shape(object, newAuditPlan(""))
	}
	if w.shapes.count != 0 {
		t.Errorf("%d shapes with long names are kept", w.shapes.count)
	}
	if len(known.counters) != 1 || len(all) != 0 || counts[otherNames] != 100 {
		t.Errorf("%d counters, %d names, counted %v", len(known.counters), len(all), counts)
	}
}
