package archive

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Certificate says what is known of the content of one tenant, content type and
// UTC day: which blobs the source listed and what became of them. It is signed
// with the archive's key as a C2SP signed note, whose text people can read;
// docs/formats/certificate.md has its form. The blobs themselves stand in a list
// beside it, to which it commits with a root.
type Certificate struct {
	Tenant      string
	ContentType string
	Day         time.Time // midnight in UTC, by creation at the source
	// Sequence counts the certificates of this day from 1; it is 0 for a
	// provisional one. Supersedes is the SHA-256 of the signed text of the one
	// before, which this one replaces; empty for the first.
	Sequence   int
	Supersedes string
	// Closed is when the last hour of the day was closed, to the second; zero
	// for a provisional certificate, whose day is not closed.
	Closed time.Time
	Issued time.Time // to the second
	// Listed counts blobs; Fetched and Expired are those of them that are
	// journalled and lost. A provisional certificate may have more listed.
	Listed, Fetched, Expired, Records, Bytes int64
	Root                                     [32]byte // RFC 6962 tree over the list of blobs
	Hours                                    string   // 24 letters: C, W, L, X, S, O, or - where nothing is known
	Gaps                                     []string // in words, one line each
}

// certificateTitle is the first line. A checkpoint's is the origin, which has no
// spaces: one can never be taken for the other, though the key is the same.
const certificateTitle = "Quoll certificate of completeness, version 1"

// maxCertificate bounds a certificate in bytes, maxGapsInWords its gaps.
const (
	maxCertificate = 512 << 10
	maxGapsInWords = 1000
)

// Text returns what is signed.
func (c *Certificate) Text(origin string) string {
	var b strings.Builder
	line := func(name, format string, args ...any) { fmt.Fprintf(&b, name+": "+format+"\n", args...) }
	fmt.Fprintf(&b, "%s\n\n", certificateTitle)
	line("tenant", "%s", c.Tenant)
	line("content type", "%s", c.ContentType)
	line("day", "%s (UTC, by creation at the source)", c.Day.Format(time.DateOnly))
	if c.Sequence == 0 {
		line("state", "provisional, the day is not closed")
	} else {
		line("state", "closed %s", c.Closed.UTC().Format(time.RFC3339))
	}
	line("sequence", "%d", c.Sequence)
	if c.Supersedes == "" {
		line("supersedes", "nothing")
	} else {
		line("supersedes", "sequence %d, sha256 %s", c.Sequence-1, c.Supersedes)
	}
	line("issued", "%s by %s", c.Issued.UTC().Format(time.RFC3339), origin)
	b.WriteByte('\n')
	line("blobs listed", "%d", c.Listed)
	line("blobs fetched", "%d", c.Fetched)
	line("blobs expired", "%d", c.Expired)
	line("records", "%d", c.Records)
	line("bytes", "%d", c.Bytes)
	line("root", "%s", base64.StdEncoding.EncodeToString(c.Root[:]))
	line("hours", "%s", c.Hours)
	line("gaps", "%d", len(c.Gaps))
	for _, gap := range c.Gaps {
		fmt.Fprintf(&b, "- %s\n", gap)
	}
	return b.String()
}

// SignCertificate signs a certificate with the archive's key, which must be
// there; the archive need not be open. The error is ErrKey if the key is not
// that of the origin.
func SignCertificate(cfg Config, c *Certificate) ([]byte, error) {
	id, err := cfg.signing()
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: c.Text(cfg.Origin)}, id.signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	// What is handed out must be what can be verified.
	if _, err := OpenCertificate(signed, id.public); err != nil {
		return nil, fmt.Errorf("sign certificate: it cannot be read back: %w", err)
	}
	return signed, nil
}

