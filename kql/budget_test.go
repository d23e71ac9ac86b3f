package kql_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql"
	"github.com/quoll/quoll/kql/bind"
	"github.com/quoll/quoll/kql/source"
)

// Compiling ends with a mistake at its place when it takes more steps than it
// may, whichever stage spends them.
func TestCompilingIsBounded(t *testing.T) {
	long := "Events | where Count in (1" + strings.Repeat(", 1", 5000) + ") | project User"
	for _, steps := range []int64{10, 1_000, 10_000, 15_000} {
		_, err := kql.CompileWith(long, events{}, bind.Options{Now: now, Steps: steps})
		var mistakes *source.Error
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), "too many steps") {
			t.Errorf("%d steps: %v", steps, err)
		}
	}
	_, err := kql.CompileWith("Events | where "+strings.Repeat("(", 50)+"true"+strings.Repeat(")", 50)+" | count", events{}, bind.Options{Now: now, Steps: 120})
	if err == nil || !strings.Contains(err.Error(), "line 1, column 10") {
		t.Errorf("the place is not said: %v", err)
	}
	if _, err := kql.Compile(long, events{}, now); err != nil {
		t.Errorf("what people write: %v", err)
	}
}

// A query that nobody waits for any more is not compiled to its end.
func TestCompilingIsInterrupted(t *testing.T) {
	asked := 0
	_, err := kql.CompileWith("print x = 1"+strings.Repeat(" + 1", 1900), events{}, bind.Options{Now: now, Interrupted: func() error {
		asked++
		if asked == 3 {
			return context.Canceled
		}
		return nil
	}})
	if err != context.Canceled || asked != 3 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
}
