package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
)

// cmdlet records a cmdlet that a person ran. Its ClientIP has a port, and its
// UserType is Admin even where people change their own mailbox.
func (w *World) cmdlet(a *actor, s seat, at time.Time, name, object string, parameters ...audit.NameValue) string {
	c := withStatus(w.common(a, s, at, workloadExchange, name, audit.TypeExchangeAdmin), "True")
	c.ClientIP, c.ObjectID, c.UserType = w.withPort(s.ip), object, audit.UserAdmin
	r := audit.ExchangeAdmin{
		Common: c, AppID: appExchange, AppPoolName: "MSExchangeAdminApiNetCore", OrganizationName: w.org.TenantDomain,
		OriginatingServer: w.server(), Parameters: parameters, RequestID: w.dice.GUID(), SessionID: s.session, TokenTenantID: w.org.TenantID,
		AppAccessContext: &audit.AppAccessContext{AADSessionID: s.session, UniqueTokenID: w.dice.Base64(16)[:22]},
	}
	w.record(at, r.ID, r, audit.ContentExchange)
	return r.ID
}

// tidyRule is a harmless inbox rule: newsletters go to a folder of their own.
func (w *World) tidyRule(a *actor, s seat, at time.Time) {
	from := dice.Pick(w.dice, w.org.Newsletters)
	w.cmdlet(a, s, at, "New-InboxRule", a.Alias+"\\"+from.Name,
		audit.NameValue{Name: "AlwaysDeleteOutlookRulesBlob", Value: "False"},
		audit.NameValue{Name: "Force", Value: "False"},
		audit.NameValue{Name: "From", Value: from.Address},
		audit.NameValue{Name: "MoveToFolder", Value: "Newsletters"},
		audit.NameValue{Name: "Name", Value: from.Name},
		audit.NameValue{Name: "StopProcessingRules", Value: "True"})
}

// administerExchange is one of the things that administrators of Exchange do.
func (w *World) administerExchange(a *actor, s seat, at time.Time) {
	someone := dice.Pick(w.dice, w.org.People)
	object := w.org.MailboxObject(someone.Alias)
	switch w.dice.Below(8) {
	case 0:
		// A leaver's mail goes to a colleague: forwarding, but inside.
		w.cmdlet(a, s, at, "Set-Mailbox", object,
			audit.NameValue{Name: "Identity", Value: someone.Alias},
			audit.NameValue{Name: "DeliverToMailboxAndForward", Value: "True"},
			audit.NameValue{Name: "ForwardingSmtpAddress", Value: "smtp:" + dice.Pick(w.dice, w.org.People).UPN})
	case 1, 2:
		w.cmdlet(a, s, at, "Add-MailboxPermission", object,
			audit.NameValue{Name: "Identity", Value: "shared.mailbox"},
			audit.NameValue{Name: "User", Value: someone.UPN},
			audit.NameValue{Name: "AccessRights", Value: "FullAccess"},
			audit.NameValue{Name: "InheritanceType", Value: "All"})
	case 3:
		w.cmdlet(a, s, at, "Set-CASMailbox", object,
			audit.NameValue{Name: "Identity", Value: someone.Alias},
			audit.NameValue{Name: "ImapEnabled", Value: "False"})
	default:
		w.cmdlet(a, s, at, "Set-Mailbox", object,
			audit.NameValue{Name: "Identity", Value: someone.Alias},
			audit.NameValue{Name: "RetainDeletedItemsFor", Value: "30.00:00:00"})
	}
}

// servicePerHour is how often Exchange itself changes something.
const servicePerHour = 6

// service is what Microsoft's own processes leave in the log: cmdlets without
// an address, syncs and matches of policies.
func (w *World) service(hours float64) {
	for range w.dice.Count(servicePerHour * hours) {
		w.serviceCmdlet(w.moment())
	}
	for range w.dice.Count(0.25 * hours) {
		w.teamsServiceSync(w.moment())
	}
	for range w.dice.Count(0.4 * hours) {
		w.policyMatch(w.moment())
	}
}

