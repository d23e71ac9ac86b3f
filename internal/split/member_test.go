package split

import "testing"

func TestMember(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"value":[1,2]}`, `[1,2]`},
		{"\xEF\xBB\xBF \n{ \"@odata.context\" : \"https://x/$metadata#a('value')\" , \"value\" : [ {\"value\":[3]} ] , \"next\":1}", `[ {"value":[3]} ]`},
		{`{"a":{"value":[9]},"b":null,"c":-1.5,"d":"\"value\":[8]","value":[{"x":"]"}],"@odata.nextLink":"y"}`, `[{"x":"]"}]`},
		{`{"a":1,"value":[{"x":1},{"y":"broken`, `[{"x":1},{"y":"broken`},
		{`{"value":[{"x":1},{"y"`, `[{"x":1},{"y"`},
		{`{"value":`, ""},
		{`{"value"`, ""},
		{`{"valu`, ""},
		{`{"a":1}`, ""},
		{`{"a" 1,"value":[1]}`, ""},
		{`[{"value":[1]}]`, ""},
		{`{}`, ""},
		{``, ""},
		{`{"value":"text"}`, `"text"`},
		{`{"value":true}`, `true`},
	} {
		if got := string(Member([]byte(test.text), "value")); got != test.want {
			t.Errorf("%s: %q, not %q", test.text, got, test.want)
		}
	}
}

func FuzzMember(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,"x\"y"]},"value":[{}]}`))
	f.Add([]byte(`{"value":[{"a":"`))
	f.Fuzz(func(t *testing.T, text []byte) { Member(text, "value") }) // it ends, within its bounds
}
