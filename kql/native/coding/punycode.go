package coding

import (
	"math"
	"strings"
	"unicode/utf8"
)

// The parameters of punycode, RFC 3492, section 5.
const (
	base        = 36
	tMin        = 1
	tMax        = 26
	skew        = 38
	damp        = 700
	initialBias = 72
	initialN    = 128
)

// maxLabel bounds a text that is coded as punycode, since the time grows with
// the square of its length. A label of a domain has at most 63 characters.
const maxLabel = 4096

// adapt is the function of section 6.1.
func adapt(delta, points int, first bool) int {
	if first {
		delta /= damp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (base-tMin)*tMax/2; k += base {
		delta /= base - tMin
	}
	return k + (base-tMin+1)*delta/(delta+skew)
}

func threshold(k, bias int) int { return max(tMin, min(tMax, k-bias)) }

// encodePunycode is section 6.3: the ASCII characters, a dash, and then where
// each other one is put.
func encodePunycode(s string) (string, bool) {
	if len(s) > maxLabel || !utf8.ValidString(s) {
		return "", false
	}
	points := []rune(s)
	out := make([]byte, 0, len(s)+8)
	for _, r := range points {
		if r < initialN {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(initialN), 0, initialBias
	for done := basic; done < len(points); {
		next := rune(utf8.MaxRune)
		for _, r := range points {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range points {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			out = appendDelta(out, delta, bias)
			bias = adapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return string(out), true
}

func appendDelta(out []byte, delta, bias int) []byte {
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	for k := base; ; k += base {
		t := threshold(k, bias)
		if delta < t {
			return append(out, digits[delta])
		}
		out = append(out, digits[t+(delta-t)%(base-t)])
		delta = (delta - t) / (base - t)
	}
}

// decodePunycode is section 6.2.
func decodePunycode(s string) (string, bool) {
	if len(s) > maxLabel {
		return "", false
	}
	var points []rune
	if dash := strings.LastIndexByte(s, '-'); dash >= 0 {
		points = []rune(s[:dash])
		s = s[dash+1:]
	}
	for _, r := range points {
		if r >= initialN {
			return "", false
		}
	}
	n, at, bias := initialN, 0, initialBias
	for s != "" {
		delta, rest, ok := readDelta(s, bias)
		count := len(points) + 1
		if !ok || delta > math.MaxInt32-at {
			return "", false
		}
		s = rest
		first := at == 0 && n == initialN
		at += delta
		bias = adapt(delta, count, first)
		n += at / count
		at %= count
		if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		points = append(points, 0)
		copy(points[at+1:], points[at:])
		points[at] = rune(n)
		at++
	}
	return string(points), true
}

func readDelta(s string, bias int) (delta int, rest string, ok bool) {
	weight := 1
	for k := base; ; k += base {
		if s == "" {
			return 0, "", false
		}
		value, ok := value36(s[0])
		s = s[1:]
		if !ok || value > (math.MaxInt32-delta)/weight {
			return 0, "", false
		}
		delta += value * weight
		t := threshold(k, bias)
		if value < t {
			return delta, s, true
		}
		if weight > math.MaxInt32/(base-t) {
			return 0, "", false
		}
		weight *= base - t
	}
}

func value36(c byte) (int, bool) {
	switch {
	case c >= '0' && c <= '9':
		return int(c-'0') + 26, true
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return int(c | 0x20 - 'a'), true
	}
	return 0, false
}

func punycodeEncoded(s string) string {
	encoded, _ := encodePunycode(s)
	return encoded
}

func punycodeDecoded(s string) string {
	decoded, _ := decodePunycode(s)
	return decoded
}

// domainEncoded encodes the labels of a domain that need it. The full stops of
// other scripts divide labels too (RFC 3490, section 3.1).
func domainEncoded(s string) string {
	s = strings.NewReplacer("\u3002", ".", "\uFF0E", ".", "\uFF61", ".").Replace(s)
	return eachLabel(s, func(label string) (string, bool) {
		if strings.IndexFunc(label, func(r rune) bool { return r >= initialN }) < 0 {
			return label, true
		}
		encoded, ok := encodePunycode(label)
		return "xn--" + encoded, ok
	})
}

// domainDecoded decodes the labels of a domain that begin with xn--.
func domainDecoded(s string) string {
	return eachLabel(s, func(label string) (string, bool) {
		if len(label) < 4 || !strings.EqualFold(label[:4], "xn--") {
			return label, true
		}
		return decodePunycode(label[4:])
	})
}

func eachLabel(domain string, change func(string) (string, bool)) string {
	if len(domain) > maxLabel {
		return ""
	}
	labels := strings.Split(domain, ".")
	for i, label := range labels {
		changed, ok := change(label)
		if !ok {
			return ""
		}
		labels[i] = changed
	}
	return strings.Join(labels, ".")
}
