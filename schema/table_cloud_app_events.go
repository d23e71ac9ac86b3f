package schema

import "github.com/quoll/quoll/kql/types"

// cloudAppEvents has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func cloudAppEvents() *Table {
	return newDefenderTable(CloudAppEvents, "Activities in cloud apps seen by Defender for Cloud Apps.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"AccountId", types.String, "Account id as known to Defender for Cloud Apps.", "properties.AccountId"},
		{"AccountType", types.String, "Regular, System, Admin, Application, ...", "properties.AccountType"},
		{"AdditionalFields", types.Dynamic, "Further details.", "properties.AdditionalFields"},
		{"RawEventData", types.Dynamic, "Raw event of the source; for Microsoft 365 it is the audit record.", "properties.RawEventData"},
		{"ReportId", types.String, "Id of the event.", "properties.ReportId"},
		{"ObjectId", types.String, "Id of the object acted on.", "properties.ObjectId"},
		{"ObjectType", types.String, "Kind of the object.", "properties.ObjectType"},
		{"ObjectName", types.String, "Name of the object.", "properties.ObjectName"},
		{"ActivityObjects", types.Dynamic, "List of objects involved.", "properties.ActivityObjects"},
		{"ActivityType", types.String, "Kind of activity, coarse.", "properties.ActivityType"},
		{"UserAgent", types.String, "User agent string.", "properties.UserAgent"},
		{"ISP", types.String, "Internet provider of the address (upper-case in the table; Isp in the hunting docs).", "properties.ISP"},
		{"City", types.String, "City of the address.", "properties.City"},
		{"CountryCode", types.String, "Two-letter country of the address.", "properties.CountryCode"},
		{"IsAnonymousProxy", types.Bool, "Known anonymous proxy or not.", "properties.IsAnonymousProxy"},
		{"IsExternalUser", types.Bool, "User from outside the domain or not.", "properties.IsExternalUser"},
		{"IsImpersonated", types.Bool, "Done for another user or not.", "properties.IsImpersonated"},
		{"IPAddress", types.String, "Address of the client.", "properties.IPAddress"},
		{"IPCategory", types.String, "Category of the address.", "properties.IPCategory"},
		{"IPTags", types.Dynamic, "Tags put on the address range.", "properties.IPTags"},
		{"OSPlatform", types.String, "Operating system.", "properties.OSPlatform"},
		{"DeviceType", types.String, "Kind of device.", "properties.DeviceType"},
		{"IsAdminOperation", types.Bool, "Administrator activity or not.", "properties.IsAdminOperation"},
		{"AccountDisplayName", types.String, "Display name of the account.", "properties.AccountDisplayName"},
		{"AccountObjectId", types.String, "Entra object id of the account.", "properties.AccountObjectId"},
		{"AppInstanceId", types.Int, "Id of the app instance.", "properties.AppInstanceId"},
		{"ApplicationId", types.Int, "Id of the app, number.", "properties.ApplicationId"},
		{"Application", types.String, "App name.", "properties.Application"},
		{"ActionType", types.String, "Activity name.", "properties.ActionType"},
		{"UserAgentTags", types.Dynamic, "Tags on the user agent.", "properties.UserAgentTags"},
		{"TimeGenerated", types.DateTime, "UTC time of the activity.", "properties.Timestamp"},
		{"AuditSource", types.String, "Where the audit data came from.", "properties.AuditSource"},
		{"LastSeenForUser", types.Dynamic, "Days since each attribute was last seen for the user.", "properties.LastSeenForUser"},
		{"OAuthAppId", types.String, "Id of the OAuth app.", "properties.OAuthAppId"},
		{"SessionData", types.Dynamic, "Session details of Conditional Access app control.", "properties.SessionData"},
		{"UncommonForUser", types.Dynamic, "Attributes that are uncommon for the user.", "properties.UncommonForUser"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
