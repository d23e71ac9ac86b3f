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

// Revision, date and Essential Eight levels are those of Release, read from its OSCAL
// catalogue; docs/assurance.md says how they are kept.
func loggingControls() []Item {
	return []Item{
		control("0580", "8", "Jun-26", "", "A policy on security monitoring is kept and followed.", FactStreams, FactGaps, FactSearchable, FactRules).
			limited("Whether there is a policy, and whether people follow it, is not in any log. The figures are those that it has to state."),
		control("1405", "4", "Dec-24", "", "There is one central place for event logs.", FactStreams, FactGaps, FactAuditTables, FactMailTables, FactDeviceTables, FactReconcile, FactCertificates),
		control("1983", "1", "Jun-26", "", "Event logs go there as soon as they can.", FactLag, FactGaps, FactExpiry),
		control("1984", "1", "Jun-26", "", "Event logs are encrypted on the way there, with cryptography that ASD has approved.", FactTransport),
		control("0988", "7", "Sep-24", "", "Clocks agree, so that events of different systems can be put in order.", FactTimes, FactStamps),
		control("0585", "7", "Dec-25", "", "Each event has its time, the user or process, the file, what happened, and the equipment.", FactFields),
		control("1959", "0", "Sep-24", "", "Event logs have one consistent structure.", FactForm, FactDrift, FactFields),
		control("1566", "3", "Dec-23", "", "Ordinary access is logged centrally.", FactAuditTables, FactDeviceTables, FactGaps),
		control("1509", "3", "Dec-23", "ML2, ML3", "Privileged access is logged centrally.", FactAuditTables, FactPrivileged, FactGaps),
		control("1650", "3", "Sep-24", "ML2, ML3", "Changes of privileged accounts and groups are logged centrally.", FactAuditTables, FactPrivileged, FactGaps),
		control("1613", "2", "Dec-23", "", "Use of break-glass accounts is logged centrally.", FactBreakGlass, FactAuditTables),
		control("1683", "2", "Dec-23", "ML2, ML3", "Multi-factor authentication, successful and failed, is logged centrally.", FactMFA, FactAuditTables),
		control("1895", "0", "Dec-23", "", "Single-factor authentication, successful and failed, is logged centrally.", FactMFA, FactAuditTables),
		control("1660", "2", "Dec-23", "ML2, ML3", "What application control allowed and blocked is logged centrally.", FactDeviceTables),
		control("1889", "0", "Dec-23", "ML2, ML3", "Command lines of processes are logged centrally.", FactDeviceTables),
		control("1623", "1", "Dec-23", "ML2, ML3", "PowerShell's modules, script blocks and transcripts are logged centrally.", FactDeviceTables),
		control("0582", "10", "Dec-24", "", "Events of Windows that bear on security are logged centrally.", FactDeviceTables),
		control("1978", "0", "Dec-24", "", "Events that bear on security are logged centrally, of server applications that face the internet.", FactAuditTables, FactMailTables).
			limited("Of server applications, Quoll takes in Microsoft 365 alone."),
		control("1979", "0", "Dec-24", "", "Events that bear on security are logged centrally, of other server applications.", FactAuditTables).
			limited("Of server applications, Quoll takes in Microsoft 365 alone."),
	}
}

func protectionControls() []Item {
	return []Item{
		control("1985", "0", "Dec-24", "", "Event logs are kept from readers who may not.", FactAccess, FactSignIn, FactOwnActs),
		control("1815", "1", "Dec-23", "ML2, ML3", "Event logs are kept from being changed or deleted.", FactLog, FactVerification, FactReconcile, FactWitnesses, FactStamps, FactLocked, FactWatchers),
		control("1988", "0", "Dec-24", "", "Event logs can be searched for twelve months.", FactSearchable, FactDisposal, FactDisk),
		control("1989", "0", "Dec-24", "", "Event logs are kept for the minimum of their class, as the National Archives' AFDA Express Version 2 sets it.", FactDisposal, FactCertificates, FactDrill).
			limited("Classes are for the organisation to choose; Quoll has none built in."),
		control("0459", "5", "Jun-26", "", "Where media are encrypted, the whole disk is, or partitions that alone can be written to.", FactEncryption),
		control("1080", "6", "Jun-26", "", "Data at rest are encrypted with an approved algorithm.", FactEncryption),
		control("1139", "6", "Mar-22", "", "Only the latest version of TLS is used.", FactTransport),
		control("1453", "1", "Sep-18", "", "TLS has perfect forward secrecy.", FactTransport),
		control("1811", "1", "Dec-23", "ML1, ML2, ML3", "Backups of data, applications and settings are kept securely, and so that they withstand trouble.", FactLocked, FactSeparate, FactWitnesses, FactDrill),
		control("1707", "2", "Sep-24", "ML2, ML3", "Privileged accounts, other than those of backup administrators, cannot change or delete backups.", FactLocked, FactSeparate),
		control("1708", "2", "Dec-23", "ML3", "Backup administrators cannot change or delete backups while they are to be kept.", FactLocked),
		control("0407", "6", "Jun-25", "", "A record says who may use a system, who approved it, and when it was reviewed.", FactAccess).
			limited("Quoll knows who has which role and since when; approvals and reviews are for the organisation."),
		control("1682", "3", "Dec-23", "ML2, ML3", "Multi-factor authentication of a system's users resists phishing.", FactSignIn),
		control("1647", "2", "Jun-25", "ML2, ML3", "Privileged access ends after twelve months unless renewed.", FactAccess),
		control("1648", "2", "Jun-25", "ML2, ML3", "Privileged access ends after 45 days without use.", FactAccess),
		control("2051", "1", "Dec-25", "", "Software writes event logs that are good enough to find events.", FactOwnActs),
		control("2052", "0", "Jun-25", "", "Event logs of software protect what is sensitive in them.", FactOwnActs, FactLog),
		control("1911", "3", "Dec-25", "", "Use, errors and crashes of software are logged centrally, as far as they bear on security.", FactOwnActs).
			limited("Errors of the server itself go to its log on standard error, and are no rows."),
		control("1536", "3", "Mar-25", "", "Queries that users put to databases through software, and the crashes and errors they cause, are logged centrally.", FactOwnActs),
		control("1537", "5", "Sep-24", "", "Security-relevant events of databases are logged centrally.", FactOwnActs, FactAccess),
		control("1910", "1", "Mar-25", "", "Calls over the internet of APIs that change or read data that are not for the public are logged centrally.", FactOwnActs),
		control("2015", "0", "Mar-25", "", "Calls of such APIs that cannot be reached over the internet are logged centrally.", FactOwnActs, FactAccess),
		control("1730", "0", "Dec-21", "", "A software bill of materials is given.", FactExport).
			limited("The modules of the binary are in it (go version -m); a bill in a standard format is not produced."),
	}
}

