package audit

import "strconv"

// typeNames are the names that Graph gives the record types of this tenant.
var typeNames = map[int]string{
	TypeExchangeAdmin: "ExchangeAdmin", TypeExchangeItem: "ExchangeItem", TypeExchangeItemGroup: "ExchangeItemGroup",
	TypeSharePoint: "SharePoint", TypeSharePointFile: "SharePointFileOperation", TypeEntra: "AzureActiveDirectory",
	TypeDLPSharePoint: "ComplianceDLPSharePoint", TypeDLPExchange: "ComplianceDLPExchange",
	TypeSharePointSharing: "SharePointSharingOperation", TypeEntraLogon: "AzureActiveDirectoryStsLogon",
	TypeComplianceCmdlet: "SecurityComplianceCenterEOPCmdlet", TypePowerBI: "PowerBIAudit", TypeTeams: "MicrosoftTeams",
	TypeSharePointList: "SharePointListOperation", TypeComplianceAlert: "SecurityComplianceAlerts",
	TypeExchangeItemAggregate: "ExchangeItemAggregated", TypeDataInsights: "DataInsightsRestApiAudit", TypeCopilot: "CopilotInteraction",
	TypeSubmission: "MailSubmission", TypeQuarantine: "Quarantine",
}

// TypeName is Graph's name of a record type.
func TypeName(number int) string {
	if name, ok := typeNames[number]; ok {
		return name
	}
	return strconv.Itoa(number)
}

// UserTypeName is Graph's name of a kind of actor.
func UserTypeName(number int) string {
	names := map[int]string{UserRegular: "Regular", UserAdmin: "Admin", UserDcAdmin: "DcAdmin", UserSystem: "System", UserApplication: "Application", UserGuest: "Guest"}
	if name, ok := names[number]; ok {
		return name
	}
	return strconv.Itoa(number)
}
