package assure

import "slices"

// Items returns the controls and decisions, in the order of a report.
func Items() []Item {
	return slices.Concat(loggingControls(), protectionControls(), analysisControls(), incidentControls(), decisions())
}

func control(id, revision, updated, eight, asks string, facts ...string) Item {
	return Item{ID: "ISM-" + id, Kind: ISM, Revision: revision, Updated: updated, Release: Release, EssentialEight: eight, Asks: asks, Facts: facts}
}

// newer is a control of a later release than the others.
func newer(id, revision, release, asks string, facts ...string) Item {
	i := control(id, revision, "", "", asks, facts...)
	i.Release = release
	return i
}

func (i Item) limited(text string) Item {
	i.Limit = text
	return i
}

// Each revision is that of Release; docs/assurance.md says how they are kept.
func loggingControls() []Item {
	return []Item{
		control("0580", "8", "Jun-26", "", "A policy on security monitoring is kept and followed.", FactStreams, FactGaps, FactSearchable, FactRules).
			limited("Whether there is a policy, and whether people follow it, is not in any log. The figures are those that it has to state."),
		control("1405", "4", "Dec-24", "", "There is one central place for event logs.", FactStreams, FactGaps, FactAuditTables, FactMailTables, FactDeviceTables, FactReconcile, FactCertificates),
		control("1983", "1", "Jun-26", "", "Event logs go there as soon as they can.", FactLag, FactGaps, FactExpiry),
		control("1984", "1", "Jun-26", "", "Event logs are encrypted on the way with approved cryptography.", FactTransport),
		control("0988", "7", "Sep-24", "", "Clocks agree, so that events of different systems can be put in order.", FactTimes),
		control("0585", "7", "Dec-25", "", "Each event has when, who, on what, what was done, and the equipment.", FactFields),
		control("1959", "0", "Sep-24", "", "Event logs have one consistent structure.", FactForm, FactDrift, FactFields),
		control("1566", "3", "", "", "Ordinary access is logged centrally.", FactAuditTables, FactDeviceTables, FactGaps),
		control("1509", "3", "", "ML2, ML3", "Privileged access is logged centrally.", FactAuditTables, FactPrivileged, FactGaps),
		control("1650", "3", "", "ML2, ML3", "Changes of privileged accounts and groups are logged centrally.", FactAuditTables, FactPrivileged, FactGaps),
		control("1613", "2", "", "", "Use of break-glass accounts is logged centrally.", FactBreakGlass, FactAuditTables),
		control("1683", "2", "", "ML2, ML3", "Multi-factor authentication, successful and failed, is logged centrally.", FactMFA, FactAuditTables),
		control("1895", "0", "", "", "Single-factor authentication, successful and failed, is logged centrally.", FactMFA, FactAuditTables),
		control("1660", "2", "", "ML2, ML3", "Application control events are logged centrally.", FactDeviceTables),
		control("1889", "0", "", "ML2, ML3", "Command lines of processes are logged centrally.", FactDeviceTables),
		control("1623", "1", "", "ML2, ML3", "PowerShell is logged centrally.", FactDeviceTables),
		control("0582", "10", "", "", "Events of Windows are logged centrally.", FactDeviceTables),
		control("1978", "0", "", "", "Events of server applications that face the internet are logged centrally.", FactAuditTables, FactMailTables).
			limited("Of server applications, Quoll takes in Microsoft 365 alone."),
		control("1979", "0", "", "", "Events of other server applications are logged centrally.", FactAuditTables).
			limited("Of server applications, Quoll takes in Microsoft 365 alone."),
	}
}

