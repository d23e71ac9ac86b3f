package audit

// Identity is one of the many names that Entra gives an actor or a target.
// Types: 0 and 2 other ids, 1 a name, 3 a PUID, 4 a service principal name,
// 5 a user principal name.
type Identity struct {
	ID   string
	Type int
}

// Entra is a record of Microsoft Entra: a sign-in (RecordType 15) or a change
// in the directory (8). Its Workload is still AzureActiveDirectory.
type Entra struct {
	Common
	AzureActiveDirectoryEventType int
	ExtendedProperties            []NameValue
	ModifiedProperties            []ModifiedProperty
	Actor                         []Identity
	ActorContextID                string `json:"ActorContextId"`
	ActorIPAddress                string `json:"ActorIpAddress,omitempty"`
	InterSystemsID                string `json:"InterSystemsId"`
	IntraSystemID                 string `json:"IntraSystemId"`
	SupportTicketID               string `json:"SupportTicketId"`
	Target                        []Identity
	TargetContextID               string      `json:"TargetContextId"`
	ApplicationID                 string      `json:"ApplicationId,omitempty"`
	DeviceProperties              []NameValue `json:",omitempty"`
	ErrorNumber                   string      `json:",omitempty"`
	LogonError                    string      `json:",omitempty"`
}
