package budget

import (
	"errors"
	"testing"
)

func TestBudgetsEndWork(t *testing.T) {
	gone := errors.New("nobody waits")
	for name, test := range map[string]struct {
		budget *Budget
		err    error
		most   int
	}{
		"spent":       {New(10, nil), ErrSpent, 3},
		"interrupted": {New(1_000_000, func() error { return gone }), gone, asking},
		"enough":      {New(1_000_000, func() error { return nil }), nil, 5000},
	} {
		done := 0
		err := test.budget.Do(func() {
			for range 5000 {
				test.budget.Spend(3)
				done++
			}
		})
		if err != test.err || done > test.most || err == nil && done != test.most {
			t.Errorf("%s: %d turns, then %v", name, done, err)
		}
	}
	var none *Budget
	none.Spend(1 << 40)
}

// What goes wrong inside is not taken for the budget's end, nor is the end of
// another budget.
func TestOtherPanicsPassThrough(t *testing.T) {
	outer, inner := New(10, nil), New(10, nil)
	err := outer.Do(func() {
		if err := inner.Do(func() { outer.Spend(100) }); err != nil {
			t.Errorf("the inner one ended with %v", err)
		}
	})
	if err != ErrSpent {
		t.Errorf("the outer one ended with %v", err)
	}
	defer func() {
		if p := recover(); p != "fault" {
			t.Errorf("the panic became %v", p)
		}
	}()
	_ = inner.Do(func() { panic("fault") })
}
