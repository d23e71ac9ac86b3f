package builtin

func addressEntries() []entry {
	return []entry{
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
