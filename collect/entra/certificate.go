package entra

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/quoll/quoll/collect"
)

// minKeyBits is the least length of a key that the Management Activity API's
// documentation asks for.
const minKeyBits = 2048

// certificate is a certificate with its key; others of the chain come after it.
type certificate struct {
	chain []*x509.Certificate
	key   *rsa.PrivateKey
}

func (c *certificate) leaf() *x509.Certificate { return c.chain[0] }

// loadCertificate reads a PEM or PKCS#12 file.
func loadCertificate(path, passwordFile string) (*certificate, error) {
	if err := collect.CheckSecretFile(path); err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	var password collect.Secret
	if passwordFile != "" {
		if password, err = collect.ReadSecretFile(passwordFile); err != nil {
			return nil, fmt.Errorf("password of the certificate: %w", err)
		}
	}
	var c *certificate
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		c, err = fromPEM(data)
	} else {
		c, err = fromPKCS12(data, password)
	}
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", path, err)
	}
	return c, nil
}

var errEncryptedKey = errors.New("its key is encrypted; give a PKCS#12 file with a password file instead (openssl pkcs12 -export), or a key without a passphrase that only quoll's user can read")

func fromPEM(data []byte) (*certificate, error) {
	var chain []*x509.Certificate
	var key any
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		var err error
		switch block.Type {
		case "CERTIFICATE":
			var parsed *x509.Certificate
			if parsed, err = x509.ParseCertificate(block.Bytes); err == nil {
				chain = append(chain, parsed)
			}
		case "ENCRYPTED PRIVATE KEY":
			err = errEncryptedKey
		case "RSA PRIVATE KEY":
			if block.Headers["DEK-Info"] != "" {
				return nil, errEncryptedKey
			}
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		}
		if err != nil {
			return nil, err
		}
	}
	return matched(chain, key)
}

func fromPKCS12(data []byte, password collect.Secret) (*certificate, error) {
	key, leaf, others, err := pkcs12.DecodeChain(data, password.Reveal())
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, errors.New("the password does not open it; put the right one into the password file")
	}
	if err != nil {
		return nil, fmt.Errorf("neither PEM nor PKCS#12: %w", err)
	}
	return matched(append([]*x509.Certificate{leaf}, others...), key)
}

// matched puts the certificate that belongs to the key first.
func matched(chain []*x509.Certificate, key any) (*certificate, error) {
	switch {
	case len(chain) == 0:
		return nil, errors.New("there is no certificate in it")
	case key == nil:
		return nil, errors.New("there is no private key in it; put certificate and key into one file")
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("its key is not an RSA key, and Microsoft Entra's client takes no other")
	}
	if bits := private.N.BitLen(); bits < minKeyBits {
		return nil, fmt.Errorf("its key has %d bits; at least %d are needed", bits, minKeyBits)
	}
	for i, c := range chain {
		if private.PublicKey.Equal(c.PublicKey) {
			chain[0], chain[i] = chain[i], chain[0]
			return &certificate{chain, private}, nil
		}
	}
	return nil, errors.New("its certificate does not belong to its key")
}
