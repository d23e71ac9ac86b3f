package audit

// SharePoint is anything done in SharePoint or OneDrive: on files and pages
// (RecordType 6 and 4), lists (36) and sharing (14). Fields that a kind lacks
// are left out.
type SharePoint struct {
	Common
	AppAccessContext            *AppAccessContext `json:",omitempty"`
	ApplicationID               string            `json:"ApplicationId,omitempty"`
	ApplicationDisplayName      string            `json:",omitempty"`
	AuthenticationType          string            `json:",omitempty"`
	BrowserName                 string            `json:",omitempty"`
	CorrelationID               string            `json:"CorrelationId"`
	CustomUniqueID              *bool             `json:"CustomUniqueId,omitempty"`
	DeviceDisplayName           string            `json:",omitempty"`
	EventSource                 string
	GeoLocation                 string `json:",omitempty"`
	IsManagedDevice             *bool  `json:",omitempty"`
	ItemType                    string
	ListID                      string `json:"ListId,omitempty"`
	ListItemUniqueID            string `json:"ListItemUniqueId,omitempty"`
	MachineDomainInfo           string `json:",omitempty"`
	MachineID                   string `json:"MachineId,omitempty"`
	Platform                    string `json:",omitempty"`
	Site                        string
	UserAgent                   string
	WebID                       string `json:"WebId,omitempty"`
	EventData                   string `json:",omitempty"`
	FileSizeBytes               int    `json:",omitempty"`
	HighPriorityMediaProcessing *bool  `json:",omitempty"`
	ImplicitShare               string `json:",omitempty"`
	ListBaseType                string `json:",omitempty"`
	ListTitle                   string `json:",omitempty"`
	ListURL                     string `json:"ListUrl,omitempty"`
	SourceFileExtension         string `json:",omitempty"`
	TargetUserOrGroupType       string `json:",omitempty"`
	UniqueSharingID             string `json:"UniqueSharingId,omitempty"`
	SiteURL                     string `json:"SiteUrl,omitempty"`
	SourceFileName              string `json:",omitempty"`
	SourceRelativeURL           string `json:"SourceRelativeUrl,omitempty"`
	DestinationRelativeURL      string `json:"DestinationRelativeUrl,omitempty"`
	DestinationFileName         string `json:",omitempty"`
	DestinationFileExtension    string `json:",omitempty"`
	TargetUserOrGroupName       string `json:",omitempty"`
}
