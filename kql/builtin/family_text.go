package builtin

func textEntries() []entry {
	return []entry{
		{Name: "parse_csv", Naming: FirstArgument, Stage: "native", Sig: "text:text -> dynamic", Doc: "Splits one record of comma-separated values into an array of strings.", Example: "print parse_csv('aa,\"b,b\",cc')"},
		{Name: "parse_xml", Naming: FirstArgument, Stage: "native", Sig: "text:text -> dynamic", Doc: "Turns XML into bags: attributes are members named @name, text beside other members is #text, what repeats is an array.", Example: "print parse_xml('<a b=\"1\"><c>x</c></a>').a.c"},
		{Name: "parse_command_line", Stage: "native", Sig: "command:text, parser:string -> dynamic", Doc: "Splits a command line into its arguments as Windows does.", Example: "print parse_command_line('quoll import \"a file\"', 'windows')"},
		{Name: "parse_user_agent", Stage: "native", Sig: "agent:string, look_for?:scalar -> dynamic", Doc: "Says which browser, operating system and device a user agent names.", Example: "print parse_user_agent('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'browser').Browser.Family"},
		{Name: "format_bytes", Naming: FirstArgument, Stage: "native", Sig: "size:number, const precision?:number, const units?:string -> string", Doc: "Prints a number of bytes in the largest unit of which there is one, or in a unit.", Example: "print format_bytes(20000000, 1)"},
		{Name: "parse_kv", Kind: Operator, Stage: "native", Sig: "text:text, keys:dynamic, options:dynamic -> dynamic", Doc: "Takes the values of named keys out of a text: the operator parse-kv.", Example: "print s = 'a=1;b=x' | parse-kv s as (a:long, b:string) with (pair_delimiter=';', kv_delimiter='=')"},
		{Name: "reduce", Kind: Operator, Stage: "native", Sig: "texts:dynamic, threshold:real, characters:string, each:bool -> dynamic", Doc: "Groups texts that are alike and gives the pattern of each group: the operator reduce.", Example: "range i from 1 to 9 step 1 | project t = strcat('disk ', i, ' is full') | reduce by t"},
	}
}
