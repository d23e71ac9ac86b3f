package timestamp

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Stamp is a time stamp whose signature was checked with the certificate in it. Whether
// that certificate is to be believed is what Trusted says.
type Stamp struct {
	// Time is when it was made, in UTC, by the authority's clock; Accuracy how far off
	// that may be, 0 if it does not say.
	Time     time.Time
	Accuracy time.Duration
	// Authority is the subject of the certificate that signed, as in RFC 2253.
	Authority string
	Policy    string // object identifier
	Serial    string // decimal; the authority gives each number once
	Imprint   [sha256.Size]byte

	nonce        *big.Int
	token        token
	certificate  *x509.Certificate
	certificates []*x509.Certificate // all, that one too
}

// Read reads the answer of an authority, a TimeStampResp, and checks what can be
// checked without knowing the request and whom to trust. The errors are ErrFormat,
// ErrRefused and ErrSignature.
func Read(answer []byte) (*Stamp, error) {
	if len(answer) > MaxStamp {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrFormat, MaxStamp)
	}
	all := newDER(answer)
	d := all.open(tagSequence, "the answer")
	all.end("the answer")
	status := d.open(tagSequence, "the status")
	code := status.small(tagInteger, "the status")
	if err := d.err(); err != nil {
		return nil, err
	}
	if code > 1 {
		return nil, refusal(code, &status)
	}
	s := &Stamp{token: readToken(&d)}
	d.end("the answer")
	if err := d.err(); err != nil {
		return nil, err
	}
	return s, s.check()
}

// CertificateEnds is when the certificate that signed ends, in UTC. Stamps of before
// then hold on.
func (s *Stamp) CertificateEnds() time.Time { return s.certificate.NotAfter.UTC() }

// Open reads the file of a stamp, in the one form that Keep writes.
func Open(file []byte) (*Stamp, error) {
	s, err := Read(file)
	if err != nil {
		return nil, err
	}
	again, err := s.token.encode(s.token.certificates)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, file) {
		return nil, fmt.Errorf("%w: it has other bytes than those that are signed", ErrFormat)
	}
	if !slices.IsSortedFunc(s.token.certificates, bytes.Compare) {
		return nil, fmt.Errorf("%w: its certificates are not in their order", ErrFormat)
	}
	return s, s.checkPath()
}

// check checks what is in the token, and its signature.
func (s *Stamp) check() error {
	for _, raw := range s.token.certificates {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return fmt.Errorf("%w: a certificate: %w", ErrFormat, err)
		}
		s.certificates = append(s.certificates, c)
	}
	i, err := readInfo(s.token.info)
	if err != nil {
		return err
	}
	if !i.digest.Equal(oidSHA256) || len(i.imprint) != sha256.Size {
		return fmt.Errorf("%w: its imprint is not of SHA-256", ErrFormat)
	}
	s.Time, s.Accuracy, s.Policy, s.Serial, s.nonce = i.time, i.accuracy, i.policy.String(), i.serial.String(), i.nonce
	copy(s.Imprint[:], i.imprint)
	if s.certificate = s.token.certificate(s.certificates); s.certificate == nil {
		return fmt.Errorf("%w: the certificate of its signer is not in it", ErrFormat)
	}
	s.Authority = s.certificate.Subject.String()
	if err := s.token.checkSignature(s.certificate); err != nil {
		return err
	}
	if i.authority != nil && !names(s.certificate, i.authority) {
		return fmt.Errorf("%w: it names another authority than its certificate does", ErrSignature)
	}
	return checkPurpose(s.certificate)
}

// names reports whether a GeneralName is among the names of a certificate's subject.
func names(c *x509.Certificate, name []byte) bool {
	if bytes.Equal(name, element(tagDirectory, c.RawSubject)) {
		return true
	}
	for _, e := range c.Extensions {
		if e.Id.String() != "2.5.29.17" {
			continue
		}
		all := newDER(e.Value)
		for list := all.open(tagSequence, "the names"); len(list.data) > 0; {
			header, length, ok := measure(list.data)
			if !ok || length > len(list.data)-header {
				return false
			}
			if bytes.Equal(list.data[:header+length], name) {
				return true
			}
			list.data = list.data[header+length:]
		}
	}
	return false
}

