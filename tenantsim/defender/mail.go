package defender

// Text is a value that is null when it is empty: the stream has null where a
// table has no value.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return marshal(string(t))
}

// EmailEvent is a row of EmailEvents: one mail to one recipient, and again
// whenever its verdict or place changes. DetectionMethods, ConfidenceLevel and
// AuthenticationDetails hold JSON as text.
type EmailEvent struct {
	Timestamp             string
	NetworkMessageID      string `json:"NetworkMessageId"`
	InternetMessageID     string `json:"InternetMessageId"` // with angle brackets
	SenderMailFromAddress string
	SenderFromAddress     string
	SenderDisplayName     Text
	SenderObjectID        Text `json:"SenderObjectId"`
	SenderMailFromDomain  string
	SenderFromDomain      string
	SenderIPv4            Text
	SenderIPv6            Text
	RecipientEmailAddress string
	RecipientObjectID     Text `json:"RecipientObjectId"`
	Subject               string
	EmailClusterID        uint32 `json:"EmailClusterId"`
	EmailDirection        string // Inbound, Outbound, Intra-org
	DeliveryAction        string // Delivered, Junked, Blocked, Replaced
	DeliveryLocation      string
	ThreatTypes           Text
	ThreatNames           Text
	DetectionMethods      Text
	ConfidenceLevel       Text
	BulkComplaintLevel    *int
	EmailAction           Text
	EmailActionPolicy     Text
	EmailActionPolicyGUID Text `json:"EmailActionPolicyGuid"`
	AuthenticationDetails Text
	AttachmentCount       int
	URLCount              int `json:"UrlCount"`
	EmailLanguage         string
	Connectors            Text
	OrgLevelAction        Text
	OrgLevelPolicy        Text
	UserLevelAction       Text
	UserLevelPolicy       Text
	ReportID              string `json:"ReportId"`
	AdditionalFields      Text
	ExchangeTransportRule Text
	DistributionList      Text
	ForwardingInformation Text
	Context               Text
	To                    []string
	Cc                    []string
	ThreatClassification  Text
	RecipientDomain       string
	EmailSize             int
	IsFirstContact        bool
}

// Attachment is a row of EmailAttachmentInfo.
type Attachment struct {
	Timestamp             string
	NetworkMessageID      string `json:"NetworkMessageId"`
	SenderFromAddress     string
	SenderDisplayName     Text
	SenderObjectID        Text `json:"SenderObjectId"`
	RecipientEmailAddress string
	RecipientObjectID     Text `json:"RecipientObjectId"`
	FileName              string
	FileType              string // can be a list: "docx;zip"
	SHA256                string
	FileSize              int
	ThreatTypes           Text
	ThreatNames           Text
	DetectionMethods      Text
	ReportID              string `json:"ReportId"`
	FileExtension         string // with a dot
}

// URL is a row of EmailUrlInfo: one link in one mail, whoever got it.
type URL struct {
	Timestamp        string
	NetworkMessageID string `json:"NetworkMessageId"`
	URL              string `json:"Url"`
	URLDomain        string `json:"UrlDomain"`
	URLLocation      string `json:"UrlLocation"` // Body, Subject, Attachment, QRCode
	ReportID         string `json:"ReportId"`
	URLChainID       Text   `json:"UrlChainId"`
	URLChainPosition *int   `json:"UrlChainPosition"`
}

// PostDelivery is a row of EmailPostDeliveryEvents. DeliveryLocation is worded
// otherwise than in EmailEvents: "Inbox", not "Inbox/folder".
type PostDelivery struct {
	Timestamp             string
	NetworkMessageID      string `json:"NetworkMessageId"`
	InternetMessageID     string `json:"InternetMessageId"`
	Action                string
	ActionType            string
	ActionTrigger         string
	ActionResult          string
	RecipientEmailAddress string
	DeliveryLocation      string
	ThreatTypes           Text
	DetectionMethods      Text
	ReportID              string `json:"ReportId"`
	SenderFromAddress     string
	EmailDirection        string
}

// Click is a row of UrlClickEvents. UrlChain holds a JSON array as text.
type Click struct {
	Timestamp        string
	URL              string `json:"Url"`
	ActionType       string // ClickAllowed, ClickBlocked, …
	AccountUpn       string
	Workload         string
	NetworkMessageID string `json:"NetworkMessageId"`
	ThreatTypes      Text
	DetectionMethods Text
	IPAddress        string
	IsClickedThrough bool
	URLChain         Text   `json:"UrlChain"`
	ReportID         string `json:"ReportId"` // GUID
	AppName          Text
	AppVersion       Text
	SourceID         Text `json:"SourceId"`
}
