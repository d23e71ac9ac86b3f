package timestamp_test

import (
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
)

var text = []byte("quoll.example/archive\n4\nZPxv\n\n— signed\n")

func authority(t *testing.T, o timestamptest.Options) (*timestamptest.Authority, *timestamp.Roots) {
	t.Helper()
	a, err := timestamptest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	roots, err := timestamp.ReadRoots(a.Root())
	if err != nil {
		t.Fatal(err)
	}
	return a, roots
}

// answered is a request and what an authority answers.
func answered(t testing.TB, a *timestamptest.Authority, policy asn1.ObjectIdentifier) (timestamp.Request, []byte) {
	t.Helper()
	request, err := timestamp.NewRequest(rand.Reader, text, policy)
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
	return request, answer
}

// ask asks an authority as a client does, and returns the file to keep.
func ask(t *testing.T, a *timestamptest.Authority, roots *timestamp.Roots, policy asn1.ObjectIdentifier) ([]byte, error) {
	t.Helper()
	request, answer := answered(t, a, policy)
	_, file, err := request.Accept(answer, roots)
	return file, err
}

// check is what a verifier does.
func check(file []byte, roots *timestamp.Roots) error {
	s, err := timestamp.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(s.Over(text), s.Trusted(roots))
}

func TestStamps(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, o := range map[string]timestamptest.Options{
		"ECDSA": {}, "RSA": {RSA: true}, "the certificate by SHA-1": {Old: true}, "with unsigned attributes": {Fault: timestamptest.UnsignedSurplus}, "with one certificate more": {Fault: timestamptest.CertificateExtra},
	} {
		t.Run(name, func(t *testing.T) {
			o.Now = func() time.Time { return now }
			a, roots := authority(t, o)
			policy, err := timestamp.ParsePolicy("1.3.6.1.4.1.4146.2.3")
			if err != nil {
				t.Fatal(err)
			}
			file, err := ask(t, a, roots, policy)
			if err != nil {
				t.Fatal(err)
			}
			if err := check(file, roots); err != nil {
				t.Fatal(err)
			}
			s, err := timestamp.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			if !s.Time.Equal(now) || s.Accuracy != 1500*time.Millisecond || s.Policy != "1.3.6.1.4.1.4146.2.3" || s.Authority != "CN=tsa.example,O=Stamps" || s.Serial == "" {
				t.Errorf("%+v", s)
			}
			if err := s.Over([]byte("another text")); !errors.Is(err, timestamp.ErrOther) {
				t.Errorf("another text: %v", err)
			}
			_, others := authority(t, timestamptest.Options{})
			if err := s.Trusted(others); !errors.Is(err, timestamp.ErrUntrusted) {
				t.Errorf("another root: %v", err)
			}
		})
	}
}

// A stamp holds for ever, if its certificates were valid when it was made.
func TestAnOldStampHolds(t *testing.T) {
	a, roots := authority(t, timestamptest.Options{Now: func() time.Time { return time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC) }})
	file, err := ask(t, a, roots, nil)
	if err == nil {
		err = check(file, roots)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestFaultsAreFound(t *testing.T) {
	for name, tt := range map[string]struct {
		fault timestamptest.Fault
		is    error
		says  string
	}{
		"refused":                 {timestamptest.Refuse, timestamp.ErrRefused, `rejection, "no stamps for you", unacceptedPolicy`},
		"another nonce":           {timestamptest.OtherNonce, timestamp.ErrOther, "its nonce is"},
		"no nonce":                {timestamptest.NoNonce, timestamp.ErrOther, "no nonce"},
		"another imprint":         {timestamptest.OtherImprint, timestamp.ErrOther, "its imprint is 0707"},
		"another policy":          {timestamptest.OtherPolicy, timestamp.ErrOther, "under policy " + timestamptest.Policy},
		"another signature":       {timestamptest.OtherSignature, timestamp.ErrSignature, ""},
		"another content":         {timestamptest.OtherAttribute, timestamp.ErrSignature, "the digest that was signed"},
		"no certificate named":    {timestamptest.NoSigningCertificate, timestamp.ErrFormat, "which certificate has signed"},
		"another one named":       {timestamptest.OtherSigningCertificate, timestamp.ErrFormat, "names another certificate"},
		"no certificate":          {timestamptest.NoCertificate, timestamp.ErrFormat, "is not in it"},
		"two signers":             {timestamptest.TwoSigners, timestamp.ErrFormat, "one signer"},
		"a critical extension":    {timestamptest.CriticalExtension, timestamp.ErrFormat, "1.2.3.4 is critical"},
		"another name":            {timestamptest.OtherName, timestamp.ErrSignature, "names another authority"},
		"an expired certificate":  {timestamptest.ExpiredCertificate, timestamp.ErrUntrusted, "expired"},
		"a server's certificate":  {timestamptest.OtherUsage, timestamp.ErrSignature, "not for time stamps alone"},
		"two usages":              {timestamptest.TwoUsages, timestamp.ErrSignature, "not for time stamps alone"},
		"a usage not critical":    {timestamptest.UncriticalUsage, timestamp.ErrSignature, "not for time stamps alone"},
		"a certificate authority": {timestamptest.AuthorityIsCA, timestamp.ErrSignature, "certificate authority"},
		"SHA-1":                   {timestamptest.WeakDigest, timestamp.ErrSignature, "none of SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			a, roots := authority(t, timestamptest.Options{Fault: tt.fault})
			policy := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 2}
			if _, err := ask(t, a, roots, policy); !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %v with %q", err, tt.is, tt.says)
			}
		})
	}
}

