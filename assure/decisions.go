package assure

// BlueprintVersion is the version of the Blueprint that the decisions were read in.
const BlueprintVersion = "Blueprint v1.3.3 (2 July 2025)"

func decision(id, page, asks string, facts ...string) Item {
	return Item{ID: id, Kind: Blueprint, Release: BlueprintVersion, Page: page, Asks: asks, Facts: facts}
}

// decisions are those on monitoring and logging, under the numbers of
// docs/assurance.md.
func decisions() []Item {
	const (
		monitoring = "design/shared-services/microsoft-365/microsoft365-monitoring"
		audit      = "design/shared-services/purview/audit"
		platform   = "design/platform/security/platform-monitoring-auditing"
		identity   = "design/platform/identity/reporting-and-monitoring"
		siem       = "design/platform/security/siem"
		security   = "design/platform/security"
		mailbox    = "design/shared-services/exchange-online/mailbox-auditing"
		dlp        = "design/shared-services/purview/data-loss-prevention"
		power      = "design/shared-services/power-platform/audit-logging"
		apps       = "design/platform/security/web-service-security"
		lockbox    = "design/shared-services/microsoft-365/lockbox"
		alerts     = "design/shared-services/defender/alerts"
	)
	return []Item{
		decision("D1", monitoring, "The unified audit log reaches the table OfficeActivity, because an archive and audit solution stands behind it.", FactStreams, FactGaps, FactAuditTables, FactArchiveLag, FactReconcile),
		decision("D2", monitoring, "Defender for Office 365 reaches the four Email tables, for the same reason.", FactMailTables, FactArchiveLag, FactReconcile),
		decision("D3", audit, "All audit data is kept for seven years, without a filter on record types.", FactAuditTables, FactSearchable, FactDisposal, FactGaps).
			limited("The seven years rest on a control that was withdrawn in December 2024; take them as a setting. What Microsoft did not keep, because of a licence, cannot be had."),
		decision("D4", "configuration/purview/audit/audit-policies", "Auditing is on, and one policy keeps every record type for seven years.", FactUpstream),
		decision("D5", platform, "A workspace keeps logs for a year, without a cap on volume, for a group of log administrators.", FactSearchable, FactDisposal, FactDisk, FactAccess, FactRegion),
		decision("D6", platform, "Logs come in and can be had out by several ways: portal, rules, dashboards, export, PowerShell, API, SIEM.", FactStreams, FactExport, FactRules),
		decision("D7", identity, "Sign-in, audit and risk logs of Entra are kept.", FactDeviceTables, FactAuditTables),
		decision("D8", siem, "A SIEM takes in Office 365; alerts go to administrators.", FactRules, FactIncidents, FactNotifications),
		decision("D9", security, "Data of Defender XDR can be searched for twelve months, in Australia where possible.", FactMailTables, FactSearchable, FactRegion),
		decision("D10", "design/platform/client/endpoint-monitoring", "Endpoint telemetry and alerts reach SecurityAlert, SecurityIncident and ten Device tables.", FactAlertTables, FactDeviceTables),
		decision("D12", mailbox, "Mailboxes audit every action of a list, and the records reach a central log service.", FactUpstream, FactAuditTables),
		decision("D13", alerts, "Microsoft's default alert policies are on.", FactUpstream, FactAlertTables),
		decision("D14", dlp, "Policies against data loss alert on every match of a blocking rule.", FactDLPRules, FactAuditTables),
		decision("D15", power, "Power Platform is audited, reading included, and kept as the rest.", FactAuditTables, FactSearchable).
			limited("Dataverse keeps a log of its own, which does not come by the unified audit log."),
		decision("D16", apps, "Activities and alerts of Defender for Cloud Apps reach the SIEM.", FactCloudApps),
		decision("D17", lockbox, "What Microsoft's operators do after approval stands in the audit log.", FactLockbox, FactAuditTables),
		decision("D18", "design/platform/identity/users", "Use of the two emergency accounts is watched.", FactBreakGlass),
		decision("D21", "design/platform/security/identity-security", "An alert that two products give is taken once.", FactDuplicates),
	}
}
