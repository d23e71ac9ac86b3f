package world

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// team picks a team that a person is a member of.
func (w *World) team(a *actor) *organisation.Team {
	for range 8 {
		team := dice.Pick(w.dice, w.org.Teams)
		for _, member := range team.Members {
			if member == a.Person {
				return team
			}
		}
	}
	return w.org.Teams[len(w.org.Teams)-1] // everybody is in it
}

func (w *World) teamsRecord(a *actor, s seat, at time.Time, operation string) audit.Teams {
	return audit.Teams{
		Common:          w.common(a, s, at, workloadTeams, operation, audit.TypeTeams),
		ExtraProperties: &[]audit.KeyValue{},
	}
}

func (w *World) inTeam(r *audit.Teams, team *organisation.Team) {
	r.AADGroupID, r.CommunicationType, r.ItemName = team.GroupID, "Team", team.Name
	r.TeamGUID, r.TeamName = team.ThreadID, team.Name
}

func (w *World) teamsSession(a *actor, s seat, at time.Time) {
	r := w.teamsRecord(a, s, at, "TeamsSessionStarted")
	r.ObjectID, r.ExtraProperties = "Windows 10 (Desktop client)", nil
	w.record(at, r.ID, r, audit.ContentGeneral)
}

// teamsMessage writes to a channel or a chat. The words are not in the record.
func (w *World) teamsMessage(a *actor, s seat, at time.Time) {
	r := w.teamsRecord(a, s, at, "MessageSent")
	r.MessageID = fmt.Sprint(at.UnixMilli() + int64(w.dice.Below(1000)))
	r.MessageVersion, r.MessageSize = r.MessageID, w.dice.Between(60, 3000)
	if w.dice.Chance(0.5) {
		team := w.team(a)
		channel := dice.Pick(w.dice, team.Channels)
		w.inTeam(&r, team)
		r.CommunicationType, r.ItemName = "Channel", channel.Name
		r.ChannelGUID, r.ChannelName, r.ChannelType = channel.ThreadID, channel.Name, "Standard"
	} else {
		r.CommunicationType = "OneOnOne"
		r.ChatThreadID = "19:" + a.ObjectID + "_" + dice.Pick(w.dice, w.org.People).ObjectID + "@unq.gbl.spaces"
	}
	w.record(at, r.ID, r, audit.ContentGeneral)
}

// changeTeam adds people or channels, and now and then a whole team.
func (w *World) changeTeam(a *actor, s seat, at time.Time) {
	team := w.team(a)
	operation := dice.PickWeighted(w.dice, []dice.Weighted[string]{{Weight: 6, Thing: "MemberAdded"}, {Weight: 2, Thing: "ChannelAdded"}, {Weight: 1, Thing: "TeamCreated"}})
	r := w.teamsRecord(a, s, at, operation)
	w.inTeam(&r, team)
	switch operation {
	case "MemberAdded":
		someone := dice.Pick(w.dice, w.org.People)
		r.Members = []audit.Member{{DisplayName: someone.DisplayName(), Role: 1, UPN: someone.UPN}}
	case "ChannelAdded":
		r.ChannelGUID, r.ChannelName, r.ChannelType = "19:"+w.dice.Hex(32)+"@thread.tacv2", fmt.Sprintf("Package %d", w.dice.Between(1, 99)), "Standard"
	default:
		r.TeamName = fmt.Sprintf("Working Group %d", w.dice.Between(1, 99))
		r.ItemName, r.TeamGUID, r.AADGroupID = r.TeamName, "19:"+w.dice.Hex(32)+"@thread.tacv2", w.dice.GUID()
	}
	w.record(at, r.ID, r, audit.ContentGeneral)
}

