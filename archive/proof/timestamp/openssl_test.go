//go:build openssl

package timestamp_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/archive/proof/timestamp"
	"github.com/quoll/quoll/archive/proof/timestamp/timestamptest"
)

func openssl(t *testing.T, dir string, arguments ...string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "openssl", arguments...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What is kept verifies with the command of docs/timestamps.md, and a change does not.
func TestOpenSSLVerifiesWhatIsKept(t *testing.T) {
	for name, o := range map[string]timestamptest.Options{"ECDSA": {}, "RSA": {RSA: true}, "by SHA-1": {Old: true}} {
		t.Run(name, func(t *testing.T) {
			a, roots := authority(t, o)
			file, err := ask(t, a, roots, nil)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			write(t, dir, "root.pem", a.Root())
			write(t, dir, "checkpoint", text)
			write(t, dir, "stamp.tsr", file)
			if out, err := openssl(t, dir, "ts", "-verify", "-in", "stamp.tsr", "-data", "checkpoint", "-CAfile", "root.pem"); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			write(t, dir, "checkpoint", append([]byte("X"), text...))
			if out, err := openssl(t, dir, "ts", "-verify", "-in", "stamp.tsr", "-data", "checkpoint", "-CAfile", "root.pem"); err == nil {
				t.Errorf("another text verifies: %s", out)
			}
		})
	}
}

const opensslConfig = `
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = ca.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = %s
ess_cert_id_alg = %s
`

// The other way round: OpenSSL is the authority.
func TestStampsOfOpenSSL(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tsa.ext", []byte("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"))
	write(t, dir, "serial", []byte("01\n"))
	for _, command := range [][]string{
		{"req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=root", "-days", "10"},
		{"req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/O=Stamps/CN=OpenSSL"},
		{"x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "tsa.ext", "-out", "tsa.pem", "-days", "5"},
	} {
		if out, err := openssl(t, dir, command...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	pem, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := timestamp.ReadRoots(pem)
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range []string{"no", "yes"} {
		for _, algorithm := range []string{"sha1", "sha256", "sha512"} {
			for _, policy := range []string{"", "1.2.3.4.5"} {
				t.Run(fmt.Sprintf("chain %s, %s, policy %q", chain, algorithm, policy), func(t *testing.T) {
					write(t, dir, "tsa.cnf", fmt.Appendf(nil, opensslConfig, chain, algorithm))
					var r timestamp.Request
					if policy == "" {
						r, err = timestamp.NewRequest(rand.Reader, text, nil)
					} else {
						id, _ := timestamp.ParsePolicy(policy)
						r, err = timestamp.NewRequest(rand.Reader, text, id)
					}
					if err != nil {
						t.Fatal(err)
					}
					query, err := r.Encode()
					if err != nil {
						t.Fatal(err)
					}
					write(t, dir, "query", query)
					if out, err := openssl(t, dir, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "answer"); err != nil {
						t.Fatalf("%v: %s", err, out)
					}
					answer, err := os.ReadFile(filepath.Join(dir, "answer"))
					if err != nil {
						t.Fatal(err)
					}
					s, err := timestamp.Read(answer)
					if err != nil {
						t.Fatal(err)
					}
					if err := r.Answered(s); err != nil {
						t.Error(err)
					}
					file, err := s.Keep(roots)
					if err != nil {
						t.Fatal(err)
					}
					write(t, dir, "stamp.tsr", file)
					write(t, dir, "checkpoint", text)
					if out, err := openssl(t, dir, "ts", "-verify", "-in", "stamp.tsr", "-data", "checkpoint", "-CAfile", "ca.pem"); err != nil {
						t.Errorf("what is kept of it: %v: %s", err, out)
					}
				})
			}
		}
	}
	// It refuses a policy that it does not have, and says so.
	id, _ := timestamp.ParsePolicy("1.2.3.4.99")
	r, err := timestamp.NewRequest(rand.Reader, text, id)
	if err != nil {
		t.Fatal(err)
	}
	query, _ := r.Encode()
	write(t, dir, "query", query)
	if out, err := openssl(t, dir, "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "answer"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	answer, err := os.ReadFile(filepath.Join(dir, "answer"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := timestamp.Read(answer); !errors.Is(err, timestamp.ErrRefused) || !strings.Contains(err.Error(), "unacceptedPolicy") {
		t.Errorf("a refusal is read as %v", err)
	}
}
