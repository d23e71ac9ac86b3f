package syntax

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// dynamicLiteral reads dynamic(…): JSON, in which strings may have single
// quotes and values may be constants of KQL such as datetime(…) and 1d.
func (p *parser) dynamicLiteral() Expr {
	start := p.i
	p.advance()
	p.expectSymbol("(")
	var b strings.Builder
	if !p.isSymbol(")") || p.failed {
		p.dynamicValue(&b)
	} else {
		b.WriteString("null")
	}
	p.expectSymbol(")")
	return &DynamicLiteral{pos: p.from(start), JSON: b.String()}
}

// dynamicValue reads one value and writes it as compact JSON.
func (p *parser) dynamicValue(b *strings.Builder) {
	if !p.enter() {
		return
	}
	defer p.leave()
	t := p.peek(0)
	switch {
	case t.Kind == Constant:
		p.dynamicConstant(b, "")
	case p.isSymbol("-") || p.isSymbol("+"):
		sign := strings.TrimPrefix(p.advance().Text, "+")
		p.dynamicConstant(b, sign)
	case p.isSymbol("{"):
		p.dynamicBag(b)
	case p.isSymbol("["):
		p.dynamicArray(b)
	case t.Kind == Identifier:
		p.dynamicWord(b)
	default:
		p.expected("a JSON value")
	}
}

// dynamicWord reads true, false, null and a nested dynamic(…).
func (p *parser) dynamicWord(b *strings.Builder) {
	switch word := strings.ToLower(p.current().Text); word {
	case "true", "false", "null":
		p.advance()
		b.WriteString(word)
	case "dynamic":
		if inner, ok := p.dynamicLiteral().(*DynamicLiteral); ok {
			b.WriteString(inner.JSON)
		}
	default:
		p.fail(source.Diagnostic{
			Span: p.current().Span, Message: quote(p.current().Text) + " is not JSON; dynamic(…) takes a constant",
			Remedy: "pack_array(), bag_pack() and todynamic() make a dynamic of computed values",
		})
	}
}

func (p *parser) dynamicBag(b *strings.Builder) {
	p.advance()
	b.WriteByte('{')
	for n := 0; !p.isSymbol("}") && !p.failed; n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		if !isString(p.peek(0)) {
			p.expected("a string as key")
			return
		}
		writeJSON(b, p.advance().Value.(string))
		p.expectSymbol(":")
		b.WriteByte(':')
		p.dynamicValue(b)
		if !p.acceptSymbol(",") {
			break
		}
	}
	p.expectSymbol("}")
	b.WriteByte('}')
}

func (p *parser) dynamicArray(b *strings.Builder) {
	p.advance()
	b.WriteByte('[')
	for n := 0; !p.isSymbol("]") && !p.failed; n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		p.dynamicValue(b)
		if !p.acceptSymbol(",") {
			break
		}
	}
	p.expectSymbol("]")
	b.WriteByte(']')
}

// dynamicConstant writes a constant. JSON knows no times and no guids, so they
// become strings, as Kusto prints them.
func (p *parser) dynamicConstant(b *strings.Builder, sign string) {
	t := p.peek(0)
	if t.Kind != Constant || sign != "" && !t.Type.Numeric() && t.Type != types.TimeSpan {
		p.expected("a JSON value")
		return
	}
	if isString(t) {
		writeJSON(b, p.literal().(*Literal).Value.(string))
		return
	}
	p.advance()
	switch value := t.Value.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(value))
	case int32:
		writeSigned(b, sign, strconv.FormatInt(int64(value), 10))
	case int64:
		writeSigned(b, sign, strconv.FormatInt(value, 10))
	case float64:
		writeReal(b, sign, value)
	case time.Time:
		writeJSON(b, types.FormatDateTime(value))
	case types.ClockTime:
		writeJSON(b, types.Ticks(value).String())
	case types.Ticks:
		if sign != "" {
			value = -value
		}
		writeJSON(b, value.String())
	case string: // decimal and guid
		writeJSON(b, sign+value)
	}
}

// writeReal writes a number so that it stays a real when it is read back. JSON
// has no infinity; Kusto writes such a value as a string.
func writeReal(b *strings.Builder, sign string, value float64) {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		writeJSON(b, strconv.FormatFloat(value, 'g', -1, 64))
		return
	}
	writeSigned(b, sign, formatReal(value))
}

// writeSigned writes a number after a sign; two signs cancel out.
func writeSigned(b *strings.Builder, sign, number string) {
	if positive, negative := strings.CutPrefix(number, "-"); negative && sign == "-" {
		sign, number = "", positive
	}
	b.WriteString(sign + number)
}

// formatReal returns the shortest text of a finite real, with a decimal point
// or an exponent.
func formatReal(value float64) string {
	text := strconv.FormatFloat(value, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}

// writeJSON writes a JSON string. Markup characters are left as they are, as
// Kusto does.
func writeJSON(b *strings.Builder, s string) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic("a string has no JSON form: " + err.Error()) // strings always have one
	}
	b.WriteString(strings.TrimSuffix(text.String(), "\n"))
}
