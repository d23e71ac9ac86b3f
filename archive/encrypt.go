package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"filippo.io/age"
)

// encryptedSuffix follows the name of an object that is encrypted: an age file
// (C2SP age) of what the object would be otherwise.
const encryptedSuffix = ".age"

var (
	// ErrEncrypted: an object is encrypted, and no key was given that opens it.
	ErrEncrypted = errors.New("the object is encrypted")
	// ErrRecipients: the recipients cannot encrypt.
	ErrRecipients = errors.New("not recipients of age")
)

// Recipients are the public keys that objects are encrypted to; any one of their
// identities opens them. None: objects are not encrypted.
type Recipients []age.Recipient

// Identities are the private keys that open encrypted objects, old ones among
// them.
type Identities []age.Identity

// ParseRecipients reads recipients as age writes them ("age1…", "age1pq1…"), and
// tries whether they go together. None is nil.
func ParseRecipients(texts []string) (Recipients, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	parsed, err := age.ParseRecipients(strings.NewReader(strings.Join(texts, "\n")))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecipients, err)
	}
	r := Recipients(parsed)
	if _, err := r.encrypt(nil); err != nil {
		return nil, err
	}
	return r, nil
}

// maxIdentities bounds a file of identities, in bytes.
const maxIdentities = 1 << 20

// ReadIdentities reads a file of identities as age-keygen and quoll archive keygen
// write it: one a line, # begins a comment. An empty name is none. The errors do
// not repeat the text: it is secret.
func ReadIdentities(name string) (Identities, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	defer f.Close()
	parsed, err := age.ParseIdentities(io.LimitReader(f, maxIdentities))
	if err != nil {
		return nil, fmt.Errorf("read identities %s: it is no file of age identities; quoll archive keygen makes one", name)
	}
	return parsed, nil
}

// encrypt makes the age file of data.
func (r Recipients) encrypt(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r...)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecipients, err)
	}
	return out.Bytes(), nil
}

// decrypt returns what an age file has. The error is ErrEncrypted where no
// identity opens it.
func (i Identities) decrypt(file io.Reader) (io.Reader, error) {
	if len(i) == 0 {
		return nil, fmt.Errorf("%w: name a file with the key", ErrEncrypted)
	}
	clear, err := age.Decrypt(file, i...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, fmt.Errorf("%w to other keys than those given: an older one may be needed as well", ErrEncrypted)
	}
	return clear, err
}

func isEncrypted(name string) bool { return strings.HasSuffix(name, encryptedSuffix) }

// clearFS is the files of an archive with its objects decrypted.
type clearFS struct {
	fs.FS
	identities   Identities
	certificates *certificates
}

func newClearFS(fsys fs.FS, identities Identities, verifierKey string) clearFS {
	return clearFS{fsys, identities, &certificates{fs: fsys, key: verifierKey}}
}

// Open implements fs.FS.
func (c clearFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if other, err := c.substitute(name); other != nil || err != nil {
			return other, err
		}
		return nil, c.why(name, err)
	}
	if err != nil || !isEncrypted(name) {
		return f, err
	}
	clear, err := c.identities.decrypt(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return clearFile{f, clear, nil}, nil
}

// why says by which certificate an object that is not there was disposed of.
func (c clearFS) why(name string, missing error) error {
	if _, _, _, ok := parseStoredPath(name); !ok {
		return missing
	}
	sequence, _, err := c.certificates.of(name)
	if sequence > 0 {
		return fmt.Errorf("%w: %s, by certificate %s", ErrDisposed, name, disposalPath(sequence))
	}
	return errors.Join(missing, err)
}

// stored is the files under a clearFS as they are.
func stored(fsys fs.FS) fs.FS {
	if c, ok := fsys.(clearFS); ok {
		return c.FS
	}
	return fsys
}

// ReadDir implements fs.ReadDirFS.
func (c clearFS) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(c.FS, name) }

// Stat implements fs.StatFS, of the files as they are stored.
func (c clearFS) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(c.FS, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	if _, s, _ := c.certificates.of(name); s != nil {
		return fs.Stat(c.FS, s.File)
	}
	return info, err
}

type clearFile struct {
	fs.File
	clear  io.Reader
	erased *erasedState // what it lacks; nil for an object as it was sealed
}

// Read implements fs.File.
func (f clearFile) Read(p []byte) (int, error) { return f.clear.Read(p) }

// NewIdentity makes a key pair and returns the file that ReadIdentities reads, and
// the text of the recipient. A post-quantum one also withstands who keeps the
// archive until there are quantum computers; its objects are larger by some 1.5 KB,
// and age opens them from version 1.3 on.
func NewIdentity(postQuantum bool, at time.Time) (file []byte, recipient string, err error) {
	var secret string
	if postQuantum {
		identity, err := age.GenerateHybridIdentity()
		if err != nil {
			return nil, "", fmt.Errorf("make a key: %w", err)
		}
		secret, recipient = identity.String(), identity.Recipient().String()
	} else {
		identity, err := age.GenerateX25519Identity()
		if err != nil {
			return nil, "", fmt.Errorf("make a key: %w", err)
		}
		secret, recipient = identity.String(), identity.Recipient().String()
	}
	return fmt.Appendf(nil, "# created: %s\n# public key: %s\n%s\n", at.UTC().Format(time.RFC3339), recipient, secret), recipient, nil
}

// WrapIdentities encrypts a file of identities to recipients, so that they can open
// old objects with keys of their own: the objects themselves are under the log and
// are never written again.
func WrapIdentities(name string, to Recipients) ([]byte, error) {
	if _, err := ReadIdentities(name); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read identities: %w", err)
	}
	return to.encrypt(text)
}
