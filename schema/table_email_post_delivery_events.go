package schema

import "github.com/quoll/quoll/kql/types"

// emailPostDeliveryEvents has the columns that Sentinel gives the table; the wire carries a few
// more, and the hunting portal types some differently.
func emailPostDeliveryEvents() *Table {
	return newDefenderTable(EmailPostDeliveryEvents, "What was done to mails after delivery, by Microsoft 365 or by people.", []Column{
		{"TenantId", types.String, "GUID of the Log Analytics workspace that holds the row; not the Entra tenant.", ""},
		{"Action", types.String, "Action taken after delivery, for example Moved to quarantine.", "properties.Action"},
		{"ActionResult", types.String, "Result of the action, for example Success.", "properties.ActionResult"},
		{"ActionTrigger", types.String, "Who or what started it, for example AdminAction or SpecialAction.", "properties.ActionTrigger"},
		{"ActionType", types.String, "Activity kind: Manual remediation, Phish ZAP, Malware ZAP, Redelivery, ...", "properties.ActionType"},
		{"DeliveryLocation", types.String, "Where the mail landed, for example Inbox/folder, Quarantine, Junk folder, Dropped, Failed.", "properties.DeliveryLocation"},
		{"InternetMessageId", types.String, "Message-ID header set by the sending system.", "properties.InternetMessageId"},
		{"NetworkMessageId", types.String, "Microsoft 365 id of the mail; the join key between the mail tables.", "properties.NetworkMessageId"},
		{"RecipientEmailAddress", types.String, "Recipient address after list expansion.", "properties.RecipientEmailAddress"},
		{"ReportId", types.String, "Id of the event: NetworkMessageId, a hash and a counter joined by hyphens.", "properties.ReportId"},
		{"ThreatTypes", types.String, "Verdicts, comma separated (Phish, Malware, Spam); empty when clean.", "properties.ThreatTypes"},
		{"DetectionMethods", types.String, "JSON text: threat type to the list of detection technologies.", "properties.DetectionMethods"},
		{"TimeGenerated", types.DateTime, "UTC time of the event (advanced hunting Timestamp).", "properties.Timestamp"},
		{"SenderFromAddress", types.String, "Header From address.", "properties.SenderFromAddress"},
		{"EmailDirection", types.String, "Inbound, Outbound or Intra-org.", "properties.EmailDirection"},
		{"SourceSystem", types.String, "Collector label set by the platform.", ""},
		{"Type", types.String, "Table name, repeated in every row.", ""},
		{"_IsBillable", types.String, "String flag telling whether ingestion of the row is charged.", ""},
		{"_BilledSize", types.Real, "Size of the row in bytes as billed.", ""},
	})
}
