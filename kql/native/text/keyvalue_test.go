package text

import (
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

// Text that makes no sense gives nulls, never a panic and never a long run.
func TestKeyValuesOfHostileText(t *testing.T) {
	for _, options := range []string{`{}`, `{"pair_delimiter":","}`, `{"kv_delimiter":"="}`, `{"pair_delimiter":"=","kv_delimiter":"="}`,
		`{"pair_delimiter":" ","kv_delimiter":"=","quote":"\"","escape":"\\","greedy":true}`, `{"quote":"()"}`, `{"regex":"(a*)(b*)"}`} {
		bag, err := dynamic.Parse(options)
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range []string{"", "=", "a", "a=", "=a", `"a`, `"a"`, `a="`, `a="\`, "(((", "a=b=c,,=", "é=ü", "\xff=\xfe"} {
			values, err := parseKV([]any{source, []any{"a", "é", int64(1)}, bag})
			if err != nil || len(values.([]any)) != 3 {
				t.Errorf("%q by %s gives %v, %v", source, options, values, err)
			}
		}
	}
}

func TestReduceOfHostileTexts(t *testing.T) {
	for _, list := range [][]any{nil, {nil}, {[]any{"a"}}, {[]any{int64(1), "b"}}, {[]any{"", int64(2)}}, {[]any{"--", int64(2)}, []any{"\xff 1", int64(3)}}} {
		for _, each := range []bool{false, true} {
			if _, err := reduce([]any{list, nil, nil, each}); err != nil {
				t.Errorf("%v: %v", list, err)
			}
		}
	}
	rows, err := reduce([]any{[]any{[]any{"job 1 ran", int64(2)}, []any{"job 2 ran", int64(3)}, []any{"stop", int64(1)}}, 0.1, "", false})
	want := `[["job * ran",5,"job 1 ran"],["others",1,""]]`
	if got := dynamic.Text(rows); err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}
