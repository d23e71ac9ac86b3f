package silence

import (
	"math"
	"slices"
	"time"
)

// Series is what is counted. The later fields are empty for all of what the
// earlier ones name: a tenant, a content type, a record type, an operation. A
// table that is watched as a whole has its name for content type and record type.
type Series struct {
	Tenant, ContentType, RecordType, Operation string
}

// Alarm says that a series is silent.
type Alarm struct {
	Series Series
	// Since is the end of the hour in which it was last heard, and Until how far
	// it was looked at: later records may still be on their way.
	Since, Until time.Time
	// Expected is how many records such a span usually has, at the least, and
	// Probability that of hearing none of them by chance.
	Expected    float64
	Probability float64
	// LongestGap is the longest it was quiet before, within the History looked at.
	LongestGap, History time.Duration
}

// The model's constants. TestFalseAlarmsAndDelay measures what they give.
const (
	weekHours = 7 * 24
	// memoryWeeks is how much is remembered, and leastHours how much there must
	// be from the first time a series was heard to the last.
	memoryWeeks = 8
	leastHours  = 2 * weekHours
	// highest is the probability below which silence is no chance: 1 in 10,000
	// for the 168 looks of a week together.
	highest = 1e-4 / weekHours
	// gapFactor is how many times the longest gap before the silence must last,
	// and leastSpan its least length in hours.
	gapFactor = 1.5
	leastSpan = 2
	// lowQuantile of the weeks is what is expected of an hour: one odd week in
	// four must not matter.
	lowQuantile = 0.25
	// Dispersion of the negative binomial: its variance is mean + dispersion ×
	// mean². Activity of people is never less uneven than the least.
	leastDispersion, mostDispersion = 0.25, 4
	// fewestRest is how many records another record type must usually have in a
	// span for its activity to say anything.
	fewestRest = 10
)

// past is a series' counts by the hour. The first hour is number start since
// 1970; the last ends at how far the series was looked at.
type past struct {
	start  int64
	counts []uint32
}

// trailing returns how many hours at the end have no records.
func (p past) trailing() int {
	n := 0
	for n < len(p.counts) && p.counts[len(p.counts)-1-n] == 0 {
		n++
	}
	return n
}

func hourTime(n int64) time.Time { return time.Unix(n*3600, 0).UTC() }

// judge says whether a series is silent. activity is how lively everything
// around it is in the same span, as a share of what is usual, at most 1.
func judge(p past, activity func(from, to int) float64) (Alarm, bool) {
	quiet := p.trailing()
	if quiet < leastSpan || quiet == len(p.counts) {
		return Alarm{}, false
	}
	silence := len(p.counts) - quiet // where it begins
	first := slices.IndexFunc(p.counts, func(n uint32) bool { return n > 0 })
	first = max(first, silence-memoryWeeks*weekHours)
	if silence-first < leastHours {
		return Alarm{}, false
	}
	gap := longestGap(p.counts[first:silence])
	if float64(quiet) < gapFactor*float64(gap) {
		return Alarm{}, false
	}
	share := activity(silence, len(p.counts))
	if share <= 0 {
		return Alarm{}, false
	}
	t := training{p.counts, first, silence}
	dispersion := t.dispersion()
	expected, logP := 0.0, 0.0
	for _, period := range []int{1, 24} {
		e, l := t.silent(period, dispersion, share)
		if l < logP {
			expected, logP = e, l
		}
	}
	if logP >= math.Log(highest) {
		return Alarm{}, false
	}
	return Alarm{
		Since: hourTime(p.start + int64(silence)), Until: hourTime(p.start + int64(len(p.counts))),
		Expected: expected, Probability: math.Exp(logP),
		LongestGap: time.Duration(gap) * time.Hour, History: time.Duration(silence-first) * time.Hour,
	}, true
}

func longestGap(counts []uint32) int {
	longest, run := 0, 0
	for _, n := range counts {
		run++
		if n > 0 {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// training is the part [first, silence) of the counts that a series is judged
// by.
type training struct {
	counts         []uint32
	first, silence int
}

// silent returns how many records are to be expected from the beginning of the
// silence to the end of the counts, and the logarithm of the probability of
// none. Hours are taken together in periods of the silence, so that what happens
// a few times a day is missed too: a period is compared with the same hours of
// the weeks before.
func (t training) silent(period int, dispersion, share float64) (expected, logP float64) {
	for at := t.silence; at+period <= len(t.counts); at += period {
		rate := share * t.usual(at, period)
		expected += rate
		logP -= math.Log1p(dispersion*rate) / dispersion
	}
	return expected, logP
}

// usual is the low quantile over the weeks of the records in a period that
// begins at the same hour of the week; a single hour is smoothed with the two
// beside it. Zero where fewer than two weeks are known.
func (t training) usual(at, period int) float64 {
	beside := 0
	if period == 1 {
		beside = 1
	}
	var weeks []float64
	for j := at - weekHours; j-beside >= t.first; j -= weekHours {
		if j+period+beside > t.silence {
			continue
		}
		sum := 0.0
		for _, n := range t.counts[j-beside : j+period+beside] {
			sum += float64(n)
		}
		weeks = append(weeks, sum*float64(period)/float64(period+2*beside))
	}
	if len(weeks) < 2 {
		return 0
	}
	slices.Sort(weeks)
	return weeks[int(lowQuantile*float64(len(weeks)-1))]
}

// dispersion estimates how uneven the hours are around the mean of their hour of
// the week, over all hours together.
func (t training) dispersion() float64 {
	var excess, squares float64
	for slot := range weekHours {
		var values []float64
		for i := t.first + slot; i < t.silence; i += weekHours {
			values = append(values, float64(t.counts[i]))
		}
		if len(values) < 2 {
			continue
		}
		mean := 0.0
		for _, v := range values {
			mean += v / float64(len(values))
		}
		for _, v := range values {
			excess += (v-mean)*(v-mean)*float64(len(values))/float64(len(values)-1) - mean
			squares += mean * mean
		}
	}
	if squares == 0 {
		return mostDispersion
	}
	return min(max(excess/squares, leastDispersion), mostDispersion)
}

// liveliness compares what is around a series in a span with what is usual of
// it: the median over those of its surroundings that usually have enough to
// tell, at most 1, and 1 if none has. The median, because services go on when
// people are away.
func liveliness(around []past) func(from, to int) float64 {
	return func(from, to int) float64 {
		var shares []float64
		for _, a := range around {
			if usual, now := a.compared(from, to); usual >= fewestRest {
				shares = append(shares, min(1, now/usual))
			}
		}
		if len(shares) == 0 {
			return 1
		}
		slices.Sort(shares)
		return shares[(len(shares)-1)/2]
	}
}

// compared returns the mean of a span over the weeks before it, and what it has
// itself.
func (p past) compared(from, to int) (usual, now float64) {
	to = min(to, len(p.counts))
	weeks := 0.0
	for shift := weekHours; from >= shift; shift += weekHours {
		if to-shift > from { // a span longer than a week begins in itself
			continue
		}
		weeks++
		usual += total(p.counts[from-shift : to-shift])
	}
	if weeks == 0 {
		return 0, 0
	}
	return usual / weeks, total(p.counts[from:to])
}

func total(counts []uint32) float64 {
	sum := 0.0
	for _, n := range counts {
		sum += float64(n)
	}
	return sum
}
