package geo

import (
	"math"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/dynamic"
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

const (
	maxWKT      = 16 << 20
	maxWKTDepth = 16
)

func wktFunctions() []native.Function {
	return []native.Function{function("geo_from_wkt", types.Dynamic, fromWKT, types.String)}
}

// wktKinds are the kinds of geometry, with how many lists are around a position.
var wktKinds = map[string]struct {
	name  string
	lists int
}{
	"POINT": {"Point", 0}, "LINESTRING": {"LineString", 1}, "POLYGON": {"Polygon", 2},
	"MULTIPOINT": {"MultiPoint", 1}, "MULTILINESTRING": {"MultiLineString", 2}, "MULTIPOLYGON": {"MultiPolygon", 3},
}

// fromWKT turns well-known text into GeoJSON.
func fromWKT(args []any) any {
	text, _ := args[0].(string)
	if len(text) > maxWKT {
		return nil
	}
	p := &wktParser{rest: text}
	shape := p.geometry(0)
	if p.space(); p.failed || p.rest != "" {
		return nil
	}
	return shape
}

// wktParser reads text from the left. After a failure nothing it gives counts.
type wktParser struct {
	rest   string
	failed bool
}

func (p *wktParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take takes a character if it is next.
func (p *wktParser) take(c byte) bool {
	p.space()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *wktParser) word() string {
	p.space()
	n := strings.IndexFunc(p.rest, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') })
	if n < 0 {
		n = len(p.rest)
	}
	word := strings.ToUpper(p.rest[:n])
	p.rest = p.rest[n:]
	return word
}

func (p *wktParser) geometry(depth int) *dynamic.Bag {
	word := p.word()
	// Z and M say that positions have more numbers; the first two count.
	if save := p.rest; !strings.HasPrefix(strings.TrimLeft(save, " \t\r\n"), "(") {
		if more := p.word(); more != "Z" && more != "M" && more != "ZM" {
			p.failed = true
			return nil
		}
	}
	if word == "GEOMETRYCOLLECTION" && depth < maxWKTDepth {
		list := p.list(func() any { return p.geometry(depth + 1) })
		return collection(list)
	}
	kind, ok := wktKinds[word]
	if !ok {
		p.failed = true
		return nil
	}
	if kind.lists == 0 {
		list := p.list(p.position)
		if len(list) != 1 {
			p.failed = true
			return nil
		}
		return geoJSON(kind.name, list[0])
	}
	each := p.position
	if word == "MULTIPOINT" {
		each = p.looseposition
	}
	return geoJSON(kind.name, p.nested(kind.lists, each))
}

func (p *wktParser) nested(lists int, each func() any) []any {
	if lists == 1 {
		return p.list(each)
	}
	return p.list(func() any { return p.nested(lists-1, each) })
}

func (p *wktParser) list(each func() any) []any {
	list := []any{}
	if !p.take('(') {
		p.failed = true
		return list
	}
	for !p.failed {
		list = append(list, each())
		if !p.take(',') {
			break
		}
	}
	if !p.take(')') {
		p.failed = true
	}
	return list
}

// looseposition reads a position that may have parentheses of its own.
func (p *wktParser) looseposition() any {
	if !p.take('(') {
		return p.position()
	}
	at := p.position()
	if !p.take(')') {
		p.failed = true
	}
	return at
}

func (p *wktParser) position() any {
	at := []any{p.number(), p.number()}
	for i := 0; i < 2; i++ {
		if p.space(); p.rest != "" && p.rest[0] != ',' && p.rest[0] != ')' {
			p.number()
		}
	}
	return at
}

func (p *wktParser) number() any {
	p.space()
	n := strings.IndexFunc(p.rest, func(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) })
	if n < 0 {
		n = len(p.rest)
	}
	f, err := strconv.ParseFloat(p.rest[:n], 64)
	if err != nil || math.Abs(f) > 1e15 {
		p.failed = true
		return nil
	}
	p.rest = p.rest[n:]
	return number(f)
}
