package array

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quoll/quoll/kql/dynamic"
)

// merge joins bags; of equal keys the leftmost bag's value stays.
func merge(args []any) (any, error) {
	all := dynamic.NewBag()
	bags := 0
	for _, a := range args {
		bag, ok := a.(*dynamic.Bag)
		if !ok {
			continue
		}
		bags++
		for _, key := range bag.Keys() {
			if _, taken := all.Get(key); !taken {
				value, _ := bag.Get(key)
				all.Set(key, value)
			}
		}
	}
	if bags == 0 {
		return nil, nil
	}
	return all, nil
}

// bagZip makes a bag of an array of keys and one of values. A key that is no
// text is passed over with its value, and a key without value has null.
func bagZip(args []any) (any, error) {
	keys, ok := args[0].([]any)
	if !ok {
		return nil, nil
	}
	values, _ := args[1].([]any)
	bag := dynamic.NewBag()
	for i, k := range keys {
		if key, ok := k.(string); ok {
			bag.Set(key, elementOf(values, i))
		}
	}
	return bag, nil
}

// pathStep is one member of a JSON path: .name, ['name'] or ["name"].
var pathStep = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:\.([^.\[\]"']+)|\['([^']*)'\]|\["([^"]*)"\])`)
})

// pathOf returns the members that a key names: the key itself, or those of a
// JSON path such as $.a['b c']. Nil stands for a path that names no member.
func pathOf(key string) []string {
	rest, isPath := strings.CutPrefix(key, "$")
	if !isPath || rest != "" && rest[0] != '.' && rest[0] != '[' {
		return []string{key}
	}
	var steps []string
	for rest != "" {
		m := pathStep().FindStringSubmatch(rest)
		if m == nil {
			return nil
		}
		steps = append(steps, m[1]+m[2]+m[3])
		rest = rest[len(m[0]):]
	}
	return steps
}

// setKey gives a bag with one member set, at any depth; bags on the way are
// made.
func setKey(args []any) (any, error) {
	bag, ok := args[0].(*dynamic.Bag)
	key, _ := args[1].(string)
	steps := pathOf(key)
	if !ok || steps == nil {
		return nil, nil
	}
	return with(bag, steps, args[2]), nil
}

// with copies a bag, which other calls share, and sets a member of the copy.
func with(bag *dynamic.Bag, steps []string, value any) *dynamic.Bag {
	made := dynamic.NewBag()
	for _, key := range bag.Keys() {
		v, _ := bag.Get(key)
		made.Set(key, v)
	}
	if len(steps) == 1 {
		made.Set(steps[0], value)
		return made
	}
	inner, _ := made.Get(steps[0])
	below, ok := inner.(*dynamic.Bag)
	if !ok {
		below = dynamic.NewBag()
	}
	made.Set(steps[0], with(below, steps[1:], value))
	return made
}

func removeKeys(args []any) (any, error) {
	bag, ok := args[0].(*dynamic.Bag)
	keys, isArray := args[1].([]any)
	if !ok || !isArray {
		return nil, nil
	}
	var paths [][]string
	for _, k := range keys {
		if key, ok := k.(string); ok {
			paths = append(paths, pathOf(key))
		}
	}
	return without(bag, paths), nil
}

// without copies a bag but for some members, at any depth.
func without(bag *dynamic.Bag, paths [][]string) *dynamic.Bag {
	kept := dynamic.NewBag()
	for _, key := range bag.Keys() {
		value, _ := bag.Get(key)
		var below [][]string
		removed := false
		for _, path := range paths {
			switch {
			case len(path) == 0 || path[0] != key:
			case len(path) == 1:
				removed = true
			default:
				below = append(below, path[1:])
			}
		}
		if removed {
			continue
		}
		if inner, ok := value.(*dynamic.Bag); ok && len(below) > 0 {
			value = without(inner, below)
		}
		kept.Set(key, value)
	}
	return kept
}

func hasKey(args []any) (any, error) {
	key, _ := args[1].(string)
	steps := pathOf(key)
	v := args[0]
	for _, step := range steps {
		bag, ok := v.(*dynamic.Bag)
		if !ok {
			return false, nil
		}
		if v, ok = bag.Get(step); !ok {
			return false, nil
		}
	}
	return steps != nil, nil
}

// treePath lists the paths to all members, each once. The elements of an array
// have one path together, that of the first.
func treePath(args []any) (any, error) {
	switch args[0].(type) {
	case *dynamic.Bag, []any:
	default:
		return nil, nil
	}
	t := tree{paths: newSet(), room: maxPaths}
	t.collect(args[0], "")
	if t.room < 0 {
		return nil, nil
	}
	return t.paths.values, nil
}

// maxPaths bounds the text of all paths, each of which repeats the keys above
// it.
const maxPaths = 16 << 20

type tree struct {
	paths *set
	room  int
}

func (t *tree) collect(v any, path string) {
	if t.room -= len(path); t.room < 0 {
		return
	}
	if path != "" {
		t.paths.add(path, path)
	}
	switch v := v.(type) {
	case *dynamic.Bag:
		for _, key := range v.Keys() {
			inner, _ := v.Get(key)
			t.collect(inner, path+"['"+key+"']")
		}
	case []any:
		for _, e := range v {
			t.collect(e, path+"[0]")
		}
	}
}

// canonical writes JSON with the members of every bag ordered by name.
func canonical(args []any) (any, error) {
	return string(appendCanonical(nil, args[0])), nil
}

func appendCanonical(dst []byte, v any) []byte {
	switch v := v.(type) {
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCanonical(dst, e)
		}
		return append(dst, ']')
	case *dynamic.Bag:
		dst = append(dst, '{')
		for i, key := range slices.Sorted(slices.Values(v.Keys())) {
			if i > 0 {
				dst = append(dst, ',')
			}
			inner, _ := v.Get(key)
			dst = append(dynamic.Append(dst, key), ':')
			dst = appendCanonical(dst, inner)
		}
		return append(dst, '}')
	}
	return dynamic.Append(dst, v)
}
