package audit

// Quarantine is something that was done to a mail in quarantine (RecordType 65).
// Microsoft lists no values of RequestType; 2 has been seen with a release.
type Quarantine struct {
	Common
	NetworkMessageID string `json:"NetworkMessageId"`
	ReleaseTo        string
	RequestSource    int
	RequestType      int
}

// Submission is a mail that somebody reported to Microsoft (RecordType 29).
// Microsoft has no page on it: the names are those of the queries it publishes.
type Submission struct {
	Common
	ExtendedProperties    []NameValue `json:",omitempty"`
	InternetMessageID     string      `json:"InternetMessageId"`
	MessageDate           string
	NetworkMessageID      string `json:"NetworkMessageId"`
	P1Sender              string
	P1SenderDomain        string
	P2Sender              string
	P2SenderDomain        string
	Recipients            []string
	SenderIP              string
	Subject               string
	SubmissionContentType string // Mail
	SubmissionID          string `json:"SubmissionId"`
	SubmissionState       string
	SubmissionType        string // 1 phish, 2 junk
}
