package main

import (
	"strings"
	"testing"
)

func TestForms(t *testing.T) {
	for value, want := range map[string]string{
		"True": "True or False", "TRUE": "NAME", "Regular": "Name", "regular": "name", "50": "digits",
		"1003200126677019": "PUID", "10032001AAAAAAAA": "PUID",
		"2c1c0000-0000-4000-8000-00000000000a": "guid", "2C1C0000-0000-4000-8000-00000000000A": "guid in capitals",
		"2026-09-14T08:00:00Z": "time", "2001:db8::5": "address", "203.0.113.9": "address",
		"203.0.113.9:17362": "address:port", "[2001:db8::5]:54088": "[address]:port",
		`[{"Name":"a"}]`: "JSON array of objects", "[]": "JSON array of objects", `["a"]`: "JSON array of texts", `{"a":1}`: "JSON object", "[broken": "text",
		"https://example.com/": "URL", "S-1-5-18": "SID", "<Group>x</Group>": "markup", "ada@example.com": "mail address",
		"19:0123@thread.tacv2": "thread", "i:0h.f|membership|1@live.com": "claim", "SERVER (15.20)\r\n": "text with CR LF",
	} {
		if got := formOf(value, true); got != want {
			t.Errorf("form of %q is %q, want %q", value, got, want)
		}
	}
	if got := formOf("Regular", false); got != "text" {
		t.Errorf("a word in a column of any text is %q", got)
	}
}

func TestTwins(t *testing.T) {
	k := kind{"ExchangeAdmin", "Set-Mailbox"}
	var b strings.Builder
	twins(&b, []string{"OfficeId", "UserId", "Folders", "ClientIP", "AppId"},
		map[kind][]row{k: {{"OfficeId": "1", "UserId": "a", "Folders": "[\n {}\n]", "ClientIP": "x"}, {"OfficeId": "2"}}},
		map[kind][]row{k: {{"OfficeId": "1", "UserId": "a", "Folders": "[{}]", "ClientIP": "y"}}})
	const want = "record 1 (ExchangeAdmin/Set-Mailbox) is on both sides: 3 filled columns are equal, 1 differ\n  ClientIP: Sentinel \"x\", Quoll \"y\"\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestJudgement(t *testing.T) {
	k := kind{"ExchangeAdmin", "Set-Mailbox"}
	c := compare([]string{"ClientIP", "UserType", "UserId", "AppId", "RecordType"},
		map[kind][]row{k: {{"ClientIP": "203.0.113.9:1", "UserType": "Regular", "UserId": "ada@example.com", "RecordType": "1"}}, {"x", "only"}: {{"AppId": "text"}}},
		map[kind][]row{k: {{"ClientIP": "203.0.113.8:2", "UserType": "regular", "AppId": "9", "RecordType": "ExchangeAdmin"}}})
	var b strings.Builder
	if err := report(&b, c, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 types and operations are on both sides; only Sentinel's exports have 1: x/only",
		"differs ExchangeAdmin/Set-Mailbox: Sentinel Name 1/1; Quoll name 1/1, such as \"regular\"",
		"misses ExchangeAdmin/Set-Mailbox: Sentinel mail address 1/1; Quoll \n",
		"extra ExchangeAdmin/Set-Mailbox: Sentinel ; Quoll digits 1/1",
		"differs ExchangeAdmin/Set-Mailbox: Sentinel digits 1/1; Quoll Name 1/1, such as \"ExchangeAdmin\"",
		"1 pairs of column and operation agree, 3 differ or are missing",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
