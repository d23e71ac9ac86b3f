package rewrite

import (
	"regexp/syntax"
	"unicode/utf8"

	"github.com/quoll/quoll/kql/plan"
)

// textMaker makes the condition that a text is in a row.
type textMaker func(text string, begins, ends bool) *plan.Sought

// pieces asks for the pieces of a text between characters that may stand for others, of
// which cut tells.
func pieces(text string, begins, ends bool, cut func(r rune) bool, sought textMaker) *plan.Sought {
	var all []*plan.Sought
	from, left := 0, begins
	for i, r := range text {
		if !cut(r) {
			continue
		}
		if from < i {
			all = append(all, sought(text[from:i], left, false))
		}
		from, left = i+utf8.RuneLen(r), false
	}
	if from < len(text) {
		all = append(all, sought(text[from:], left, ends))
	}
	return plan.SoughtAll(all...)
}

// lowered tells of characters that another one is in lower case, by the tables of an
// engine: the Kelvin sign is a k, and a capital i with a dot an i.
func lowered(r rune) bool { return r >= utf8.RuneSelf || r|0x20 == 'k' || r|0x20 == 'i' }

// folded tells of characters that a pattern takes for others where it does not mind case:
// the Kelvin sign is a k, and the long s an s.
func folded(r rune) bool { return r >= utf8.RuneSelf || r|0x20 == 'k' || r|0x20 == 's' }

// maxPattern bounds the patterns that are looked into.
const maxPattern = 4 << 10

// patternLiterals returns what must be in a text that has a match of a pattern: nil if
// nothing is known. The engine's language of patterns is that of package regexp.
func patternLiterals(pattern string, sought textMaker) *plan.Sought {
	if len(pattern) > maxPattern || !utf8.ValidString(pattern) {
		return nil
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	return literalsOf(re, sought)
}

func literalsOf(re *syntax.Regexp, sought textMaker) *plan.Sought {
	switch re.Op {
	case syntax.OpLiteral:
		return literal(re, false, false, sought)
	case syntax.OpCapture, syntax.OpPlus:
		return literalsOf(re.Sub[0], sought)
	case syntax.OpRepeat:
		if re.Min > 0 {
			return literalsOf(re.Sub[0], sought)
		}
	case syntax.OpAlternate:
		conditions := make([]*plan.Sought, len(re.Sub))
		for i, sub := range re.Sub {
			conditions[i] = literalsOf(sub, sought)
		}
		return plan.SoughtAny(conditions...)
	case syntax.OpConcat:
		conditions := make([]*plan.Sought, len(re.Sub))
		for i, sub := range re.Sub {
			if sub.Op != syntax.OpLiteral {
				conditions[i] = literalsOf(sub, sought)
				continue
			}
			begins := i > 0 && bounds(re.Sub[i-1], sub.Rune[0])
			ends := i+1 < len(re.Sub) && bounds(re.Sub[i+1], sub.Rune[len(sub.Rune)-1])
			conditions[i] = literal(sub, begins, ends, sought)
		}
		return plan.SoughtAll(conditions...)
	}
	return nil
}

func literal(re *syntax.Regexp, begins, ends bool, sought textMaker) *plan.Sought {
	cut := func(rune) bool { return false }
	if re.Flags&syntax.FoldCase != 0 {
		cut = folded
	}
	return pieces(string(re.Rune), begins, ends, cut, sought)
}

// bounds says whether no letter or digit is on the other side of what stands beside a
// character of a literal.
func bounds(beside *syntax.Regexp, r rune) bool {
	switch beside.Op {
	case syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText, syntax.OpEndLine:
		return true
	case syntax.OpWordBoundary:
		return syntax.IsWordChar(r)
	}
	return false
}