func (w *World) serviceCmdlet(at time.Time) {
	system := dice.Pick(w.dice, []string{`NT AUTHORITY\SYSTEM (Microsoft.Exchange.ServiceHost)`, `NT AUTHORITY\SYSTEM (w3wp)`, `NT AUTHORITY\SYSTEM (Microsoft.Exchange.AdminApi.NetCore)`})
	name := dice.Pick(w.dice, []string{"Set-Mailbox", "Set-MailboxPlan", "Set-User", "Set-TransportConfig"})
	object := w.org.MailboxObject("DiscoverySearchMailbox{D919BA05-46A6-415f-80AD-7E09334BB852}")
	r := audit.ExchangeAdmin{
		Common: audit.Common{
			CreationTime: audit.Time(at), ID: w.dice.StampedGUID(at), Operation: name, OrganizationID: w.org.TenantID, RecordType: audit.TypeExchangeAdmin,
			ResultStatus: "True", UserKey: system, UserType: audit.UserDcAdmin, Version: 1, Workload: workloadExchange, ObjectID: object, UserID: system,
		},
		ExternalAccess: true, OrganizationName: w.org.TenantDomain, OriginatingServer: w.server(),
		Parameters: []audit.NameValue{{Name: "Identity", Value: object}, {Name: "Force", Value: "True"}, {Name: "ProhibitSendQuota", Value: "99 GB (106,300,440,576 bytes)"}},
	}
	w.record(at, r.ID, r, audit.ContentExchange)
}

func (w *World) teamsServiceSync(at time.Time) {
	team, someone := dice.Pick(w.dice, w.org.Teams), dice.Pick(w.dice, w.org.People)
	r := audit.Teams{
		Common: audit.Common{
			CreationTime: audit.Time(at), ID: w.dice.GUID(), Operation: "MemberAdded", OrganizationID: w.org.TenantID, RecordType: audit.TypeTeams,
			UserKey: w.dice.GUID(), UserType: audit.UserApplication, Version: 1, Workload: workloadTeams, UserID: "Microsoft Teams Sync",
		},
		ExtraProperties: &[]audit.KeyValue{},
		Members:         []audit.Member{{DisplayName: someone.DisplayName(), Role: 1, UPN: someone.UPN}},
	}
	w.inTeam(&r, team)
	w.record(at, r.ID, r, audit.ContentGeneral)
}

// policyMatch is data loss prevention finding something in a document or a
// mail. Documents come in two feeds, with the same Id.
func (w *World) policyMatch(at time.Time) {
	a := dice.Pick(w.dice, w.actors)
	kind := dice.Pick(w.dice, audit.SensitiveTypes())
	ids := dice.Named(w.cfg.Seed, "dlp "+kind.Name)
	r := audit.DLP{
		Common: audit.Common{
			CreationTime: audit.Time(at), ID: w.dice.StampedGUID(at), OrganizationID: w.org.TenantID,
			UserType: audit.UserSystem, Version: 1,
		},
		IncidentID: w.dice.StampedGUID(at),
		PolicyDetails: []audit.DLPPolicy{{PolicyID: ids.GUID(), PolicyName: "Agency data protection", Rules: []audit.DLPRule{{
			Actions: []string{"NotifyUser"}, RuleID: ids.GUID(), RuleMode: "Enable", RuleName: "Low volume of " + kind.Name, Severity: "Low",
			ConditionsMatched: audit.DLPConditions{SensitiveInformation: []audit.SensitiveInformation{{
				Confidence: 85, Count: 1, UniqueCount: 1, Location: "Message Body", SensitiveInformationTypeName: kind.Name, SensitiveType: kind.ID,
			}}},
		}}}},
	}
	if m := a.lastSent(); m != nil && w.dice.Chance(0.5) {
		w.matchMail(r, at, a, m)
		return
	}
	w.matchFile(r, at, a)
}

