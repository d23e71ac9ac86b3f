package command

import (
	"fmt"
	"io"
	"time"

	"github.com/quoll/quoll/archive/proof"
)

// printCustody says what is proved of an incident's file, and just as plainly what
// is not.
func printCustody(w io.Writer, file string, v *proof.VerifiedCustody) error {
	if _, err := fmt.Fprintf(w, `%s: holds: incident %d (%s), exported %s by %s, export %s
the manifest is signed with the log's key and lists all %d other members, none of which has changed since
%d payloads are each proved to be under the log, with %d raw records in them

what this does not say:
- that rows, rules, comments and the chain of custody are right: they are what the server had at the time of the export,
  under the manifest's signature alone. The records of acts among the payloads are proved as all others are
- that these are all records that bear on the incident: alerts.json says of each alert how they were chosen

`, file, v.Incident, v.Title, v.Exported, v.By, v.Export, v.Members, v.Bundles, v.Records); err != nil || v.LastStamp == nil {
		return err
	}
	if v.LastStamp.Trusted && v.Trusted == v.Bundles {
		_, err := fmt.Fprintf(w, "all %d payloads were there at %s: %s has stamped the log\n", v.Bundles, v.LastStamp.Time.Format(time.RFC3339), v.LastStamp.Subject)
		return err
	}
	_, err := fmt.Fprintf(w, "%d of the payloads have time stamps, %d of them from authorities that lead to the roots that were given; the last is of %s\n", v.Stamped, v.Trusted, v.LastStamp.Time.Format(time.RFC3339))
	return err
}
