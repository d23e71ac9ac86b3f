package jsontape

// Value is a value on a tape. The zero Value is none: what Get returns for a
// member that is not there.
type Value struct {
	t  *Tape
	at uint32
}

func (v Value) node() *node { return &v.t.nodes[v.at] }

// Kind returns what the value is, None for the zero Value.
func (v Value) Kind() Kind {
	if v.t == nil {
		return None
	}
	return v.t.nodes[v.at].kind
}

// Len returns the number of items of an array or members of an object, 0 for
// others.
func (v Value) Len() int {
	if v.t == nil {
		return 0
	}
	return int(v.node().size)
}

// Raw returns the value as it is written: a string without its quotes and with
// its escapes, everything else whole. It shares memory with the text.
func (v Value) Raw() string {
	if v.t == nil {
		return ""
	}
	n := v.node()
	return v.t.text[n.start:n.end]
}

// Odd says whether the value is a string with an escape other than \" \\ \n \r and
// \t: whoever escapes only what must be would write it otherwise, or with the digits
// of a control character.
func (v Value) Odd() bool { return v.t != nil && v.node().odd }

// Escaped says whether the value is a string whose Raw has escapes.
func (v Value) Escaped() bool { return v.t != nil && v.node().escaped }

// Text returns the text of a string, "" for other values. It shares memory
// with the text that was parsed unless there are escapes in it. A half of a
// surrogate pair alone becomes the replacement character.
func (v Value) Text() string {
	switch {
	case v.Kind() != String:
		return ""
	case v.Escaped():
		return string(appendUnescaped(make([]byte, 0, len(v.Raw())), v.Raw()))
	}
	return v.Raw()
}

// AppendText appends the text of a string to dst.
func (v Value) AppendText(dst []byte) []byte {
	switch {
	case v.Kind() != String:
		return dst
	case v.Escaped():
		return appendUnescaped(dst, v.Raw())
	}
	return append(dst, v.Raw()...)
}

// Compact returns the value as it is written, and whether that is without white
// space and odd escapes, so that nothing can be shorter.
func (v Value) Compact() (string, bool) {
	if v.t == nil || v.t.spaced {
		return "", false
	}
	n := v.node()
	if v.t.odd {
		for i := range v.t.nodes[v.at:n.after] {
			if v.t.nodes[int(v.at)+i].odd {
				return "", false
			}
		}
	}
	if n.kind == String {
		return v.t.text[n.start-1 : n.end+1], true
	}
	return v.Raw(), true
}

// Get returns the first member of an object with that name, or none.
func (v Value) Get(name string) Value {
	for m := v.Members(); m.Next(); {
		if key := m.Key(); key.is(name) {
			return m.Value()
		}
	}
	return Value{}
}

// is compares the text of a string.
func (v Value) is(text string) bool {
	if v.node().escaped {
		return v.Text() == text
	}
	return v.Raw() == text
}

// Cursor goes through the members of an object or the items of an array.
type Cursor struct {
	t     *Tape
	next  uint32
	left  uint32
	key   uint32
	value uint32
	pairs bool
}

// Members goes through an object; other values have none.
func (v Value) Members() Cursor { return v.cursor(Object) }

// Items goes through an array; other values have none.
func (v Value) Items() Cursor { return v.cursor(Array) }

func (v Value) cursor(kind Kind) Cursor {
	if v.Kind() != kind {
		return Cursor{}
	}
	return Cursor{t: v.t, next: v.at + 1, left: v.node().size, pairs: kind == Object}
}

// Next goes to the next member or item and says whether there is one.
func (c *Cursor) Next() bool {
	if c.left == 0 {
		return false
	}
	c.left--
	if c.pairs {
		c.key = c.next
		c.next++
	}
	c.value = c.next
	c.next = c.t.nodes[c.next].after
	return true
}

// Key returns the name of the member, a string.
func (c *Cursor) Key() Value { return Value{c.t, c.key} }

// Value returns the value of the member, or the item.
func (c *Cursor) Value() Value { return Value{c.t, c.value} }

// Place is where the member is on the tape, by which Member finds it again. It has
// no pointer: remembering many costs the garbage collector nothing.
func (c *Cursor) Place() uint32 { return c.key }

// Member returns the member at a place on the tape of the value.
func (v Value) Member(place uint32) (key, value Value) {
	return Value{v.t, place}, Value{v.t, place + 1}
}

// Places appends the places of an object's members, in their order.
func (v Value) Places(dst []uint32) []uint32 {
	if v.Kind() != Object {
		return dst
	}
	if v.at == 0 && len(v.t.places) > 0 {
		return append(dst, v.t.places...)
	}
	place := v.at + 1
	for range v.node().size {
		dst = append(dst, place)
		place = v.t.nodes[place+1].after
	}
	return dst
}

// HasNames says that the members at the places have these names, in this order,
// without escapes.
func (v Value) HasNames(names []string, places []uint32) bool {
	if len(names) != len(places) {
		return false
	}
	for i, place := range places {
		if n := &v.t.nodes[place]; n.escaped || v.t.text[n.start:n.end] != names[i] {
			return false
		}
	}
	return true
}

// Written returns the member at a place as it is written, name and value. ok says
// that the value is no array and no object, and that there are no escapes in the
// name, no odd one in the value and no white space, so that nothing can be shorter.
func (v Value) Written(place uint32) (text string, ok bool) {
	key, value := &v.t.nodes[place], &v.t.nodes[place+1]
	if v.t.spaced || key.escaped || value.odd || value.kind >= Array {
		return "", false
	}
	end := value.end
	if value.kind == String {
		end++
	}
	return v.t.text[key.start-1 : end], true
}

// Extent returns where the member at a place is written in the text of the tape, name
// and value, and the kind of the value. ok says that nothing could be written shorter or
// in another order: there is no white space and no odd string, and all members in it,
// whatever their depth, are in the order of their names, none of which is escaped or
// refused, and none of them is null.
func (v Value) Extent(place uint32, refuses func(name string) bool) (from, to uint32, kind Kind, ok bool) {
	key, value := &v.t.nodes[place], &v.t.nodes[place+1]
	from, to, kind = key.start-1, value.end, value.kind
	if kind == String {
		to++
	}
	ok = !v.t.spaced && !key.escaped && !value.odd
	if kind >= Array {
		ok = ok && v.t.ordered(place+1, refuses)
	}
	return from, to, kind, ok
}

// Between returns the text of the tape between two places of Extent.
func (v Value) Between(from, to uint32) string { return v.t.text[from:to] }

func (t *Tape) ordered(at uint32, refuses func(name string) bool) bool {
	n := &t.nodes[at]
	i, last := at+1, ""
	for range n.size {
		if n.kind == Object {
			key := &t.nodes[i]
			name := t.text[key.start:key.end]
			if key.escaped || name < last || refuses(name) || t.nodes[i+1].kind == Null {
				return false
			}
			last = name
			i++
		}
		value := &t.nodes[i]
		if value.odd || value.kind >= Array && !t.ordered(i, refuses) {
			return false
		}
		i = value.after
	}
	return true
}
