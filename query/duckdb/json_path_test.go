package duckdb

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/dynamic"
)

func TestJSONPathText(t *testing.T) {
	const text = ` {"a": {"b c": [1, -2.50, "x\n\u00e9\ud83d\ude00", {"d" : [ ] , "e":"f g"}, null, true]}, "a": 2, "\u0061b": 7, "big": 12345678901234567890, "e": 1E3} `
	for path, want := range map[string]string{
		"k1:ak3:b ci0;": "1", "k1:ak3:b ci1;": "-2.5", "k1:ak3:b ci2;": "x\né😀", "k1:ak3:b ci3;": `{"d":[],"e":"f g"}`,
		"k1:ak3:b ci-1;": "true", "k1:ak3:b ci-6;": "1", "k1:ak3:b ci-3;k1:e": "f g", "k2:ab": "7",
		"k3:big": "12345678901234567890", "k1:e": "1000.0",
	} {
		if got, ok := jsonPathText(text, path); !ok || got != want {
			t.Errorf("%s gives %q, %v; want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"k1:ak3:b ci4;", "k1:ak3:b ci6;", "k1:ak3:b ci-7;", "k1:x", "k1:ai0;", "i0;", "k1:ak3:b ck1:d"} {
		if got, ok := jsonPathText(text, path); ok {
			t.Errorf("%s gives %q", path, got)
		}
	}
}

// What is no JSON has no values, wherever the mistake is.
func TestJSONPathTextOfOtherText(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"a":1`, `{"a":1}}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a":01}`, `{"a":1.}`, `{"a":+1}`, `{"a":1e}`, `{"a":tru}`,
		`{"a":"\x"}`, `{"a":"\ud800"}`, `{"a":"\udc00"}`, "{\"a\":\"\x01\"}", `{"a":1} x`, `{'a':1}`, `{a:1}`, `[1`,
		`{"a":1,"b":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
	} {
		if got, ok := jsonPathText(text, "k1:a"); ok {
			t.Errorf("%.40q gives %q", text, got)
		}
	}
}

// Strings are stepped over eight bytes at a time: what ends them, or may not be in them, is
// seen wherever it stands.
func TestJSONPathTextOfStringsOfAnyLength(t *testing.T) {
	for before := range 20 {
		for after := range 20 {
			left, right := strings.Repeat("ÿ", before%2)+strings.Repeat("x", before), strings.Repeat("~", after)+strings.Repeat("é", after%2)
			for middle, want := range map[string]string{"": "", " ": " ", "!": "!", "\x7f": "\x7f", `\"`: `"`, `\\`: `\`, `\u0001`: "\x01", "é": "é", "\U0010ffff": "\U0010ffff"} {
				got, ok := jsonPathText(`{"a":"`+left+middle+right+`"}`, "k1:a")
				if !ok || got != left+want+right {
					t.Fatalf("%q between %d and %d bytes gives %q, %v", middle, before, after, got, ok)
				}
			}
			for _, middle := range []string{`"`, "\x1f", "\x00", `\`, `\x`} {
				if got, ok := jsonPathText(`{"a":"`+left+middle+right+`"}`, "k1:a"); ok && !(middle == `\` && right == "") {
					t.Fatalf("%q between %d and %d bytes gives %q", middle, before, after, got)
				}
			}
			if got, ok := jsonPathText(`{"a":"`+left+right, "k1:a"); ok {
				t.Fatalf("a string without an end gives %q", got)
			}
		}
	}
}

// FuzzJSONPathText compares with encoding/json over the members of any object.
func FuzzJSONPathText(f *testing.F) {
	f.Add(`{"a":[1,2.5,{"b":"x\u00e9"}],"c":null}`)
	f.Add(`{"k":"\ud83d\ude00","l":-0.0,"m":1e400,"n":{" ":[]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") || strings.Contains(text, `\u`) {
			return // encoding/json mends half pairs; the engine has no other text than UTF-8
		}
		_, found := jsonPathText(text, "")
		if valid := json.Valid([]byte(text)); valid != (found || strings.TrimSpace(text) == "null") && strings.Count(text, "[")+strings.Count(text, "{") < 900 {
			t.Fatalf("%q is JSON: %v", text, valid)
		}
		v, err := dynamic.Parse(text)
		bag, ok := v.(*dynamic.Bag)
		if err != nil || !ok {
			return
		}
		for _, key := range bag.Keys() {
			want, _ := bag.Get(key)
			got, ok := jsonPathText(text, fmt.Sprintf("k%d:%s", len(key), key))
			if s, isText := want.(string); isText && strings.Count(text, `"`+key+`"`) == 1 && (!ok || got != s) {
				t.Fatalf("%q: %q is %q, want %q", text, key, got, s)
			}
			if (want == nil) == ok && strings.Count(text, `"`+key+`"`) == 1 {
				t.Fatalf("%q: %q is there: %v", text, key, ok)
			}
		}
	})
}
