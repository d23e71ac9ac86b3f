package termfilter

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// A text is cut into runs of ASCII letters and digits. kinds says what a byte is.
const (
	other = iota
	letter
	hexLetter
	digit
)

var kinds = func() (k [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		k[c], k[c-'a'+'A'] = letter, letter
	}
	for c := 'a'; c <= 'f'; c++ {
		k[c], k[c-'a'+'A'] = hexLetter, hexLetter
	}
	for c := '0'; c <= '9'; c++ {
		k[c] = digit
	}
	return k
}()

// What a run has, by bits of a set.
const (
	hasLetter = 1 << (8 + iota) // none of hexadecimal digits
	hasHexLetter
	hasE // which numbers have
	hasDigit
)

// inRuns says of a byte how it is hashed, as a small letter, and what a run has by it; 0 for
// what is in no run.
var inRuns = func() (in [256]uint16) {
	for c, kind := range kinds {
		switch small := c | 0x20; {
		case kind == letter:
			in[c] = uint16(small) | hasLetter
		case kind == hexLetter && small == 'e':
			in[c] = uint16(small) | hasE
		case kind == hexLetter:
			in[c] = uint16(small) | hasHexLetter
		case kind == digit:
			in[c] = uint16(c) | hasDigit
		}
	}
	return in
}()

// FNV-1a, 64 bits.
const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

// The second half of a hash of what is no single run.
const (
	ofAddress4 = 0x9e3779b97f4a7c15 + iota
	ofAddress6
	ofMail
	ofLongMail
	ofCharacters
	ofPort4
	ofPort6
	ofElsewhere
)

// mix spreads a hash over all of its bits.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func joined(kind uint64, parts ...uint64) uint64 {
	h := kind
	for _, p := range parts {
		h = mix(h*fnvPrime + p)
	}
	return h
}

// run is a maximal run of ASCII letters and digits.
type run struct {
	hash   uint64
	length int
	digits bool // digits alone
	hex    bool // hexadecimal digits alone
	number bool // digits and the e of a number alone
	before byte // the character in front of it; 0 if there is none
	// gap is how many characters, before included, stand between it and the last
	// run.
	gap int
	// closed says that these are a closing bracket and before.
	closed bool
}

// kept says whether the run is worth keeping by itself.
func (r *run) kept() bool { return r.length > 2 && (r.length != 4 || !r.hex) }

func (r *run) octet() bool { return r.digits && r.length <= 3 && r.gap == 1 && r.before == '.' }

func (r *run) group() bool { return r.hex && r.length <= 4 && r.gap <= 2 && r.before == ':' }

// scanner hands over what of a text is hashed.
type scanner struct {
	// runs are the latest ones, in turn; see last.
	runs  [4]run
	count uint
	// octets and groups are how many of them belong to one address, the newest of them
	// last.
	octets, groups int
	// address4 is the hash of the address that ended with the run before the newest, 0 if
	// none did.
	address4 uint64
}

// last returns the newest run for 0, the one before it for 1, up to 3.
func (s *scanner) last(before uint) *run { return &s.runs[(s.count-1-before)%4] }

// take adds a run and hands over what ends with it.
func (s *scanner) take(r *run, use func(hash uint64, weight int)) {
	s.count++
	*s.last(0) = *r
	if r.kept() {
		weight := r.length
		if r.number {
			weight = weightNumber
		}
		use(mix(r.hash), weight)
	}
	if r.length > 4 && r.before != ':' && r.before != '@' { // as most are: nothing ends with it
		s.octets, s.groups, s.address4 = 0, 0, 0
		return
	}
	s.port(use)
	s.fourOctets(use)
	s.threeGroups(use)
	s.mailAddress(use)
}

// Weights of what is no single run: how many characters of one it is worth. What is placed
// (see Placed) has the greatest.
const (
	weightAddress = math.MaxInt - 3
	weightMail    = math.MaxInt - 2
	// weightCharacters is negative: two characters of a script are in many texts,
	// and not every filter can be asked for them.
	weightCharacters = -1
	// weightPort is that of an address with its port, which is rarer than both and is not
	// in all filters.
	weightPort = math.MaxInt
	// weightNumber is that of a run that may be a number, which a program may write
	// otherwise than it was written.
	weightNumber = 0
)

