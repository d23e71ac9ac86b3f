package builtin

func addressEntries() []entry {
	return []entry{
		{Name: "parse_url", Stage: "native", Sig: "url:string -> dynamic", Doc: "Takes a URL apart: Scheme, Host, Port, Path, Username, Password, Query Parameters, Fragment.", Example: "print parse_url('https://user@example.org:8080/a/b?x=1#f').Host"},
		{Name: "parseurl", Of: "parse_url", Stage: "native", Sig: "url:string -> dynamic", Doc: "Older spelling of parse_url().", Example: "print parseurl('https://example.org/a').Path"},
		{Name: "parse_urlquery", Stage: "native", Sig: "query:string -> dynamic", Doc: "Takes the parameters of a URL apart.", Example: "print parse_urlquery('a=1&b=2')"},
		{Name: "parseurlquery", Of: "parse_urlquery", Stage: "native", Sig: "query:string -> dynamic", Doc: "Older spelling of parse_urlquery().", Example: "print parseurlquery('a=1&b=2')"},
		{Name: "parse_path", Stage: "native", Sig: "path:string -> dynamic", Doc: "Takes a file path apart: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, AlternateDataStreamName.", Example: "print parse_path('C:\\\\temp\\\\a.txt').Extension"},
		{Name: "parse_version", Sig: "version:string -> decimal", Doc: "Gives a version of up to four parts as a number that orders as versions do.", Example: "print parse_version('1.2.3')"},
		{Name: "geo_info_from_ip_address", Sig: "ip:string -> dynamic", Stage: "geography", Doc: "Gives country, state, city, latitude and longitude of an address; null without a configured database.", Example: "print geo_info_from_ip_address('10.0.0.1')"},
	}
}