func (a *actor) lastSent() *message {
	if len(a.sent) == 0 {
		return nil
	}
	return a.sent[len(a.sent)-1]
}

func (w *World) matchMail(r audit.DLP, at time.Time, a *actor, m *message) {
	r.Operation, r.RecordType, r.Workload = "DlpRuleMatch", audit.TypeDLPExchange, workloadExchange
	r.UserID, r.UserKey, r.ObjectID = "DlpAgent", "DlpAgent", m.internet
	meta := &audit.ExchangeMetaData{BCC: []string{}, CC: []string{}, FileSize: m.bytes, From: a.UPN, MessageID: m.internet, RecipientCount: len(m.to), Sent: audit.Time(m.at), Subject: m.subject, UniqueID: m.network}
	for _, to := range m.to {
		meta.To = append(meta.To, to.address)
	}
	r.ExchangeMetaData = meta
	w.recordMatch(r, at, audit.ContentDLP)
}

func (w *World) matchFile(r audit.DLP, at time.Time, a *actor) {
	f := w.someFile(a.OneDrive)
	r.Operation, r.RecordType, r.Workload = "DLPRuleMatch", audit.TypeDLPSharePoint, workloadOneDrive
	r.UserID, r.ObjectID = "DlpPolicyEventBasedAssistantOneDriveForBusiness", f.ID
	r.UserKey = r.UserID
	r.SharePointMetaData = &audit.SharePointMetaData{
		FileName: f.Name, FileOwner: a.DisplayName(), FilePathURL: a.OneDrive.URL + "/" + f.Folder + "/" + f.Name, From: a.UPN,
		ItemCreationTime: audit.Time(at.Add(-26 * time.Hour)), ItemLastModifiedTime: audit.Time(at.Add(-time.Hour)),
		SiteCollectionGUID: a.OneDrive.ID, SiteCollectionURL: a.OneDrive.URL, UniqueID: f.ID,
	}
	w.recordMatch(r, at, audit.ContentDLP, audit.ContentSharePoint)
}

// recordMatch records a match. Now and then the service thinks again and words
// it anew under the same Id: same Id, different content.
func (w *World) recordMatch(r audit.DLP, at time.Time, contentTypes ...string) {
	w.record(at, r.ID, r, contentTypes...)
	if w.dice.Chance(revisedMatches) {
		w.later(at.Add(w.dice.Span(time.Minute, 20*time.Minute)), func(time.Time) {
			policies := append([]audit.DLPPolicy(nil), r.PolicyDetails...)
			rules := append([]audit.DLPRule(nil), policies[0].Rules...)
			rules[0].Actions = append(rules[0].Actions[:1:1], "GenerateAlert")
			policies[0].Rules, r.PolicyDetails = rules, policies
			w.record(at, r.ID, r, contentTypes...)
		})
	}
}

// revisedMatches is the share of policy matches that are worded anew.
const revisedMatches = 0.1

// planBackground puts a few harmless look-alikes of the story into every day of
// the world's first fortnight, besides those that people think of themselves.
func (w *World) planBackground() {
	var tidy []*actor
	for _, a := range w.actors {
		if a.OfficeOnly && !a.Admin {
			tidy = append(tidy, a)
		}
	}
	for day := range 14 {
		a := tidy[day%len(tidy)]
		at := w.cfg.Start.Add(time.Duration(day)*24*time.Hour + w.dice.Span(time.Hour, 20*time.Hour))
		w.later(at, func(at time.Time) {
			s := a.seatNow()
			if s.ip == "" {
				s = seat{ip: a.OfficeIP, agent: a.Agent, os: a.OS, browser: a.Browser, session: w.dice.GUID(), managed: true}
			}
			w.tidyRule(a, s, at)
		})
	}
}
