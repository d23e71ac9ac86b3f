package extsort

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func TestSortsAsMemoryDoes(t *testing.T) {
	for _, memory := range []int{1, 100, 5000, 1 << 20} {
		t.Run(fmt.Sprint(memory), func(t *testing.T) {
			dir := t.TempDir()
			s := New(dir, memory)
			random := rand.New(rand.NewPCG(1, uint64(memory)))
			var want [][]byte
			for range 300 {
				text := make([]byte, random.IntN(40))
				for i := range text {
					text[i] = byte(random.IntN(4))
				}
				want = append(want, text)
				if err := s.Add(text); err != nil {
					t.Fatal(err)
				}
			}
			slices.SortFunc(want, bytes.Compare)
			n := 0
			err := s.Each(t.Context(), func(text []byte) error {
				if n >= len(want) || !bytes.Equal(text, want[n]) {
					return fmt.Errorf("string %d is %q", n, text)
				}
				n++
				return nil
			})
			if err != nil || n != len(want) || s.Len() != int64(n) {
				t.Errorf("%d of %d strings: %v", n, len(want), err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("%d files are left: %v", len(left), err)
			}
		})
	}
}

func TestTroubleEndsTheSort(t *testing.T) {
	s := New(t.TempDir(), 64)
	for i := range 100 {
		if err := s.Add(fmt.Appendf(nil, "%03d", 999-i)); err != nil {
			t.Fatal(err)
		}
	}
	stop := errors.New("enough")
	if err := s.Each(t.Context(), func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Each(ctx, func([]byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.runs[1].Truncate(5); err != nil {
		t.Fatal(err)
	}
	if err := s.Each(t.Context(), func([]byte) error { return nil }); err == nil {
		t.Error("a run that was cut goes unnoticed")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := New("/nowhere/at/all", 1).spill(); err == nil {
		t.Error("a folder that is not there")
	}
}