// Every bit of a stamp that is kept is under the signatures of the authority and of the
// certificates up to the root, or has one form only.
func TestEveryBit(t *testing.T) {
	for name, old := range map[string]bool{"named by SHA-256": false, "named by SHA-1": true} {
		t.Run(name, func(t *testing.T) {
			a, roots := authority(t, timestamptest.Options{Old: old})
			file, err := ask(t, a, roots, nil)
			if err != nil {
				t.Fatal(err)
			}
			step := 1
			if testing.Short() {
				step = 7 // every byte, and every bit of some
			}
			for bit := 0; bit < 8*len(file); bit += step {
				file[bit/8] ^= 1 << (bit % 8)
				if check(file, roots) == nil {
					t.Errorf("byte %d of %d, bit %d: not found", bit/8, len(file), bit%8)
				}
				file[bit/8] ^= 1 << (bit % 8)
			}
			if check(file[:len(file)-1], roots) == nil || check(append(file[:len(file):len(file)], 0), roots) == nil {
				t.Error("cut or longer by a byte: not found")
			}
			if err := check(file, roots); err != nil {
				t.Error(err)
			}
		})
	}
}

// What no signature covers is not kept, and a file that has it is not opened.
func TestNothingUnsignedIsKept(t *testing.T) {
	for name, fault := range map[string]timestamptest.Fault{"unsigned attributes": timestamptest.UnsignedSurplus, "one more certificate": timestamptest.CertificateExtra, "the root": timestamptest.None} {
		t.Run(name, func(t *testing.T) {
			a, roots := authority(t, timestamptest.Options{Fault: fault})
			_, answer := answered(t, a, nil)
			if _, err := timestamp.Open(answer); err == nil && fault != timestamptest.None {
				t.Error("it is opened as it came")
			}
			s, err := timestamp.Read(answer)
			if err != nil {
				t.Fatal(err)
			}
			file, err := s.Keep(roots)
			if err != nil || len(file) >= len(answer) {
				t.Errorf("%d of %d bytes are kept: %v", len(file), len(answer), err)
			}
		})
	}
}

func TestRootsAreRead(t *testing.T) {
	for text, says := range map[string]string{
		"":        "no certificate",
		"nothing": "no certificate",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n": "a private key is among",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n": "certificate 1",
	} {
		if _, err := timestamp.ReadRoots([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.30q: %v, want %q", text, err, says)
		}
	}
	for _, policy := range []string{"", "1", "a.b", "1..2", "01.2.3", "3.1.1", "1.2.-3"} {
		if id, err := timestamp.ParsePolicy(policy); err == nil {
			t.Errorf("policy %q is read as %v", policy, id)
		}
	}
}

func FuzzRead(f *testing.F) {
	a, err := timestamptest.New(timestamptest.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, fault := range []timestamptest.Fault{timestamptest.None, timestamptest.Refuse, timestamptest.CriticalExtension} {
		a.Break(fault)
		_, answer := answered(f, a, nil)
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := timestamp.Read(data); err == nil && s.Authority == "" {
			t.Error("a stamp of nobody")
		}
	})
}
