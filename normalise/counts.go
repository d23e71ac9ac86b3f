package normalise

import "strings"

// Counts is what a payload held that Quoll does not know. None of it is lost:
// audit records are whole in UnifiedAuditLog.Record, everything else is in the
// journal.
type Counts struct {
	// RecordTypes are audit records by RecordType that has no known name.
	RecordTypes map[int64]int
	// Fields are values by the field that no column takes: "SessionId" of an
	// audit record, "EmailUrlInfo.UrlChainId" of a Defender record, "UserId_"
	// of a CSV export.
	Fields map[string]int
	// Categories are Defender records by category that went to DefenderEvents:
	// unknown ones, and those whose properties are not what the category says.
	Categories map[string]int
	// Values are values by Table.Column that the column cannot hold. The column
	// is empty in that row.
	Values map[string]int
	// Times is how many records have no time that can be read. Their
	// TimeGenerated is another time of the record or the payload's arrival.
	Times int
	// NoID is how many records have no id and are known by their content.
	NoID int
	// Organisations are audit records by their organisation, in lower case, where that
	// is another than the tenant that the payload was collected for.
	Organisations map[string]int
}

// maxNames bounds how many different names counts have, of one payload and of all
// together.
const maxNames = 1000

// otherNames stands for the names beyond maxNames.
const otherNames = "(other)"

// maxName bounds the length of a remembered name in bytes.
const maxName = 128

func count(counts *map[string]int, name string) { countTimes(counts, name, 1) }

func countTimes(counts *map[string]int, name string, times int) {
	if *counts == nil {
		*counts = make(map[string]int)
	}
	if len(name) > maxName {
		name = otherNames
	}
	if _, known := (*counts)[name]; !known && len(*counts) >= maxNames {
		name = otherNames
	}
	(*counts)[name] += times
}

// names keeps one copy of each name that records repeat, so that counting a
// field costs no allocation and keeps nothing of a record alive.
type names map[string]string

func (n names) keep(name string) string {
	if kept, ok := n[name]; ok {
		return kept
	}
	if len(name) > maxName {
		return otherNames // as it would be counted
	}
	if len(n) >= 10*maxNames {
		clear(n)
	}
	name = strings.Clone(name)
	n[name] = name
	return name
}

// tally counts names that every record repeats: whoever has a name again and again
// keeps its counter, and what comes of it goes to the counts at the end of the payload.
type tally struct {
	counters map[string]*counter
	touched  []*counter
	early    map[string]int // what was counted before there were too many
}

type counter struct {
	name  string
	times int
}

// counter returns what counts a name, and stays good.
func (t *tally) counter(name string) *counter {
	if len(name) > maxName {
		name = otherNames // as it would be counted, and it is not kept
	}
	c := t.counters[name]
	if c == nil {
		if len(t.counters) >= 10*maxNames {
			t.collect()
			clear(t.counters)
		}
		c = &counter{name: strings.Clone(name)}
		t.counters[c.name] = c
	}
	return c
}

func (t *tally) count(c *counter) {
	if c.times == 0 {
		t.touched = append(t.touched, c)
	}
	c.times++
}

func (t *tally) settle(counts *map[string]int) {
	t.collect()
	for name, times := range t.early {
		countTimes(counts, name, times)
	}
	clear(t.early)
}

func (t *tally) collect() {
	for _, c := range t.touched {
		countTimes(&t.early, c.name, c.times)
		c.times = 0
	}
	t.touched = t.touched[:0]
}

func (c *Counts) recordType(number int64) { c.recordTypeTimes(number, 1) }

func (c *Counts) recordTypeTimes(number int64, times int) {
	if c.RecordTypes == nil {
		c.RecordTypes = make(map[int64]int)
	}
	if _, known := c.RecordTypes[number]; known || len(c.RecordTypes) < maxNames {
		c.RecordTypes[number] += times
	}
}

// Add adds the counts of another payload.
func (c *Counts) Add(other Counts) {
	for number, n := range other.RecordTypes {
		c.recordTypeTimes(number, n)
	}
	addAll(&c.Fields, other.Fields)
	addAll(&c.Categories, other.Categories)
	addAll(&c.Values, other.Values)
	c.Times += other.Times
	c.NoID += other.NoID
	addAll(&c.Organisations, other.Organisations)
}

func addAll(counts *map[string]int, other map[string]int) {
	for name, times := range other {
		countTimes(counts, name, times)
	}
}