func (c *Certificate) check() error {
	for name, text := range map[string]string{"tenant": c.Tenant, "content type": c.ContentType} {
		if text == "" || strings.ContainsAny(text, "\r\n") {
			return fmt.Errorf("the %s %q is empty or has more than one line", name, text)
		}
	}
	switch {
	case len(c.Hours) != 24:
		return fmt.Errorf("hours %q are not 24", c.Hours)
	case (c.Sequence == 0) != c.Closed.IsZero():
		return errors.New("a provisional certificate has neither sequence nor closing, every other has both")
	case c.Sequence <= 1 && c.Supersedes != "":
		return fmt.Errorf("sequence %d supersedes something", c.Sequence)
	case c.Sequence > 1 && len(c.Supersedes) != 64:
		return fmt.Errorf("sequence %d supersedes %q, which is no SHA-256", c.Sequence, c.Supersedes)
	case c.Sequence > 0 && c.Listed != c.Fetched+c.Expired:
		return fmt.Errorf("%d blobs listed are not the %d fetched and the %d expired", c.Listed, c.Fetched, c.Expired)
	case len(c.Gaps) > maxGapsInWords:
		return fmt.Errorf("%d gaps are more than the %d that a certificate holds", len(c.Gaps), maxGapsInWords)
	}
	return nil
}

// OpenCertificate checks the signature and the form of a certificate, to the
// last bit: only the one text that Text writes is taken.
func OpenCertificate(signed []byte, verifierKey string) (*Certificate, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(verifierKey))
	if err != nil {
		return nil, fmt.Errorf("verifier key: %w", err)
	}
	if len(signed) > maxCertificate {
		return nil, fmt.Errorf("the certificate is larger than %d bytes", maxCertificate)
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return nil, fmt.Errorf("the signature does not hold: %w", err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return nil, errors.New("it has signatures that were not checked")
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return nil, errors.New("the signature is not in canonical Base64")
	}
	c, err := parseCertificate(n.Text)
	if err == nil {
		err = c.check()
	}
	if err == nil && c.Text(verifier.Name()) != n.Text {
		err = errors.New("it is not in canonical form")
	}
	if err != nil {
		return nil, fmt.Errorf("the signature holds, but the text is not that of a certificate: %w", err)
	}
	return c, nil
}

// parseCertificate reads the text leniently; OpenCertificate compares what it
// says with the one form that there is.
func parseCertificate(text string) (*Certificate, error) {
	lines := strings.Split(text, "\n")
	if lines[0] != certificateTitle {
		return nil, fmt.Errorf("the first line is %q", lines[0])
	}
	c := &Certificate{}
	fields := map[string]string{}
	for _, line := range lines[1:] {
		if gap, ok := strings.CutPrefix(line, "- "); ok {
			c.Gaps = append(c.Gaps, gap)
		} else if name, value, ok := strings.Cut(line, ": "); ok {
			fields[name] = value
		}
	}
	c.Tenant, c.ContentType, c.Hours = fields["tenant"], fields["content type"], fields["hours"]
	var errs []error
	number := func(name string) int64 {
		n, err := strconv.ParseInt(fields[name], 10, 64)
		errs = append(errs, err)
		return n
	}
	at := func(layout, text string) time.Time {
		t, err := time.Parse(layout, text)
		errs = append(errs, err)
		return t
	}
	day, _, _ := strings.Cut(fields["day"], " ")
	c.Day = at(time.DateOnly, day)
	issued, _, _ := strings.Cut(fields["issued"], " ")
	c.Issued = at(time.RFC3339, issued)
	if closed, ok := strings.CutPrefix(fields["state"], "closed "); ok {
		c.Closed = at(time.RFC3339, closed)
	}
	c.Sequence = int(number("sequence"))
	_, c.Supersedes, _ = strings.Cut(fields["supersedes"], ", sha256 ")
	c.Listed, c.Fetched, c.Expired = number("blobs listed"), number("blobs fetched"), number("blobs expired")
	c.Records, c.Bytes = number("records"), number("bytes")
	root, err := tlog.ParseHash(fields["root"])
	c.Root = root
	return c, errors.Join(append(errs, err)...)
}
