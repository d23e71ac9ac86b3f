package dynamic_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/quoll/quoll/kql/dynamic"
)

func TestTextIsKept(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `1`, `1.0`, `-0.5`, `9223372036854775807`, `"a\"b"`, `[]`, `[1,2.0,"x",null]`,
		`{"b":1,"a":{"z":[],"y":{}}}`, `"ü𝄞"`, `1e+20`,
	} {
		v, err := dynamic.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := dynamic.Text(v); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
}

func TestWhatIsNoJSON(t *testing.T) {
	for _, text := range []string{``, `{`, `[1,]`, `1 2`, `{"a"}`, `nul`, strings.Repeat("[", 5000)} {
		if v, err := dynamic.Parse(text); err == nil {
			t.Errorf("%.20q gives %v", text, v)
		}
	}
}

func TestNumbersJSONLacks(t *testing.T) {
	got := dynamic.Text([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 3})
	if want := `["NaN","Infinity","-Infinity",3.0]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"a":[1,2.5,"x",null,true]}`)
	f.Add(`["\\u00e4\\ud83d", -0, 1e-7, 00, "ä"] `)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := dynamic.Parse(text)
		if valid := json.Valid([]byte(text)); valid != (err == nil) && strings.Count(text, "[")+strings.Count(text, "{") < 1000 {
			t.Fatalf("%q: valid is %v, and the error is %v", text, valid, err)
		}
		if err != nil {
			return
		}
		first := dynamic.Text(v)
		again, err := dynamic.Parse(first)
		if err != nil {
			t.Fatalf("%q was written as %q, which is no JSON: %v", text, first, err)
		}
		if second := dynamic.Text(again); second != first {
			t.Fatalf("%q, %q", first, second)
		}
	})
}

// A bag finds its members, whether it has few or many.
func TestBagsOfEverySize(t *testing.T) {
	bag := dynamic.NewBag()
	for i := range 40 {
		key := strconv.Itoa(i)
		bag.Set(key, int64(i))
		bag.Set(key, int64(-i))
		if v, ok := bag.Get(key); !ok || v != int64(-i) || bag.Len() != i+1 {
			t.Fatalf("member %s is %v, %v of %d", key, v, ok, bag.Len())
		}
	}
	if _, ok := bag.Get("none"); ok {
		t.Error("a member that is not there is found")
	}
}
