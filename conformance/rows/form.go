package main

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// A form is what kind of value a cell holds.
var forms = []struct {
	name string
	is   func(string) bool
}{
	{"True or False", func(s string) bool { return s == "True" || s == "False" }},
	{"guid", matches(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)},
	{"guid in capitals", matches(`^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$`)},
	{"time", func(s string) bool { _, err := time.Parse(time.RFC3339Nano, s); return err == nil }},
	{"address", isAddress},
	{"address:port", func(s string) bool { a, err := netip.ParseAddrPort(s); return err == nil && a.Addr().Is4() }},
	{"[address]:port", func(s string) bool { a, err := netip.ParseAddrPort(s); return err == nil && a.Addr().Is6() }},
	{"PUID", matches(`^[0-9A-F]{16}$`)},
	{"digits", matches(`^-?[0-9]+$`)},
	{"JSON array of texts", func(s string) bool { return isJSON[[]string](s) && s != "[]" }},
	{"JSON array of objects", func(s string) bool { return isJSON[[]map[string]any](s) }},
	{"JSON object", isJSON[map[string]any]},
	{"URL", matches(`^https?://`)},
	{"SID", matches(`^S-1-`)},
	{"thread", matches(`^19:.*@thread`)},
	{"claim", matches(`^i:0.\.[a-z]\|`)},
	{"markup", matches(`^<`)},
	{"text with CR LF", func(s string) bool { return strings.HasSuffix(s, "\r\n") }},
	{"mail address", matches(`^[^ @|]+@[^ @|]+$`)},
}

func matches(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func isJSON[T any](s string) bool {
	var v T
	return (strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[")) && json.Unmarshal([]byte(s), &v) == nil
}

// formOf returns the form of a value. A column of names, whose cases may be
// written in more than one way, has a form for each way of writing.
func formOf(value string, names bool) string {
	for _, f := range forms {
		if f.is(value) {
			return f.name
		}
	}
	if names {
		return spelling(value)
	}
	return "text"
}

func spelling(value string) string {
	switch {
	case regexp.MustCompile(`^[A-Z]+$`).MatchString(value):
		return "NAME"
	case regexp.MustCompile(`^([A-Z][a-z0-9]*)+$`).MatchString(value):
		return "Name"
	case regexp.MustCompile(`^[a-z0-9]+$`).MatchString(value):
		return "name"
	}
	return "text"
}

// namedColumns hold one of few names.
var namedColumns = map[string]bool{
	"RecordType": true, "UserType": true, "OfficeWorkload": true, "ResultStatus": true, "ResultReasonType": true,
	"ItemType": true, "EventSource": true, "Logon_Type": true, "TargetUserOrGroupType": true, "CommunicationType": true,
	"SourceSystem": true, "Type": true,
}
