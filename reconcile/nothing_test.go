package reconcile

import (
	"errors"
	"testing"
	"time"
)

// TestAnEmptyExportIsNotEqual: a job that compares each night must not be told
// that all is well by an export that came out empty.
func TestAnEmptyExportIsNotEqual(t *testing.T) {
	at := day.Add(8 * time.Hour)
	h := holding{held("a", at, "FileAccessed")}
	for name, open := range map[string]func(*Config){
		"no range": func(*Config) {},
		"no end":   func(c *Config) { c.From = day },
		"no begin": func(c *Config) { c.To = day.Add(24 * time.Hour) },
	} {
		config := DefaultConfig(t.TempDir())
		open(&config)
		c, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		c.BeginFile("empty.csv")
		if report, err := c.Finish(t.Context(), h); !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %+v, %v; want that there is nothing to compare", name, report, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	report, _ := compare(t, func(c *Config) { c.From, c.To = day, day.Add(24*time.Hour) }, h)
	if report.Equal() || report.OtherLacks != 1 {
		t.Errorf("%+v, want the record that the other side lacks in the day that was named", report)
	}
}
