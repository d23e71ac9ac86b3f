// Package timestamp asks for time stamps and checks them: RFC 3161 with RFC 5816,
// over the profile of CMS (RFC 5652) that these use. A stamp says, with the
// signature of somebody who has nothing to do with the archive, that some text was
// there at a time.
//
// A stamp is kept in a form of its own: what the authority signed, byte for byte,
// with the certificates up to the root that was trusted, and nothing besides.
// CMS has room for bytes that no signature covers (other certificates, unsigned
// attributes, texts in the status); Keep leaves them out and Open takes no file that
// has any, so that a stamp of which a byte was changed does not open or has no
// trusted chain. Any tool that knows RFC 3161 reads the form: see
// docs/formats/archive.md.
//
// What is not checked: whether a certificate was revoked. That needs the network, or
// lists that nobody signed together with the stamp.
//
// It needs the standard library alone, because quoll-verify is built of it. It must
// not know what is stamped, and it sends nothing.
package timestamp

import "errors"

// The errors that tell what does not hold. They are wrapped with the detail.
var (
	// ErrFormat: it is not a time stamp, or not in the form that is asked for.
	ErrFormat = errors.New("not a time stamp of RFC 3161")
	// ErrRefused: the authority gives no stamp and says why.
	ErrRefused = errors.New("the time-stamping authority refuses")
	// ErrSignature: the authority's signature does not hold, or its certificate must
	// not sign time stamps.
	ErrSignature = errors.New("the signature of the time stamp does not hold")
	// ErrUntrusted: the certificate does not lead to a root that is trusted.
	ErrUntrusted = errors.New("the time stamp does not lead to a trusted root")
	// ErrOther: the stamp is of something else, or answers another request.
	ErrOther = errors.New("the time stamp is of something else")
)

// MaxStamp bounds, in bytes, what is read as a stamp or as the answer of an
// authority.
const MaxStamp = 64 << 10
