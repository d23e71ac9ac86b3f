package bind

import (
	"regexp"
	"strings"

	"github.com/quoll/quoll/kql/syntax"
)

// codePoint is a character by its number as Rust's regular expressions spell
// it, which Kusto's are: \u0430, \u{430}, \U00000430. RE2 knows \x{430} only.
// The first alternative steps over escaped backslashes.
var codePoint = regexp.MustCompile(`\\\\|\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\[uU]\{([0-9A-Fa-f]{1,8})\}`)

// pattern returns a regular expression in RE2's spelling, and reports one that
// is none.
func (b *binder) pattern(at syntax.Expr, text string) (string, bool) {
	if found := foreignPattern(text); found != "" {
		b.errorf(at.Span(), "the regular expression has %s: %s", found, foreignRemedy(found))
		return "", false
	}
	text = codePoint.ReplaceAllStringFunc(text, func(found string) string {
		if found == `\\` {
			return found
		}
		return `\x{` + strings.Trim(found[2:], "{}") + "}"
	})
	if _, err := regexp.Compile(text); err != nil {
		b.errorf(at.Span(), "the regular expression cannot be read: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		return "", false
	}
	return text, true
}
