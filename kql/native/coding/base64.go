package coding

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// decode64 reads base64 with its padding. White space between is passed over.
func decode64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, " \t") {
		s = strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' {
				return -1
			}
			return r
		}, s)
	}
	data, err := base64.StdEncoding.DecodeString(s)
	return data, err == nil
}

// base64ToText gives nothing for bytes that are no UTF-8.
func base64ToText(s string) string {
	data, ok := decode64(s)
	if !ok || !utf8.Valid(data) {
		return ""
	}
	return string(data)
}

func base64ToArray(args []any) (any, error) {
	s, _ := args[0].(string)
	data, ok := decode64(s)
	if !ok {
		return nil, nil
	}
	array := make([]any, len(data))
	for i, b := range data {
		array[i] = int64(b)
	}
	return array, nil
}

func base64FromArray(args []any) (any, error) {
	array, _ := args[0].([]any)
	data := make([]byte, len(array))
	for i, e := range array {
		n, ok := e.(int64)
		if !ok || n < 0 || n > 255 {
			return "", nil
		}
		data[i] = byte(n)
	}
	return base64.StdEncoding.EncodeToString(data), nil
}

// swapped turns the bytes of a guid between the order in which it is written
// and that in which Windows stores it: the first three groups end with their
// greatest byte there.
func swapped(b []byte) [16]byte {
	return [16]byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

func base64ToGUID(args []any) (any, error) {
	s, _ := args[0].(string)
	data, ok := decode64(s)
	if !ok || len(data) != 16 {
		return nil, nil
	}
	written := swapped(data)
	h := hex.EncodeToString(written[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}

// storedGUID gives the bytes of a guid as Windows stores them.
func storedGUID(guid string) ([]byte, bool) {
	written, err := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
	if err != nil || len(written) != 16 {
		return nil, false
	}
	stored := swapped(written)
	return stored[:], true
}

func base64FromGUID(args []any) (any, error) {
	guid, _ := args[0].(string)
	stored, ok := storedGUID(guid)
	if !ok {
		return "", nil
	}
	return base64.StdEncoding.EncodeToString(stored), nil
}
