package sketch

import (
	"slices"

	"github.com/quoll/quoll/kql/dynamic"
)

// gatherBag joins an array of bags. Of equal keys the first value stays, and
// members beyond the limit are left out.
func gatherBag(args []any) (any, error) {
	out := dynamic.NewBag()
	list, _ := args[0].([]any)
	limit, ok := args[1].(int64)
	for _, v := range list {
		bag, isBag := v.(*dynamic.Bag)
		if !isBag {
			continue
		}
		for _, key := range bag.Keys() {
			if ok && int64(out.Len()) >= limit {
				return out, nil
			}
			if _, taken := out.Get(key); !taken {
				value, _ := bag.Get(key)
				out.Set(key, value)
			}
		}
	}
	return out, nil
}

// schema is the kinds of value that some values have, in the order in which
// they were first seen; a bag and an array each have the schema of their parts.
type schema struct {
	members *members
	items   *schema
	order   []string // names of plain kinds, "{" and "["
}

type members struct {
	keys []string
	of   map[string]*schema
}

// maxSchema bounds the members of a schema, all levels together.
const maxSchema = 100_000

type schemaBuilder struct{ size int }

func (b *schemaBuilder) admit(s *schema, v any) {
	switch v := v.(type) {
	case nil:
	case bool:
		s.add("bool")
	case int64:
		s.add("long")
	case float64:
		s.add("double")
	case string:
		s.add("string")
	case []any:
		if s.items == nil {
			s.items = &schema{}
			s.order = append(s.order, "[")
		}
		for _, e := range v {
			b.admit(s.items, e)
		}
	case *dynamic.Bag:
		b.admitBag(s, v)
	}
}

func (b *schemaBuilder) admitBag(s *schema, bag *dynamic.Bag) {
	if s.members == nil {
		s.members = &members{of: map[string]*schema{}}
		s.order = append(s.order, "{")
	}
	for _, key := range bag.Keys() {
		member := s.members.of[key]
		if member == nil {
			if b.size >= maxSchema {
				continue
			}
			b.size++
			member = &schema{}
			s.members.of[key] = member
			s.members.keys = append(s.members.keys, key)
		}
		value, _ := bag.Get(key)
		b.admit(member, value)
	}
}

func (s *schema) add(name string) {
	if !slices.Contains(s.order, name) {
		s.order = append(s.order, name)
	}
}

// value writes the schema as Kusto does: one kind by itself, several in an
// array, the elements of an array under `indexer`.
func (s *schema) value() any {
	var kinds []any
	for _, kind := range s.order {
		switch kind {
		case "{":
			bag := dynamic.NewBag()
			for _, key := range s.members.keys {
				bag.Set(key, s.members.of[key].value())
			}
			kinds = append(kinds, bag)
		case "[":
			bag := dynamic.NewBag()
			bag.Set("`indexer`", s.items.value())
			kinds = append(kinds, bag)
		default:
			kinds = append(kinds, kind)
		}
	}
	switch len(kinds) {
	case 0:
		return nil
	case 1:
		return kinds[0]
	}
	return kinds
}

// gatherSchema gives the schema that admits every value of an array.
func gatherSchema(args []any) (any, error) {
	s, b := &schema{}, &schemaBuilder{}
	list, _ := args[0].([]any)
	for _, v := range list {
		b.admit(s, v)
	}
	return s.value(), nil
}
