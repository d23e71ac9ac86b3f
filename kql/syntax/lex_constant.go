package syntax

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/types"
)

// typedConstant reads what stands between the parentheses of datetime(…),
// long(…) and so on. Kusto reads it as raw text, not as an expression.
func (l *lexer) typedConstant(start, open int, typ types.Type) Token {
	length := strings.IndexByte(l.text[open:], ')')
	if length < 0 {
		l.i = len(l.text)
		token := l.token(Bad, start)
		l.src.Errorf(source.Span{Start: start, End: open + 1}, "%s( has no closing parenthesis", typ)
		return token
	}
	l.i = open + length + 1
	token := l.token(Constant, start)
	token.Type = typ
	inner := strings.TrimSpace(l.text[open+1 : l.i-1])
	if inner == "null" {
		return token
	}
	value, ok := parseConstant(typ, unquoted(inner))
	if !ok {
		token.Kind = Bad
		l.src.Add(source.Diagnostic{
			Span:    token.Span,
			Message: quote(inner) + " is not a constant of type " + typ.String(),
			Remedy:  "to" + typ.String() + "() converts a value that is computed",
		})
		return token
	}
	token.Value = value
	return token
}

func unquoted(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// parseConstant reads the text of a constant; the value is as in Literal.
func parseConstant(typ types.Type, text string) (any, bool) {
	switch typ {
	case types.Bool:
		return parseBool(text)
	case types.Int:
		n, err := strconv.ParseInt(text, numberBase(text), 32)
		return int32(n), err == nil
	case types.Long:
		n, err := strconv.ParseInt(text, numberBase(text), 64)
		return n, err == nil
	case types.Real:
		return parseReal(text)
	case types.Decimal:
		return text, isDecimal(text)
	case types.DateTime:
		if text == "0" {
			return types.MinDateTime, true // the first tick
		}
		if c, ok := types.ParseClockTime(text); ok {
			return c, true
		}
		t, ok := types.ParseDateTime(text)
		return t, ok
	case types.TimeSpan:
		ticks, ok := types.ParseTimeSpan(text)
		return ticks, ok
	case types.Guid:
		return parseGuid(text)
	}
	return nil, false
}

// numberBase returns 0, which lets strconv read a prefix, for hexadecimal
// numbers only: 010 is ten in KQL.
func numberBase(text string) int {
	digits := strings.TrimPrefix(text, "-")
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		return 0
	}
	return 10
}

func parseBool(text string) (any, bool) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return nil, false
}

func parseReal(text string) (any, bool) {
	switch strings.ToLower(text) {
	case "nan":
		return math.NaN(), true
	case "inf", "+inf":
		return math.Inf(1), true
	case "-inf":
		return math.Inf(-1), true
	}
	if strings.ContainsAny(text, "xXpP_iInN") {
		return nil, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// isDecimal reports whether text is a decimal number of at most 34 digits, the
// precision of Kusto's decimal.
func isDecimal(text string) bool {
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(text), "e")
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -34 || n > 34 {
			return false
		}
	}
	digits := 0
	for i, c := range []byte(mantissa) {
		switch {
		case isDigit(c):
			digits++
		case c == '.' && strings.Count(mantissa, ".") == 1:
		case (c == '-' || c == '+') && i == 0:
		default:
			return false
		}
	}
	return digits > 0 && digits <= 34
}

// parseGuid reads 8-4-4-4-12 hexadecimal digits, with or without dashes and
// braces, and returns the dashed form in lower case.
func parseGuid(text string) (any, bool) {
	digits := strings.ToLower(strings.ReplaceAll(strings.Trim(text, "{}"), "-", ""))
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 16 {
		return nil, false
	}
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:], true
}
