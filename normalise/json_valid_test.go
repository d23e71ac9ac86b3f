package normalise

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzCheckJSON(f *testing.F) {
	for _, text := range []string{
		` {"a" : [1, -0.5e+3, true, null, "\u00e9\n"], "": {}} `, `01`, `1.`, `-`, `.5`, `1e`, `[1,]`, `{"a":1,}`,
		`{"a"}`, `{a:1}`, "\"\x01\"", `"\x"`, `"\u12g4"`, `"open`, `nul`, `[]]`, `{} {}`, ``, "{\"\x00\\b\":1}", `"\`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "[")+strings.Count(text, "{") > maxDepth {
			return
		}
		if got, want := checkJSON(text) == nil, json.Valid([]byte(text)); got != want {
			t.Errorf("%q: valid is %v, want %v", text, got, want)
		}
	})
}

func TestCheckJSONBoundsDepth(t *testing.T) {
	for depth, want := range map[int]error{maxDepth: nil, maxDepth + 1: errTooDeep, 1 << 20: errTooDeep} {
		text := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		if err := checkJSON(text); err != want {
			t.Errorf("depth %d: %v, want %v", depth, err, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		`"plain"`:              `"plain"`,
		"\"\xFF\xFE\"":         "\"\uFFFD\"",
		`"\ud83d\ude00"`:       `"\ud83d\ude00"`,
		`"\uD83D\uDE00"`:       `"\uD83D\uDE00"`,
		`"\ud83d"`:             `"\ufffd"`,
		`"\ude00\ud83d"`:       `"\ufffd\ufffd"`,
		`"\udc00\udc00"`:       `"\ufffd\ufffd"`,
		`"\ud83d\ud83d\ude00"`: `"\ufffd\ud83d\ude00"`,
		`"\\ud83d"`:            `"\\ud83d"`,
		`"\\\ud83dx"`:          `"\\\ufffdx"`,
		`"\ud8"`:               `"\ud8"`,
		`"\u00e9\`:             `"\u00e9\`,
		`\ud83d\`:              `\ufffd\`,
	} {
		if got := clean(text); got != want {
			t.Errorf("clean(%s) = %s, want %s", text, got, want)
		}
	}
}
