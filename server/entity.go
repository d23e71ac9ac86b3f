package server

import (
	"maps"
	"slices"
)

// Entity is something that an alert is about. Kind is a Sentinel entity type
// (Account, IP, URL, Mailbox, MailMessage, File, Host, CloudApplication, …).
type Entity struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
	// Fields are further identifiers of the entity, by Sentinel's names.
	Fields map[string]string `json:"fields,omitempty"`
}

// telling lists, for a kind of entity, the identifiers that people know it by,
// the best first. They are Sentinel's names.
var telling = map[string][]string{
	"Account":          {"FullName", "UPN", "Name", "ObjectGuid", "AadUserId", "Sid"},
	"IP":               {"Address"},
	"URL":              {"Url"},
	"Mailbox":          {"MailboxPrimaryAddress", "Upn", "DisplayName"},
	"MailMessage":      {"Subject", "InternetMessageId", "NetworkMessageId", "Sender"},
	"MailCluster":      {"Query", "ClusterSourceIdentifier"},
	"File":             {"Name", "Directory"},
	"FileHash":         {"Value"},
	"Host":             {"FullName", "HostName", "NetBiosName"},
	"DNS":              {"DomainName"},
	"CloudApplication": {"Name", "InstanceName", "AppId"},
	"AzureResource":    {"ResourceId"},
	"SecurityGroup":    {"DistinguishedName", "SID", "ObjectGuid"},
}

// NewEntity makes an entity of Sentinel's identifiers, choosing as its value
// the one that people know it by. An account given by Name and UPNSuffix alone
// is joined to an address.
func NewEntity(kind string, identifiers map[string]string) Entity {
	e := Entity{Kind: kind, Fields: identifiers}
	if name, suffix := identifiers["Name"], identifiers["UPNSuffix"]; kind == "Account" && name != "" && suffix != "" {
		e.Value = name + "@" + suffix
		return e
	}
	for _, name := range append(slices.Clone(telling[kind]), slices.Sorted(maps.Keys(identifiers))...) {
		if e.Value = identifiers[name]; e.Value != "" {
			return e
		}
	}
	return e
}
