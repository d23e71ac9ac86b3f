package cluster

import (
	"strconv"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/types"
)

func parsed(t *testing.T, text string) any {
	t.Helper()
	v, err := dynamic.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Bad data in a row is passed over, and no argument makes a function panic.
func TestHostileArguments(t *testing.T) {
	tables := []string{`null`, `7`, `[]`, `[1, "x", {}, []]`, `[["a"]]`, `[[null, null, null]]`, `[["a", "b", "c", "d"]]`, `[[1, 2, 3], ["a", 9223372036854775807, 1], ["a", -9223372036854775808, 1]]`, `[[1e300, 1e300, "x", null], [-1, -1, "y"]]`, `[[5, [true, 1, null], "d"], [6, [], "d"], [7, {}, "d"]]`}
	for _, f := range Functions() {
		for _, table := range tables {
			for _, n := range []int64{0, 1, -1, 1 << 62, -1 << 63} {
				args := make([]any, len(f.Params))
				args[0] = parsed(t, table)
				for i := 1; i < len(args); i++ {
					switch f.Params[i] {
					case types.Long:
						args[i] = n
					case types.Real:
						args[i] = float64(n)
					case types.String:
						args[i] = ""
					case types.Bool:
						args[i] = n > 0
					case types.Dynamic:
						args[i] = parsed(t, `["a", "b"]`)
					}
				}
				if f.Params[0] == types.String {
					args[0] = table
				}
				if v, err := f.Call(args); err == nil && f.Result == types.Dynamic {
					dynamic.Text(v) // which panics on what is no dynamic value
				}
			}
		}
	}
}

func TestSteps(t *testing.T) {
	by, err := stepsOf([]any{int64(3), int64(10), ""})
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[int64]int64{3: 3, 12: 3, 13: 13, 2: -7, -7: -7, -8: -17} {
		if got := by.bin(at); got != want {
			t.Errorf("%d is in the step %d, want %d", at, got, want)
		}
	}
	month, err := stepsOf([]any{int64(0), int64(0), "month"})
	if err != nil {
		t.Fatal(err)
	}
	leap := ticksOf(timeOf(unixEpoch).AddDate(54, 1, 28)) // 29 February 2024
	if got := timeOf(month.next(month.bin(leap))).Format("2006-01-02"); got != "2024-03-01" {
		t.Errorf("the month behind February is %s", got)
	}
	if _, err := by.bins(0, 1<<60); err == nil {
		t.Error("a timeline of too many steps is no error")
	}
	for _, args := range [][]any{{int64(0), int64(0), ""}, {int64(0), int64(-5), ""}, {int64(0), int64(0), "day"}} {
		if _, err := stepsOf(args); err == nil {
			t.Errorf("%v is no error", args)
		}
	}
}

// Sequences are bounded even where every row could be part of every one.
func TestTooManySequences(t *testing.T) {
	var table []any
	for i := range int64(3000) {
		table = append(table, []any{i, []any{true, true, true, true}})
	}
	if _, err := detectSequences([]any{table, int64(1 << 40), int64(1 << 40)}); err == nil {
		t.Error("no error")
	}
}

// The closed patterns are those that no greater one of the same rows stands for.
func TestBasketsAreClosedAndComplete(t *testing.T) {
	table := parsed(t, `[[4, 0, "a", "x", "p"], [3, 0, "a", "x", "q"], [2, 0, "b", "x", null], [1, 0, "b", "y", "q"]]`)
	got, err := baskets([]any{table, 0.3, int64(5)})
	if err != nil {
		t.Fatal(err)
	}
	want := `[[0,9,90.0,null,"x",null],[1,7,70.0,"a","x",null],[2,4,40.0,"a","x","p"],[3,4,40.0,null,null,"q"],[4,3,30.0,"a","x","q"],[5,3,30.0,"b",null,null]]`
	if text := dynamic.Text(got); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// What the work is bounded by is said, not done.
func TestPatternsAreBounded(t *testing.T) {
	var table []any
	for i := range 40 {
		row := []any{int64(1), int64(i % 2)}
		for j := range 40 {
			row = append(row, strconv.Itoa(j)+map[bool]string{true: "odd"}[i == j])
		}
		table = append(table, row)
	}
	_, err := baskets([]any{table, 0.015, int64(40)})
	if err == nil || !strings.Contains(err.Error(), "threshold") {
		t.Errorf("got %v", err)
	}
}

func TestAutoclusterPrefersWhatSaysMuch(t *testing.T) {
	table := parsed(t, `[[50, 0, "mail", "DE", "yes"], [30, 0, "vpn", "RU", "yes"], [20, 0, "web", "US", "yes"]]`)
	got, err := autoclusters([]any{table, 0.5, int64(25)})
	if err != nil {
		t.Fatal(err)
	}
	if text := dynamic.Text(got); !strings.HasPrefix(text, `[[0,30,30.0,"vpn","RU",null]`) && !strings.HasPrefix(text, `[[0,50,50.0,"mail","DE",null]`) {
		t.Errorf("got %s", text)
	}
}

func TestNetworkKeys(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.3": "::ffff:10.0.0.0/104", "10.1.2.3/4": "", "2001:db8::1": "", "x": "", "": "", "fe80::1%eth0": "", "::ffff:10.9.9.9": "::ffff:10.0.0.0/104",
	} {
		if got, err := networkKey([]any{text, int64(104), false}); got != want || err != nil {
			t.Errorf("%q is in %v (%v), want %q", text, got, err, want)
		}
	}
}
