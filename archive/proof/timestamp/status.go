package timestamp

import (
	"fmt"
	"strings"
)

// statuses are the names of PKIStatus, and failures those of the bits of
// PKIFailureInfo (RFC 3161 section 2.4.2).
var (
	statuses = []string{"granted", "grantedWithMods", "rejection", "waiting", "revocationWarning", "revocationNotification"}
	failures = map[int]string{
		0: "badAlg: it does not take SHA-256", 2: "badRequest: it does not allow or support the request", 5: "badDataFormat",
		14: "timeNotAvailable: its clock is not available", 15: "unacceptedPolicy: it does not stamp under the policy that is configured",
		16: "unacceptedExtension", 17: "addInfoNotAvailable", 25: "systemFailure",
	}
)

// refusal words a status that gives no stamp.
func refusal(code int, status *der) error {
	words := []string{fmt.Sprintf("status %d", code)}
	if code < len(statuses) {
		words[0] = statuses[code]
	}
	if status.next(tagSequence) {
		for texts := status.open(tagSequence, "the status's texts"); len(texts.data) > 0; {
			_, text := texts.raw(tagUTF8, "the status's text")
			words = append(words, fmt.Sprintf("%.200q", text))
		}
	}
	if status.next(tagBitString) {
		_, bits := status.raw(tagBitString, "the failure")
		for i := 0; len(bits) > 1 && i < 8*(len(bits)-1); i++ {
			if bits[1+i/8]&(0x80>>(i%8)) == 0 {
				continue
			}
			if name, ok := failures[i]; ok {
				words = append(words, name)
			} else {
				words = append(words, fmt.Sprintf("failure %d", i))
			}
		}
	}
	return fmt.Errorf("%w: %s", ErrRefused, strings.Join(words, ", "))
}
