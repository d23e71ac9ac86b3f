package main

import (
	"slices"
	"testing"
)

func TestWhatGrowsIsSeen(t *testing.T) {
	well := sample{resident: 500 << 20, heap: 100 << 20, goroutines: 66, files: 32}
	var calm []sample
	for i := range 30 { // garbage comes and goes
		s := well
		s.heap += float64(i % 5 * 30 << 20)
		calm = append(calm, s)
	}
	if err := judge(calm); err != nil {
		t.Error(err)
	}
	for name, grow := range map[string]func(*sample, float64){
		"heap":       func(s *sample, n float64) { s.heap += n * (5 << 20) },
		"resident":   func(s *sample, n float64) { s.resident += n * (15 << 20) },
		"goroutines": func(s *sample, n float64) { s.goroutines += n * 2 },
		"files":      func(s *sample, n float64) { s.files += n * 2 },
	} {
		leaks := slices.Clone(calm)
		for i := range leaks {
			grow(&leaks[i], float64(i))
		}
		if judge(leaks) == nil {
			t.Errorf("%s that grow are not seen", name)
		}
	}
	if judge(calm[:9]) == nil {
		t.Error("nine looks are enough")
	}
}
