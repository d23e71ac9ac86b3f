package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/quoll/quoll/archive/proof"
)

// mostDays bounds the days that are told one by one.
const mostDays = 40

// printAbsent says what is proved, and just as plainly what is not.
func printAbsent(w io.Writer, file string, v *proof.VerifiedAbsence) error {
	var b strings.Builder
	q := v.Question
	fmt.Fprintf(&b, "%s: holds: in what was delivered up to journal position %d, which %d indexes cover from %d without a hole, the last of them of %s,\n", file, v.Last, v.Spans, v.First, v.Until)
	fmt.Fprintf(&b, "no record of tenant %s says %q about %q from %s on and before %s\n", q.Tenant, q.Operation, q.Subject, q.From, q.To)
	b.WriteString("\nwhat this does not say:\n")
	fmt.Fprintf(&b, "- that it did not happen: only that no such record is among the %d audit records delivered up to then. Records may come days later\n", v.Records)
	if v.First > 1 {
		fmt.Fprintf(&b, "- anything about what was delivered before that, at journal positions 1 to %d: the indexes of it were disposed of. A record of the interval may have been there if any of it was received after the interval began\n", v.First-1)
	}
	if v.Erased > 0 {
		fmt.Fprintf(&b, "- anything about the records of %d payloads whose bodies were not there any more when the index was made. Where they were erased as one person's data, certificates in the archive name them, and records of others in them are in later positions\n", v.Erased)
	}
	if v.Timeless > 0 || v.Rejected > 0 {
		fmt.Fprintf(&b, "- anything about %d records without a time that can be read, and %d pieces that could not be read as records: look at them by hand\n", v.Timeless, v.Rejected)
	}
	b.WriteString("- that the indexes are faithful to the payloads: the holder of the log's key made them. Who has the archive makes them again with: quoll archive operations --verify\n")
	b.WriteString("- anything about names other than UserId, ObjectId and MailboxOwnerUPN, which are compared as a whole, in lower case\n")
	printDays(&b, v.Days)
	_, err := io.WriteString(w, b.String())
	return err
}

// printDays says how far the certificates reach: absence is worth what arrived.
func printDays(b *strings.Builder, days []proof.CertifiedDay) {
	if len(days) == 0 {
		b.WriteString("- that everything was delivered: no certificate of completeness is given\n\n")
		return
	}
	complete, told := 0, 0
	var rest strings.Builder
	for i := range days {
		d := &days[i]
		if d.Complete() {
			complete++
			continue
		}
		if told++; told > mostDays {
			continue
		}
		switch {
		case !d.Certified:
			fmt.Fprintf(&rest, "  %s %s: no certificate\n", d.Day, d.ContentType)
		case len(d.Gaps) > 0:
			fmt.Fprintf(&rest, "  %s %s: hours %s, %d gaps, the first: %s\n", d.Day, d.ContentType, d.Hours, len(d.Gaps), d.Gaps[0])
		default:
			fmt.Fprintf(&rest, "  %s %s: hours %s, %s\n", d.Day, d.ContentType, d.Hours, d.State)
		}
	}
	fmt.Fprintf(b, "\nof %d days and content types, %d are certified as complete", len(days), complete)
	if told == 0 {
		b.WriteString("\n\n")
		return
	}
	b.WriteString("; not these, so that records may be missing there:\n" + rest.String())
	if told > mostDays {
		fmt.Fprintf(b, "  and %d more\n", told-mostDays)
	}
	b.WriteString("\n")
}
