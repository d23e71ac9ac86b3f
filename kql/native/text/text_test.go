package text

import (
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

func invoke(t testing.TB, name string, args ...any) any {
	t.Helper()
	for _, f := range Functions() {
		if f.Name != name {
			continue
		}
		for len(args) < len(f.Params) {
			args = append(args, nil)
		}
		v, err := f.Call(args)
		if err != nil {
			t.Fatalf("%s(%v): %v", name, args, err)
		}
		return v
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestParsers(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"parse_csv", ``, `[""]`},
		{"parse_csv", `a,,c`, `["a","","c"]`},
		{"parse_csv", `a,"b ""x"", c",d`, `["a","b \"x\", c","d"]`},
		{"parse_csv", "\"two\nlines\",b\nnext", `["two\nlines","b"]`},
		{"parse_csv", `a"b,c`, `["a\"b","c"]`},
		{"parse_csv", `"open`, `["open"]`},
		{"parse_csv", " a , b", `[" a "," b"]`},
		{"parse_xml", `<e/>`, `{"e":null}`},
		{"parse_xml", `<e> x </e>`, `{"e":"x"}`},
		{"parse_xml", `<e a="1"/>`, `{"e":{"@a":"1"}}`},
		{"parse_xml", `<e a="1">x</e>`, `{"e":{"@a":"1","#text":"x"}}`},
		{"parse_xml", `<e><a>1</a><b/><a>2.5</a></e>`, `{"e":{"a":[1,2.5],"b":null}}`},
		{"parse_xml", `<e>t<a>007</a></e>`, `{"e":{"#text":"t","a":"007"}}`},
		{"parse_xml", `<?xml version="1.0" encoding="utf-16"?><!-- c --><n:e xmlns:n="u"><![CDATA[<x>]]></n:e>`, `{"n:e":{"@xmlns:n":"u","#text":"<x>"}}`},
		{"parse_xml", `<e><a>b</e></a>`, `null`},
		{"parse_xml", `<e>`, `null`},
		{"parse_xml", `<e/><e/>`, `null`},
		{"parse_xml", `text`, `null`},
		{"parse_xml", ``, `null`},
		{"parse_xml", strings.Repeat("<a>", 2000) + strings.Repeat("</a>", 2000), `null`},
		{"parse_path", `C:\Users\ann\report.final.docx:evil.exe`, `{"Scheme":"","RootPath":"C:","DirectoryPath":"C:\\Users\\ann","DirectoryName":"ann","Filename":"report.final.docx","Extension":"docx","AlternateDataStreamName":"evil.exe"}`},
		{"parse_path", `file://srv/share/x`, `{"Scheme":"file","RootPath":"","DirectoryPath":"srv/share","DirectoryName":"share","Filename":"x","Extension":"","AlternateDataStreamName":""}`},
		{"parse_path", ``, `{"Scheme":"","RootPath":"","DirectoryPath":"","DirectoryName":"","Filename":"","Extension":"","AlternateDataStreamName":""}`},
		{"parse_url", `https://u:p@example.org:8443/a/b?x=1&x=2&y#top`, `{"Scheme":"https","Host":"example.org","Port":"8443","Path":"/a/b","Username":"u","Password":"p","Query Parameters":{"x":"1","y":""},"Fragment":"top"}`},
		{"parse_url", `no url`, `{"Scheme":"","Host":"","Port":"","Path":"","Username":"","Password":"","Query Parameters":{},"Fragment":""}`},
		{"parse_urlquery", `?a=b=c&&d`, `{"Query Parameters":{"a":"b=c","d":""}}`},
	} {
		if got := dynamic.Text(invoke(t, c.name, c.source)); got != c.want {
			t.Errorf("%s(%.60q) is\n%s, want\n%s", c.name, c.source, got, c.want)
		}
	}
}

func TestCommandLines(t *testing.T) {
	for line, want := range map[string]string{
		``:                            `[]`,
		`prog`:                        `["prog"]`,
		`prog a  b`:                   `["prog","a","b"]`,
		`"C:\Program Files\x.exe" -a`: `["C:\\Program Files\\x.exe","-a"]`,
		`p "a b" c"d e"f`:             `["p","a b","cd ef"]`,
		`p a\\b \"c\" "d\\" "e\\\"f"`: `["p","a\\\\b","\"c\"","d\\","e\\\"f"]`,
		`p """x y"""`:                 `["p","\"x","y\""]`,
		`p ""`:                        `["p",""]`,
		`p "open and on`:              `["p","open and on"]`,
		`p trail\`:                    `["p","trail\\"]`,
		` p`:                          `["","p"]`,
		"powershell -enc\tSQBFAFgA  ": `["powershell","-enc","SQBFAFgA"]`,
	} {
		if got := dynamic.Text(invoke(t, "parse_command_line", line, "windows")); got != want {
			t.Errorf("%s gives\n%s, want\n%s", line, got, want)
		}
	}
	if got := invoke(t, "parse_command_line", "a", "posix"); got != nil {
		t.Errorf("another parser gives %v", got)
	}
}

func TestUserAgents(t *testing.T) {
	const edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.3405.86"
	for _, c := range []struct {
		look any
		want string
	}{
		{"browser", `{"Browser":{"Family":"Edge","MajorVersion":"139","MinorVersion":"0","Patch":"3405"}}`},
		{[]any{"device", "os"}, `{"OperatingSystem":{"Family":"Windows","MajorVersion":"10","MinorVersion":"","Patch":"","PatchMinor":""},"Device":{"Family":"Other","Brand":"","Model":""}}`},
		{"nothing", `null`},
	} {
		if got := dynamic.Text(invoke(t, "parse_user_agent", edge, c.look)); got != c.want {
			t.Errorf("%v gives\n%s, want\n%s", c.look, got, c.want)
		}
	}
	if got := invoke(t, "parse_user_agent", strings.Repeat("ä", maxUserAgent)); got == nil {
		t.Error("a long user agent gives nothing")
	}
}

func TestBytesAndIndexes(t *testing.T) {
	for _, c := range []struct {
		name string
		args []any
		want any
	}{
		{"format_bytes", []any{564.0}, "564 Bytes"},
		{"format_bytes", []any{1536.0, int64(1)}, "1.5 KB"},
		{"format_bytes", []any{1536.0}, "2 KB"},
		{"format_bytes", []any{-2048.0}, "-2 KB"},
		{"format_bytes", []any{3145728.0, int64(0), "KB"}, "3072 KB"},
		{"format_bytes", []any{1.0, int64(0), "parsecs"}, ""},
		{"format_bytes", []any{nil}, ""},
		{"replace_strings", []any{"abcab", []any{"ab", "b", "c"}, []any{"b", "x", "ab"}}, "babb"},
		{"replace_strings", []any{"this is", []any{"is", "this"}, []any{"was", "that"}}, "thwas was"},
		{"replace_strings", []any{"this is", []any{"this", "is"}, []any{int64(1), "was"}}, "this was"},
		{"replace_strings", []any{"a", []any{"", "a"}, []any{"x"}}, "a"},
		{"replace_strings", []any{"a", nil, nil}, "a"},
		{"indexof_regex", []any{"xäbcäb", "ä.", int64(2)}, int64(4)},
		{"indexof_regex", []any{"abcabc", "b", int64(0), int64(-1), int64(2)}, int64(4)},
		{"indexof_regex", []any{"abcabc", "b", int64(0), int64(3), int64(2)}, int64(-1)},
		{"indexof_regex", []any{"aaa", "aa", int64(0), int64(-1), int64(2)}, int64(-1)},
		{"indexof_regex", []any{"abc", "b", int64(-1)}, nil},
		{"indexof_regex", []any{"abc", "(", int64(0)}, nil},
		{"indexof_regex", []any{"abc", "$", int64(9)}, int64(-1)},
	} {
		if got := invoke(t, c.name, c.args...); got != c.want {
			t.Errorf("%s(%v) is %v, want %v", c.name, c.args, got, c.want)
		}
	}
}

// No text makes a parser fail, and what it gives is a dynamic value that can
// be read again.
func FuzzParsers(f *testing.F) {
	f.Add(`<a b="c">d<e/></a>`)
	f.Add(`a,"b""c",d`)
	f.Add(`C:\x\y.exe "a b" \"c`)
	f.Add(`https://u:p@h:1/p?q=1#f`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range []string{"parse_csv", "parse_xml", "parse_path", "parse_url", "parse_urlquery"} {
			text := dynamic.Text(invoke(t, name, s))
			if _, err := dynamic.Parse(text); err != nil {
				t.Fatalf("%s(%q) gives %s: %v", name, s, text, err)
			}
		}
		invoke(t, "parse_command_line", s, "windows")
	})
}