// checkPath checks that each certificate has signed the one below it, from the signer's
// up, and that none is there that is not on that path.
func (s *Stamp) checkPath() error {
	left := slices.DeleteFunc(slices.Clone(s.certificates), func(c *x509.Certificate) bool { return c == s.certificate })
	for below := s.certificate; len(left) > 0; {
		at := slices.IndexFunc(left, func(c *x509.Certificate) bool { return below.CheckSignatureFrom(c) == nil })
		if at < 0 {
			return fmt.Errorf("%w: it has a certificate that did not sign the one below it", ErrSignature)
		}
		below = left[at]
		left = slices.Delete(left, at, at+1)
	}
	return nil
}

// Over checks that the stamp is of a text.
func (s *Stamp) Over(text []byte) error {
	if sum := sha256.Sum256(text); sum != s.Imprint {
		return fmt.Errorf("%w: its imprint is %x, the text has %x", ErrOther, s.Imprint, sum)
	}
	return nil
}

// Trusted checks that the signer's certificate leads to one of the roots, and that all
// between were valid for time stamps when the stamp was made.
func (s *Stamp) Trusted(roots *Roots) error {
	_, err := s.Root(roots)
	return err
}

// Root is Trusted, and returns the name of the root that the shortest of the ways leads
// to. It is what tells authorities apart: one has many certificates that sign, and may
// give them other names.
func (s *Stamp) Root(roots *Roots) (string, error) {
	chain, err := s.chain(roots)
	if err != nil {
		return "", err
	}
	return chain[len(chain)-1].Subject.String(), nil
}

func (s *Stamp) chain(roots *Roots) ([]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range s.certificates {
		if c != s.certificate {
			between.AddCert(c)
		}
	}
	chains, err := s.certificate.Verify(x509.VerifyOptions{
		Roots: roots.pool, Intermediates: between, CurrentTime: s.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %s at %s: %w", ErrUntrusted, s.Authority, s.Time.Format(time.RFC3339), err)
	}
	return slices.MinFunc(chains, func(a, b []*x509.Certificate) int { return len(a) - len(b) }), nil
}

// Keep returns the file of the stamp: all that was signed, and the certificates up to one
// of the roots, which is not in it.
func (s *Stamp) Keep(roots *Roots) ([]byte, error) {
	chain, err := s.chain(roots)
	if err != nil {
		return nil, err
	}
	var certificates [][]byte
	for _, c := range chain {
		if !roots.has(c) || c == s.certificate {
			certificates = append(certificates, c.Raw)
		}
	}
	slices.SortFunc(certificates, bytes.Compare)
	file, err := s.token.encode(certificates)
	if err != nil {
		return nil, fmt.Errorf("encode time stamp: %w", err)
	}
	// Nothing is kept that could not be read again.
	kept, err := Open(file)
	if err != nil {
		return nil, err
	}
	return file, kept.Trusted(roots)
}

// Roots are certificates of authorities that are trusted.
type Roots struct {
	pool *x509.CertPool
	all  map[[sha256.Size]byte]bool
}

func (r *Roots) has(c *x509.Certificate) bool { return r.all[sha256.Sum256(c.Raw)] }

// ReadRoots reads certificates in PEM, of which there must be one at least. Text
// between them is passed over.
func ReadRoots(text []byte) (*Roots, error) {
	r := &Roots{pool: x509.NewCertPool(), all: map[[sha256.Size]byte]bool{}}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a %s is among the certificates", strings.ToLower(block.Type))
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(r.all)+1, err)
		}
		r.pool.AddCert(c)
		r.all[sha256.Sum256(c.Raw)] = true
	}
	if len(r.all) == 0 {
		return nil, errors.New("no certificate in PEM is in it")
	}
	return r, nil
}
