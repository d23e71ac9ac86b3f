package coding

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func invoke(t testing.TB, name string, args ...any) any {
	t.Helper()
	for _, f := range Functions() {
		if f.Name != name {
			continue
		}
		for len(args) < len(f.Params) && !f.Variadic {
			args = append(args, nil)
		}
		v, err := f.Call(args)
		if err != nil {
			t.Fatalf("%s(%v): %v", name, args, err)
		}
		return v
	}
	t.Fatalf("no function %s", name)
	return nil
}

func TestFunctions(t *testing.T) {
	for _, c := range []struct {
		name string
		arg  any
		want any
	}{
		{"base64_decode_tostring", "UXVvbGw=", "Quoll"},
		{"base64_decode_tostring", "UXVv\r\nbGw=", "Quoll"},
		{"base64_decode_tostring", "UXVvbGw", ""},
		{"base64_decode_tostring", "/w==", ""},
		{"base64_decode_tostring", "aQBlAHgA", "i\x00e\x00x\x00"},
		{"base64_decode_toarray", "AP8=", []any{int64(0), int64(255)}},
		{"base64_decode_toarray", "?", nil},
		{"base64_encode_fromarray", []any{int64(0), int64(255)}, "AP8="},
		{"base64_encode_fromarray", []any{int64(256)}, ""},
		{"base64_encode_fromarray", nil, ""},
		{"base64_encode_fromguid", "70fc66f7-8279-44fc-9092-d364d70fce44", "92b8cHmC/ESQktNk1w/ORA=="},
		{"base64_decode_toguid", "92b8cHmC/ESQktNk1w/ORA==", "70fc66f7-8279-44fc-9092-d364d70fce44"},
		{"base64_decode_toguid", "AP8=", nil},
		{"url_encode", "a b/ä~'", "a+b%2f%c3%a4%7e%27"},
		{"url_encode_component", "a b-_.!*()", "a%20b-_.!*()"},
		{"url_decode", "a+b%2F%c3%A4%zz%", "a b/ä%zz%"},
		{"url_decode", "%ff", "\uFFFD"},
		{"gzip_decompress_from_base64_string", "AAAA", ""},
		{"zlib_decompress_from_base64_string", "", ""},
		{"punycode_from_string", "bücher", "bcher-kva"},
		{"punycode_to_string", "bcher-kva", "bücher"},
		{"punycode_from_string", "abc", "abc-"},
		{"punycode_to_string", "99999999", ""},
		{"punycode_domain_to_string", "Bücher.Example。org", "xn--Bcher-kva.Example.org"},
		{"punycode_domain_from_string", "XN--Bcher-kva.Example.org", "Bücher.Example.org"},
		{"punycode_domain_from_string", "xn--!.org", ""},
		{"punycode_domain_from_string", strings.Repeat("xn--bcher-kva.", 1000), ""},
		{"hash_of_string", "", int64(-1205034819632174695)},
		{"hash_of_long", nil, nil},
		{"hash_of_guid", "none", nil},
	} {
		if got := invoke(t, c.name, c.arg); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s(%q) is %q, want %q", c.name, c.arg, got, c.want)
		}
	}
}

func TestModulo(t *testing.T) {
	for mod, want := range map[int64]any{10: int64(5), 0: nil, -3: nil} {
		if got := modulo(-1205034819632174695, mod); got != want {
			t.Errorf("below %d it is %v, want %v", mod, got, want)
		}
	}
}

// What is small and decompresses to more than is allowed gives nothing.
func TestDecompressionIsBounded(t *testing.T) {
	for _, kind := range []string{"gzip", "zlib"} {
		compressed := invoke(t, kind+"_compress_to_base64_string", strings.Repeat("a", maxPlain+1))
		if got := invoke(t, kind+"_decompress_from_base64_string", compressed); got != "" {
			t.Errorf("%s gives %d bytes", kind, len(got.(string)))
		}
	}
}

// What is encoded is decoded to what it was.
func FuzzThereAndBack(f *testing.F) {
	f.Add("bücher.example")
	f.Add("a+b %41")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		for there, back := range map[string]string{
			"url_encode": "url_decode", "url_encode_component": "url_decode",
			"gzip_compress_to_base64_string": "gzip_decompress_from_base64_string",
			"zlib_compress_to_base64_string": "zlib_decompress_from_base64_string",
			"punycode_from_string":           "punycode_to_string",
		} {
			if got := invoke(t, back, invoke(t, there, s)); got != s && len(s) <= maxLabel/8 {
				t.Fatalf("%s then %s makes %q of %q", there, back, got, s)
			}
		}
		invoke(t, "punycode_domain_from_string", s)
		invoke(t, "punycode_to_string", s)
	})
}
