package audit

// ExchangeAdmin is a cmdlet (RecordType 1). ClientIP holds address and port;
// it is missing when the service itself ran the cmdlet.
type ExchangeAdmin struct {
	Common
	AppID             string            `json:"AppId"`
	AppPoolName       string            `json:",omitempty"`
	ClientAppID       string            `json:"ClientAppId"`
	ExternalAccess    bool              // done by the data centre or a partner
	OrganizationName  string            // tenant domain
	OriginatingServer string            // "SERVER (15.20.x.y)"
	Parameters        []NameValue       // of the cmdlet, in its order
	RequestID         string            `json:"RequestId,omitempty"`
	SessionID         string            `json:"SessionId,omitempty"`
	AppAccessContext  *AppAccessContext `json:",omitempty"`
	TokenTenantID     string            `json:"TokenTenantId,omitempty"`
}

// Mailbox is anything done in a mailbox: on one item (RecordType 2), on
// several (3) or access summed up over two minutes (50).
type Mailbox struct {
	Common
	AppID               string `json:"AppId,omitempty"`
	AuthType            string `json:",omitempty"`
	ClientAppID         string `json:"ClientAppId,omitempty"`
	ClientIPAddress     string
	ClientInfoString    string
	ClientProcessName   string `json:",omitempty"`
	ClientRequestID     string `json:"ClientRequestId,omitempty"`
	ClientVersion       string `json:",omitempty"`
	ExternalAccess      bool
	InternalLogonType   int
	LogonType           int
	LogonUserSid        string
	MailboxGUID         string `json:"MailboxGuid"`
	MailboxOwnerSid     string
	MailboxOwnerUPN     string
	OperationProperties []NameValue `json:",omitempty"`
	OrganizationName    string
	OriginatingServer   string             // ends in CR LF, as on the wire
	SessionID           string             `json:"SessionId,omitempty"`
	AppAccessContext    *AppAccessContext  `json:",omitempty"`
	SaveToSentItems     *bool              `json:",omitempty"` // Send
	Item                *Item              `json:",omitempty"` // RecordType 2
	AffectedItems       []Item             `json:",omitempty"` // RecordType 3
	CrossMailboxOp      *bool              `json:"CrossMailboxOperation,omitempty"`
	DestFolder          *Folder            `json:",omitempty"`
	Folder              *Folder            `json:",omitempty"`
	Folders             []AggregatedFolder `json:",omitempty"` // RecordType 50
	OperationCount      int                `json:",omitempty"` // RecordType 50
}

// Item is a message.
type Item struct {
	Attachments       string `json:",omitempty"` // "name (123b); name2 (45b)"
	ID                string `json:"Id"`
	ImmutableID       string `json:"ImmutableId,omitempty"`
	InternetMessageID string `json:"InternetMessageId,omitempty"`
	ParentFolder      *Folder
	SizeInBytes       int    `json:",omitempty"`
	Subject           string `json:",omitempty"`
}

// Folder is a folder of a mailbox.
type Folder struct {
	ID   string `json:"Id"`
	Name string `json:",omitempty"`
	Path string
}

// AggregatedFolder is a folder with what was read in it.
type AggregatedFolder struct {
	FolderItems []FolderItem
	ID          string `json:"Id"`
	Path        string
}

// FolderItem is a message that was read.
type FolderItem struct {
	ClientRequestID   string `json:"ClientRequestId,omitempty"`
	ID                string `json:"Id,omitempty"`
	InternetMessageID string `json:"InternetMessageId"`
	SizeInBytes       int    `json:",omitempty"`
}
