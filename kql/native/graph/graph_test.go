package graph

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

func parse(t *testing.T, texts ...string) []any {
	t.Helper()
	values := make([]any, len(texts))
	for i, text := range texts {
		v, err := dynamic.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		values[i] = v
	}
	return values
}

func TestPaths(t *testing.T) {
	const square = `[[0,0,1],[1,1,2],[2,2,0],[3,0,2]]`
	for _, test := range []struct{ spec, starts, ends, want string }{
		{`{"low":1,"high":2,"direction":"right","cycles":"unique_edges"}`, `[0]`, `null`, `[[0,1,[0],[]],[0,2,[3],[]],[0,2,[0,1],[1]],[0,0,[3,2],[2]]]`},
		{`{"low":1,"high":3,"direction":"right","cycles":"none"}`, `[0]`, `[2]`, `[[0,2,[3],[]],[0,2,[0,1],[1]]]`},
		{`{"low":0,"high":1,"direction":"left","cycles":"unique_edges"}`, `[1]`, `null`, `[[1,1,[],[]],[1,0,[0],[]]]`},
		{`{"low":3,"high":3,"direction":"any","cycles":"all"}`, `[1]`, `[1]`, `[[1,1,[0,2,1],[0,2]],[1,1,[0,3,1],[0,2]],[1,1,[1,2,0],[2,0]],[1,1,[1,3,0],[2,0]]]`},
		{`{"low":1,"high":9,"direction":"right","cycles":"unique_edges","shortest":"any"}`, `[0,1]`, `[2]`, `[[0,2,[3],[]],[1,2,[1],[]]]`},
		{`{"low":2,"high":9,"direction":"right","cycles":"unique_edges","shortest":"all"}`, `[0]`, `[2]`, `[[0,2,[0,1],[1]]]`},
	} {
		args := parse(t, test.spec, square, test.starts, test.ends, "null")
		got, err := paths(args)
		if err != nil || dynamic.Text(got) != test.want {
			t.Errorf("%s: got %s, %v; want %s", test.spec, dynamic.Text(got), err, test.want)
		}
	}
}

// A graph in which everything is connected has more paths than anyone waits
// for.
func TestSearchIsBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("[[0,0,1]")
	for i := range 900 {
		b.WriteString(",[" + dynamic.Text(int64(i+1)) + "," + dynamic.Text(int64(i%30)) + "," + dynamic.Text(int64(i/30)) + "]")
	}
	b.WriteString("]")
	args := parse(t, `{"low":1,"high":20,"direction":"any","cycles":"all"}`, b.String(), "null", "null", "null")
	if _, err := paths(args); err == nil {
		t.Error("a search without end was done")
	}
}

func TestComponents(t *testing.T) {
	args := append(parse(t, `[0,1,2,3,4]`, `[[0,3,4],[1,0,1],[2,1,0],[3,1,2]]`), false)
	if got, err := components(args); err != nil || dynamic.Text(got) != "[0,0,0,1,1]" {
		t.Errorf("weak: %s, %v", dynamic.Text(got), err)
	}
	args[2] = true
	if got, err := components(args); err != nil || dynamic.Text(got) != "[0,0,1,2,3]" {
		t.Errorf("strong: %s, %v", dynamic.Text(got), err)
	}
}
