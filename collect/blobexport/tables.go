package blobexport

import (
	"regexp"
	"strings"
)

// tables are the advanced hunting tables that Microsoft streams or has been
// seen to stream. Containers have their names in lower case; this gives them
// their capitals back.
var tables = []string{
	"AlertEvidence", "AlertInfo", "BehaviorEntities", "BehaviorInfo", "CloudAppEvents",
	"DeviceEvents", "DeviceFileCertificateInfo", "DeviceFileEvents", "DeviceImageLoadEvents", "DeviceInfo",
	"DeviceLogonEvents", "DeviceNetworkEvents", "DeviceNetworkInfo", "DeviceProcessEvents", "DeviceRegistryEvents",
	"EmailAttachmentInfo", "EmailEvents", "EmailPostDeliveryEvents", "EmailUrlInfo",
	"IdentityDirectoryEvents", "IdentityInfo", "IdentityLogonEvents", "IdentityQueryEvents",
	"MessageEvents", "MessagePostDeliveryEvents", "MessageUrlInfo", "UrlClickEvents",
}

// tableOf returns the table that a container holds; one that is not known
// keeps the container's lower case.
func tableOf(container string) string {
	name := strings.TrimPrefix(container, containerPrefix)
	for _, table := range tables {
		if strings.EqualFold(table, name) {
			return table
		}
	}
	return name
}

var tenantFolder = regexp.MustCompile(`(?i)(?:^|/)tenantId=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/`)

// tenantOf returns the tenant that a blob's path names, in lower case, or
// nothing.
func tenantOf(name string) string {
	match := tenantFolder.FindStringSubmatch(name)
	if match == nil {
		return ""
	}
	return strings.ToLower(match[1])
}
