package config

import (
	"github.com/quoll/quoll/archive"
)

type encryptionSection struct {
	Recipients   []string `yaml:"recipients"`
	IdentityFile string   `yaml:"identity_file"`
}

// ArchiveEncryption says how objects of the archive are encrypted (age).
type ArchiveEncryption struct {
	// Recipients are the public keys; each one's identity opens every new object.
	Recipients []string
	// IdentityFile has the private keys, old ones among them. Without it objects
	// are written and not read: tables and archive are not compared, and nothing is
	// proved.
	IdentityFile string
}

func (b *builder) encryption(s *encryptionSection, archiveDir string) ArchiveEncryption {
	if s == nil {
		return ArchiveEncryption{}
	}
	e := ArchiveEncryption{Recipients: s.Recipients, IdentityFile: b.path(s.IdentityFile)}
	if len(e.Recipients) == 0 && e.IdentityFile == "" {
		b.bad("archive_encryption: recipients: missing; quoll archive keygen makes a key and prints its recipient")
	}
	if _, err := archive.ParseRecipients(e.Recipients); err != nil {
		b.bad("archive_encryption: recipients: %w; a recipient begins with age1, and post-quantum ones (age1pq1) do not go together with others", err)
	}
	if e.IdentityFile != "" && within(e.IdentityFile, archiveDir) {
		b.bad("archive_encryption: identity_file: %s lies inside archive_dir; the key is kept outside of what it opens", e.IdentityFile)
	}
	if _, err := archive.ReadIdentities(e.IdentityFile); err != nil {
		b.bad("archive_encryption: identity_file: %w", err)
	}
	return e
}
