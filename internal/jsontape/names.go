package jsontape

import "strings"

// Names remembers which names the members of outermost objects have, in their order,
// so that a name is only held against those that were met in its place: records of one
// kind have the same. The zero Names is ready for use, by one goroutine.
type Names struct {
	root  Name
	count int
}

// Name is one of the names, behind those before it.
type Name struct {
	// Of is whatever the holder knows of objects whose last member has this name.
	Of any

	written string // with its quotes and the colon
	next    []*Name
}

// The bounds of what is remembered: names, those that follow one, and the bytes of a name.
const (
	maxNames   = 32 << 10
	maxNext    = 64
	maxWritten = 128
)

// Reset forgets all names. Those of the value at hand stay good.
func (n *Names) Reset() { *n = Names{} }

// Know lets a tape know names again and remember those that are new, from the next
// value on.
func (t *Tape) Know(names *Names) { t.names = names }

// LastName returns the name of the last member of the outermost object of a tape that
// knows names; nil for other values, and where a name is not remembered: those with
// escapes are not, nor long ones, nor those with white space before the colon.
func (v Value) LastName() *Name {
	if v.t == nil || v.at != 0 {
		return nil
	}
	return v.t.lastName
}

// outermost is object for the value that all others are in, with names that are known.
func (t *Tape) outermost(i int) (int, error) {
	if t.names.count >= maxNames {
		t.names.Reset()
	}
	at, err := t.open(Object, i)
	if err != nil {
		return i, err
	}
	s, name := t.text, &t.names.root
	if i = t.space(i + 1); i < len(s) && s[i] == '}' {
		return t.close(at, i+1, 0), nil
	}
	for size := 1; ; size++ {
		t.places = append(t.places, uint32(len(t.nodes)))
		if next := name.follow(s[i:]); next != nil {
			name = next
			start := i + 1
			i += len(name.written)
			t.scalar(String, start, i-len(`":`))
		} else if name, i, err = t.learn(name, i); err != nil {
			return i, err
		}
		if i, err = t.value(t.space(i)); err != nil {
			return i, err
		}
		if i = t.space(i); i >= len(s) {
			return i, ErrInvalid
		}
		switch s[i] {
		case ',':
			i = t.space(i + 1)
		case '}':
			t.lastName = name
			return t.close(at, i+1, size), nil
		default:
			return i, ErrInvalid
		}
	}
}

// follow returns the name that text begins with, if it was met behind this one.
func (n *Name) follow(text string) *Name {
	if n == nil {
		return nil
	}
	for i, next := range n.next {
		if !strings.HasPrefix(text, next.written) {
			continue
		}
		if i > 0 {
			n.next[0], n.next[i] = next, n.next[0]
		}
		return next
	}
	return nil
}

// learn reads a name at i and its colon, and remembers it behind another. It returns
// nil, as it does behind nil, for one that is not remembered.
func (t *Tape) learn(behind *Name, i int) (*Name, int, error) {
	s, start := t.text, i
	if i >= len(s) || s[i] != '"' {
		return nil, i, ErrInvalid
	}
	i, err := t.string(i + 1)
	if err != nil {
		return nil, i, err
	}
	if i = t.space(i); i >= len(s) || s[i] != ':' {
		return nil, i, ErrInvalid
	}
	i++
	// What is known again is not looked at again: it must be what JSON has, and as follow
	// takes it, with the colon right behind.
	key := &t.nodes[len(t.nodes)-1]
	if behind == nil || t.badText || key.escaped || int(key.end) != i-len(`":`) || len(behind.next) >= maxNext || i-start > maxWritten {
		return nil, i, nil
	}
	name := &Name{written: strings.Clone(s[start:i])}
	behind.next = append(behind.next, name)
	t.names.count++
	return name, i, nil
}
