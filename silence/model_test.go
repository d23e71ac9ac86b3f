package silence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// synthetic is a tenant whose people keep hours. It is made hour by hour, so that
// each hour is as it was however far one looks.
type synthetic struct {
	name   string
	random *rand.Rand
	rows   []row
}

type row struct {
	Series
	rate   float64 // records in a busy hour
	steady bool    // day and night alike, as services are
	bursty float64 // dispersion of the hours
	counts []uint32
}

// begin is a Monday.
var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// newSynthetic makes a tenant of a size: five content types with operations from
// many an hour to one in weeks.
func newSynthetic(seed uint64) *synthetic {
	r := rand.New(rand.NewPCG(seed, 7))
	t := &synthetic{name: fmt.Sprintf("tenant-%d", seed), random: r}
	size := math.Exp(r.Float64()*4 - 1) // 0.4 to 20
	for c, content := range []string{"Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General", "DLP.All"} {
		for recordType := range 2 {
			for operation := range 4 {
				t.rows = append(t.rows, row{
					Series: Series{t.name, content, fmt.Sprintf("Type%d", recordType), fmt.Sprintf("Operation%d", operation)},
					rate:   size * 60 * math.Pow(0.16, float64(operation+recordType)) * (0.3 + r.Float64()) / float64(1+c),
					steady: operation == 0 && recordType == 0 && c < 2,
					bursty: 0.2 + 2*r.Float64(),
				})
			}
		}
	}
	return t
}

// grow makes the next hours. level is how busy everybody is.
func (t *synthetic) grow(hours int, level func(at time.Time) float64) {
	for range hours {
		at := begin.Add(time.Duration(len(t.rows[0].counts)) * time.Hour)
		mood := level(at) * math.Exp(0.3*t.random.NormFloat64()) // a good hour, a bad hour, for all
		for i := range t.rows {
			row := &t.rows[i]
			mean := row.rate * mood * rhythm(at)
			if row.steady {
				mean = row.rate * 0.5
			}
			row.counts = append(row.counts, negativeBinomial(t.random, mean, row.bursty))
		}
	}
}

// rhythm is the share of a busy hour that an hour has.
func rhythm(at time.Time) float64 {
	share := 0.02
	switch h := at.Hour(); {
	case h >= 8 && h < 17:
		share = 1
	case h >= 6 && h < 20:
		share = 0.25
	}
	if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		share *= 0.06
	}
	return share
}

func negativeBinomial(r *rand.Rand, mean, dispersion float64) uint32 {
	if mean <= 0 {
		return 0
	}
	return poisson(r, mean*gamma(r, 1/dispersion)*dispersion)
}

