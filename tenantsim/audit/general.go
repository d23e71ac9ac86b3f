package audit

// Member is a member of a team. Role: 0 member, 1 owner, 2 guest.
type Member struct {
	DisplayName string
	Role        int
	UPN         string
}

// KeyValue is a pair as Teams words it.
type KeyValue struct{ Key, Value string }

// ParticipantInfo says who takes part in a chat.
type ParticipantInfo struct {
	HasForeignTenantUsers   bool
	HasGuestUsers           bool
	HasOtherGuestUsers      bool
	HasUnauthenticatedUsers bool
	ParticipatingDomains    []string
	ParticipatingTenantIDs  []string `json:"ParticipatingTenantIds"`
}

// Teams is a record of Microsoft Teams (RecordType 25).
type Teams struct {
	Common
	AADGroupID        string           `json:"AADGroupId,omitempty"`
	ChannelGUID       string           `json:"ChannelGuid,omitempty"`
	ChannelName       string           `json:",omitempty"`
	ChannelType       string           `json:",omitempty"`
	ChatThreadID      string           `json:"ChatThreadId,omitempty"`
	CommunicationType string           `json:",omitempty"`
	ExtraProperties   *[]KeyValue      `json:",omitempty"` // present and empty in most
	ItemName          string           `json:",omitempty"`
	Members           []Member         `json:",omitempty"`
	MessageID         string           `json:"MessageId,omitempty"`
	MessageSize       int              `json:"MessageSizeInBytes,omitempty"`
	MessageURLs       []string         `json:",omitempty"`
	MessageVersion    string           `json:",omitempty"`
	ParticipantInfo   *ParticipantInfo `json:",omitempty"`
	SubscriptionID    string           `json:"SubscriptionId,omitempty"`
	TeamGUID          string           `json:"TeamGuid,omitempty"` // a thread id, despite its name
	TeamName          string           `json:",omitempty"`
}

// PowerBI is a record of Power BI (RecordType 20).
type PowerBI struct {
	Common
	Activity      string
	UserAgent     string
	ItemName      string `json:",omitempty"`
	WorkSpaceName string `json:",omitempty"`
	DatasetName   string `json:",omitempty"`
	ReportName    string `json:",omitempty"`
	WorkspaceID   string `json:"WorkspaceId,omitempty"`
	DatasetID     string `json:"DatasetId,omitempty"`
	ReportID      string `json:"ReportId,omitempty"`
	ReportType    string `json:",omitempty"`
	RequestID     string `json:"RequestId"`
	ActivityID    string `json:"ActivityId"`
	IsSuccess     bool
}

// Copilot is an interaction with Copilot (RecordType 261). The words that were
// said are not in it.
type Copilot struct {
	Common
	CopilotEventData CopilotEvent
}

// CopilotEvent says where Copilot was asked and what it read.
type CopilotEvent struct {
	AISystemPlugin    []CopilotPlugin
	AccessedResources []CopilotResource
	AppHost           string
	Contexts          []CopilotContext
	Messages          []CopilotMessage
	ThreadID          string `json:"ThreadId"`
}

// CopilotPlugin is a plugin that Copilot used.
type CopilotPlugin struct {
	ID   string `json:"Id"`
	Name string
}

// CopilotResource is something that Copilot read.
type CopilotResource struct {
	Action  string
	ID      string `json:"ID"`
	Name    string
	SiteURL string `json:"SiteUrl,omitempty"`
	Type    string
}

// CopilotContext is where the user was.
type CopilotContext struct {
	ID   string `json:"Id"`
	Type string
}

// CopilotMessage is a prompt or an answer.
type CopilotMessage struct {
	ID       string `json:"Id"`
	IsPrompt bool   `json:"isPrompt"`
}

// Compliance is a cmdlet or a search in the Purview and Defender portals
// (RecordType 18 and 52).
type Compliance struct {
	Common
	ClientApplication     string    `json:",omitempty"`
	ClientRequestID       string    `json:"ClientRequestId,omitempty"`
	CmdletVersion         string    `json:",omitempty"`
	EffectiveOrganization string    `json:",omitempty"`
	NonPIIParameters      string    `json:",omitempty"`
	Parameters            string    `json:",omitempty"` // text here, a list in Exchange
	StartTime             string    `json:",omitempty"`
	UserServicePlan       string    `json:",omitempty"`
	AadAppID              string    `json:"AadAppId,omitempty"`
	DataType              string    `json:",omitempty"`
	RelativeURL           string    `json:"RelativeUrl,omitempty"`
	ResultCount           string    `json:",omitempty"`
	DatabaseType          string    `json:",omitempty"`
	Filters               *[]string `json:",omitempty"`
}
