package timestamptest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"time"
)

type timeStampReq struct {
	Version   int
	Imprint   messageImprint
	Policy    asn1.ObjectIdentifier `asn1:"optional"`
	Nonce     *big.Int              `asn1:"optional"`
	CertReq   bool                  `asn1:"optional"`
	Extension asn1.RawValue         `asn1:"optional,tag:0"`
}

type messageImprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Hash      []byte
}

type tstInfo struct {
	Version    int
	Policy     asn1.ObjectIdentifier
	Imprint    messageImprint
	Serial     *big.Int
	Time       time.Time `asn1:"generalized"`
	Accuracy   accuracy
	Nonce      *big.Int         `asn1:"optional"`
	Authority  asn1.RawValue    `asn1:"optional"`
	Extensions []pkix.Extension `asn1:"optional,omitempty,tag:1"`
}

type accuracy struct {
	Seconds int
	Millis  int `asn1:"tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      encapsulated
	Certificates asn1.RawValue `asn1:"optional"`
	Signers      []signerInfo  `asn1:"set"`
}

type encapsulated struct {
	Type    asn1.ObjectIdentifier
	Content []byte `asn1:"explicit,tag:0"`
}

type signerInfo struct {
	Version    int
	ID         issuerAndSerial
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
	Unsigned   asn1.RawValue `asn1:"optional"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

var (
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	sha256Of      = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Parameters: asn1.NullRawValue}
	sha1Of        = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, Parameters: asn1.NullRawValue}
)

// ServeHTTP answers at any path (RFC 3161 section 3.4).
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.requests++
	fault := a.fault
	a.mu.Unlock()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	switch {
	case err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query":
		http.Error(w, "not a time-stamp query", http.StatusBadRequest)
		return
	case fault == Hang:
		<-r.Context().Done()
		return
	case fault == Unavailable:
		http.Error(w, "come back later", http.StatusServiceUnavailable)
		return
	case fault == HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>Sign in to the proxy</title>")
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	switch fault {
	case Garbage:
		fmt.Fprint(w, "0123456789")
	case Large:
		_, _ = w.Write(bytes.Repeat([]byte{0x30}, 1<<20))
	default:
		answer, err := a.Answer(r.Context(), body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(answer)
	}
}

// Answer makes a TimeStampResp for a TimeStampReq.
func (a *Authority) Answer(_ context.Context, query []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var q timeStampReq
	rest, err := asn1.Unmarshal(query, &q)
	if err != nil || len(rest) > 0 || q.Version != 1 || !q.Imprint.Algorithm.Algorithm.Equal(sha256Of.Algorithm) || len(q.Imprint.Hash) != sha256.Size {
		return refuse(2, 5, "the query is not in the form of RFC 3161, with SHA-256")
	}
	if a.fault == Refuse {
		return refuse(2, 15, "no stamps for you")
	}
	a.serial++
	info, err := asn1.Marshal(a.info(&q))
	if err != nil {
		return nil, err
	}
	token, err := a.sign(info, q.CertReq)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: token}})
}

// refuse makes an answer with a status, a bit of PKIFailureInfo and a text.
func refuse(status, bit int, text string) ([]byte, error) {
	bits := asn1.BitString{Bytes: make([]byte, bit/8+1), BitLength: bit + 1}
	bits.Bytes[bit/8] = 0x80 >> (bit % 8)
	free, err := asn1.MarshalWithParams([]string{text}, "")
	if err != nil {
		return nil, err
	}
	// PKIFreeText is of UTF8String.
	free = bytes.Replace(free, []byte{asn1.TagPrintableString, byte(len(text))}, []byte{asn1.TagUTF8String, byte(len(text))}, 1)
	type statusInfo struct {
		Status  int
		Text    asn1.RawValue
		Failure asn1.BitString
	}
	return asn1.Marshal(struct{ Status statusInfo }{statusInfo{status, asn1.RawValue{FullBytes: free}, bits}})
}

// info is what is signed.
func (a *Authority) info(q *timeStampReq) tstInfo {
	policy := q.Policy
	if policy == nil || a.fault == OtherPolicy {
		policy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 1}
	}
	i := tstInfo{Version: 1, Policy: policy, Imprint: messageImprint{sha256Of, q.Imprint.Hash}, Serial: big.NewInt(a.serial), Time: a.options.Now().UTC().Truncate(time.Second), Accuracy: accuracy{1, 500}, Nonce: q.Nonce}
	subject := a.leaf.RawSubject
	switch a.fault {
	case OtherNonce:
		i.Nonce = new(big.Int).Add(q.Nonce, big.NewInt(1))
	case NoNonce:
		i.Nonce = nil
	case OtherImprint:
		i.Imprint.Hash = bytes.Repeat([]byte{7}, sha256.Size)
	case OtherTime:
		i.Time = i.Time.Add(-24 * time.Hour)
	case OtherName:
		subject = a.other.RawSubject
	case CriticalExtension:
		i.Extensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
	}
	name := must(asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: subject}))
	i.Authority = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: name}
	return i
}

