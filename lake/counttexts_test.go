package lake

import (
	"errors"
	"fmt"
	"testing"
)

// Texts are found again by their places, however many there are, also when others took the
// memory of those before.
func TestTextsHavePlaces(t *testing.T) {
	p := newPlaces()
	for round := range 2 {
		for range 2 {
			for n := range 5000 {
				text := fmt.Append(nil, round, "text", n)
				if n == 7 {
					text = nil
				}
				place, err := p.of(text, 1000)
				if err != nil || place != int64(n) || string(p.text(place)) != string(text) {
					t.Fatalf("%q is at %d, %q: %v", text, place, p.text(place), err)
				}
			}
		}
		if _, err := p.of([]byte("long"), 3); !errors.Is(err, ErrManyGroups) {
			t.Errorf("a text without room: %v", err)
		}
		if _, err := p.of([]byte("\xff"), 3); !errors.Is(err, ErrDamaged) {
			t.Errorf("a text that is no UTF-8: %v", err)
		}
		if len(p.ends) != 5000 {
			t.Errorf("%d texts", len(p.ends))
		}
		p.empty()
	}
}
