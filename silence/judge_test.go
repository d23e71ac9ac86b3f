package silence

import (
	"testing"
	"time"
)

// always makes hours of the same count.
func always(hours int, n uint32) []uint32 {
	counts := make([]uint32, hours)
	for i := range counts {
		counts[i] = n
	}
	return counts
}

func lively(share float64) func(int, int) float64 {
	return func(int, int) float64 { return share }
}

func TestJudge(t *testing.T) {
	const weeks = 4 * weekHours
	paused := always(weeks, 10)
	clear(paused[2*weekHours : 2*weekHours+12])
	young := append(make([]uint32, weeks-leastHours+1), always(leastHours-1, 10)...)
	rare := make([]uint32, weeks)
	for i := 0; i < weeks; i += 4 * 24 { // one every four days
		rare[i] = 1
	}
	daily := make([]uint32, weeks)
	for i := 9; i < weeks; i += 24 { // six a day, in one hour
		daily[i] = 6
	}
	for _, c := range []struct {
		name   string
		counts []uint32
		quiet  int
		share  float64
		want   bool
	}{
		{"an hour", always(weeks, 1000), 1, 1, false},
		{"two hours of a busy source", always(weeks, 1_000_000), 2, 1, true},
		{"ten hours", always(weeks, 10), 10, 1, true},
		{"ten hours, but it paused for twelve before", paused, 10, 1, false},
		{"seventeen hours after a pause of twelve", paused, 17, 1, false},
		{"eighteen hours after a pause of twelve", paused, 18, 1, true},
		{"ten hours, when all around is quiet", always(weeks, 10), 10, 0.01, false},
		{"ten hours, when nothing is heard around", always(weeks, 10), 10, 0, false},
		{"a week, of less than two weeks known", young, weekHours, 1, false},
		{"ten days of something rare", rare, 10 * 24, 1, false},
		{"two days of something daily", daily, 48, 1, false},
		{"six days of something daily", daily, 6 * 24, 1, true},
		{"never heard", make([]uint32, weeks), 100, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			counts := append(append([]uint32{}, c.counts...), make([]uint32, c.quiet)...)
			p := past{begin.Unix() / 3600, counts}
			alarm, ok := judge(p, lively(c.share))
			if ok != c.want {
				t.Fatalf("alarm %v (%+v), want %v", ok, alarm, c.want)
			}
			if ok && (!alarm.Until.Equal(begin.Add(time.Duration(len(counts))*time.Hour)) || alarm.Until.Sub(alarm.Since) < time.Duration(c.quiet)*time.Hour || alarm.Expected <= 0) {
				t.Errorf("alarm %+v", alarm)
			}
		})
	}
}

// TestLiveliness: what is around is compared with the weeks before, and services
// that go on do not hide that people are away.
func TestLiveliness(t *testing.T) {
	around := func(now ...uint32) []past {
		var all []past
		for _, n := range now {
			all = append(all, past{0, append(always(3*weekHours, 10), always(24, n)...)})
		}
		return all
	}
	for _, c := range []struct {
		name string
		in   []past
		want float64
	}{
		{"as ever", around(10, 10, 10), 1},
		{"busier than ever", around(40, 40, 40), 1},
		{"half", around(5, 5, 5), 0.5},
		{"people away, one service at work", around(1, 1, 10), 0.1},
		{"nothing at all", around(0, 0, 0), 0},
		{"nothing around", nil, 1},
		{"too little around to tell", []past{{0, make([]uint32, 3*weekHours+24)}}, 1},
		{"less than a week known", []past{{0, always(100, 10)}}, 1},
	} {
		from := 3 * weekHours
		if len(c.in) == 1 && len(c.in[0].counts) == 100 {
			from = 76
		}
		if got := liveliness(c.in)(from, from+24); got < c.want-1e-9 || got > c.want+1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