func codingEntries() []entry {
	return []entry{
		{Name: "base64_encode_tostring", Sig: "value:string -> string", Doc: "Encodes in base64.", Example: "print base64_encode_tostring('Quoll')"},
		{Name: "base64_encodestring", Of: "base64_encode_tostring", Sig: "value:string -> string", Doc: "Older spelling of base64_encode_tostring().", Example: "print base64_encodestring('Quoll')"},
		{Name: "base64_decode_tostring", Stage: "native", Sig: "value:string -> string", Doc: "Decodes base64; empty for what is none.", Example: "print base64_decode_tostring('UXVvbGw=')"},
		{Name: "base64_decodestring", Of: "base64_decode_tostring", Stage: "native", Sig: "value:string -> string", Doc: "Older spelling of base64_decode_tostring().", Example: "print base64_decodestring('UXVvbGw=')"},
		{Name: "base64_decode_toarray", Stage: "native", Sig: "value:string -> dynamic", Doc: "Decodes base64 to an array of bytes; null for what is none.", Example: "print base64_decode_toarray('UXVvbGw=')"},
		{Name: "base64_decode_toguid", Stage: "native", Sig: "value:string -> guid", Doc: "Decodes base64 of the 16 bytes of a guid as Windows stores them.", Example: "print base64_decode_toguid('8jMxriJurkmwahbmqbIS6w==')"},
		{Name: "base64_encode_fromarray", Stage: "native", Sig: "bytes:dynamic -> string", Doc: "Encodes an array of bytes in base64.", Example: "print base64_encode_fromarray(dynamic([81, 117]))"},
		{Name: "base64_encode_fromguid", Stage: "native", Sig: "value:guid -> string", Doc: "Encodes in base64 the 16 bytes of a guid as Windows stores them.", Example: "print base64_encode_fromguid(guid(70fc66f7-8279-44fc-9092-d364d70fce44))"},
		{Name: "gzip_compress_to_base64_string", Stage: "native", Sig: "value:string -> string", Doc: "Compresses a text with gzip (RFC 1952) and encodes it in base64.", Example: "print gzip_compress_to_base64_string('aaaaaaaaaaaaaaaaaaaa')"},
		{Name: "gzip_decompress_from_base64_string", Stage: "native", Sig: "value:string -> string", Doc: "Decompresses base64 of gzip (RFC 1952); empty for what is none and for more than 16 MB.", Example: "print gzip_decompress_from_base64_string(gzip_compress_to_base64_string('quoll'))"},
		{Name: "zlib_compress_to_base64_string", Stage: "native", Sig: "value:string -> string", Doc: "Compresses a text with zlib (RFC 1950) and encodes it in base64.", Example: "print zlib_compress_to_base64_string('aaaaaaaaaaaaaaaaaaaa')"},
		{Name: "zlib_decompress_from_base64_string", Stage: "native", Sig: "value:string -> string", Doc: "Decompresses base64 of zlib (RFC 1950); empty for what is none and for more than 16 MB.", Example: "print zlib_decompress_from_base64_string(zlib_compress_to_base64_string('quoll'))"},
		{Name: "punycode_from_string", Stage: "native", Sig: "value:string -> string", Doc: "Encodes a text in punycode (RFC 3492).", Example: "print punycode_from_string('quöll')"},
		{Name: "punycode_to_string", Stage: "native", Sig: "value:string -> string", Doc: "Decodes punycode (RFC 3492).", Example: "print punycode_to_string('qull-jua')"},
		{Name: "punycode_domain_from_string", Stage: "native", Sig: "value:string -> string", Doc: "Decodes the labels of a domain that begin with xn--.", Example: "print punycode_domain_from_string('xn--qull-jua.example')"},
		{Name: "punycode_domain_to_string", Stage: "native", Sig: "value:string -> string", Doc: "Encodes the labels of a domain that are not ASCII.", Example: "print punycode_domain_to_string('quöll.example')"},
		{Name: "url_encode", Stage: "native", Sig: "value:string -> string", Doc: "Encodes a text for a URL, a space as plus.", Example: "print url_encode('a b&c')"},
		{Name: "url_encode_component", Stage: "native", Sig: "value:string -> string", Doc: "Encodes a text for a URL, a space as %20.", Example: "print url_encode_component('a b&c')"},
		{Name: "url_decode", Stage: "native", Sig: "value:string -> string", Doc: "Decodes a text out of a URL.", Example: "print url_decode('a%20b')"},
		{Name: "hash_md5", Sig: "value:text -> string", Doc: "Gives the MD5 of a value's text in base 16.", Example: "print hash_md5('Quoll')"},
		{Name: "hash_sha1", Sig: "value:text -> string", Doc: "Gives the SHA-1 of a value's text in base 16.", Example: "print hash_sha1('Quoll')"},
		{Name: "hash_sha256", Sig: "value:text -> string", Doc: "Gives the SHA-256 of a value's text in base 16.", Example: "print hash_sha256('Quoll')"},
		{Name: "hash", Stage: "native", Sig: "value:orderable, mod?:integer -> long", Doc: "Gives the xxHash64 of a value, below mod when it is given.", Example: "print hash('Quoll') == hash('Quoll')"},
		{Name: "hash_xxhash64", Of: "hash", Stage: "native", Sig: "value:orderable, mod?:integer -> long", Doc: "Another spelling of hash().", Example: "print hash_xxhash64('Quoll', 10) < 10"},
		{Name: "hash_combine", Stage: "native", Sig: "hash:scalar, other...:scalar -> long", Doc: "Makes one hash of several; what is no number counts with its hash. Its value differs from that of Kusto, which Microsoft does not promise to keep.", Example: "print hash_combine(hash('a'), hash('b')) == hash_many('a', 'b')"},
		{Name: "hash_many", Stage: "native", Sig: "value...:orderable -> long", Doc: "Gives hash_combine() of the hashes of its arguments.", Example: "print hash_many('a', 1) == hash_many('a', 1)"},
		{Name: "new_guid", Sig: "-> guid", Doc: "Gives a random guid.", Example: "print strlen(tostring(new_guid()))"},
	}
}
