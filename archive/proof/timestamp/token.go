package timestamp

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"
)

var (
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
)

// token is a time-stamp token as it was read: a ContentInfo with a SignedData that has
// one signer.
type token struct {
	info         []byte // TSTInfo, the content that is signed
	certificates [][]byte
	signer       signer
}

// signer is the one SignerInfo.
type signer struct {
	whole      []byte // without unsigned attributes
	issuer     []byte // raw name; nil if keyID names the certificate
	serial     *big.Int
	keyID      []byte
	digest     asn1.ObjectIdentifier
	attributes []byte // contents of the set
	algorithm  asn1.ObjectIdentifier
	signature  []byte
}

// readToken reads what there is of a ContentInfo.
func readToken(d *der) token {
	var t token
	content := d.open(tagSequence, "the token")
	if id := content.oid("the token's type"); !id.Equal(oidSignedData) {
		content.failed("the token is no SignedData")
	}
	explicit := content.open(tagExplicit0, "the token's content")
	content.end("the token")
	signed := explicit.open(tagSequence, "SignedData")
	explicit.end("the token's content")
	if v := signed.small(tagInteger, "the version of SignedData"); v != 3 {
		signed.failed("SignedData has version %d, not 3", v)
	}
	signed.raw(tagSet, "the digest algorithms") // the signer says which it is
	t.readContent(&signed)
	if signed.next(tagExplicit0) {
		for set := signed.open(tagExplicit0, "the certificates"); len(set.data) > 0; {
			whole, _ := set.raw(tagSequence, "a certificate")
			t.certificates = append(t.certificates, whole)
		}
	}
	if signed.next(tagExplicit1) {
		signed.raw(tagExplicit1, "the revocation lists")
	}
	signers := signed.open(tagSet, "the signers")
	signed.end("SignedData")
	t.readSigner(&signers)
	signers.end("the set of one signer")
	return t
}

func (t *token) readContent(signed *der) {
	encapsulated := signed.open(tagSequence, "the content")
	if id := encapsulated.oid("the type of the content"); !id.Equal(oidTSTInfo) {
		encapsulated.failed("the content is no TSTInfo")
	}
	explicit := encapsulated.open(tagExplicit0, "the content")
	encapsulated.end("the content")
	_, t.info = explicit.raw(tagOctets, "TSTInfo")
	explicit.end("the content")
}

func (t *token) readSigner(signers *der) {
	s := signers.open(tagSequence, "the signer")
	begin := s.data
	version := s.small(tagInteger, "the version of the signer")
	want := 1
	if s.next(tagContext0) {
		want = 3
		_, t.signer.keyID = s.raw(tagContext0, "the signer's key identifier")
	} else {
		id := s.open(tagSequence, "the signer's name and number")
		t.signer.issuer, _ = id.raw(tagSequence, "the signer's issuer")
		t.signer.serial = id.integer("the signer's serial number")
		id.end("the signer's name and number")
	}
	if version != want {
		s.failed("the signer has version %d, not %d", version, want)
	}
	t.signer.digest = s.algorithm("the signer's digest algorithm")
	_, t.signer.attributes = s.raw(tagExplicit0, "the signed attributes")
	t.signer.algorithm = s.algorithm("the signature's algorithm")
	_, t.signer.signature = s.raw(tagOctets, "the signature")
	if s.err() == nil {
		t.signer.whole = element(tagSequence, begin[:len(begin)-len(s.data)])
	}
	if s.next(tagExplicit1) {
		s.raw(tagExplicit1, "the unsigned attributes")
	}
	s.end("the signer")
}

