// Package loopback makes certificates for servers that listen on loopback.
//
// It must not know what they serve.
package loopback

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// New makes an authority and a certificate of it for loopback, and returns the
// authority in PEM. They are valid for long in both directions, because the clock
// of a test can be anywhere.
func New() (own tls.Certificate, authority []byte, err error) {
	authorityKey, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	key, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		return own, nil, fmt.Errorf("make certificate: %w", err)
	}
	from, to := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2049, 12, 31, 0, 0, 0, 0, time.UTC)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Simulated authority"},
		NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Simulated server"},
		NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	rootDER, err1 := x509.CreateCertificate(rand.Reader, root, root, &authorityKey.PublicKey, authorityKey)
	leafDER, err2 := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, authorityKey)
	if err := errors.Join(err1, err2); err != nil {
		return own, nil, fmt.Errorf("make certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}, encode("CERTIFICATE", rootDER), nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Files are certificate, key and authority in PEM, as servers and clients that are
// configured take them.
type Files struct{ Certificate, Key, Authority string }

// Write makes what New makes, in files of a folder.
func Write(dir string) (Files, error) {
	f := Files{filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "authority.pem")}
	own, authority, err := New()
	if err != nil {
		return f, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		return f, fmt.Errorf("make certificate: %w", err)
	}
	return f, errors.Join(
		os.WriteFile(f.Certificate, encode("CERTIFICATE", own.Certificate[0]), 0o600),
		os.WriteFile(f.Key, encode("PRIVATE KEY", key), 0o600),
		os.WriteFile(f.Authority, authority, 0o600),
	)
}
