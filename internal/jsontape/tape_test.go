package jsontape

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

const depth = 50

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		` {"a" : [1, -0.5e+3, true, null, "\u00e9\n"], "": {}} `, `01`, `1.`, `-`, `.5`, `1e`, `[1,]`, `{"a":1,}`,
		`{"a"}`, `{a:1}`, "\"\x01\"", `"\x"`, `"\u12g4"`, `"open`, `nul`, `[]]`, `{} {}`, ``, "{\"\x00\\b\":1}", `"\`,
		"\"\xff\"", "\"é 漢字 and more text than a word\"", `"\ud83d\ude00 \ud83d \udc00\ud800"`, `{"a":1,"a":2}`, `"12345678\"12345678\\"`,
		"\"1234567\x1f\"", "\"\u00a0\u00a0\u00a0\u00a0\"", `[[],{},[{}],""]`, "\"\xac\"0", `1e5`, `-0`, `0.0E-1`, "\x00", `[tru]`, `"\u00`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "[")+strings.Count(text, "{") > depth {
			return
		}
		var tape Tape
		v, err := tape.ParseAll(text, depth)
		// encoding/json takes bad UTF-8, and we say so apart.
		valid := json.Valid([]byte(text))
		if got := err == nil || err == ErrEncoding; got != valid {
			t.Fatalf("%q: %v, valid is %v", text, err, valid)
		}
		if bad := valid && !utf8.ValidString(text); bad != (err == ErrEncoding) {
			t.Fatalf("%q: %v, bad UTF-8 is %v", text, err, bad)
		}
		if err != nil {
			return
		}
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got := plain(v); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, want %#v", text, got, want)
		}
	})
}

// plain makes of a value what encoding/json makes of it: the last of equal
// members counts.
func plain(v Value) any {
	switch v.Kind() {
	case True, False:
		return v.Kind() == True
	case Number:
		return json.Number(v.Raw())
	case String:
		return string(v.AppendText(nil))
	case Array:
		items := []any{}
		for c := v.Items(); c.Next(); {
			items = append(items, plain(c.Value()))
		}
		return items
	case Object:
		members := map[string]any{}
		for c := v.Members(); c.Next(); {
			members[c.Key().Text()] = plain(c.Value())
		}
		return members
	}
	return nil
}

func TestParseStopsBehindTheValue(t *testing.T) {
	var tape Tape
	for text, want := range map[string]int{`{"a":[1]}, {"b"`: 9, " \n[2] ]": 5, `12 13`: 2, `"a""b"`: 3} {
		if _, end, err := tape.Parse(text, depth); err != nil || end != want {
			t.Errorf("%q: ends at %d (%v), want %d", text, end, err, want)
		}
	}
}

func TestDepthIsBounded(t *testing.T) {
	var tape Tape
	for levels, want := range map[int]error{depth: nil, depth + 1: ErrTooDeep, 1 << 20: ErrTooDeep} {
		text := strings.Repeat("[", levels) + strings.Repeat("]", levels)
		if _, err := tape.ParseAll(text, depth); err != want {
			t.Errorf("depth %d: %v, want %v", levels, err, want)
		}
	}
}

func TestGetFindsTheFirstMember(t *testing.T) {
	var tape Tape
	v, err := tape.ParseAll(`{"a":{"b":0},"\u0062":"x\ty","b":2,"Id":"plain"}`, depth)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Get("b"); got.Text() != "x\ty" || !got.Escaped() || got.Raw() != `x\ty` {
		t.Errorf("b is %q, as written %q", got.Text(), got.Raw())
	}
	if got := v.Get("Id").Text(); got != "plain" {
		t.Errorf("Id is %q", got)
	}
	if got := v.Get("c"); got.Kind() != None || got.Text() != "" || got.Raw() != "" || got.Len() != 0 || got.Get("d").Kind() != None {
		t.Errorf("an absent member is %v", got.Kind())
	}
	if v.Len() != 4 || v.Get("a").Len() != 1 {
		t.Errorf("%d members, %d in a", v.Len(), v.Get("a").Len())
	}
}

func TestSurrogatesAreSeen(t *testing.T) {
	var tape Tape
	for text, want := range map[string]bool{`"\ud83d\ude00"`: true, `"\uDC00"`: true, `"\ud7ff"`: false, `"\u00d8"`: false, `"\\ud83d"`: false} {
		if _, err := tape.ParseAll(text, depth); err != nil || tape.HasSurrogates() != want {
			t.Errorf("%s: %v (%v), want %v", text, tape.HasSurrogates(), err, want)
		}
	}
}

func TestCompactIsWhatNeedsNoWriting(t *testing.T) {
	var tape Tape
	for text, want := range map[string]string{
		`[{"a":"b c"},-1.50]`: `[{"a":"b c"},-1.50]`, ` {"a":[]} `: `{"a":[]}`, `"x"`: `"x"`,
		`{"a": 1}`: "", `[1 ]`: "", `[ ]`: "", `["\u0041"]`: "", "{\"a\"\n:1}": "",
		`["\"\\\n\r\t"]`: `["\"\\\n\r\t"]`, `"\/"`: "", `"\b"`: "", `"\f"`: "", `"\n\u000a"`: "", `{"\/":1}`: "",
	} {
		v, err := tape.ParseAll(text, depth)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := v.Compact(); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", text, got, ok)
		}
	}
	v, _ := tape.ParseAll(`{"a":"\/","b":{"c":"d"}}`, depth)
	if got, ok := v.Get("b").Compact(); !ok || got != `{"c":"d"}` {
		t.Errorf("a part without odd escapes is %q, %v", got, ok)
	}
}

func BenchmarkParse(b *testing.B) {
	record := `{"CreationTime":"2026-09-14T08:21:07","Id":"5b1d2e9e-9f3a-4c5c-8f5e-08dd3c1f2a10","Operation":"MailItemsAccessed",` +
		`"OrganizationId":"5c0ffee0-1234-4321-8765-0123456789ab","RecordType":50,"ResultStatus":"Succeeded","UserKey":"10032000A1B2C3D4",` +
		`"UserType":0,"Version":1,"Workload":"Exchange","UserId":"mei.tan@agency.example","AppId":"27922004-5251-4030-b22d-91ecd9a37ea4",` +
		`"ClientAppId":"","ClientIPAddress":"203.0.113.77","ClientInfoString":"Client=REST;Client=RESTSystem;;","ExternalAccess":false,` +
		`"InternalLogonType":0,"LogonType":0,"LogonUserSid":"S-1-5-21-1004336348-1177238915-682003330-51233","MailboxOwnerUPN":"mei.tan@agency.example",` +
		`"OperationProperties":[{"Name":"MailAccessType","Value":"Bind"},{"Name":"IsThrottled","Value":"False"}],"OriginatingServer":"SY4P282MB1234 (15.20.4200.000)\r\n",` +
		`"Folders":[{"FolderItems":[{"InternetMessageId":"<SY4P282MB1234C5F0B1A2@SY4P282MB1234.AUSP282.PROD.OUTLOOK.COM>","SizeInBytes":73212},` +
		`{"InternetMessageId":"<SY4P282MB1234C5F0B1A3@SY4P282MB1234.AUSP282.PROD.OUTLOOK.COM>","SizeInBytes":11230}],"Id":"LgAAAACq1bDkEPWDQKz","Path":"\\Inbox"}],"OperationCount":2}`
	var tape Tape
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tape.ParseAll(record, depth); err != nil {
			b.Fatal(err)
		}
	}
}
