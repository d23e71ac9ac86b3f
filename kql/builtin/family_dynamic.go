package builtin

func dynamicEntries() []entry {
	return []entry{
		{Name: "member", Kind: Operator, Sig: "bag:dynamic, name:string -> dynamic", Doc: "Gives a member of a bag: `bag.name`, `bag['name']`; null when there is none.", Example: "print dynamic({'a': {'b': 1}}).a.b"},
		{Name: "element", Kind: Operator, Sig: "array:dynamic, index:scalar -> dynamic", Doc: "Gives an element: `array[0]`, from the end with a negative index; null when there is none.", Example: "print dynamic([1, 2, 3])[-1]"},
		{Name: "array_element", Kind: Operator, Sig: "array:dynamic, index:integer -> dynamic", Doc: "Gives an element at a computed index.", Example: "range i from 0 to 1 step 1 | project dynamic(['a', 'b'])[i]"},
		{Name: "bag_keys", Sig: "bag:dynamic -> dynamic", Doc: "Gives the keys of a bag as an array.", Example: "print bag_keys(dynamic({'a': 1, 'b': 2}))"},
		{Name: "bag_has_key", Sig: "bag:dynamic, key:string -> bool", Doc: "True when a bag has a key, or one further down that a JSON path names.", Example: "print bag_has_key(dynamic({'a': 1}), 'a')"},
		{Name: "bag_merge", Stage: "native", Sig: "bag...:dynamic -> dynamic", Doc: "Joins bags; of equal keys the first bag's value stays.", Example: "print bag_merge(dynamic({'a': 1}), dynamic({'a': 2, 'b': 3}))"},
		{Name: "bag_remove_keys", Stage: "native", Sig: "bag:dynamic, keys:dynamic -> dynamic", Doc: "Gives a bag without some keys, or some further down that JSON paths name.", Example: "print bag_remove_keys(dynamic({'a': 1, 'b': 2}), dynamic(['a']))"},
		{Name: "bag_set_key", Stage: "native", Sig: "bag:dynamic, key:string, value:scalar -> dynamic", Doc: "Gives a bag with one key set, or one further down that a JSON path names.", Example: "print bag_set_key(dynamic({'a': 1}), 'b', 2)"},
		{Name: "bag_pack", Sig: "item...:scalar -> dynamic", Doc: "Makes a bag of keys and values in turn.", Example: "print bag_pack('a', 1, 'b', 'x')"},
		{Name: "pack", Of: "bag_pack", Sig: "item...:scalar -> dynamic", Doc: "Older spelling of bag_pack().", Example: "print pack('a', 1)"},
		{Name: "pack_dictionary", Of: "bag_pack", Sig: "item...:scalar -> dynamic", Doc: "Older spelling of bag_pack().", Example: "print pack_dictionary('a', 1)"},
		{Name: "pack_present", Kind: Operator, Sig: "item...:scalar -> dynamic", Doc: "Makes a bag of keys and values in turn, and leaves out nulls and empty strings: pack_all(true).", Example: "print a = 1, b = \"\" | project pack_all(true)"},
		{Name: "bag_zip", Stage: "native", Sig: "keys:dynamic, values:dynamic -> dynamic", Doc: "Makes a bag of an array of keys and an array of values.", Example: "print bag_zip(dynamic(['a', 'b']), dynamic([1, 2]))"},
		{Name: "treepath", Stage: "native", Naming: PrefixFirstArgument, Prefix: "tree", Sig: "bag:dynamic -> dynamic", Doc: "Lists the paths to the members of a bag.", Example: "print treepath(dynamic({'a': {'b': 1}}))"},
		{Name: "extract_json", Sig: "const path:string, text:text -> string | const path:string, text:text, kind:type -> literal", Doc: "Reads one value out of JSON text by its path.", Example: "print extract_json('$.a.b', '{\"a\": {\"b\": 1}}', typeof(long))"},
		{Name: "extractjson", Of: "extract_json", Sig: "const path:string, text:text -> string | const path:string, text:text, kind:type -> literal", Doc: "Older spelling of extract_json().", Example: "print extractjson('$.a', '{\"a\": 1}')"},
	}
}

