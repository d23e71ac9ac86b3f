package text

import "strings"

// parseCommandLine splits a command line as CommandLineToArgvW does. Any
// other kind of parser than "windows" gives null, as there is none.
func parseCommandLine(args []any) (any, error) {
	line, _ := args[0].(string)
	if kind, _ := args[1].(string); !strings.EqualFold(kind, "windows") {
		return nil, nil
	}
	if line == "" {
		return []any{}, nil
	}
	program, rest := programName(line)
	return append([]any{program}, arguments(rest)...), nil
}

// programName reads the first argument, in which a backslash is nothing
// special: it ends at the next quote when it begins with one, else at a space.
func programName(line string) (name, rest string) {
	if inner, ok := strings.CutPrefix(line, `"`); ok {
		name, rest, _ = strings.Cut(inner, `"`)
		return name, rest
	}
	if end := strings.IndexAny(line, " \t"); end >= 0 {
		return line[:end], line[end:]
	}
	return line, ""
}

// arguments splits what follows the program. Backslashes before a quote count
// in pairs, and of three quotes in a row the third one stands for itself.
func arguments(s string) []any {
	var all []any
	var b strings.Builder
	s = strings.TrimLeft(s, " \t")
	for quotes, i := 0, 0; s != ""; {
		if i == len(s) {
			return append(all, b.String())
		}
		slashes := run(s[i:], '\\')
		i += slashes
		switch {
		case i < len(s) && s[i] == '"':
			b.WriteString(strings.Repeat(`\`, slashes/2))
			if slashes%2 == 1 {
				b.WriteByte('"')
				i++
				break
			}
			for ; i < len(s) && s[i] == '"'; i++ {
				if quotes++; quotes == 3 {
					b.WriteByte('"')
					quotes = 0
				}
			}
			quotes %= 2
		case slashes > 0:
			b.WriteString(strings.Repeat(`\`, slashes))
		case quotes == 0 && (s[i] == ' ' || s[i] == '\t'):
			all = append(all, b.String())
			b.Reset()
			s, i = strings.TrimLeft(s[i:], " \t"), 0
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return all
}

// run counts how often a character stands at the start.
func run(s string, c byte) int { return len(s) - len(strings.TrimLeft(s, string(c))) }
