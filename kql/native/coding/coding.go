// Package coding has the functions that write values in another alphabet:
// base64, percent encoding, punycode, compression, hashes.
//
// What cannot be decoded gives an empty string or null, never an error, and
// what is decoded is bounded.
package coding

import (
	"github.com/quoll/quoll/kql/native"
	"github.com/quoll/quoll/kql/types"
)

// Functions returns the functions of this package.
func Functions() []native.Function {
	all := []native.Function{
		textual("base64_decode_tostring", base64ToText),
		textual("url_encode", func(s string) string { return percentEncode(s, "+") }),
		textual("url_encode_component", func(s string) string { return percentEncode(s, "%20") }),
		textual("url_decode", percentDecode),
		textual("gzip_compress_to_base64_string", gzipCompress),
		textual("gzip_decompress_from_base64_string", gzipDecompress),
		textual("zlib_compress_to_base64_string", zlibCompress),
		textual("zlib_decompress_from_base64_string", zlibDecompress),
		textual("punycode_from_string", punycodeEncoded),
		textual("punycode_to_string", punycodeDecoded),
		textual("punycode_domain_from_string", domainDecoded),
		textual("punycode_domain_to_string", domainEncoded),
		{Name: "base64_decode_toarray", Params: []types.Type{types.String}, Result: types.Dynamic, Call: base64ToArray},
		{Name: "base64_decode_toguid", Params: []types.Type{types.String}, Result: types.Guid, Call: base64ToGUID},
		{Name: "base64_encode_fromarray", Params: []types.Type{types.Dynamic}, Result: types.String, Call: base64FromArray},
		{Name: "base64_encode_fromguid", Params: []types.Type{types.Guid}, Result: types.String, Call: base64FromGUID},
	}
	return append(all, hashFunctions()...)
}

// textual describes a function from text to text.
func textual(name string, of func(string) string) native.Function {
	return native.Function{Name: name, Params: []types.Type{types.String}, Result: types.String, Call: func(args []any) (any, error) {
		s, _ := args[0].(string)
		return of(s), nil
	}}
}
