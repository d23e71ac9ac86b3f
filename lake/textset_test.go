package lake

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// A set has the texts that were put into it and no others, of all lengths.
func TestTextsOfASet(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, size := range []int{0, 1, 7, 3000} {
		var texts []string
		in := map[string]bool{}
		word := func() string {
			return strings.Repeat("x", r.IntN(12)) + fmt.Sprint(r.IntN(4000)) + strings.Repeat("y", r.IntN(3)*r.IntN(9))
		}
		for range size {
			texts = append(texts, word()[r.IntN(2):])
			in[texts[len(texts)-1]] = true
		}
		if size == 7 {
			texts = append(texts, "")
			in[""] = true
		}
		s := NewTextSet(texts)
		passed, asked := 0, 20_000
		for range asked {
			text := word()
			if s.Has([]byte(text)) != in[text] {
				t.Fatalf("%q of %d: %v", text, size, !in[text])
			}
			if step := s.step([]byte(text)); s.first[step/64]>>(step%64)&1 > 0 && !in[text] {
				passed++
			}
		}
		for _, text := range append(texts, "") {
			if s.Has([]byte(text)) != in[text] {
				t.Fatalf("%q of %d: %v", text, size, !in[text])
			}
		}
		if passed > asked/4 {
			t.Errorf("of %d others %d pass the first step", asked, passed)
		}
	}
}