func (w *World) viewReport(a *actor, s seat, at time.Time) {
	number := w.dice.Below(4)
	name := []string{"Capital Works Spend", "Vessel Utilisation", "Accounts Payable Ageing", "Incident Trend"}[number]
	ids := dice.Named(w.cfg.Seed, "power bi "+name)
	r := audit.PowerBI{
		Common:   w.common(a, s, at, workloadPowerBI, "ViewReport", audit.TypePowerBI),
		Activity: "ViewReport", UserAgent: s.agent, ItemName: name, WorkSpaceName: "Corporate Reporting",
		DatasetName: name, ReportName: name, WorkspaceID: ids.GUID(), DatasetID: ids.GUID(), ReportID: ids.GUID(),
		ReportType: "PowerBIReport", RequestID: w.dice.GUID(), ActivityID: w.dice.GUID(), IsSuccess: true,
	}
	r.ObjectID = name
	w.record(at, r.ID, r, audit.ContentGeneral)
}

func (w *World) askCopilot(a *actor, s seat, at time.Time) {
	host := dice.Pick(w.dice, []string{"Word", "Teams", "Outlook", "BizChat"})
	r := audit.Copilot{
		Common: w.common(a, s, at, workloadCopilot, "CopilotInteraction", audit.TypeCopilot),
		CopilotEventData: audit.CopilotEvent{
			AISystemPlugin:    []audit.CopilotPlugin{{ID: "BingWebSearch", Name: "BingWebSearch"}},
			AccessedResources: []audit.CopilotResource{},
			AppHost:           host,
			Contexts:          []audit.CopilotContext{{ID: w.dice.GUID(), Type: host}},
			Messages:          []audit.CopilotMessage{{ID: w.dice.GUID(), IsPrompt: true}, {ID: w.dice.GUID()}},
			ThreadID:          "19:" + w.dice.Base64(30)[:36] + "@thread.v2",
		},
	}
	if host == "Word" {
		site := a.OneDrive
		f := w.someFile(site)
		r.CopilotEventData.AccessedResources = append(r.CopilotEventData.AccessedResources, audit.CopilotResource{
			Action: "Read", ID: f.ID, Name: f.Name, SiteURL: site.URL + "/" + f.Folder + "/" + f.Name, Type: f.Extension,
		})
	}
	w.record(at, r.ID, r, audit.ContentGeneral)
}

// searchCompliance is an analyst at work in the portals.
func (w *World) searchCompliance(a *actor, s seat, at time.Time) {
	if w.dice.Chance(0.6) {
		r := audit.Compliance{
			Common:   withStatus(w.common(a, s, at, workloadCompliance, dice.Pick(w.dice, []string{"SearchAlert", "ValidaterbacAccessCheck", "SearchMtpStatus"}), audit.TypeDataInsights), ""),
			AadAppID: "80ccca67-54bd-44ab-8625-4b79c4dc7775", DataType: "Alert", RelativeURL: "/DataInsights/DataInsightsService.svc/Find/Alert",
			ResultCount: fmt.Sprint(w.dice.Below(40)), DatabaseType: "DataInsights", Filters: &[]string{},
		}
		r.ObjectID = "Alert"
		w.record(at, r.ID, r, audit.ContentGeneral)
		return
	}
	cmdlet := dice.Pick(w.dice, []string{"Get-DlpCompliancePolicy", "Get-DlpSiDetectionsReport", "Get-RetentionCompliancePolicy", "Get-ComplianceTag"})
	r := audit.Compliance{
		Common:            withStatus(w.common(a, s, at, workloadCompliance, cmdlet, audit.TypeComplianceCmdlet), "Success"),
		ClientApplication: "EMC", CmdletVersion: "-", ClientRequestID: w.dice.GUID(), EffectiveOrganization: w.org.TenantDomain,
		StartTime: audit.Time(at.Add(-time.Second)), NonPIIParameters: "", Parameters: `-DistributionDetail:"False"`,
	}
	r.UserKey = a.PUID
	w.record(at, r.ID, r, audit.ContentGeneral)
}
