package jsontape

import "testing"

func outline(t *testing.T, text string) uint64 {
	t.Helper()
	var tape Tape
	v, err := tape.ParseAll(text, 20)
	if err != nil {
		t.Fatal(err)
	}
	return v.Outline(func(name string) bool { return name == "Name" || name == "Key" })
}

func TestOutline(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"a":1,"b":"x"}`, ` { "a" : 2.5 , "b" : "another text" } `, true},
		{`{"a":true}`, `{"a":false}`, true},
		{`{"a":[1,2,3]}`, `{"a":[7]}`, true},
		{`{"a":[{"b":1},{"b":2}]}`, `{"a":[{"b":3}]}`, true},
		{`{"a":[{"Name":"x","Value":"1"}]}`, `{"a":[{"Name":"x","Value":"2"},{"Name":"x","Value":""}]}`, true},
		{`{"a":{"Name":"x","Value":"1"}}`, `{"a":{"Name":"y","Value":"1"}}`, true}, // no item
		{`{"a":[{"Name":"x","b":1,"c":2,"d":3}]}`, `{"a":[{"Name":"y","b":1,"c":2,"d":3}]}`, true},

		{`{"a":1}`, `{"a":"1"}`, false},
		{`{"a":1}`, `{"a":null}`, false},
		{`{"a":1}`, `{"b":1}`, false},
		{`{"a":1,"b":1}`, `{"b":1,"a":1}`, false},
		{`{"a":1}`, `{"a":1,"a":1}`, false},
		{`{"a":{"b":1}}`, `{"a":{},"b":1}`, false},
		{`{"a":[]}`, `{"a":{}}`, false},
		{`{"a":[]}`, `{"a":[1]}`, false},
		{`{"a":[1,"x"]}`, `{"a":[1,1]}`, false},
		{`{"a":[[1],2]}`, `{"a":[[1,2]]}`, false},
		{`{"abcdefgh":1}`, `{"abcdefgi":1}`, false},
		{`{"abcdefghi":1}`, `{"abcdxfghi":1}`, false},
		{`{"a name of more than 16 bytes":1}`, `{"a name of m0re than 16 bytes":1}`, false},
		{`{"a":[{"Name":"x","Value":"1"}]}`, `{"a":[{"Name":"y","Value":"1"}]}`, false},
		{`{"a":[{"Value":"1","Key":"x"}]}`, `{"a":[{"Value":"1","Key":"y"}]}`, false},
		{`{"a":[{"Name":"x","Value":"1"}]}`, `{"a":[{"Name":"x","Value":{}}]}`, false},
		{`{"a":[{"Name":"x","Value":"1"}]}`, `{"a":[{"Name":"x","NewValue":"1"}]}`, false},
	} {
		if same := outline(t, c.a) == outline(t, c.b); same != c.same {
			t.Errorf("%s and %s: the same outline: %v, want %v", c.a, c.b, same, c.same)
		}
	}
	if (Value{}).Outline(nil) != 0 {
		t.Error("nothing has an outline")
	}
}
