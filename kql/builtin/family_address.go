package builtin

func addressEntries() []entry {
	return []entry{
		{Name: "parse_ipv4", Sig: "ip:string -> long", Doc: "Gives an IPv4 address as a number, of its network when a prefix length is given; null for what is none.", Example: "print parse_ipv4('10.0.0.1')"},
		{Name: "parse_ipv4_mask", Sig: "ip:string, prefix:long -> long", Doc: "Gives the network of an IPv4 address as a number.", Example: "print parse_ipv4_mask('10.1.2.3', 16)"},
		{Name: "format_ipv4", Sig: "ip:scalar, prefix?:long -> string", Doc: "Prints an IPv4 address.", Example: "print format_ipv4(167772161)"},
		{Name: "ipv4_compare", Sig: "a:string, b:string, prefix?:long -> long", Doc: "Compares two IPv4 addresses: -1, 0 or 1.", Example: "print ipv4_compare('10.0.0.1', '10.0.0.2')"},
		{Name: "ipv4_is_match", Sig: "a:string, b:string, prefix?:long -> bool", Doc: "True when two IPv4 addresses are equal, as far as the shorter prefix reaches.", Example: "print ipv4_is_match('10.0.0.1', '10.0.0.0/24')"},
		{Name: "ipv4_is_in_range", Sig: "ip:string, range:string -> bool", Doc: "True when an IPv4 address is in a network.", Example: "print ipv4_is_in_range('10.0.0.1', '10.0.0.0/8')"},
		{Name: "ipv4_is_in_any_range", Sig: "ip:string, range...:scalar -> bool", Doc: "True when an IPv4 address is in one of the networks.", Example: "print ipv4_is_in_any_range('10.0.0.1', dynamic(['192.168.0.0/16', '10.0.0.0/8']))"},
		{Name: "ipv4_is_private", Sig: "ip:string -> bool", Doc: "True for an IPv4 address of a private network.", Example: "print ipv4_is_private('192.168.1.1')"},
		{Name: "ipv4_netmask_suffix", Sig: "ip:string -> long", Doc: "Gives the prefix length of a network in CIDR form.", Example: "print ipv4_netmask_suffix('10.0.0.0/8')"},
		{Name: "has_ipv4", Sig: "source:text, ip:string -> bool", Doc: "True when a text holds an IPv4 address as a term.", Example: "print has_ipv4('from 10.0.0.1 to', '10.0.0.1')"},
		{Name: "has_any_ipv4", Sig: "source:text, ip...:scalar -> bool", Doc: "True when a text holds one of the IPv4 addresses.", Example: "print has_any_ipv4('from 10.0.0.1', dynamic(['10.0.0.1']))"},
		{Name: "has_ipv4_prefix", Sig: "source:text, prefix:string -> bool", Doc: "True when a text holds an IPv4 address that begins so.", Example: "print has_ipv4_prefix('from 10.0.0.1', '10.0.')"},
		{Name: "parse_url", Sig: "url:string -> dynamic", Doc: "Takes a URL apart: Scheme, Host, Port, Path, Username, Password, Query Parameters, Fragment.", Example: "print parse_url('https://user@example.org:8080/a/b?x=1#f').Host"},
		{Name: "parseurl", Of: "parse_url", Sig: "url:string -> dynamic", Doc: "Older spelling of parse_url().", Example: "print parseurl('https://example.org/a').Path"},
		{Name: "parse_urlquery", Sig: "query:string -> dynamic", Doc: "Takes the parameters of a URL apart.", Example: "print parse_urlquery('a=1&b=2')"},
		{Name: "parseurlquery", Of: "parse_urlquery", Sig: "query:string -> dynamic", Doc: "Older spelling of parse_urlquery().", Example: "print parseurlquery('a=1&b=2')"},
		{Name: "parse_path", Sig: "path:string -> dynamic", Doc: "Takes a file path apart: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, AlternateDataStreamName.", Example: "print parse_path('C:\\\\temp\\\\a.txt').Extension"},
		{Name: "parse_version", Sig: "version:string -> decimal", Doc: "Gives a version of up to four parts as a number that orders as versions do.", Example: "print parse_version('1.2.3')"},
		{Name: "geo_info_from_ip_address", Sig: "ip:string -> dynamic", Stage: "geography", Doc: "Gives country, state, city, latitude and longitude of an address; null without a configured database.", Example: "print geo_info_from_ip_address('10.0.0.1')"},
	}
}

func codingEntries() []entry {
	return []entry{
		{Name: "base64_encode_tostring", Sig: "value:string -> string", Doc: "Encodes in base64.", Example: "print base64_encode_tostring('Quoll')"},
		{Name: "base64_encodestring", Of: "base64_encode_tostring", Sig: "value:string -> string", Doc: "Older spelling of base64_encode_tostring().", Example: "print base64_encodestring('Quoll')"},
		{Name: "base64_decode_tostring", Sig: "value:string -> string", Doc: "Decodes base64; empty for what is none.", Example: "print base64_decode_tostring('UXVvbGw=')"},
		{Name: "base64_decodestring", Of: "base64_decode_tostring", Sig: "value:string -> string", Doc: "Older spelling of base64_decode_tostring().", Example: "print base64_decodestring('UXVvbGw=')"},
		{Name: "url_encode", Sig: "value:string -> string", Doc: "Encodes a text for a URL, a space as plus.", Example: "print url_encode('a b&c')"},
		{Name: "url_encode_component", Sig: "value:string -> string", Doc: "Encodes a text for a URL, a space as %20.", Example: "print url_encode_component('a b&c')"},
		{Name: "url_decode", Sig: "value:string -> string", Doc: "Decodes a text out of a URL.", Example: "print url_decode('a%20b')"},
		{Name: "hash_md5", Sig: "value:text -> string", Doc: "Gives the MD5 of a value's text in base 16.", Example: "print hash_md5('Quoll')"},
		{Name: "hash_sha1", Sig: "value:text -> string", Doc: "Gives the SHA-1 of a value's text in base 16.", Example: "print hash_sha1('Quoll')"},
		{Name: "hash_sha256", Sig: "value:text -> string", Doc: "Gives the SHA-256 of a value's text in base 16.", Example: "print hash_sha256('Quoll')"},
		{Name: "hash", Sig: "value:text, mod?:long -> long", Doc: "Gives a hash of a value, below mod when it is given. It differs from Kusto's, which Microsoft does not promise to keep either.", Example: "print hash('Quoll') == hash('Quoll')"},
		{Name: "hash_xxhash64", Of: "hash", Sig: "value:text, mod?:long -> long", Doc: "Another spelling of hash().", Example: "print hash_xxhash64('Quoll', 10) < 10"},
		{Name: "new_guid", Sig: "-> guid", Doc: "Gives a random guid.", Example: "print strlen(tostring(new_guid()))"},
	}
}
