package bind

import "strings"

// foreignPattern tells what a regular expression has that Kusto's language of them
// reads as a command and RE2 as ordinary characters, so that an answer would be
// wrong without a word: sets of classes such as [a-z&&[^x]] and edges of words
// such as \<. It is empty where there is none.
func foreignPattern(pattern string) string {
	class := false
	for i := 0; i < len(pattern); {
		rest := pattern[i:]
		if strings.HasPrefix(rest, `\Q`) {
			return "" // RE2's own: all behind it is text
		}
		if rest[0] == '\\' {
			if word := wordEdge(rest); word != "" && !class {
				return word
			}
			i += 2
			continue
		}
		switch {
		case !class && rest[0] == '[':
			class = true
			i += classHead(rest)
			continue
		case class && rest[0] == ']':
			class = false
		case class && strings.HasPrefix(rest, "[:") && strings.Contains(rest, ":]"):
			i += strings.Index(rest, ":]") + len(":]")
			continue
		case class:
			for _, operator := range []string{"&&", "~~"} {
				if strings.HasPrefix(rest, operator) {
					return operator
				}
			}
		}
		i++
	}
	return ""
}

// classHead is the length of what opens a class, with a bracket that closes
// nothing because it is the first character.
func classHead(rest string) int {
	for _, head := range []string{"[^]", "[]", "[^"} {
		if strings.HasPrefix(rest, head) {
			return len(head)
		}
	}
	return 1
}

// wordEdge is the edge of a word with which a text begins, or empty.
func wordEdge(rest string) string {
	for _, edge := range []string{`\<`, `\>`, `\b{start}`, `\b{end}`, `\b{start-half}`, `\b{end-half}`} {
		if strings.HasPrefix(rest, edge) {
			return edge
		}
	}
	return ""
}

// foreignRemedy says what to write instead.
func foreignRemedy(found string) string {
	if found == "&&" || found == "~~" {
		return `sets of character classes are not supported here: write the characters that the class has, or \&\& or \~\~ for the characters themselves`
	}
	if found == `\<` || found == `\>` {
		return `edges of words of this kind are not supported here: write \b, or ` + found[1:] + ` for the character itself`
	}
	return `edges of words of this kind are not supported here: write \b`
}