func protectionControls() []Item {
	return []Item{
		control("1985", "0", "Dec-24", "", "Event logs are kept from readers who may not.", FactAccess, FactSignIn, FactOwnActs),
		control("1815", "1", "Dec-23", "ML2, ML3", "Event logs are kept from being changed or deleted.", FactLog, FactVerification, FactReconcile, FactWitnesses, FactLocked, FactWatchers),
		control("1988", "0", "Dec-24", "", "Event logs can be searched for twelve months.", FactSearchable, FactDisposal, FactDisk),
		control("1989", "0", "Dec-24", "", "Event logs are kept for the minimum of their National Archives class.", FactDisposal, FactCertificates, FactDrill).
			limited("Classes are for the organisation to choose; Quoll has none built in."),
		control("0459", "5", "Jun-26", "", "Full disk or file encryption protects data at rest.", FactEncryption),
		control("1080", "6", "Jun-26", "", "Approved cryptography protects data at rest.", FactEncryption),
		control("1139", "", "", "", "Only the latest version of TLS is used.", FactTransport),
		control("1453", "", "", "", "TLS has perfect forward secrecy.", FactTransport),
		control("1811", "1", "", "", "Backups are kept from changes by privileged accounts.", FactLocked, FactSeparate, FactWitnesses, FactDrill),
		control("1707", "2", "", "", "Privileged accounts cannot change or delete backups.", FactLocked, FactSeparate),
		control("1708", "2", "", "", "Backup administrators cannot change or delete backups while they are to be kept.", FactLocked),
		control("0407", "6", "", "", "A record says who may use a system, who approved it, and when it was reviewed.", FactAccess).
			limited("Quoll knows who has which role and since when; approvals and reviews are for the organisation."),
		control("1682", "3", "", "", "Multi-factor authentication resists phishing.", FactSignIn),
		control("1647", "2", "", "", "Privileged access ends after twelve months unless renewed.", FactAccess),
		control("1648", "2", "", "", "Privileged access ends after 45 days without use.", FactAccess),
		control("2051", "1", "", "", "Software writes event logs that are good enough to find events.", FactOwnActs),
		control("2052", "0", "", "", "Event logs of software protect what is sensitive in them.", FactOwnActs, FactLog),
		control("1911", "3", "", "", "Usage errors and crashes of web applications are logged centrally.", FactOwnActs).
			limited("Errors of the server itself go to its log on standard error, and are no rows."),
		control("1536", "3", "", "", "All queries to databases that come from outside are logged.", FactOwnActs),
		control("1537", "5", "", "", "Security-relevant events of databases are logged centrally.", FactOwnActs, FactAccess),
		control("1910", "1", "", "", "Use of web APIs that change or read non-public data is logged centrally.", FactOwnActs),
		control("2015", "0", "", "", "Use of APIs that change or read non-public data inside a network is logged centrally.", FactOwnActs, FactAccess),
		control("1730", "0", "", "", "A software bill of materials is given.", FactExport).
			limited("The modules of the binary are in it (go version -m); a bill in a standard format is not produced."),
	}
}

func analysisControls() []Item {
	const contributes = "Microsoft 365 is one contribution to it: servers, workstations and network devices of one's own are elsewhere."
	return []Item{
		control("1986", "0", "", "", "Logs of critical servers are analysed promptly.", FactRules, FactLag).limited(contributes),
		control("1906", "0", "", "ML2, ML3", "Logs of servers that face the internet are analysed promptly.", FactRules, FactLag, FactMailRules).limited(contributes),
		control("1907", "0", "", "ML3", "Logs of other servers are analysed promptly.", FactRules, FactLag).limited(contributes),
		control("0109", "9", "", "ML3", "Logs of workstations are analysed promptly.", FactDeviceTables).limited(contributes),
		control("1987", "0", "", "", "Logs of security products are analysed promptly.", FactMailTables, FactMailRules, FactRules, FactLag),
		control("1228", "3", "Mar-22", "ML2, ML3", "Events are analysed promptly to find incidents.", FactRules, FactIncidents, FactLag),
		control("0120", "6", "Jun-26", "", "Staff have tools enough to detect events and find incidents.", FactRules, FactIncidents, FactSearchable, FactEvidence).
			limited("Whether there are staff, and whether they use the tools, shows in Quoll's own audit rows alone."),
		control("2116", "0", "Jun-26", "", "Threat intelligence is used to find events.", FactIntelligence),
		control("2117", "0", "Jun-26", "", "Suitable AI models help to find events.", FactModels),
		newer("2153", "0", "2026.09, second hand", "Hunts led by intelligence are held at least every three months.", FactHunts).
			limited("Known from the release of September 2026 at second hand: verify before citing."),
		control("1625", "2", "", "", "There is a programme against threats from insiders.", FactInsider),
		control("1023", "6", "", "", "Those whose mail was blocked are told.", FactMailTables).
			limited("Notices are sent by Exchange; Quoll sees the mails, and does not match notices with them."),
	}
}

func incidentControls() []Item {
	return []Item{
		control("0123", "4", "", "ML2, ML3", "Incidents are reported to the CISO as soon as they can be.", FactReporting, FactNotifications, FactIncidents),
		control("0140", "8", "", "ML2, ML3", "Incidents are reported to ASD as soon as they can be.", FactReporting),
		control("1819", "2", "", "ML2, ML3", "The response plan is put to work when there is an incident.", FactPlan),
		control("0125", "6", "", "", "There is a register of incidents.", FactIncidents, FactRegister),
		control("1803", "0", "", "", "The register has when it happened and was found, what it was, what was done, and who was told.", FactRegister),
		control("0576", "10", "", "", "There are a policy and a plan for incidents.", FactPlan),
		control("1784", "1", "", "", "The plan is exercised at least once a year.", FactPlan),
		control("0043", "6", "Jun-26", "", "The plan has what a plan has to have.", FactPlan),
		control("0138", "6", "Jun-26", "", "The integrity of evidence is kept: raw copies, digests, custody.", FactEvidence, FactVerification, FactOwnActs),
		control("0133", "2", "", "", "When data spills, its owner is told and access restricted.", FactDLPRules, FactPlan),
	}
}
