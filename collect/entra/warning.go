package entra

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/collect"
)

// CodeEnds is the code of a warning that a credential ends soon or has ended.
const CodeEnds = "credential-ends"

// stages are the days before the end at which a warning is given anew.
var stages = []int{30, 14, 7, 1, 0}

// Stage returns the stage that a credential has reached: the least number of
// days before its end at which a warning is due and that has come, 0 once it
// has ended, or -1 while there is none.
func Stage(expires, now time.Time) int {
	reached := -1
	for _, days := range stages {
		if !expires.IsZero() && !now.Before(expires.Add(-time.Duration(days)*24*time.Hour)) {
			reached = days
		}
	}
	return reached
}

// Warning says that a credential ends within 30 days or has ended; nil while
// there is time.
func Warning(kind Kind, expires, now time.Time) *collect.Problem {
	if Stage(expires, now) < 0 {
		return nil
	}
	day := expires.UTC().Format(time.DateOnly)
	left := expires.Sub(now)
	when := fmt.Sprintf("ends in %d days, on %s", int(left.Hours()/24), day)
	switch {
	case left <= 0:
		when = "has ended, on " + day
	case left < 24*time.Hour:
		when = fmt.Sprintf("ends in %d hours, on %s", int(left.Hours()), day)
	case left < 48*time.Hour:
		when = "ends in one day, on " + day
	}
	return &collect.Problem{
		Time: now.UTC(), Code: CodeEnds, Remedy: Renew(kind),
		Cause: fmt.Sprintf("The %s with which Quoll signs in %s.", kind, when),
	}
}

// Renew says how a credential is renewed.
func Renew(kind Kind) string {
	const at = "In the Microsoft Entra admin center open App registrations, the application, Certificates & secrets; "
	switch kind {
	case KindCertificate:
		return at + "upload a new certificate, then put it with its key into the file that certificate_file names. No restart is needed."
	case KindFederated:
		return at + "look at Federated credentials: issuer, subject and audience must be those of the token. Whoever writes the token file renews it."
	default:
		return at + "create a client secret and put its value (not its id) where Quoll's configuration reads it, and its end into client_secret_expires. A file is read again without a restart."
	}
}
