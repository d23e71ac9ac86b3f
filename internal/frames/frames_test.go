package frames

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestWhatIsPutInComesOut(t *testing.T) {
	in := []Frame{
		{0, 0, nil}, {41, 1790000000123, []byte(`{"records":[]}`)}, {42, -1, []byte("two\nlines\r\n")},
		{43, 5, []byte("0 0 0\n\n")}, {1<<63 - 1, -1 << 63, bytes.Repeat([]byte{0, '\n', 0xff}, 100)},
	}
	var body []byte
	for _, f := range in {
		before := len(body)
		if body = Append(body, f); len(body)-before-len(f.Body) > Overhead {
			t.Errorf("%+v costs %d bytes, more than %d", f, len(body)-before-len(f.Body), Overhead)
		}
	}
	for _, want := range in {
		got, rest, err := Next(body)
		if err != nil || got.Offset != want.Offset || got.Millis != want.Millis || !bytes.Equal(got.Body, want.Body) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
		body = rest
	}
	if len(body) != 0 {
		t.Errorf("%q is left", body)
	}
}

func TestBrokenFramesAreFound(t *testing.T) {
	for _, text := range []string{
		"x", "1 2 3", "1 2 3\nab", "1 2 3\nabcd", "1 2 3\nabc", "1 2\nabc\n", "1 2 3 4\nabc\n", "1 2 -1\n\n", "a 2 3\nabc\n", "\n",
		"1 2 9223372036854775807\nabc\n", strings.Repeat("1", 200) + "\n",
	} {
		if f, _, err := Next([]byte(text)); !errors.Is(err, ErrBroken) {
			t.Errorf("%q gives %+v, %v; want ErrBroken", text, f, err)
		}
	}
}