// port hands over an address together with the port that is the newest run. It comes before
// that run is counted to an address.
func (s *scanner) port(use func(uint64, int)) {
	r := s.last(0)
	switch {
	case !r.digits || r.before != ':':
	case r.gap == 1 && s.address4 != 0:
		use(joined(ofPort4, s.address4, r.hash), weightPort)
	case r.closed && s.groups >= 2 && r.length > 4: // a shorter one is taken for a group
		use(joined(ofPort6, s.last(2).hash, uint64(s.last(1).gap), s.last(1).hash, r.hash), weightPort)
	}
}

func (s *scanner) fourOctets(use func(uint64, int)) {
	r := s.last(0)
	switch {
	case s.octets > 0 && r.octet():
		s.octets++
	case r.digits && r.length <= 3:
		s.octets = 1
	default:
		s.octets = 0
	}
	s.address4 = 0
	if s.octets >= 4 {
		s.address4 = joined(ofAddress4, s.last(3).hash, s.last(2).hash, s.last(1).hash, r.hash)
		use(s.address4, weightAddress)
	}
}

func (s *scanner) threeGroups(use func(uint64, int)) {
	r := s.last(0)
	switch {
	case s.groups > 0 && r.group():
		s.groups++
	case r.hex && r.length <= 4:
		s.groups = 1
	default:
		s.groups = 0
	}
	if s.groups >= 3 {
		use(joined(ofAddress6, s.last(2).hash, uint64(s.last(1).gap), s.last(1).hash, uint64(r.gap), r.hash), weightAddress)
	}
}

func (s *scanner) mailAddress(use func(uint64, int)) {
	r, name, first := s.last(0), s.last(1), s.last(2)
	if r.gap != 1 || r.before != '@' || name.length == 0 {
		return
	}
	use(joined(ofMail, name.hash, r.hash), weightMail)
	if name.gap == 1 && first.length > 0 {
		use(joined(ofLongMail, first.hash, uint64(name.before), name.hash, r.hash), weightMail+1)
	}
}

// Each hands over the hash of everything in a text that a filter keeps, some more
// than once.
func Each(text []byte, use func(hash uint64)) {
	each(text, false, false, func(hash uint64, _ int) { use(hash) })
}

// each goes through a text. A run at an open end may go on beyond it, and neither
// it nor what it is a part of is handed over. weight grows with how rare something
// is to be expected.
func each(text []byte, openLeft, openRight bool, use func(hash uint64, weight int)) {
	var s scanner
	end := 0 // of the last run
	for i := 0; i < len(text); {
		if c := text[i]; inRuns[c] == 0 {
			if c < utf8.RuneSelf {
				i++
			} else {
				i += characters(text[i:], use)
			}
			continue
		}
		r := run{gap: i - end}
		start := i
		if i > 0 {
			r.before = text[i-1]
			r.closed = r.gap == 2 && text[i-2] == ']'
		}
		hash, has := uint64(fnvStart), uint16(0)
		for ; i < len(text); i++ {
			in := inRuns[text[i]]
			if in == 0 {
				break
			}
			has |= in
			hash = (hash ^ uint64(in&0xff)) * fnvPrime
		}
		r.hash, r.length, end = hash, i-start, i
		r.digits = has&(hasLetter|hasHexLetter|hasE) == 0
		r.hex = has&hasLetter == 0
		r.number = has&(hasLetter|hasHexLetter) == 0
		if start == 0 && openLeft || i == len(text) && openRight {
			s = scanner{}
			continue
		}
		s.take(&r, use)
	}
}

// characters hands over the neighbours among the characters outside of ASCII that
// a text begins with, and returns how many bytes they are.
func characters(text []byte, use func(uint64, int)) int {
	last, at := rune(-1), 0
	for at < len(text) && text[at] >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(text[at:])
		at += size
		if r == utf8.RuneError {
			last = -1
			continue
		}
		r = Fold(r)
		if last >= 0 {
			use(joined(ofCharacters, uint64(last), uint64(r)), weightCharacters)
		}
		last = r
	}
	return at
}

// Fold returns the character outside of ASCII that one is compared as: its simple
// upper case, unless that is in ASCII.
func Fold(r rune) rune {
	if upper := unicode.ToUpper(r); upper >= utf8.RuneSelf {
		return upper
	}
	return r
}
