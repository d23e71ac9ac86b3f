package main

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/types"
)

// tolerance is by how much two numbers may differ, relatively: pages print
// fewer digits than a real has.
const tolerance = 1e-6

// sameCell compares a value with its printed form by value and type: pages
// print nulls as nothing, bools as 1 or true, JSON with any spacing.
func sameCell(got any, want string) bool {
	want = strings.TrimSpace(strings.ReplaceAll(want, `\|`, `|`))
	if w := strings.ToLower(want); w == "null" || w == "-" && cellText(got) != "-" {
		want = ""
	}
	switch v := got.(type) {
	case nil:
		return want == ""
	case bool:
		b, err := strconv.ParseBool(strings.ToLower(want))
		return err == nil && b == v
	case int32:
		return sameNumber(float64(v), want)
	case int64:
		return strconv.FormatInt(v, 10) == want || sameNumber(float64(v), want)
	case float64:
		return sameNumber(v, want)
	case time.Time:
		t, ok := types.ParseDateTime(strings.TrimSuffix(want, "Z"))
		return ok && t.Sub(v).Abs() < time.Millisecond
	case types.Ticks:
		t, ok := types.ParseTimeSpan(want)
		return ok && t == v || v.String() == want
	case json.RawMessage:
		return sameDynamic(string(v), want)
	case string:
		return sameText(v, want)
	}
	return false
}

func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		return v.Format("2006-01-02T15:04:05.0000000Z")
	case json.RawMessage:
		return string(v)
	}
	return fmt.Sprint(v)
}

func sameNumber(got float64, want string) bool {
	switch strings.ToLower(want) {
	case "nan":
		return math.IsNaN(got)
	case "∞", "inf", "infinity":
		return math.IsInf(got, 1)
	case "-∞", "-inf", "-infinity":
		return math.IsInf(got, -1)
	}
	w, err := strconv.ParseFloat(strings.ReplaceAll(want, ",", ""), 64)
	return err == nil && near(got, w)
}

func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= tolerance*math.Max(math.Abs(a), math.Abs(b)) || math.Abs(a-b) < 1e-12
}

var blank = regexp.MustCompile(`[\s\x{a0}]+`)

// link is an address that a page makes a link of.
var link = regexp.MustCompile(`^\[([^\]]*)\]\(([^)]*)\)$`)

// sameText compares strings; a page may have doubled backslashes, quoted the
// text, made a link of it, or printed a number, a guid or JSON in another way.
func sameText(got, want string) bool {
	g := strings.TrimSpace(got)
	if g == want || strings.Trim(want, "`\"'") == g || strings.ReplaceAll(want, `\\`, `\`) == g || strings.ReplaceAll(g, `\`, "") == strings.ReplaceAll(want, `\`, "") {
		return true
	}
	if f, err := strconv.ParseFloat(g, 64); err == nil && sameNumber(f, want) {
		return true
	}
	if m := link.FindStringSubmatch(want); m != nil && m[1] == m[2] {
		return sameText(got, m[1])
	}
	if strings.HasPrefix(g, "{") || strings.HasPrefix(g, "[") {
		x, err1 := dynamic.Parse(g)
		y, err2 := dynamic.Parse(want)
		if err1 == nil && err2 == nil {
			return sameValue(x, y)
		}
	}
	return blank.ReplaceAllString(g, "") == blank.ReplaceAllString(want, "")
}

// loose are the ways in which pages print JSON that is none.
var loose = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`'`), `"`},
	{regexp.MustCompile(`([\[,]\s*)([A-Za-z][\w ]*)(\s*[\],])`), `$1"$2"$3`},
	{regexp.MustCompile(`([\[,]\s*)([A-Za-z][\w ]*)(\s*[\],])`), `$1"$2"$3`},
}

var dots = regexp.MustCompile(`\.{3,}`)

func sameDynamic(got, want string) bool {
	g, err := dynamic.Parse(got)
	if err != nil {
		return false
	}
	if want == "" {
		return g == nil || g == ""
	}
	if w, err := dynamic.Parse(strings.ReplaceAll(want, `\\`, `\`)); err == nil && sameValue(g, w) {
		return true
	}
	if w, err := dynamic.Parse(want); err == nil && sameValue(g, w) {
		return true
	}
	text := want
	for _, l := range loose {
		text = l.pattern.ReplaceAllString(text, l.with)
	}
	if w, err := dynamic.Parse(text); err == nil && sameValue(g, w) {
		return true
	}
	if s, ok := g.(string); ok {
		return sameText(s, want)
	}
	if bare(got) == bare(want) {
		return true
	}
	return dots.MatchString(want) && holdsParts(blank.ReplaceAllString(got, ""), dots.Split(blank.ReplaceAllString(want, ""), -1))
}

// bare is the text of JSON without what pages get wrong about it: quotes,
// backslashes, white space.
func bare(text string) string {
	return strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(blank.ReplaceAllString(text, ""))
}

// holdsParts reports whether text holds all parts, in order: a page has left
// out what is between them.
func holdsParts(text string, parts []string) bool {
	for _, part := range parts {
		part = strings.Trim(part, ",")
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

// sameValue compares dynamic values; members of a bag have no order.
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && (sameArray(a, b) || isRing(a) && isRing(b) && sameRing(a, b))
	case *dynamic.Bag:
		b, ok := b.(*dynamic.Bag)
		return ok && sameBag(a, b)
	case bool:
		if n, ok := dynamic.Real(b); ok {
			return a == (n == 1)
		}
	case string:
		if s, ok := b.(string); ok {
			return a == s || sameInstant(a, s)
		}
		n, isNumber := dynamic.Real(b)
		return isNumber && sameNumber(n, a)
	}
	if x, ok := dynamic.Real(a); ok {
		if s, isText := b.(string); isText {
			return sameNumber(x, s)
		}
		y, ok := dynamic.Real(b)
		return ok && near(x, y)
	}
	return a == b
}

func sameInstant(a, b string) bool {
	x, ok1 := types.ParseDateTime(a)
	y, ok2 := types.ParseDateTime(b)
	return ok1 && ok2 && len(a) > 9 && x.Equal(y)
}

func sameArray(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameValue(a[i], b[i]) {
			return false
		}
	}
	return true
}

func sameBag(a, b *dynamic.Bag) bool {
	if a.Len() != b.Len() {
		return false
	}
	for _, key := range a.Keys() {
		x, _ := a.Get(key)
		y, ok := b.Get(key)
		if !ok || !sameValue(x, y) {
			return false
		}
	}
	return true
}

// isRing reports whether an array is a closed ring of positions, as in GeoJSON.
func isRing(a []any) bool {
	if len(a) < 4 {
		return false
	}
	for _, p := range a {
		position, ok := p.([]any)
		if !ok || len(position) != 2 {
			return false
		}
		if _, ok := dynamic.Real(position[0]); !ok {
			return false
		}
	}
	return sameValue(a[0], a[len(a)-1])
}

// sameRing compares rings that may begin at different vertices.
func sameRing(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	a, b = a[:len(a)-1], b[:len(b)-1]
	for shift := range a {
		same := true
		for i := range a {
			if !sameValue(a[(i+shift)%len(a)], b[i]) {
				same = false
				break
			}
		}
		if same {
			return true
		}
	}
	return false
}