// must is for what cannot fail with the values that are here.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// sign wraps a TSTInfo into a token.
func (a *Authority) sign(info []byte, withCertificates bool) ([]byte, error) {
	digest, hash := sha256Of, crypto.SHA256
	if a.fault == WeakDigest {
		digest, hash = sha1Of, crypto.SHA1
	}
	attributes, err := a.attributes(info, hash)
	if err != nil {
		return nil, err
	}
	h := hash.New()
	h.Write(must(asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: attributes})))
	sum := h.Sum(nil)
	if a.fault == OtherSignature {
		sum[0] ^= 1
	}
	signature, err := a.key.Sign(rand.Reader, sum, hash)
	if err != nil {
		return nil, err
	}
	algorithm := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
	if _, ok := a.key.(*ecdsa.PrivateKey); ok {
		algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}}
	}
	one := signerInfo{Version: 1, ID: issuerAndSerial{asn1.RawValue{FullBytes: a.leaf.RawIssuer}, a.leaf.SerialNumber}, Digest: digest,
		Attributes: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: attributes}, Algorithm: algorithm, Signature: signature}
	if a.fault == UnsignedSurplus {
		one.Unsigned = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: must(asn1.Marshal(attribute{asn1.ObjectIdentifier{1, 2, 3}, []asn1.RawValue{{Tag: asn1.TagOctetString, Bytes: []byte("nobody signed this")}}}))}
	}
	signed := signedData{Version: 3, Digests: []pkix.AlgorithmIdentifier{digest}, Content: encapsulated{oidTSTInfo, info}, Signers: []signerInfo{one}}
	if a.fault == TwoSigners {
		signed.Signers = append(signed.Signers, one)
	}
	if withCertificates && a.fault != NoCertificate {
		signed.Certificates = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: a.certificates()}
	}
	return asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}{oidSignedData, signed})
}

// certificates are all up to the root, which authorities send too.
func (a *Authority) certificates() []byte {
	all := []*x509.Certificate{a.leaf, a.between, a.root}
	if a.fault == CertificateExtra {
		all = append(all, a.other)
	}
	var raw []byte
	for _, c := range all {
		raw = append(raw, c.Raw...)
	}
	return raw
}

// attributes are the contents of the set of signed attributes.
func (a *Authority) attributes(info []byte, hash crypto.Hash) ([]byte, error) {
	h := hash.New()
	h.Write(info)
	if a.fault == OtherAttribute {
		h.Write([]byte{0})
	}
	values := []attribute{
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}, []asn1.RawValue{{FullBytes: must(asn1.Marshal(oidTSTInfo))}}},
		{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}, []asn1.RawValue{{Tag: asn1.TagOctetString, Bytes: h.Sum(nil)}}},
	}
	if a.fault != NoSigningCertificate {
		values = append(values, a.signingCertificate())
	}
	var encoded [][]byte
	for _, v := range values {
		one, err := asn1.Marshal(v)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, one)
	}
	slices.SortFunc(encoded, bytes.Compare)
	return bytes.Join(encoded, nil), nil
}

// signingCertificate says by hash which certificate signed.
func (a *Authority) signingCertificate() attribute {
	named := a.leaf
	if a.fault == OtherSigningCertificate {
		named = a.between
	}
	names := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: named.RawIssuer}
	type certID struct {
		Hash   []byte
		Issuer struct {
			Names  []asn1.RawValue
			Serial *big.Int
		}
	}
	var id certID
	sum := sha256.Sum256(named.Raw)
	id.Hash, id.Issuer.Names, id.Issuer.Serial = sum[:], []asn1.RawValue{names}, named.SerialNumber
	kind := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	if a.options.Old {
		old := sha1.Sum(named.Raw)
		id.Hash, kind = old[:], asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	}
	value := must(asn1.Marshal(struct{ IDs []certID }{[]certID{id}}))
	return attribute{kind, []asn1.RawValue{{FullBytes: value}}}
}
