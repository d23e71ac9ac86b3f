package proof

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// certificateTitle is the first line of a certificate of completeness, which
// docs/formats/certificate.md describes.
const certificateTitle = "Quoll certificate of completeness, version 1"

// CertifiedDay is what a certificate says of one content type and day.
type CertifiedDay struct {
	ContentType string `json:"contentType"`
	Day         string `json:"day"` // in UTC, by creation at the source
	// Certified is false where no certificate was given: then the rest is empty.
	Certified bool     `json:"certified"`
	State     string   `json:"state,omitempty"`
	Hours     string   `json:"hours,omitempty"` // 24 letters, C is complete
	Gaps      []string `json:"gaps,omitempty"`
}

// Complete says that the certificate knows of no gap, and each hour is complete.
func (d *CertifiedDay) Complete() bool {
	return d.Certified && len(d.Gaps) == 0 && d.Hours == strings.Repeat("C", 24)
}

// maxCertifiedDays bounds the days and content types of a question: ten years of
// five.
const maxCertifiedDays = 20_000

// days opens the certificates, and tells of each content type and day of the
// question, and of the day after, in which records may still have been created at
// the source, what they say.
func (a *Absence) days(log note.Verifier) ([]CertifiedDay, error) {
	type key struct{ contentType, day string }
	given := map[key]CertifiedDay{}
	for i, signed := range a.Certificates {
		d, tenant, err := openCertificate([]byte(signed), log)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		k := key{d.ContentType, d.Day}
		if _, twice := given[k]; twice || Normal(tenant) != a.Question.Tenant || !slices.Contains(a.ContentTypes, d.ContentType) {
			return nil, fmt.Errorf("%w: certificate %d does not belong here", ErrFormat, i+1)
		}
		given[k] = d
	}
	from, err := time.Parse(EntryTime, a.Question.From)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	to, err := time.Parse(EntryTime, a.Question.To)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	days := []CertifiedDay{}
	last := to.Add(24*time.Hour - time.Microsecond)
	for day := from.Truncate(24 * time.Hour); !day.After(last); day = day.AddDate(0, 0, 1) {
		if len(days) > maxCertifiedDays {
			return nil, fmt.Errorf("%w: the question is of more than %d days and content types; ask of less at a time", ErrFormat, maxCertifiedDays)
		}
		for _, contentType := range a.ContentTypes {
			k := key{contentType, day.Format(time.DateOnly)}
			d, ok := given[k]
			if !ok {
				d = CertifiedDay{ContentType: contentType, Day: k.day}
			}
			delete(given, k)
			days = append(days, d)
		}
	}
	if len(given) > 0 {
		return nil, fmt.Errorf("%w: %d certificates are of other days", ErrFormat, len(given))
	}
	return days, nil
}

// openCertificate checks a certificate's signature, and reads what is told of it.
func openCertificate(signed []byte, log note.Verifier) (d CertifiedDay, tenant string, err error) {
	text, err := openNote(signed, log)
	if err != nil {
		return d, "", err
	}
	lines := strings.Split(text, "\n")
	if lines[0] != certificateTitle {
		return d, "", fmt.Errorf("%w: not a certificate of completeness", ErrFormat)
	}
	d.Certified = true
	for _, text := range lines[1:] {
		name, value, _ := strings.Cut(text, ": ")
		switch name {
		case "tenant":
			tenant = value
		case "content type":
			d.ContentType = value
		case "day":
			d.Day, _, _ = strings.Cut(value, " ")
		case "state":
			d.State = value
		case "hours":
			d.Hours = value
		default:
			if gap, ok := strings.CutPrefix(text, "- "); ok {
				d.Gaps = append(d.Gaps, gap)
			}
		}
	}
	return d, tenant, nil
}

// openNote checks that a note has the log's signature and no other, to the last
// bit, and returns what is signed.
func openNote(signed []byte, log note.Verifier) (text string, err error) {
	n, err := note.Open(signed, note.VerifierList(log))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) > 0 {
		return "", fmt.Errorf("%w: there are others than that of the log", ErrSignature)
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64); err != nil {
		return "", fmt.Errorf("%w: not in canonical Base64", ErrSignature)
	}
	return n.Text, nil
}
