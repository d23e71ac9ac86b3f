package timestamp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
)

// The media types of RFC 3161 section 3.4.
const (
	QueryType = "application/timestamp-query"
	ReplyType = "application/timestamp-reply"
)

var oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}

// Request is what an authority is asked.
type Request struct {
	// Imprint is the SHA-256 of what is stamped.
	Imprint [sha256.Size]byte
	// Policy is what the authority is to stamp under; nil leaves it to the authority.
	Policy asn1.ObjectIdentifier
	// Nonce ties the answer to the request: a stamp of before cannot be given again.
	Nonce *big.Int
}

// NewRequest asks for a stamp over a text. Random is what the nonce is made of.
func NewRequest(random io.Reader, text []byte, policy asn1.ObjectIdentifier) (Request, error) {
	// One bit fewer than 128: authorities that keep 16 bytes have room for the sign.
	nonce, err := rand.Int(random, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Request{}, fmt.Errorf("make the nonce of a time-stamp request: %w", err)
	}
	return Request{Imprint: sha256.Sum256(text), Policy: policy, Nonce: nonce}, nil
}

// Encode returns the TimeStampReq, in DER. It asks for the authority's certificates.
func (r *Request) Encode() ([]byte, error) {
	oid, err := asn1.Marshal(oidSHA256)
	if err != nil {
		return nil, err
	}
	imprint := element(tagSequence, element(tagSequence, oid, element(tagNull)), element(tagOctets, r.Imprint[:]))
	var policy []byte
	if r.Policy != nil {
		if policy, err = asn1.Marshal(r.Policy); err != nil {
			return nil, fmt.Errorf("encode policy %s: %w", r.Policy, err)
		}
	}
	nonce, err := asn1.Marshal(r.Nonce)
	if err != nil {
		return nil, err
	}
	version, certReq := element(tagInteger, []byte{1}), element(tagBoolean, []byte{0xff})
	return element(tagSequence, version, imprint, policy, nonce, certReq), nil
}

// Answered checks that a stamp is the answer to the request.
func (r *Request) Answered(s *Stamp) error {
	switch {
	case s.Imprint != r.Imprint:
		return fmt.Errorf("%w: its imprint is %x, the request's %x", ErrOther, s.Imprint, r.Imprint)
	case s.nonce == nil:
		return fmt.Errorf("%w: it has no nonce, the request had one", ErrOther)
	case s.nonce.Cmp(r.Nonce) != 0:
		return fmt.Errorf("%w: its nonce is %x, the request's %x", ErrOther, s.nonce, r.Nonce)
	case r.Policy != nil && s.Policy != r.Policy.String():
		return fmt.Errorf("%w: it is under policy %s, asked for was %s", ErrOther, s.Policy, r.Policy)
	}
	return nil
}

// Accept reads the answer to the request, and returns the stamp and the file to keep, if
// it answers the request and leads to one of the roots.
func (r *Request) Accept(answer []byte, roots *Roots) (*Stamp, []byte, error) {
	s, err := Read(answer)
	if err != nil {
		return nil, nil, err
	}
	if err := r.Answered(s); err != nil {
		return nil, nil, err
	}
	file, err := s.Keep(roots)
	return s, file, err
}

// ParsePolicy reads an object identifier, "1.3.6.1.4.1.4146.2.3".
func ParsePolicy(text string) (asn1.ObjectIdentifier, error) {
	var id asn1.ObjectIdentifier
	for arc := range strings.SplitSeq(text, ".") {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != arc {
			return nil, fmt.Errorf("%q is no object identifier, such as 1.3.6.1.4.1.4146.2.3", text)
		}
		id = append(id, int(n))
	}
	if _, err := asn1.Marshal(id); err != nil {
		return nil, fmt.Errorf("%q is no object identifier, such as 1.3.6.1.4.1.4146.2.3", text)
	}
	return id, nil
}
