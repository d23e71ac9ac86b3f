package lake

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// A step that is said to be of one part alone is reached by one, and of parts apart from
// each other none is missed.
func TestStepsOfOnePartAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for round := range 500 {
		asked := Counting{By: []By{{Column: "UserId"}, {Column: "TimeGenerated", Step: 3_600_000_000}, {Column: "TimeGenerated", Step: 1_000_000 * int64(1+r.IntN(3))}}}
		of := asked.By[2]
		var parts []Reach
		times := map[int64]int{}
		apart, last := true, int64(-1)
		for range r.IntN(6) {
			least := noon.Add(time.Duration(r.IntN(40)) * 500 * time.Millisecond)
			if round%2 == 0 { // as days follow each other
				least = noon.Add(time.Duration(len(parts))*8*time.Second + time.Duration(r.IntN(2))*time.Second)
			}
			most := least.Add(time.Duration(r.IntN(14)) * 500 * time.Millisecond)
			parts = append(parts, Reach{least, most})
			first, err := step(least.UnixMicro(), of.Step)
			if err != nil {
				t.Fatal(err)
			}
			end, _ := step(most.UnixMicro(), of.Step)
			for s := first; s <= end; s++ {
				times[s]++
			}
			apart, last = apart && first >= last, end
		}
		alone := asked.Alone(parts)
		for s, n := range times {
			is := false
			if alone != nil {
				_, is = alone.of(s)
			}
			if is && n > 1 || apart && n == 1 && !is {
				t.Fatalf("step %d of %v, which %d reach: %v", s, parts, n, is)
			}
		}
		if alone == nil {
			continue
		}
		if alone.by != 2 {
			t.Fatalf("of column %d", alone.by)
		}
		if asked.Alone(append(parts, Reach{})) != nil {
			t.Fatal("a part of unknown times reaches nothing")
		}
	}
	if (&Counting{By: []By{{Column: "UserId"}}}).Alone([]Reach{{noon, noon}}) != nil {
		t.Error("steps of no column")
	}
}

// There may be as many groups in each part as in all of what is kept.
func TestGroupsOfPartsAreLetGo(t *testing.T) {
	asked := Counting{By: []By{{Column: "TimeGenerated", Step: 1_000_000}}, Groups: 40, Keep: func(rows int64) bool { return rows > 1 }}
	counts, err := NewCounts(&asked)
	if err != nil {
		t.Fatal(err)
	}
	var reached []Reach
	for n := range 10 {
		at := noon.Add(time.Duration(n) * time.Minute)
		reached = append(reached, Reach{at, at.Add(30 * time.Second)})
	}
	alone := asked.Alone(reached)
	part, err := counts.Part()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reached {
		first, _ := step(r.Least.UnixMicro(), 1_000_000)
		for n := range int64(30) {
			if err := part.add(key{first + n}, 1+n/29); err != nil {
				t.Fatal(err)
			}
		}
		if err := counts.Take(part, alone); err != nil {
			t.Fatal(err)
		}
		if part.Groups() > 0 {
			t.Fatalf("%d groups are left", part.Groups())
		}
	}
	if counts.Groups() != len(reached) {
		t.Errorf("%d groups of %d are kept", counts.Groups(), len(reached))
	}
}

// Groups are found by their keys however many there are.
func TestGroupsAreFoundByTheirKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	counts, err := NewCounts(&Counting{Groups: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	want := map[key]int64{}
	for range 2 {
		for range 20_000 {
			k := key{int64(r.IntN(300)) << r.IntN(50), int64(r.IntN(3)), -int64(r.IntN(40))}
			n := int64(r.IntN(5))
			want[k] += n
			if err := counts.add(k, n); err != nil {
				t.Fatal(err)
			}
		}
		if counts.Groups() != len(want) {
			t.Fatalf("%d groups, want %d", counts.Groups(), len(want))
		}
		for _, g := range counts.groups {
			if want[g.key] != g.rows {
				t.Fatalf("%v has %d rows, want %d", g.key, g.rows, want[g.key])
			}
		}
		counts.empty()
		clear(want)
	}
}

// The steps of times are those that a division gives, whatever their length, and those of a
// row group in one step are known without its times.
func TestStepsOfTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 20_000 {
		of := 1 + r.Int64N(1<<(1+r.IntN(50)))
		begin := noon.UnixMicro() - r.Int64N(1<<55)
		var times []int64
		for range 1 + r.IntN(20) {
			at := begin + of/maxSteps*r.Int64N(maxSteps) + of*r.Int64N(1+r.Int64N(min(maxSteps-2, max(1<<55/of, 1))))
			if r.IntN(2) == 0 { // on the edge
				at += of - (at+sinceYearOne)%of - r.Int64N(2)
			}
			times = append(times, at)
		}
		var k counted
		if err := k.steps(times, of); err != nil {
			t.Fatal(err)
		}
		for i, at := range times {
			want, err := step(at, of)
			if err != nil {
				t.Fatal(err)
			}
			if got := k.first + int64(k.codes[i]); got != want || uint64(k.codes[i]) >= k.size {
				t.Fatalf("%d is in step %d of %d, want %d", at, got, of, want)
			}
		}
		least, most := slices.Min(times), slices.Max(times)
		one, err := new(counted).oneStep(least, most, of, len(times))
		if err != nil || one != (k.size == 1) {
			t.Fatalf("%d to %d are in %d steps of %d: %v, %v", least, most, k.size, of, one, err)
		}
		if again := (counted{codes: []uint32{3, 3, 3}}); one {
			if _, err := again.oneStep(least, most, of, 2); err != nil || again.first != k.first || again.size != 1 || !slices.Equal(again.codes, []uint32{0, 0}) {
				t.Fatalf("%+v: %v", again, err)
			}
		}
	}
}
