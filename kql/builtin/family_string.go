package builtin

func stringEntries() []entry {
	return []entry{
		{Name: "strcat", Sig: "value...:text -> string", Doc: "Joins its arguments, each converted to a string.", Example: "print strcat('a', 1, true)"},
		{Name: "strcat_delim", Sig: "delimiter:text, value...:text -> string", Doc: "Joins its arguments with a delimiter between them.", Example: "print strcat_delim('-', 'a', 1)"},
		{Name: "strcat_array", Sig: "array:dynamic, delimiter:text -> string", Doc: "Joins the elements of an array with a delimiter between them.", Example: "print strcat_array(dynamic(['a', 1]), '->')"},
		{Name: "array_strcat", Of: "strcat_array", Sig: "array:dynamic, delimiter:text -> string", Doc: "Older spelling of strcat_array().", Example: "print array_strcat(dynamic(['a', 1]), '->')"},
		{Name: "strcmp", Sig: "a:text, b:text -> long", Doc: "Compares two strings: -1, 0 or 1.", Example: "print strcmp('a', 'b')"},
		{Name: "strrep", Sig: "value:text, times:integer, delimiter?:text -> string", Doc: "Repeats a string.", Example: "print strrep('ab', 3, '-')"},
		{Name: "strlen", Sig: "value:text -> long", Naming: PrefixFirstArgument, Prefix: "strlen", Doc: "Counts the characters (Unicode code points) of a string.", Example: "print strlen('quoll')"},
		{Name: "string_size", Sig: "value:text -> long", Naming: PrefixFirstArgument, Prefix: "string_size", Doc: "Counts the bytes of a string in UTF-8.", Example: "print string_size('ä')"},
		{Name: "toupper", Sig: "value:text -> string", Doc: "Gives the string in upper case.", Example: "print toupper('quoll')"},
		{Name: "tolower", Sig: "value:text -> string", Doc: "Gives the string in lower case.", Example: "print tolower('QUOLL')"},
		{Name: "substring", Sig: "value:text, start:integer, length?:integer -> string", Doc: "Cuts out a part, from a position counted from 0; a negative one counts from the end.", Example: "print substring('abcdef', 2, 3)"},
		{Name: "indexof", Sig: "value:text, match:text, start?:integer, length?:integer, const occurrence?:integer -> long", Doc: "Gives the position of the first match from 0, or -1.", Example: "print indexof('abcabc', 'c', 3)"},
		{Name: "reverse", Sig: "value:text -> string", Doc: "Reverses a string.", Example: "print reverse('abc')"},
		{Name: "split", Sig: "source:text, delimiter:string, index?:integer -> dynamic", Naming: FirstArgument, Doc: "Cuts a string at each delimiter into an array; with an index, an array of that one element.", Example: "print split('a_b_c', '_')"},
		{Name: "replace_string", Sig: "text:string, lookup:string, rewrite:string -> string", Doc: "Replaces every occurrence of a string.", Example: "print replace_string('a.b.c', '.', '-')"},
		{Name: "replace_strings", Stage: "native", Sig: "text:string, lookups:dynamic, rewrites:dynamic -> string", Doc: "Replaces several strings, one after the other, each in what the others left.", Example: "print replace_strings('abc', dynamic(['a', 'b']), dynamic(['1', '2']))"},
		{Name: "countof", Sig: "source:string, search:string, const kind?:string -> long", Doc: "Counts matches: of a string, overlapping ones too, or of a regular expression with kind 'regex'.", Example: "print countof('aaa', 'aa'), countof('abcabc', 'a.c', 'regex')"},
		{Name: "translate", Sig: "search:string, replacement:string, source:string -> string", Doc: "Replaces single characters by those at the same place of a second list.", Example: "print translate('abc', 'x', 'aabbcc')"},
		{Name: "unicode_codepoints_from_string", Sig: "value:text -> dynamic", Doc: "Gives the code points of a string as an array.", Example: "print unicode_codepoints_from_string('ab')"},
		{Name: "to_utf8", Of: "unicode_codepoints_from_string", Sig: "value:text -> dynamic", Doc: "Older spelling of unicode_codepoints_from_string().", Example: "print to_utf8('ab')"},
		{Name: "unicode_codepoints_to_string", Sig: "value...:scalar -> string", Doc: "Makes a string of code points, single or in an array.", Example: "print unicode_codepoints_to_string(97, 98)"},
		{Name: "make_string", Of: "unicode_codepoints_to_string", Sig: "value...:scalar -> string", Doc: "Older spelling of unicode_codepoints_to_string().", Example: "print make_string(97, 98)"},
		{Name: "isascii", Sig: "value:text -> bool", Doc: "True when every character is ASCII.", Example: "print isascii('abc')"},
		{Name: "isutf8", Sig: "value:text -> bool", Doc: "True when the string is valid UTF-8, as every string in Quoll is.", Example: "print isutf8('abc')"},
		{Name: "has_any_index", Sig: "source:text, values:dynamic -> long", Doc: "Gives the index of the first term of an array that the string has, or -1.", Example: "print has_any_index('a b c', dynamic(['x', 'b']))"},
	}
}

func regexEntries() []entry {
	return []entry{
		{Name: "extract", Sig: "const regex:string, group:long, source:string -> string | const regex:string, group:long, source:string, kind:type -> literal", Doc: "Gives a capture group of the first match, or the empty string (null for another type).", Example: "print extract('([0-9]+)', 1, 'abc 12', typeof(long))"},
		{Name: "extract_all", Sig: "const regex:string, source:string -> dynamic | const regex:string, groups:dynamic, source:string -> dynamic", Doc: "Gives all matches as an array; with several capture groups an array of arrays.", Example: "print extract_all('(a)([0-9])', 'a1 a2')"},
		{Name: "extractall", Of: "extract_all", Sig: "const regex:string, source:string -> dynamic | const regex:string, groups:dynamic, source:string -> dynamic", Doc: "Older spelling of extract_all().", Example: "print extractall('(a[0-9])', 'a1 a2')"},
		{Name: "replace_regex", Sig: "source:string, const regex:string, const rewrite:string -> string", Doc: `Replaces every match; \1 in the rewrite is the first group.`, Example: `print replace_regex('a1b2', '([0-9])', '<\\1>')`},
		{Name: "replace", Sig: "const regex:string, const rewrite:string, source:string -> string", Doc: "Older form of replace_regex() with the source last.", Example: `print replace('[0-9]', '#', 'a1b2')`},
		{Name: "trim", Sig: "const regex:string, source:string -> string", Doc: "Removes a leading and a trailing match.", Example: "print trim('-+', '--a--')"},
		{Name: "trim_start", Sig: "const regex:string, source:string -> string", Doc: "Removes a leading match.", Example: "print trim_start('smtp:', 'smtp:a@example.org')"},
		{Name: "trim_end", Sig: "const regex:string, source:string -> string", Doc: "Removes a trailing match.", Example: "print trim_end('[.]com', 'example.com')"},
		{Name: "regex_quote", Sig: "value:text -> string", Doc: "Escapes what a regular expression would read as a command.", Example: "print regex_quote('a.b')"},
		{Name: "indexof_regex", Sig: "value:text, const regex:text, start?:integer, length?:integer, const occurrence?:integer -> long", Doc: "Gives the position of the first match from 0, or -1.", Example: "print indexof_regex('abc12', '[0-9]')"},
	}
}
