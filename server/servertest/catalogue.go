package servertest

import (
	"context"
	"strings"

	"github.com/quoll/quoll/server"
)

// Schema implements server.Catalogue.
func (c *Canned) Schema(context.Context) (*server.Schema, error) {
	return &server.Schema{
		Database: "quoll",
		Tables: []server.Table{
			table("OfficeActivity", "Audit", "What people and administrators did in Exchange, SharePoint, OneDrive and Teams.", officeActivity),
			table("UnifiedAuditLog", "Audit", "Every audit record of every workload, with the whole record in Record.", unifiedAuditLog),
			table("EmailEvents", "Email", "Messages that Defender for Office 365 saw, and what became of them.", emailEvents),
			table("EmailUrlInfo", "Email", "Links in messages.", emailURLInfo),
			table("UrlClickEvents", "Email", "Clicks on links that Safe Links saw.", urlClickEvents),
		},
		Functions: []server.Function{
			{
				Name: "bin", Kind: "scalar", Description: "Rounds a value down to a multiple of a bin size.",
				Parameters: []server.Parameter{{Name: "value", Type: "scalar"}, {Name: "roundTo", Type: "scalar"}},
				Example:    "OfficeActivity | summarize count() by bin(TimeGenerated, 1h)",
			},
			{Name: "count", Kind: "aggregate", Description: "Counts the rows of a group.", Result: "long", Parameters: []server.Parameter{}},
		},
	}, nil
}

func table(name, category, description, columns string) server.Table {
	t := server.Table{Name: name, Category: category, Description: description, TimeColumn: "TimeGenerated"}
	for line := range strings.Lines(strings.TrimSpace(columns)) {
		head, text, _ := strings.Cut(strings.TrimSpace(line), "  ")
		column, kind, _ := strings.Cut(head, ":")
		t.Columns = append(t.Columns, server.Column{Name: column, Type: kind, Description: strings.TrimSpace(text)})
	}
	if category == "Email" {
		t.Aliases = map[string]string{"Timestamp": "TimeGenerated"}
	}
	return t
}

const officeActivity = `
TenantId:string  The workspace.
TimeGenerated:datetime  When it happened (UTC).
RecordType:string  The kind of audit record.
Operation:string  What was done.
OrganizationId:string  The Microsoft 365 tenant.
UserType:string  Regular, Admin, System and so on.
UserKey:string  The user's immutable id.
OfficeWorkload:string  The service: Exchange, SharePoint, OneDrive, MicrosoftTeams.
ResultStatus:string  Whether it succeeded.
OfficeObjectId:string  What it was done to.
UserId:string  Who did it.
ClientIP:string  Where it was done from.
Parameters:string  Parameters of an administrator's command, as JSON.
SourceFileName:string  The file or folder.
Site_Url:string  The site.
MailboxOwnerUPN:string  Whose mailbox it is.
`

const unifiedAuditLog = `
TimeGenerated:datetime  When it happened (UTC).
Id:guid  The record's own id.
RecordType:long  The kind of audit record, as a number.
Operation:string  What was done.
Workload:string  The service.
UserId:string  Who did it.
ClientIP:string  Where it was done from.
ContentType:string  The kind of content it arrived in.
Record:dynamic  The whole record.
`

const emailEvents = `
TimeGenerated:datetime  When the message was handled (UTC).
NetworkMessageId:string  Microsoft's id of the message.
InternetMessageId:string  The sender's id of the message.
SenderFromAddress:string  The address in the From header.
SenderIPv4:string  The server it came from.
RecipientEmailAddress:string  Who it was for.
Subject:string  The subject.
EmailDirection:string  Inbound, Outbound or Intra-org.
DeliveryAction:string  Delivered, Junked, Blocked or Replaced.
DeliveryLocation:string  Where it was put.
ThreatTypes:string  What was found in it.
AttachmentCount:int  How many attachments.
UrlCount:int  How many links.
`

const emailURLInfo = `
TimeGenerated:datetime  When the message was handled (UTC).
NetworkMessageId:string  Microsoft's id of the message.
Url:string  The link.
UrlDomain:string  Its domain.
UrlLocation:string  Body, Header or Attachment.
`

const urlClickEvents = `
TimeGenerated:datetime  When it was clicked (UTC).
Url:string  The link.
ActionType:string  ClickAllowed, ClickBlocked and so on.
AccountUpn:string  Who clicked.
IPAddress:string  Where from.
NetworkMessageId:string  The message it was in.
IsClickedThrough:bool  Whether a warning was passed over.
`
