package schema

import "github.com/quoll/quoll/kql/types"

// urlClickEvents has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func urlClickEvents() *Table {
	return newDefenderTable(UrlClickEvents, "Safe Links clicks in mail, Office apps and Teams.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"TimeGenerated", types.DateTime, "UTC time of the click.", "properties.Timestamp"},
		{"Url", types.String, "URL the user clicked.", "properties.Url"},
		{"ActionType", types.String, "ClickAllowed, ClickBlocked, ClickBlockedByTenantPolicy, UrlScanInProgress, UrlErrorPage, ...", "properties.ActionType"},
		{"AccountUpn", types.String, "UPN of the user who clicked.", "properties.AccountUpn"},
		{"Workload", types.String, "Email, Office or Teams.", "properties.Workload"},
		{"NetworkMessageId", types.String, "Mail that held the link; not usable for clicks from Drafts or Sent items.", "properties.NetworkMessageId"},
		{"IPAddress", types.String, "Public address the click came from.", "properties.IPAddress"},
		{"ThreatTypes", types.String, "Verdict at click time.", "properties.ThreatTypes"},
		{"DetectionMethods", types.String, "Technology that gave the verdict.", "properties.DetectionMethods"},
		{"IsClickedThrough", types.Bool, "Whether the user went on to the URL from the warning page.", "properties.IsClickedThrough"},
		{"UrlChain", types.String, "Redirect chain, JSON array as text.", "properties.UrlChain"},
		{"ReportId", types.String, "Id of the click; shared by the block and its click-through.", "properties.ReportId"},
		{"AppName", types.String, "Client application of the click.", "properties.AppName"},
		{"AppVersion", types.String, "Version of that application.", "properties.AppVersion"},
		{"SourceId", types.String, "Id of the click source; equals NetworkMessageId for mail in the sample seen.", "properties.SourceId"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