func arrayEntries() []entry {
	return []entry{
		{Name: "pack_array", Sig: "value...:scalar -> dynamic", Doc: "Makes an array of its arguments.", Example: "print pack_array(1, 'a')"},
		{Name: "array_length", Sig: "array:dynamic -> long", Doc: "Counts the elements of an array; null for what is none.", Example: "print array_length(dynamic([1, 2]))"},
		{Name: "array_concat", Sig: "array...:dynamic -> dynamic", Doc: "Joins arrays.", Example: "print array_concat(dynamic([1]), dynamic([2]))"},
		{Name: "array_slice", Sig: "array:dynamic, start:integer, end:integer -> dynamic", Doc: "Cuts out the elements from start to end, both included; negative positions count from the end.", Example: "print array_slice(dynamic([1, 2, 3]), 1, -1)"},
		{Name: "array_reverse", Sig: "array:dynamic -> dynamic", Doc: "Reverses an array.", Example: "print array_reverse(dynamic([1, 2]))"},
		{Name: "array_index_of", Stage: "native", Sig: "array:dynamic, value:scalar, start?:integer, length?:integer, const occurrence?:integer -> long", Doc: "Gives the position of a value from 0, or -1.", Example: "print array_index_of(dynamic(['a', 'b']), 'b')"},
		{Name: "array_sort_asc", Stage: "native", Sig: "array:dynamic, more?...:scalar -> dynamic", Doc: "Sorts an array, and others in the order of the first; nulls are last unless the last argument is false.", Example: "print array_sort_asc(dynamic([3, 1, 2]))"},
		{Name: "array_sort_desc", Stage: "native", Sig: "array:dynamic, more?...:scalar -> dynamic", Doc: "Sorts an array downwards, and others in the order of the first; nulls are last unless the last argument is false.", Example: "print array_sort_desc(dynamic([3, 1, 2]))"},
		{Name: "array_sum", Sig: "array:dynamic -> real", Doc: "Adds the numbers of an array.", Example: "print array_sum(dynamic([1, 2.5]))"},
		{Name: "array_rotate_left", Sig: "array:dynamic, count:integer -> dynamic", Doc: "Rotates an array to the left.", Example: "print array_rotate_left(dynamic([1, 2, 3]), 1)"},
		{Name: "array_rotate_right", Sig: "array:dynamic, count:integer -> dynamic", Doc: "Rotates an array to the right.", Example: "print array_rotate_right(dynamic([1, 2, 3]), 1)"},
		{Name: "array_shift_left", Stage: "native", Sig: "array:dynamic, count:integer, default?:scalar -> dynamic", Doc: "Moves the elements of an array to the left and fills up with a default.", Example: "print array_shift_left(dynamic([1, 2, 3]), 1, 0)"},
		{Name: "array_shift_right", Stage: "native", Sig: "array:dynamic, count:integer, default?:scalar -> dynamic", Doc: "Moves the elements of an array to the right and fills up with a default.", Example: "print array_shift_right(dynamic([1, 2, 3]), 1, 0)"},
		{Name: "array_split", Sig: "array:dynamic, index:integer -> dynamic | array:dynamic, indexes:dynamic -> dynamic", Doc: "Cuts an array at one position or at several.", Example: "print array_split(dynamic([1, 2, 3]), 1)"},
		{Name: "array_iff", Stage: "native", Sig: "conditions:dynamic, then:scalar, else:scalar -> dynamic", Doc: "Chooses element by element.", Example: "print array_iff(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))"},
		{Name: "array_iif", Stage: "native", Of: "array_iff", Sig: "conditions:dynamic, then:scalar, else:scalar -> dynamic", Doc: "Another spelling of array_iff().", Example: "print array_iif(dynamic([true, false]), dynamic([1, 2]), dynamic([3, 4]))"},
		{Name: "set_union", Stage: "native", Sig: "set...:dynamic -> dynamic", Doc: "Gives what is in any of the arrays, once.", Example: "print set_union(dynamic([1, 2]), dynamic([2, 3]))"},
		{Name: "set_intersect", Stage: "native", Sig: "set...:dynamic -> dynamic", Doc: "Gives what is in all of the arrays, once.", Example: "print set_intersect(dynamic([1, 2]), dynamic([2, 3]))"},
		{Name: "set_difference", Stage: "native", Sig: "set...:dynamic -> dynamic", Doc: "Gives what is in the first array and in no other.", Example: "print set_difference(dynamic([1, 2]), dynamic([2, 3]))"},
		{Name: "set_has_element", Sig: "set:dynamic, value:scalar -> bool", Doc: "True when an array holds a value.", Example: "print set_has_element(dynamic(['a']), 'a')"},
		{Name: "set_equals", Sig: "a:dynamic, b:dynamic -> bool", Doc: "True when two arrays hold the same values.", Example: "print set_equals(dynamic([1, 2]), dynamic([2, 1]))"},
		{Name: "jaccard_index", Stage: "native", Sig: "a:dynamic, b:dynamic -> dynamic", Doc: "Gives the share of two arrays that is common to both.", Example: "print jaccard_index(dynamic([1, 2]), dynamic([2, 3]))"},
		{Name: "zip", Stage: "native", Sig: "array:dynamic, other...:dynamic -> dynamic", Doc: "Makes an array of the first elements, the second elements and so on.", Example: "print zip(dynamic([1, 2]), dynamic(['a', 'b']))"},
		{Name: "range", Sig: "start:long, stop:long, step?:long -> dynamic | start:real, stop:real, step?:real -> dynamic | start:datetime, stop:datetime, step?:timespan -> dynamic | start:timespan, stop:timespan, step?:timespan -> dynamic", Doc: "Makes an array of equally spaced values.", Example: "print range(1, 7, 2)"},
		{Name: "repeat", Naming: PrefixFirstArgument, Prefix: "repeat", Sig: "value:scalar, count:long -> dynamic", Doc: "Makes an array of one value, many times.", Example: "print repeat(1, 3)"},
	}
}
