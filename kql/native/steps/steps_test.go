package steps

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

func run(t *testing.T, program, rows string) (string, error) {
	t.Helper()
	args := make([]any, 2)
	for i, text := range []string{program, rows} {
		v, err := dynamic.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		args[i] = v
	}
	got, err := scanSteps(args)
	if err != nil {
		return "", err
	}
	return dynamic.Text(got), nil
}

func TestSteps(t *testing.T) {
	is := func(v string) string { return `["call","==","bool",["row",0],["value","` + v + `"]]` }
	for name, test := range map[string]struct{ program, rows, want string }{
		"a row promotes one step at a time": {
			`{"empty":[""],"width":1,"steps":[{"when":` + is("a") + `},{"when":` + is("a") + `},{"when":` + is("a") + `}]}`,
			`[[1,"a"],[2,"a"],[3,"a"]]`, `[[1,0],[2,0],[2,1],[3,0],[3,1],[3,2]]`,
		},
		"optional steps may be left out": {
			`{"empty":[""],"width":1,"steps":[{"when":` + is("a") + `},{"when":` + is("b") + `,"optional":true},{"when":` + is("c") + `}]}`,
			`[[1,"a"],[2,"c"],[3,"a"],[4,"b"],[5,"c"]]`, `[[1,0],[2,0],[3,1],[4,1],[5,1]]`,
		},
		"the last of a series": {
			`{"empty":[""],"width":1,"steps":[{"when":` + is("a") + `,"output":"last"},{"when":` + is("b") + `,"output":"none"}]}`,
			`[[1,"a"],[2,"a"],[3,"b"],[4,"a"],[5,"a"]]`, `[[2,0],[5,1]]`,
		},
	} {
		got, err := run(t, test.program, test.rows)
		if err != nil || got != test.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, test.want)
		}
	}
}

func TestTooManyRowsAndOddPrograms(t *testing.T) {
	program := `{"empty":[],"width":0,"steps":[{"when":["value",true]}]}`
	rows := "[" + strings.Repeat("[1],", MaxRows) + "[1]]"
	if _, err := run(t, program, rows); err == nil {
		t.Error("a partition without end was taken")
	}
	for _, odd := range []string{
		`1`, `{}`, `{"empty":[],"width":1,"steps":[]}`, `{"empty":[],"width":0,"steps":[]}`, `{"empty":[],"width":0,"steps":[{"when":["call","x"]}]}`,
		`{"empty":[],"width":0,"steps":[{"when":["value",true],"assign":[[0,["value",1]]]}]}`,
	} {
		if _, err := run(t, odd, `[[1]]`); err == nil {
			t.Errorf("%s was run", odd)
		}
	}
}

func TestFunctions(t *testing.T) {
	for text, want := range map[string]string{
		`["call","+","long",["value",9223372036854775807],["value",1]]`:                                       "null",
		`["call","/","long",["value",7],["value",0]]`:                                                         "null",
		`["call","/","real",["value",7],["value",2]]`:                                                         "3.5",
		`["call","%","long",["value",-7],["value",3]]`:                                                        "2",
		`["call","bin","long",["value",-7],["value",5]]`:                                                      "-10",
		`["call","==","bool",["value",null],["value",null]]`:                                                  "null",
		`["call","!=","bool",["value",null],["value",1]]`:                                                     "true",
		`["call","<","bool",["value",null],["value",1]]`:                                                      "null",
		`["call","in","bool",["value",2],["value",[1,2]]]`:                                                    "true",
		`["call","max_of","long",["value",2],["value",null],["value",3]]`:                                     "3",
		`["call","convert","long",["value","12.7"]]`:                                                          "12",
		`["call","element","dynamic",["value",[1,2]],["value",-1]]`:                                           "2",
		`["case",["value",false],["value",1],["value",2]]`:                                                    "2",
		`["call","and","bool",["value",null],["value",true]]`:                                                 "null",
		`["call","and","bool",["value",null],["value",false]]`:                                                "false",
		`["call","or","bool",["value",null],["value",true]]`:                                                  "true",
		`["call","or","bool",["value",null],["value",false]]`:                                                 "null",
		`["call","substring","string",["value","abcdef"],["value",-3],["value",2]]`:                           `"de"`,
		`["call","split","dynamic",["value","a,b"],["value",","]]`:                                            `["a","b"]`,
		`["call","strcat_array","string",["value",["a",1,null]],["value","-"]]`:                               `"a-1-"`,
		`["call","has","bool",["value","New-InboxRule x_y"],["value","inboxrule"]]`:                           "true",
		`["call","!has","bool",["value","xa ab a"],["value","a"]]`:                                            "false",
		`["call","has","bool",["value","xa ab"],["value","a"]]`:                                               "false",
		`["call","round","real",["value",2.345],["value",1]]`:                                                 "2.3",
		`["call","set_union","dynamic",["value",[1,2]],["value",[2,3]]]`:                                      "[1,2,3]",
		`["call","bag_set_key","dynamic",["value",{"a":1}],["value","b"],["value",2]]`:                        `{"a":1,"b":2}`,
		`["call","datetime_text","string",["call","to_datetime","datetime",["value","2026-01-02 03:04:05"]]]`: `"2026-01-02T03:04:05.0000000Z"`,
		`["call","timespan_text","string",["call","to_timespan","timespan",["value","1.02:00:00"]]]`:          `"1.02:00:00"`,
		`["call","datetime_diff","long",["value","Week"],["call","to_datetime","datetime",["value","1969-12-28"]],["call","to_datetime","datetime",["value","1969-12-27 23:59"]]]`:      "1",
		`["call","datetime_diff","long",["value","quarter"],["call","to_datetime","datetime",["value","2026-04-01"]],["call","to_datetime","datetime",["value","2027-01-01"]]]`:         "-3",
		`["call","datetime_diff","long",["value","minute"],["call","to_datetime","datetime",["value","1969-12-31 23:59:59"]],["call","to_datetime","datetime",["value","1970-01-01"]]]`: "-1",
		`["call","datetime_diff","long",["value","nanosecond"],["value",5],["value",null]]`:                                                                                             "null",
		`["call","sqrt","real",["value",-1]]`: "null",
	} {
		v, err := dynamic.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		n, err := readNode(v, 0)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := dynamic.Text(n.eval(&frame{})); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
