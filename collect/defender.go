package collect

import (
	"slices"
	"strings"
)

// DefenderPrefix begins the name of every container and event hub that the
// export of Microsoft Defender XDR makes; the table's name in lower case follows.
const DefenderPrefix = "insights-logs-advancedhunting-"

// defenderTables are the advanced hunting tables that Microsoft streams or has
// been seen to stream.
var defenderTables = []string{
	"AlertEvidence", "AlertInfo", "BehaviorEntities", "BehaviorInfo", "CloudAppEvents",
	"DeviceEvents", "DeviceFileCertificateInfo", "DeviceFileEvents", "DeviceImageLoadEvents", "DeviceInfo",
	"DeviceLogonEvents", "DeviceNetworkEvents", "DeviceNetworkInfo", "DeviceProcessEvents", "DeviceRegistryEvents",
	"EmailAttachmentInfo", "EmailEvents", "EmailPostDeliveryEvents", "EmailUrlInfo",
	"IdentityDirectoryEvents", "IdentityInfo", "IdentityLogonEvents", "IdentityQueryEvents",
	"MessageEvents", "MessagePostDeliveryEvents", "MessageUrlInfo", "UrlClickEvents",
}

// DefenderTable returns the table that a container or an event hub of the export
// holds. The export names them in lower case; a table that is not known keeps
// that, and any other name stays as it is.
func DefenderTable(container string) string {
	name := strings.TrimPrefix(container, DefenderPrefix)
	for _, table := range defenderTables {
		if strings.EqualFold(table, name) {
			return table
		}
	}
	return name
}

// IsDefenderTable reports whether a name is that of a table that Microsoft
// streams.
func IsDefenderTable(name string) bool { return slices.Contains(defenderTables, name) }
