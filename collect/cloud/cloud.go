// Package cloud says where each of Microsoft's clouds answers: the management
// API, Microsoft Graph and the authority that issues tokens for both.
//
// It must not know what is asked there, nor how one signs in.
package cloud

// Cloud names one of Microsoft's clouds.
type Cloud string

// The clouds.
const (
	Commercial Cloud = "commercial"
	GCC        Cloud = "gcc"
	GCCHigh    Cloud = "gcchigh"
	DoD        Cloud = "dod"
	China      Cloud = "china" // operated by 21Vianet
)

// Endpoints are where a cloud answers, as "https://host". Management and Graph
// are also the resources that tokens are asked for.
type Endpoints struct {
	Management string // Office 365 Management Activity API
	Graph      string // Microsoft Graph
	Authority  string // Microsoft Entra's token endpoints
	// AuditSearch and Hunting say whether Graph offers the search of the audit
	// log and advanced hunting there, after Graph's reference.
	AuditSearch bool
	Hunting     bool
}

var endpoints = map[Cloud]Endpoints{
	Commercial: {"https://manage.office.com", "https://graph.microsoft.com", "https://login.microsoftonline.com", true, true},
	GCC:        {"https://manage-gcc.office.com", "https://graph.microsoft.com", "https://login.microsoftonline.com", true, true},
	GCCHigh:    {"https://manage.office365.us", "https://graph.microsoft.us", "https://login.microsoftonline.us", false, true},
	DoD:        {"https://manage.protection.apps.mil", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us", false, true},
	China:      {"https://manage.office365.cn", "https://microsoftgraph.chinacloudapi.cn", "https://login.partner.microsoftonline.cn", false, false},
}

// All returns the clouds in the order of the constants.
func All() []Cloud { return []Cloud{Commercial, GCC, GCCHigh, DoD, China} }

// Endpoints returns where the cloud answers; false for a name that is none.
func (c Cloud) Endpoints() (Endpoints, bool) {
	e, ok := endpoints[c]
	return e, ok
}

// ByAuthority returns the clouds whose tokens the authority issues.
func ByAuthority(authority string) []Cloud {
	var found []Cloud
	for _, c := range All() {
		if endpoints[c].Authority == authority {
			found = append(found, c)
		}
	}
	return found
}
