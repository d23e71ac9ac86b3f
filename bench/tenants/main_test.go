package main

import (
	"os"
	"testing"
)

func TestSummary(t *testing.T) {
	f := summarise(map[string][]float64{"a": {1, 3}, "b": {4}, "c": {9, 9, 12}})
	if f.MedianLag != 4 || f.WorstLag != 10 || f.Worst != "c" || f.LongestLag != 12 || f.Blobs != 6 {
		t.Errorf("%+v", f)
	}
	if f.judge() == nil {
		t.Error("2.5 of the median passes")
	}
	f.WorstLag = 8
	if err := f.judge(); err != nil {
		t.Error(err)
	}
}

func TestUsageOfThisProcess(t *testing.T) {
	u, err := usage(os.Getpid())
	if err != nil || u.rss <= 0 || u.peak < u.rss {
		t.Errorf("%+v, %v", u, err)
	}
}