// gamma draws from a gamma distribution of a shape and scale 1 (Marsaglia, Tsang).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := math.Pow(1+c*x, 3)
		if v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func poisson(r *rand.Rand, mean float64) uint32 {
	if mean > 50 {
		return uint32(max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	n, p := uint32(0), math.Exp(-mean)
	for u := r.Float64(); u > p; n++ {
		u -= p
		p *= mean / float64(n+1)
	}
	return n
}

// alarms looks at the tenant when so many hours are over. Everything is three
// hours late.
func (t *synthetic) alarms(hours int) []Alarm {
	now := begin.Add(time.Duration(hours) * time.Hour)
	lags := map[Series][]int64{}
	for _, row := range t.rows {
		lags[row.Series] = []int64{3 * 3600}
	}
	v := newView(now, lags, func(string, string) time.Time { return now })
	found, err := v.alarms(func(start time.Time, n int, use func(Series, []uint32) error) error {
		counts := make([]uint32, n)
		offset := int(start.Sub(begin) / time.Hour)
		for _, row := range t.rows {
			clear(counts)
			for i := max(0, -offset); i < n && offset+i < hours-3; i++ {
				counts[i] = row.counts[offset+i]
			}
			if err := use(row.Series, counts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	return found
}

// normal is busy as ever, with a public holiday on a Monday and a Friday and, in
// every second tenant, two weeks in which hardly anybody works.
func normal(tenant int) func(time.Time) float64 {
	return func(at time.Time) float64 {
		day := int(at.Sub(begin) / (24 * time.Hour))
		switch {
		case day == 5*7 || day == 7*7+4:
			return 0.05
		case tenant%2 == 1 && day >= 8*7 && day < 10*7:
			return 0.07
		}
		return 1
	}
}

// TestFalseAlarmsAndDelay measures the model on tenants with seasons, holidays
// and rare operations: how often it cries wolf, and how long it takes to hear
// that something has gone silent. -v prints the figures.
func TestFalseAlarmsAndDelay(t *testing.T) {
	tenants, step := 24, 1
	if testing.Short() {
		tenants, step = 4, 12
	}
	const weeks = 11
	falsely, looks := map[string]bool{}, 0
	var all []*synthetic
	for i := range tenants {
		tenant := newSynthetic(uint64(i))
		tenant.grow(weeks*weekHours, normal(i))
		all = append(all, tenant)
		for hours := 2 * weekHours; hours <= weeks*weekHours; hours += step {
			looks++
			for _, a := range tenant.alarms(hours) {
				falsely[fmt.Sprintf("%s %s since %s", a.Series, a.Since, a.Until.Sub(a.Since))[:60]] = true
			}
		}
	}
	tenantWeeks := float64(tenants * (weeks - 2))
	t.Logf("%d false alarms in %.0f tenant-weeks of %d series, %d looks", len(falsely), tenantWeeks, len(all[0].rows)+16, looks)
	if float64(len(falsely)) > tenantWeeks/50 {
		t.Errorf("%d false alarms in %.0f tenant-weeks, want at most one in 50: %v", len(falsely), tenantWeeks, falsely)
	}
	delays(t, all, step)
}

// delays silences a content type, a record type and an operation of each tenant
// on a Tuesday at 10, and waits.
func delays(t *testing.T, all []*synthetic, step int) {
	t.Helper()
	for _, what := range []struct {
		name  string
		hit   func(Series) bool
		want  Series
		least float64 // records in a busy hour, below which it is not tried
		most  time.Duration
	}{
		{"a content type", func(s Series) bool { return s.ContentType == "Audit.Exchange" }, Series{"", "Audit.Exchange", "", ""}, 5, 24 * time.Hour},
		{"a record type", func(s Series) bool { return s.ContentType == "Audit.SharePoint" && s.RecordType == "Type0" }, Series{"", "Audit.SharePoint", "Type0", ""}, 5, 7 * 24 * time.Hour},
		{"an operation", func(s Series) bool {
			return s == Series{s.Tenant, "Audit.SharePoint", "Type0", "Operation0"}
		}, Series{"", "Audit.SharePoint", "Type0", "Operation0"}, 5, 7 * 24 * time.Hour},
		{"all of a tenant", func(Series) bool { return true }, Series{}, 5, 24 * time.Hour},
	} {
		var delays []time.Duration
		missed := 0
		for i, tenant := range all {
			d, tried := delay(tenant, i, what.hit, what.want, what.least, step)
			if !tried {
				continue
			}
			if d == 0 {
				missed++
				continue
			}
			delays = append(delays, d)
		}
		slices.Sort(delays)
		if len(delays) == 0 {
			t.Errorf("%s: never noticed, in %d tenants", what.name, missed)
			continue
		}
		middle, last := delays[len(delays)/2], delays[len(delays)-1]
		t.Logf("%s silent: noticed after %v (median), %v (longest) in %d tenants, not within 14 days in %d", what.name, middle, last, len(delays), missed)
		if middle > what.most || missed > len(all)/10 {
			t.Errorf("%s: noticed after %v (median), missed in %d tenants; want at most %v", what.name, middle, missed, what.most)
		}
	}
}

func delay(tenant *synthetic, number int, hit func(Series) bool, want Series, least float64, step int) (time.Duration, bool) {
	want.Tenant = tenant.name
	const quietFrom = 8*weekHours - 6*24 + 10 // Tuesday, 10:00, of the eighth week
	copied := &synthetic{name: tenant.name, random: rand.New(rand.NewPCG(uint64(number), 99))}
	rate := 0.0
	for _, r := range tenant.rows {
		r.counts = slices.Clone(r.counts[:quietFrom])
		if hit(r.Series) {
			rate += r.rate
			r.rate = 0
		}
		copied.rows = append(copied.rows, r)
	}
	if rate < least {
		return 0, false
	}
	copied.grow(15*24, func(time.Time) float64 { return 1 })
	for hours := quietFrom; hours < quietFrom+14*24; hours += step {
		for _, a := range copied.alarms(hours) {
			if a.Series == want {
				return time.Duration(hours-quietFrom) * time.Hour, true
			}
		}
	}
	return 0, true
}
