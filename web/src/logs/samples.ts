export interface Sample { title: string; group: string; query: string }

/** Queries to start from. Each runs on the tables that Quoll keeps. */
export const samples: Sample[] = [
  {
    group: "Getting to know the data", title: "What arrives, by service",
    query: "// What arrives, by service\nOfficeActivity\n| summarize Events = count() by OfficeWorkload, RecordType\n| sort by Events desc",
  },
  {
    group: "Getting to know the data", title: "Activity over time",
    query: "// Activity over time\nOfficeActivity\n| summarize Events = count() by bin(TimeGenerated, 1h), OfficeWorkload\n| render timechart",
  },
  {
    group: "Getting to know the data", title: "The latest audit records",
    query: "// The latest audit records\nUnifiedAuditLog\n| project TimeGenerated, Workload, Operation, UserId, ClientIP, Record\n| top 100 by TimeGenerated desc",
  },
  {
    group: "E-mail", title: "Messages by what became of them",
    query: "// Messages by what became of them\nEmailEvents\n| summarize Messages = count() by DeliveryAction\n| render piechart",
  },
  {
    group: "E-mail", title: "Threats that reached a mailbox",
    query: "// Threats that reached a mailbox\nEmailEvents\n| where isnotempty(ThreatTypes) and DeliveryAction == \"Delivered\"\n| project TimeGenerated, ThreatTypes, SenderFromAddress, RecipientEmailAddress, Subject, DeliveryLocation, NetworkMessageId\n| sort by TimeGenerated desc",
  },
  {
    group: "E-mail", title: "Clicks on links of messages with threats",
    query: "// Clicks on links of messages with threats\nUrlClickEvents\n| join kind=inner (EmailEvents | where isnotempty(ThreatTypes) | project NetworkMessageId, Subject, SenderFromAddress, ThreatTypes) on NetworkMessageId\n| project TimeGenerated, AccountUpn, ActionType, Url, Subject, SenderFromAddress, ThreatTypes",
  },
  {
    group: "Accounts and mailboxes", title: "Inbox rules that were made or changed",
    query: "// Inbox rules that were made or changed\nOfficeActivity\n| where Operation in (\"New-InboxRule\", \"Set-InboxRule\")\n| project TimeGenerated, UserId, ClientIP, Operation, Parameters\n| sort by TimeGenerated desc",
  },
  {
    group: "Accounts and mailboxes", title: "Who reads the most mail",
    query: "// Who reads the most mail\nOfficeActivity\n| where Operation == \"MailItemsAccessed\"\n| summarize Accesses = count(), Addresses = dcount(ClientIP) by UserId\n| top 20 by Accesses",
  },
  {
    group: "Accounts and mailboxes", title: "Addresses seen for one person only",
    query: "// Addresses seen for one person only\nOfficeActivity\n| where isnotempty(ClientIP)\n| summarize People = dcount(UserId), Events = count(), Who = take_any(UserId) by ClientIP\n| where People == 1\n| top 50 by Events",
  },
  {
    group: "Files and sharing", title: "Downloads by person",
    query: "// Downloads by person\nOfficeActivity\n| where Operation == \"FileDownloaded\"\n| summarize Files = dcount(OfficeObjectId) by UserId\n| top 15 by Files\n| render barchart",
  },
  {
    group: "Files and sharing", title: "Sharing with people outside",
    query: "// Sharing with people outside\nOfficeActivity\n| where Operation in (\"AnonymousLinkCreated\", \"SharingInvitationCreated\", \"AddedToSecureLink\")\n| project TimeGenerated, UserId, Operation, OfficeObjectId, TargetUserOrGroupName\n| sort by TimeGenerated desc",
  },
];
