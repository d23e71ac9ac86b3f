package text

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/dynamic"
)

// Bounds of parse_xml. The length is Kusto's own; the depth is less than what
// package dynamic reads again.
const (
	maxXML      = 1 << 20
	maxXMLDepth = 900
)

// element is an XML element that is being read.
type element struct {
	name string
	bag  *dynamic.Bag
	text []string
}

// parseXML turns XML into bags: attributes are members named @name, the text
// beside other members is #text, and what repeats is an array. It is nil for
// what is no XML.
func parseXML(source string) any {
	if len(source) > maxXML {
		return nil
	}
	decoder := xml.NewDecoder(strings.NewReader(source))
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil } // it is UTF-8 here, whatever it was once
	stack := []*element{{bag: dynamic.NewBag()}}
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil
		}
		if stack = step(stack, token); stack == nil {
			return nil
		}
	}
	root := stack[0]
	if len(stack) > 1 || root.bag.Len() != 1 || len(root.text) > 0 {
		return nil
	}
	value, _ := root.bag.Get(root.bag.Keys()[0])
	if _, several := value.([]any); several {
		return nil
	}
	return root.bag
}

// step takes one token; nil says that it does not fit where it stands.
func step(stack []*element, token xml.Token) []*element {
	top := stack[len(stack)-1]
	switch t := token.(type) {
	case xml.StartElement:
		if len(stack) > maxXMLDepth {
			return nil
		}
		e := &element{name: qualified(t.Name), bag: dynamic.NewBag()}
		for _, a := range t.Attr {
			e.bag.Set("@"+qualified(a.Name), a.Value)
		}
		return append(stack, e)
	case xml.EndElement:
		if len(stack) < 2 || top.name != qualified(t.Name) {
			return nil
		}
		stack = stack[:len(stack)-1]
		add(stack[len(stack)-1].bag, top.name, top.value())
	case xml.CharData:
		if s := strings.TrimSpace(string(t)); s != "" {
			top.text = append(top.text, s)
			if len(stack) > 1 {
				add(top.bag, "#text", scalar(s))
			}
		}
	}
	return stack
}

func qualified(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// add sets a member, and makes an array of it where there is one already.
func add(bag *dynamic.Bag, name string, value any) {
	switch was, ok := bag.Get(name); {
	case !ok:
		bag.Set(name, value)
	default:
		array, isArray := was.([]any)
		if !isArray {
			array = []any{was}
		}
		bag.Set(name, append(array, value))
	}
}

// value is what an element is worth: nothing, its text alone, or its members.
func (e *element) value() any {
	switch {
	case e.bag.Len() == 0:
		return nil
	case e.bag.Len() == 1 && len(e.text) == 1:
		return scalar(e.text[0])
	}
	return e.bag
}

// scalar reads a number where the text is one as JSON writes it and keeps its
// digits, since the text may as well be a code.
func scalar(s string) any {
	if s[0] != '-' && (s[0] < '0' || s[0] > '9') || !json.Valid([]byte(s)) {
		return s
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && len(s) <= 17 && strings.Contains(s, ".") {
		return f
	}
	return s
}
