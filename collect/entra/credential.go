package entra

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
)

// Kind is what an application proves itself with.
type Kind string

// The kinds.
const (
	KindSecret      Kind = "client secret"
	KindCertificate Kind = "certificate"
	KindFederated   Kind = "federated token"
)

// Credential is what an application proves itself with: exactly one of a client
// secret, a certificate or a federated token. What lies in a file is read anew
// when the file changes, so that none of them needs a restart to be renewed.
type Credential struct {
	// ClientSecret is the value of a client secret. With ClientSecretFile it is
	// what the file held when the configuration was read.
	ClientSecret     collect.Secret
	ClientSecretFile string
	// ClientSecretExpires is when the secret ends, as Entra showed when it was
	// made; zero when nobody has said. Only a warning follows from it: whether a
	// secret still holds is Entra's to say.
	ClientSecretExpires time.Time
	// AskGraph has Microsoft Graph asked when the secret ends.
	AskGraph bool
	// CertificateFile holds a certificate and its RSA key: PEM, or PKCS#12
	// (.pfx, .p12), whose password is in CertificatePasswordFile.
	CertificateFile         string
	CertificatePasswordFile string
	// FederatedTokenFile holds a token that the application's federated
	// credential trusts, such as the projected token of a Kubernetes service
	// account. Whoever writes it renews it.
	FederatedTokenFile string
}

// Kind returns what the credential is; empty when it is nothing.
func (c Credential) Kind() Kind {
	switch {
	case c.CertificateFile != "":
		return KindCertificate
	case c.FederatedTokenFile != "":
		return KindFederated
	case c.ClientSecretFile != "" || !c.ClientSecret.Empty():
		return KindSecret
	}
	return ""
}

// Files returns the files that hold secrets.
func (c Credential) Files() []string {
	var files []string
	for _, f := range []string{c.ClientSecretFile, c.CertificateFile, c.CertificatePasswordFile, c.FederatedTokenFile} {
		if f != "" {
			files = append(files, f)
		}
	}
	return files
}

// Check reports what can be seen to be wrong without asking anyone: not exactly
// one kind, and files that are missing, open to everyone, or hold something
// else.
func (c Credential) Check() error {
	kinds := 0
	for _, given := range []bool{c.ClientSecretFile != "" || !c.ClientSecret.Empty(), c.CertificateFile != "", c.FederatedTokenFile != ""} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds == 0:
		return errors.New("client secret is missing, and so are certificate and federated token; one is needed")
	case kinds > 1:
		return errors.New("more than one of client secret, certificate and federated token; one is needed")
	case c.CertificatePasswordFile != "" && c.CertificateFile == "":
		return errors.New("a certificate's password without a certificate")
	}
	_, err := c.load()
	return err
}

// loaded is a credential as its files hold it now.
type loaded struct {
	secret      collect.Secret
	certificate *certificate
	expires     time.Time // zero: not known, or renewed by others
}

func (c Credential) load() (loaded, error) {
	switch c.Kind() {
	case KindCertificate:
		certificate, err := loadCertificate(c.CertificateFile, c.CertificatePasswordFile)
		if err != nil {
			return loaded{}, err
		}
		return loaded{certificate: certificate, expires: certificate.leaf().NotAfter.UTC()}, nil
	case KindFederated:
		_, err := readFederated(c.FederatedTokenFile)
		return loaded{}, err
	default:
		secret := c.ClientSecret
		if c.ClientSecretFile != "" {
			var err error
			if secret, err = collect.ReadSecretFile(c.ClientSecretFile); err != nil {
				return loaded{}, fmt.Errorf("client secret: %w", err)
			}
		}
		return loaded{secret: secret, expires: c.ClientSecretExpires}, nil
	}
}

// readFederated reads the federated token. Its permissions are those that the
// platform gives it: it is short-lived, and bound to an audience.
func readFederated(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("federated token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("federated token: %s does not hold one JSON web token", path)
	}
	return token, nil
}

// state tells one state of the credential's files from another.
func (c Credential) state() string {
	var b strings.Builder
	for _, path := range c.Files() {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(&b, "%s: none\n", path)
			continue
		}
		fmt.Fprintf(&b, "%s: %d bytes of %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	return cmp.Or(b.String(), "no files")
}
