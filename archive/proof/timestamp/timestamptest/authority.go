// Package timestamptest is a time-stamping authority for tests: it speaks RFC 3161 over
// HTTP, with certificates of its own that are made when it starts, and does wrong what it
// is told to do wrong.
//
// It reads and writes with encoding/asn1 and knows nothing of archive/proof/timestamp, so
// that both do not share a mistake; make test-openssl holds both against OpenSSL.
package timestamptest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"time"
)

// Policy is what the authority stamps under where no other is asked for.
const Policy = "1.3.6.1.4.1.32473.1"

// Fault is what an authority does wrong.
type Fault int

// What can be wrong with an answer or a certificate.
const (
	None Fault = iota
	HTML
	Unavailable // status 503
	Hang        // until the client goes away
	Garbage
	Large // more bytes than anybody should read
	Refuse
	OtherNonce
	NoNonce
	OtherImprint
	OtherPolicy
	OtherTime // a day ago
	OtherSignature
	OtherAttribute // the digest of other content
	NoSigningCertificate
	OtherSigningCertificate
	NoCertificate
	TwoSigners
	CriticalExtension
	OtherName // of the authority
	ExpiredCertificate
	OtherUsage       // the certificate is for servers
	TwoUsages        // for time stamps and servers
	UncriticalUsage  // for time stamps, and not critical
	AuthorityIsCA    // signs with the certificate of a certificate authority
	WeakDigest       // SHA-1
	UnsignedSurplus  // unsigned attributes
	CertificateExtra // one more certificate
)

// Options say what an authority is like. The zero value is an ordinary one.
type Options struct {
	Name string
	// Now is its clock; time.Now if nil.
	Now func() time.Time
	// RSA signs with RSA keys of 2048 bits; otherwise ECDSA keys on P-256 do.
	RSA bool
	// Old names the certificate by SHA-1, as authorities did before RFC 5816.
	Old   bool
	Fault Fault
}

// Authority is a time-stamping authority.
type Authority struct {
	options Options

	mu       sync.Mutex
	fault    Fault
	requests int
	serial   int64

	root, between, leaf *x509.Certificate
	other               *x509.Certificate
	key, betweenKey     crypto.Signer
}

// New makes an authority: a root, a certificate authority under it, and under that the
// certificate that signs.
func New(o Options) (*Authority, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Name == "" {
		o.Name = "tsa.example"
	}
	a := &Authority{options: o, fault: o.Fault, serial: 1000}
	if err := a.certify(); err != nil {
		return nil, fmt.Errorf("make a time-stamping authority: %w", err)
	}
	return a, nil
}

// Another is the same authority with another certificate that signs, of another name.
func (a *Authority) Another(name string) (*Authority, error) {
	o := &Authority{options: a.options, serial: a.serial + 1000, root: a.root, between: a.between, other: a.other, betweenKey: a.betweenKey}
	o.options.Name = name
	var err error
	if o.key, err = o.newKey(); err != nil {
		return nil, err
	}
	o.leaf, err = o.issue(o.signerTemplate(), o.between, o.key, o.betweenKey)
	return o, err
}

// Break makes it do something wrong from now on. What is wrong with certificates is
// decided by New.
func (a *Authority) Break(f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = f
}

// Requests counts what it was asked.
func (a *Authority) Requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests
}

// Root returns the certificate to trust, in PEM.
func (a *Authority) Root() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

func (a *Authority) newKey() (crypto.Signer, error) {
	if a.options.RSA {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (a *Authority) certify() error {
	// Certificate authorities sign with ECDSA always: RSA keys take long to make.
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if a.betweenKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	if a.key, err = a.newKey(); err != nil {
		return err
	}
	authority := func(name string) *x509.Certificate {
		return &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: name}}
	}
	if a.root, err = a.issue(authority(a.options.Name+" root"), nil, rootKey, rootKey); err != nil {
		return err
	}
	if a.between, err = a.issue(authority(a.options.Name+" issuing authority"), a.root, a.betweenKey, rootKey); err != nil {
		return err
	}
	if a.other, err = a.issue(authority("somebody else"), nil, a.betweenKey, a.betweenKey); err != nil {
		return err
	}
	a.leaf, err = a.issue(a.signerTemplate(), a.between, a.key, a.betweenKey)
	return err
}

// signerTemplate is the certificate that signs, with what is to be wrong with it.
func (a *Authority) signerTemplate() *x509.Certificate {
	c := &x509.Certificate{Subject: pkix.Name{CommonName: a.options.Name, Organization: []string{"Stamps"}}, KeyUsage: x509.KeyUsageDigitalSignature}
	stamping := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	server := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	usages, critical := []asn1.ObjectIdentifier{stamping}, true
	switch a.options.Fault {
	case OtherUsage:
		usages = []asn1.ObjectIdentifier{server}
	case TwoUsages:
		usages = []asn1.ObjectIdentifier{stamping, server}
	case UncriticalUsage:
		critical = false
	case AuthorityIsCA:
		c.IsCA, c.BasicConstraintsValid = true, true
	case ExpiredCertificate:
		c.NotBefore, c.NotAfter = a.options.Now().AddDate(-2, 0, 0), a.options.Now().AddDate(-1, 0, 0)
	}
	value, _ := asn1.Marshal(usages)
	c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value}}
	return c
}

// issue signs a certificate; without a parent it is of itself.
func (a *Authority) issue(template, parent *x509.Certificate, key, by crypto.Signer) (*x509.Certificate, error) {
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = a.options.Now().AddDate(-1, 0, 0), a.options.Now().AddDate(10, 0, 0)
	}
	if parent == nil {
		parent = template
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(raw)
}
