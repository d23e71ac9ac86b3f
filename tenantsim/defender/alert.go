package defender

import (
	"encoding/json"
	"strings"
	"time"
)

// Alert is a row of AlertInfo. AttackTechniques holds a JSON array as text, or is
// empty, which it is instead of null.
type Alert struct {
	AlertID          string `json:"AlertId"`
	Timestamp        string
	Title            string
	ServiceSource    string
	Category         string
	Severity         string // High, Medium, Low, Informational
	DetectionSource  string
	MachineGroup     Text
	AttackTechniques string
}

// Evidence is a row of AlertEvidence: one entity of an alert, whose own columns
// alone are filled. AdditionalFields and Categories hold JSON as text. It has no
// id of its own.
type Evidence struct {
	Timestamp          string
	AlertID            string `json:"AlertId"`
	EntityType         string // MailMessage, User, Url, File, Ip
	EvidenceRole       string // Impacted, Related
	SHA1               Text
	SHA256             Text
	RemoteIP           Text
	LocalIP            Text
	RemoteURL          Text `json:"RemoteUrl"`
	AccountName        Text
	AccountDomain      Text
	AccountSid         Text
	AccountObjectID    Text `json:"AccountObjectId"`
	DeviceID           Text `json:"DeviceId"`
	ThreatFamily       Text
	EvidenceDirection  Text
	AdditionalFields   Text
	MachineGroup       Text
	NetworkMessageID   Text `json:"NetworkMessageId"`
	ServiceSource      string
	FileName           Text
	FolderPath         Text
	ProcessCommandLine Text
	EmailSubject       Text
	ApplicationID      *int `json:"ApplicationId"`
	Application        Text
	DeviceName         Text
	FileSize           *int
	RegistryKey        Text
	RegistryValueName  Text
	RegistryValueData  Text
	AccountUpn         Text
	OAuthApplicationID Text `json:"OAuthApplicationId"`
	Categories         Text
	Title              string
	AttackTechniques   string
	DetectionSource    string
	Severity           string
	CloudPlatform      string
	CloudResource      Text
}

// AppEvent is a row of CloudAppEvents: an activity as Defender for Cloud Apps
// tells it, with the audit record that it has it from. Lists and objects are
// JSON, not text.
type AppEvent struct {
	Timestamp          string
	ActionType         string
	ApplicationID      int `json:"ApplicationId"`
	Application        string
	AccountDisplayName Text
	AccountObjectID    Text `json:"AccountObjectId"`
	AccountID          Text `json:"AccountId"`
	DeviceType         Text
	OSPlatform         Text
	IPAddress          Text
	IsAnonymousProxy   *bool
	CountryCode        Text
	City               Text
	ISP                Text
	UserAgent          Text
	IsAdminOperation   bool
	ActivityObjects    []AppObject
	AdditionalFields   struct{}
	ActivityType       string
	ObjectName         Text
	ObjectType         Text
	ObjectID           Text `json:"ObjectId"`
	AppInstanceID      int  `json:"AppInstanceId"`
	AccountType        string
	IsExternalUser     bool
	IsImpersonated     bool
	IPTags             []string
	IPCategory         Text
	UserAgentTags      []string
	RawEventData       json.RawMessage
	ReportID           string `json:"ReportId"`
	AuditSource        string
	LastSeenForUser    struct{}
	UncommonForUser    []string
	OAuthAppID         Text      `json:"OAuthAppId"`
	SessionData        *struct{} // null: no session was controlled
}

// AppObject is something that an activity is about.
type AppObject struct {
	Type, Role, Name    string
	ID                  string `json:"Id,omitempty"`
	ApplicationID       int    `json:"ApplicationId"`
	ApplicationInstance int
}

// Ticks words an instant as the tables do that are not of mail.
func Ticks(at time.Time) string { return at.UTC().Format(timeTicks) }

// evidenceMark stands between the id of an alert and the number of a piece of its
// evidence in a ReportID.
const evidenceMark = "#"

// EvidenceID makes the ReportID of the nth piece of evidence.
func EvidenceID(alert, nth string) string { return alert + evidenceMark + nth }

// IDColumn is the column by which rows of a table are told apart. The rows of
// AlertEvidence share that of their alert.
func IDColumn(table string) string {
	if table == TableAlerts || table == TableEvidence {
		return "AlertId"
	}
	return "ReportId"
}

// RowID is what the row has in IDColumn.
func (r *Record) RowID() string {
	if r.Table != TableEvidence {
		return r.ReportID
	}
	alert, _, _ := strings.Cut(r.ReportID, evidenceMark)
	return alert
}
