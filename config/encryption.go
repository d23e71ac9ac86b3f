package config

import (
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/retention"
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

// minimum is how long payloads are kept at least. No rule of retention may keep rows
// longer than what they were made of.
func (b *builder) minimum(text string, policy *retention.Policy) string {
	if text == "" {
		return ""
	}
	minimum, err := retention.ParsePeriod(text)
	if err != nil {
		b.bad("archive_minimum: %w", err)
		return ""
	}
	if policy == nil || minimum.Forever {
		return minimum.String()
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // any: periods are compared from it
	for _, r := range policy.Rules() {
		if r.Keep.Forever || r.Keep.Cutoff(day).Before(minimum.Cutoff(day)) {
			b.bad("archive_minimum: %s is less than the %s of the retention rule %q: rows would outlive what proves them; make it longer, or leave it out to keep all", minimum, r.Keep, r.Name)
		}
	}
	return minimum.String()
}

// rowFiles says whether the archive keeps hashes of row files alone.
func (b *builder) rowFiles(text string) bool {
	switch text {
	case "", "settled":
		return false
	case "hashes":
		return true
	}
	b.bad("archive_row_files: %q: it is settled (the bytes of files that are merged, the default) or hashes (of no file)", text)
	return false
}

// verifyEvery says how often the server verifies its archive. Verifying reads all of
// it, so that an hour is the least.
func (b *builder) verifyEvery(text string) time.Duration {
	switch text {
	case "":
		return 7 * 24 * time.Hour
	case "never":
		return 0
	}
	every, err := time.ParseDuration(text)
	if err != nil || every < time.Hour {
		b.bad("archive_verify_every: %q: it is a length of time of an hour or more, as 24h or 168h (the default, a week), or never", text)
		return 0
	}
	return every
}
