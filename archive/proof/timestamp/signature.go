package timestamp

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

var (
	oidContentType     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidRSA             = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	digestAlgorithms   = []digest{{oidSHA256, crypto.SHA256}, {asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384}, {asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512}}
	signatureByDigests = map[crypto.Hash][]signatureAlgorithm{
		crypto.SHA256: {{oidRSA, x509.SHA256WithRSA}, {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, x509.SHA256WithRSA}, {asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, x509.ECDSAWithSHA256}},
		crypto.SHA384: {{oidRSA, x509.SHA384WithRSA}, {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, x509.SHA384WithRSA}, {asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, x509.ECDSAWithSHA384}},
		crypto.SHA512: {{oidRSA, x509.SHA512WithRSA}, {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, x509.SHA512WithRSA}, {asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, x509.ECDSAWithSHA512}},
	}
)

type digest struct {
	id   asn1.ObjectIdentifier
	hash crypto.Hash
}

type signatureAlgorithm struct {
	id   asn1.ObjectIdentifier
	algo x509.SignatureAlgorithm
}

// hashOf returns the hash of an algorithm; false for those that are not taken, as
// SHA-1 is not.
func hashOf(id asn1.ObjectIdentifier) (crypto.Hash, bool) {
	for _, d := range digestAlgorithms {
		if d.id.Equal(id) {
			return d.hash, true
		}
	}
	return 0, false
}

// minRSABits is the least that a key must have (ISM-0471 and its kin).
const minRSABits = 2048

// checkSignature checks the signature of the token with a certificate, and that the
// signed attributes are of the content and of this certificate.
func (t *token) checkSignature(c *x509.Certificate) error {
	hash, ok := hashOf(t.signer.digest)
	if !ok {
		return fmt.Errorf("%w: its digest algorithm %s is none of SHA-256, SHA-384 and SHA-512", ErrSignature, t.signer.digest)
	}
	algorithm := x509.UnknownSignatureAlgorithm
	for _, a := range signatureByDigests[hash] {
		if a.id.Equal(t.signer.algorithm) {
			algorithm = a.algo
		}
	}
	if algorithm == x509.UnknownSignatureAlgorithm {
		return fmt.Errorf("%w: its algorithm %s with digest %s is not taken: RSA (PKCS #1 v1.5) and ECDSA with SHA-2 are", ErrSignature, t.signer.algorithm, t.signer.digest)
	}
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < minRSABits {
		return fmt.Errorf("%w: the RSA key has %d bits, at least %d are wanted", ErrSignature, key.N.BitLen(), minRSABits)
	}
	if err := t.checkAttributes(c, hash); err != nil {
		return err
	}
	// What is signed is the set with its own tag and not the one it has here (RFC
	// 5652 section 5.4).
	if err := c.CheckSignature(algorithm, element(tagSet, t.signer.attributes), t.signer.signature); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// checkAttributes checks the signed attributes.
func (t *token) checkAttributes(c *x509.Certificate, hash crypto.Hash) error {
	d := newDER(t.signer.attributes)
	seen := map[string]bool{}
	for len(d.data) > 0 {
		attribute := d.open(tagSequence, "a signed attribute")
		id := attribute.oid("a signed attribute")
		values := attribute.open(tagSet, "the values of a signed attribute")
		attribute.end("a signed attribute")
		if seen[id.String()] {
			d.failed("the signed attribute %s is there twice", id)
		}
		seen[id.String()] = true
		switch {
		case id.Equal(oidContentType):
			if kind := values.oid("the attribute of the content's type"); !kind.Equal(oidTSTInfo) {
				values.failed("the attribute of the content's type is %s", kind)
			}
		case id.Equal(oidMessageDigest):
			h := hash.New()
			h.Write(t.info)
			if _, sum := values.raw(tagOctets, "the attribute of the digest"); d.err() == nil && !bytes.Equal(sum, h.Sum(nil)) {
				return fmt.Errorf("%w: the content does not have the digest that was signed", ErrSignature)
			}
		case id.Equal(oidSigningCert), id.Equal(oidSigningCertV2):
			readSigningCertificate(&values, c, id.Equal(oidSigningCertV2))
		default:
			continue // signed, and says nothing that bears on this
		}
		values.end("a signed attribute of one value")
	}
	if d.err() != nil {
		return d.err()
	}
	for _, id := range []asn1.ObjectIdentifier{oidContentType, oidMessageDigest} {
		if !seen[id.String()] {
			return fmt.Errorf("%w: the signed attribute %s is not there", ErrFormat, id)
		}
	}
	if !seen[oidSigningCert.String()] && !seen[oidSigningCertV2.String()] {
		return fmt.Errorf("%w: no signed attribute says which certificate has signed", ErrFormat)
	}
	return nil
}

// readSigningCertificate checks that the first certificate that the attribute names
// is the signer's (RFC 3161 section 2.4.2, RFC 5816 section 2.2.1). The first form has
// SHA-1, which authorities still use: it only picks one among the certificates that lead
// to a root that is trusted.
func readSigningCertificate(values *der, c *x509.Certificate, v2 bool) {
	const what = "the attribute of the signer's certificate"
	d := values.open(tagSequence, what)
	list := d.open(tagSequence, what)
	if d.next(tagSequence) {
		d.raw(tagSequence, what) // policies
	}
	d.end(what)
	first := list.open(tagSequence, what)
	var sum []byte
	if v2 {
		hash := crypto.SHA256
		if first.next(tagSequence) {
			var ok bool
			if hash, ok = hashOf(first.algorithm(what)); !ok {
				first.failed("%s is of an unknown algorithm", what)
				return
			}
		}
		h := hash.New()
		h.Write(c.Raw)
		sum = h.Sum(nil)
	} else {
		s := sha1.Sum(c.Raw)
		sum = s[:]
	}
	if _, named := first.raw(tagOctets, what); !bytes.Equal(named, sum) {
		first.failed("%s names another certificate", what)
	}
	if first.next(tagSequence) {
		issuer := first.open(tagSequence, what)
		names := issuer.open(tagSequence, what)
		name := names.open(tagDirectory, what)
		if !bytes.Equal(name.data, c.RawIssuer) || issuer.integer(what).Cmp(c.SerialNumber) != 0 {
			issuer.failed("%s names another issuer or number", what)
		}
		issuer.end(what)
	}
	first.end(what)
}

// checkPurpose checks that a certificate may sign time stamps and nothing else (RFC
// 3161 section 2.3).
func checkPurpose(c *x509.Certificate) error {
	if c.IsCA {
		return fmt.Errorf("%w: its certificate is that of a certificate authority", ErrSignature)
	}
	if c.KeyUsage&^(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) != 0 {
		return fmt.Errorf("%w: its certificate is for other signatures than this", ErrSignature)
	}
	want, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	if err != nil {
		return err
	}
	for _, e := range c.Extensions {
		if !e.Id.Equal(oidExtKeyUsage) {
			continue
		}
		if !e.Critical || !bytes.Equal(e.Value, want) {
			return fmt.Errorf("%w: its certificate is not for time stamps alone: that usage must be the only one, and critical", ErrSignature)
		}
		return nil
	}
	return fmt.Errorf("%w: its certificate does not say that it is for time stamps", ErrSignature)
}
