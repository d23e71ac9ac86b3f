package array

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

// invoke calls a function with arguments written as JSON; an integer may stand
// for itself and "-" for an argument left out.
func invoke(t testing.TB, name string, args ...string) string {
	t.Helper()
	for _, f := range Functions() {
		if f.Name != name {
			continue
		}
		values := make([]any, max(len(args), len(f.Params)))
		for i, text := range args {
			if text == "-" {
				continue
			}
			v, err := dynamic.Parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			values[i] = v
		}
		v, err := f.Call(values)
		if err != nil {
			t.Fatalf("%s(%v): %v", name, args, err)
		}
		return dynamic.Text(v)
	}
	t.Fatalf("no function %s", name)
	return ""
}

func TestFunctions(t *testing.T) {
	for _, c := range [][]string{
		{"array_shift_left", `[1,2,3]`, `1`, `[2,3,null]`},
		{"array_shift_left", `[1,2,3]`, `-9`, `0`, `[0,0,0]`},
		{"array_shift_right", `["a","b"]`, `1`, `["","a"]`},
		{"array_shift_right", `{"a":1}`, `1`, `null`},
		{"array_shift_right", `[]`, `1`, `[]`},
		{"array_index_of", `["a","b","a","b"]`, `"b"`, `1`},
		{"array_index_of", `["a","b","a","b"]`, `"b"`, `2`, `3`},
		{"array_index_of", `["a","b","a","b"]`, `"b"`, `0`, `3`, `2`, `-1`},
		{"array_index_of", `["a","b","a","b"]`, `"b"`, `0`, `-1`, `2`, `3`},
		{"array_index_of", `["a","b","a","b"]`, `"a"`, `-2`, `2`},
		{"array_index_of", `["a"]`, `"a"`, `9`, `-1`},
		{"array_index_of", `["a"]`, `"a"`, `0`, `-2`, `null`},
		{"array_index_of", `["a","b"]`, `"b"`, `1`, `9223372036854775807`, `1`},
		{"array_index_of", `"a"`, `"a"`, `null`},
		{"array_iff", `[true,0,2,"x",null]`, `["a","b"]`, `"c"`, `["a","c",null,null,null]`},
		{"array_sort_asc", `[3,null,"b",1.5,"a",{"x":1}]`, `[1.5,3,"a","b",{"x":1},null]`},
		{"array_sort_desc", `[3,null,1]`, `false`, `[null,3,1]`},
		{"array_sort_asc", `[9007199254740993,9007199254740992]`, `[9007199254740992,9007199254740993]`},
		{"array_sort_asc", `[3,1,2]`, `["c","a","b"]`, `[1]`, `[[1,2,3],["a","b","c"],null]`},
		{"array_sort_asc", `false`, `null`},
		{"zip", `[1,2]`, `["a"]`, `[[1,"a"],[2,null]]`},
		{"zip", `[1]`, `{"a":1}`, `null`},
		{"set_union", `[1,2,1]`, `[2,"2"]`, `[1,2,"2"]`},
		{"set_intersect", `[1,2,3]`, `[3,1]`, `[1,3]`, `[1,3]`},
		{"set_difference", `[1,2,3,1]`, `[2]`, `null`, `[1,3]`},
		{"jaccard_index", `[1,2]`, `[2,3]`, `0.3333333333333333`},
		{"jaccard_index", `[]`, `[]`, `"NaN"`},
		{"bag_merge", `{"b":1,"a":2}`, `{"a":3,"c":4}`, `null`, `{"b":1,"a":2,"c":4}`},
		{"bag_merge", `null`, `[]`, `null`},
		{"bag_zip", `["a",1,"b","c"]`, `[1,2,3]`, `{"a":1,"b":3,"c":null}`},
		{"bag_zip", `"a"`, `[]`, `null`},
		{"bag_set_key", `{"a":1}`, `"a"`, `"x"`, `{"a":"x"}`},
		{"bag_set_key", `{"a":1}`, `"$.b['c d'].e"`, `2`, `{"a":1,"b":{"c d":{"e":2}}}`},
		{"bag_set_key", `{"a":{"b":1,"c":2}}`, `"$.a.b"`, `null`, `{"a":{"b":null,"c":2}}`},
		{"bag_set_key", `{"a":1}`, `"$.a[0]"`, `2`, `null`},
		{"bag_set_key", `{"a":1}`, `"$x"`, `2`, `{"a":1,"$x":2}`},
		{"bag_set_key", `[1]`, `"a"`, `2`, `null`},
		{"bag_remove_keys", `{"a":{"b":1,"c":2},"d":3,"e":4}`, `["$.a.b","d",7]`, `{"a":{"c":2},"e":4}`},
		{"bag_has_key", `{"a":{"b":null}}`, `"$.a.b"`, `true`},
		{"bag_has_key", `{"a":{"b":null}}`, `"$.a.c"`, `false`},
		{"bag_has_key", `{"a":1}`, `"$.a.b"`, `false`},
		{"treepath", `{"a":[1,{"b":2},{"b":3}],"c":{}}`, `["['a']","['a'][0]","['a'][0]['b']","['c']"]`},
		{"treepath", `1`, `null`},
		{"dynamic_to_json", `{"b":[{"d":1,"c":1.0}],"a":null}`, `"{\"a\":null,\"b\":[{\"c\":1.0,\"d\":1}]}"`},
	} {
		args, want := c[1:len(c)-1], c[len(c)-1]
		if got := invoke(t, c[0], args...); got != want {
			t.Errorf("%s(%s) is %s, want %s", c[0], strings.Join(args, ", "), got, want)
		}
	}
}

// Long keys above many members would make paths without end.
func TestPathsAreBounded(t *testing.T) {
	text := `{"` + strings.Repeat("k", 1<<16) + `":[`
	for range 2000 {
		text += `{"` + strings.Repeat("x", 3) + `":1},`
	}
	text += `0]}`
	if got := invoke(t, "treepath", strings.ReplaceAll(text, `"xxx"`, `"x"`)); !strings.HasPrefix(got, "[") && got != "null" {
		t.Errorf("paths are %.40s", got)
	}
}

// No value makes a function fail, and the arguments stay as they were.
func FuzzFunctions(f *testing.F) {
	f.Add(`[1,"a",null,{"b":[true]}]`, `{"a":{"b":1}}`, "$.a.b")
	f.Fuzz(func(t *testing.T, first, second, key string) {
		x, err1 := dynamic.Parse(first)
		y, err2 := dynamic.Parse(second)
		if err1 != nil || err2 != nil {
			return
		}
		before := dynamic.Text([]any{x, y})
		for _, function := range Functions() {
			args := []any{x, y, y}[:max(2, min(3, len(function.Params)))]
			switch function.Name {
			case "bag_set_key", "bag_has_key":
				args = []any{x, key, y}[:len(function.Params)]
			case "array_shift_left", "array_shift_right":
				args = []any{x, int64(len(key)), y}
			case "array_index_of":
				args = []any{x, y, int64(len(key)), nil, nil}
			}
			v, err := function.Call(args)
			if err != nil {
				t.Fatalf("%s: %v", function.Name, err)
			}
			if _, err := dynamic.Parse(dynamic.Text(v)); err != nil {
				t.Fatalf("%s(%s, %s) gives no dynamic value: %v", function.Name, first, second, err)
			}
		}
		if after := dynamic.Text([]any{x, y}); after != before {
			t.Fatalf("%s became %s", before, after)
		}
	})
}