func analysisControls() []Item {
	const contributes = "Microsoft 365 is one contribution to it: servers, workstations and network devices of one's own are elsewhere."
	return []Item{
		control("1986", "0", "Dec-24", "", "Logs of critical servers are analysed promptly.", FactRules, FactLag).limited(contributes),
		control("1906", "0", "Dec-23", "ML2, ML3", "Logs of servers that face the internet are analysed promptly.", FactRules, FactLag, FactMailRules).limited(contributes),
		control("1907", "0", "Dec-23", "ML3", "Logs of other servers are analysed promptly.", FactRules, FactLag).limited(contributes),
		control("0109", "9", "Dec-23", "ML3", "Logs of workstations are analysed promptly.", FactDeviceTables).limited(contributes),
		control("1987", "0", "Dec-24", "", "Logs of security products are analysed promptly.", FactMailTables, FactMailRules, FactRules, FactLag),
		control("1228", "3", "Mar-22", "ML2, ML3", "Events are analysed promptly to find incidents among them.", FactRules, FactIncidents, FactLag),
		control("0120", "6", "Jun-26", "", "Security staff have tools enough to detect events and find incidents.", FactRules, FactIncidents, FactSearchable, FactEvidence).
			limited("Whether there are staff, and whether they use the tools, shows in Quoll's own audit rows alone."),
		control("2116", "0", "Jun-26", "", "Threat intelligence helps to detect events and find incidents.", FactIntelligence),
		control("2117", "0", "Jun-26", "", "Suitable AI models help to detect events and find incidents.", FactModels),
		newer("2153", "0", "2026.09, second hand", "Hunts led by intelligence are held at least every three months.", FactHunts).
			limited("Known from the release of September 2026 at second hand: verify before citing."),
		control("1625", "2", "Jun-24", "", "There is a programme against threats from insiders.", FactInsider),
		control("1023", "6", "Mar-22", "", "Recipients of blocked mail that came in, and senders of blocked mail that was to go out, are told.", FactMailTables).
			limited("Notices are sent by Exchange; Quoll sees the mails, and does not match notices with them."),
	}
}

func incidentControls() []Item {
	return []Item{
		control("0123", "4", "Jun-23", "ML2, ML3", "Incidents are reported to the CISO, or a delegate, as soon as they can be.", FactReporting, FactNotifications, FactIncidents),
		control("0140", "8", "Sep-23", "ML2, ML3", "Incidents are reported to ASD as soon as they can be.", FactReporting),
		control("1819", "2", "Dec-23", "ML2, ML3", "The response plan is put to work when there is an incident.", FactPlan),
		control("0125", "6", "Dec-22", "", "There is a register of incidents.", FactIncidents, FactRegister),
		control("1803", "0", "Dec-22", "", "The register has when it happened and was found, what it was, what was done, and who was told.", FactRegister),
		control("0576", "10", "Sep-23", "", "There are a policy and a plan for incidents.", FactPlan),
		control("1784", "1", "Sep-23", "", "The plan is exercised at least once a year.", FactPlan),
		control("0043", "6", "Jun-26", "", "Each system has a plan that says what an incident is, what kinds are likely, how each is met and reported, and who else has to know.", FactPlan),
		control("0138", "6", "Jun-26", "", "Evidence keeps its integrity: every action is written down, custody is unbroken, instructions of law enforcement are followed.", FactEvidence, FactVerification, FactOwnActs),
		control("0133", "2", "Jun-21", "", "When data spills, its owner is told and access restricted.", FactDLPRules, FactPlan),
	}
}
