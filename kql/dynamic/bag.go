package dynamic

// fewKeys is up to how many members a bag is searched one by one, which is
// faster than a map and needs none.
const fewKeys = 12

// Bag is a property bag. Its members keep their order.
type Bag struct {
	keys   []string
	values []any
	places map[string]int // of each key, once there are more than fewKeys
}

// NewBag returns an empty bag.
func NewBag() *Bag { return &Bag{} }

// Set sets a member; a new one is the last.
func (b *Bag) Set(key string, value any) {
	if i := b.place(key); i >= 0 {
		b.values[i] = value
		return
	}
	b.keys = append(b.keys, key)
	b.values = append(b.values, value)
	switch {
	case b.places != nil:
		b.places[key] = len(b.keys) - 1
	case len(b.keys) > fewKeys:
		b.places = make(map[string]int, 2*len(b.keys))
		for i, k := range b.keys {
			b.places[k] = i
		}
	}
}

func (b *Bag) place(key string) int {
	if b.places != nil {
		if i, ok := b.places[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range b.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// Get returns a member.
func (b *Bag) Get(key string) (any, bool) {
	if i := b.place(key); i >= 0 {
		return b.values[i], true
	}
	return nil, false
}

// Keys returns the members' names in order. The caller does not change them.
func (b *Bag) Keys() []string { return b.keys }

// Len counts the members.
func (b *Bag) Len() int { return len(b.keys) }
