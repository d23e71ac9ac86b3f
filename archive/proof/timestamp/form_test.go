package timestamp

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"slices"
	"testing"

	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
)

// TestAStrayCertificate puts one more certificate into a stamp, in its right order: it is
// in the one form, and yet nothing says that it belongs there.
func TestAStrayCertificate(t *testing.T) {
	a, err := timestamptest.New(timestamptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := timestamptest.New(timestamptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	roots, err := ReadRoots(a.Root())
	if err != nil {
		t.Fatal(err)
	}
	request, err := NewRequest(rand.Reader, []byte("text"), nil)
	if err != nil {
		t.Fatal(err)
	}
	query, err := request.Encode()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	_, file, err := request.Accept(answer, roots)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	stray, _ := pem.Decode(other.Root())
	all := append(slices.Clone(s.token.certificates), stray.Bytes)
	for _, sorted := range []bool{true, false} {
		slices.SortFunc(all, func(a, b []byte) int {
			if sorted {
				return bytes.Compare(a, b)
			}
			return bytes.Compare(b, a)
		})
		changed, err := s.token.encode(all)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(changed); !errors.Is(err, ErrSignature) && !errors.Is(err, ErrFormat) {
			t.Errorf("sorted %v: %v", sorted, err)
		}
	}
	slices.Reverse(s.token.certificates)
	if changed, err := s.token.encode(s.token.certificates); err != nil {
		t.Fatal(err)
	} else if _, err := Open(changed); !errors.Is(err, ErrFormat) {
		t.Errorf("in another order: %v", err)
	}
}

// TestLengths reads lengths in their shortest form alone.
func TestLengths(t *testing.T) {
	for _, tt := range []struct {
		data           string
		header, length int
		ok             bool
	}{
		{"\x30\x00", 2, 0, true}, {"\x30\x7f", 2, 127, true}, {"\x30\x81\x80", 3, 128, true}, {"\x30\x82\x01\x00", 4, 256, true},
		{"\x30", 0, 0, false}, {"\x30\x80", 0, 0, false}, {"\x30\x81\x7f", 3, 127, false}, {"\x30\x81", 0, 0, false}, {"\x30\x82\x00\x80", 0, 0, false},
		{"\x30\x82\x00\xff", 0, 0, false}, {"\x30\x84\x01\x00\x00\x00", 0, 0, false}, {"\x3f\x01\x00", 0, 0, false},
	} {
		if header, length, ok := measure([]byte(tt.data)); ok != tt.ok || ok && (header != tt.header || length != tt.length) {
			t.Errorf("%x: %d, %d, %v", tt.data, header, length, ok)
		}
	}
}
