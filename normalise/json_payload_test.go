package normalise

import "testing"

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