// encode writes the file of a stamp: a TimeStampResp that says "granted", and a token
// with a set of certificates and nothing that no signature covers.
func (t *token) encode(certificates [][]byte) ([]byte, error) {
	signedData, err := asn1.Marshal(oidSignedData)
	if err != nil {
		return nil, err
	}
	tstInfo, err := asn1.Marshal(oidTSTInfo)
	if err != nil {
		return nil, err
	}
	digest, err := asn1.Marshal(t.signer.digest)
	if err != nil {
		return nil, err
	}
	signed := element(tagSequence,
		element(tagInteger, []byte{3}),
		element(tagSet, element(tagSequence, digest)),
		element(tagSequence, tstInfo, element(tagExplicit0, element(tagOctets, t.info))),
		element(tagExplicit0, certificates...),
		element(tagSet, t.signer.whole))
	granted := element(tagSequence, element(tagInteger, []byte{0}))
	return element(tagSequence, granted, element(tagSequence, signedData, element(tagExplicit0, signed))), nil
}

// info is a TSTInfo.
type info struct {
	policy    asn1.ObjectIdentifier
	digest    asn1.ObjectIdentifier
	imprint   []byte
	serial    *big.Int
	time      time.Time
	accuracy  time.Duration
	nonce     *big.Int // nil if there is none
	authority []byte   // GeneralName; nil if there is none
}

func readInfo(data []byte) (info, error) {
	var i info
	all := newDER(data)
	d := all.open(tagSequence, "TSTInfo")
	all.end("TSTInfo")
	if v := d.small(tagInteger, "the version of TSTInfo"); v != 1 {
		d.failed("TSTInfo has version %d, not 1", v)
	}
	i.policy = d.oid("the policy")
	imprint := d.open(tagSequence, "the imprint")
	i.digest = imprint.algorithm("the imprint's algorithm")
	_, i.imprint = imprint.raw(tagOctets, "the imprint's hash")
	imprint.end("the imprint")
	i.serial = d.integer("the serial number")
	i.time = d.time("genTime")
	if d.next(tagSequence) {
		i.accuracy = readAccuracy(&d)
	}
	if d.next(tagBoolean) {
		if _, b := d.raw(tagBoolean, "ordering"); len(b) != 1 || b[0] != 0 && b[0] != 0xff {
			d.failed("ordering is no boolean")
		}
	}
	if d.next(tagInteger) {
		i.nonce = d.integer("the nonce")
	}
	if d.next(tagExplicit0) {
		_, i.authority = d.raw(tagExplicit0, "the authority's name")
	}
	if d.next(tagExplicit1) {
		readExtensions(&d)
	}
	d.end("TSTInfo")
	return i, d.err()
}

func readAccuracy(d *der) time.Duration {
	a := d.open(tagSequence, "the accuracy")
	var all time.Duration
	if a.next(tagInteger) {
		all += time.Duration(a.small(tagInteger, "the accuracy's seconds")) * time.Second
	}
	for _, part := range []struct {
		tag  byte
		unit time.Duration
	}{{tagContext0, time.Millisecond}, {tagContext1, time.Microsecond}} {
		if !a.next(part.tag) {
			continue
		}
		n := a.small(part.tag, "the accuracy")
		if n < 1 || n > 999 {
			a.failed("the accuracy has a part of %d thousandths", n)
		}
		all += time.Duration(n) * part.unit
	}
	a.end("the accuracy")
	return all
}

// readExtensions refuses critical ones: none is known here.
func readExtensions(d *der) {
	for list := d.open(tagExplicit1, "the extensions"); len(list.data) > 0; {
		e := list.open(tagSequence, "an extension")
		id := e.oid("an extension")
		if e.next(tagBoolean) {
			if _, critical := e.raw(tagBoolean, "an extension"); !bytes.Equal(critical, []byte{0}) {
				e.failed("extension %s is critical and not known", id)
			}
		}
		e.raw(tagOctets, "an extension")
		e.end("an extension")
	}
}

// certificate finds the one that the signer names.
func (t *token) certificate(all []*x509.Certificate) *x509.Certificate {
	for _, c := range all {
		switch {
		case t.signer.issuer != nil:
			if bytes.Equal(c.RawIssuer, t.signer.issuer) && c.SerialNumber.Cmp(t.signer.serial) == 0 {
				return c
			}
		case len(c.SubjectKeyId) > 0 && bytes.Equal(c.SubjectKeyId, t.signer.keyID):
			return c
		}
	}
	return nil
}
