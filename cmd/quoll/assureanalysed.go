package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/server"
)

// Rules that ship, by what they are for.
const shippedRule = "6f0d8b0e-5d3a-4c0e-9a51-1b7f6c2f"

var (
	privilegedRules = []string{shippedRule + "4019", shippedRule + "400c", shippedRule + "400b"}
	breakGlassRules = []string{shippedRule + "401a", shippedRule + "401b"}
	dlpRules        = []string{shippedRule + "4034", shippedRule + "4035", shippedRule + "4036"}
	lockboxRules    = []string{shippedRule + "4048"}
	insiderRules    = []string{shippedRule + "401f", shippedRule + "4026", shippedRule + "4020"}
	mailRules       = []string{shippedRule + "403f", shippedRule + "4040", shippedRule + "3a01", shippedRule + "402e"}
	watcherRules    = []string{
		shippedRule + "4037", shippedRule + "4038", shippedRule + "4039", shippedRule + "403a", shippedRule + "403b", shippedRule + "403c", shippedRule + "403d", shippedRule + "403e",
		shippedRule + "4043", "0b7f0c52-0f0e-4f56-8f2e-9a4f0a4f6c31",
	}
)

func (g *gathering) analysed() error {
	g.fact(assure.FactModels, assure.Analysed, assure.NotMet, "No AI model takes part in detection.", "None is planned: which would be suitable the ISM does not say.")
	g.fact(assure.FactHunts, assure.Analysed, assure.NotVisible, "Hunts are not recorded as such; what was asked stands in LAQueryLogs, and what was noted in saved queries and bookmarks.", "Write down hypothesis, queries and outcome of each hunt elsewhere.", "/hunting", "LAQueryLogs | summarize Queries = count() by AADEmail, bin(TimeGenerated, 1d)")
	g.fact(assure.FactRuleTests, assure.Analysed, assure.NotVisible, "Each rule that ships has rows that must fire and look-alikes that must not; when they were last run on this version is not recorded.", "Run quoll rules test, and keep its output.", "/rules")
	if g.rules == nil {
		return nil
	}
	rules, err := g.rules.Rules(g.ctx)
	if err != nil {
		return err
	}
	enabled, failing, ran := 0, []string{}, 0
	for _, r := range rules {
		if r.Enabled {
			enabled++
		}
		if r.Health.LastError != "" {
			failing = append(failing, r.Name)
		}
		if r.Health.LastRun != nil && g.at.Sub(*r.Health.LastRun) <= time.Hour+2*time.Duration(r.Frequency*float64(time.Second)) {
			ran++
		}
	}
	text := fmt.Sprintf("%d of %d rules are switched on, %d ran when they were due, %d fail. Late rows make the windows run again that they fall into.", enabled, len(rules), ran, len(failing))
	if len(failing) > 0 {
		text += " Failing: " + strings.Join(failing[:min(len(failing), 5)], ", ") + "."
	}
	g.fact(assure.FactRules, assure.Analysed, met(enabled > 0 && len(failing) == 0 && ran > 0), text, "The Rules page says why a rule fails.", "/rules", "SentinelHealth | summarize arg_max(TimeGenerated, Status, Reason) by SentinelResourceName")
	for _, of := range []struct {
		name, what string
		ids        []string
	}{
		{assure.FactPrivileged, "privileged roles and groups", privilegedRules}, {assure.FactBreakGlass, "emergency accounts (which have to be named in a watchlist or in the rule)", breakGlassRules}, {assure.FactDLPRules, "data loss prevention", dlpRules},
		{assure.FactLockbox, "Microsoft's operators", lockboxRules}, {assure.FactInsider, "mass copying and sharing by insiders", insiderRules}, {assure.FactMailRules, "threats in mail", mailRules},
		{assure.FactWatchers, "auditing, retention, rules and the archive itself being switched off or changed", watcherRules},
	} {
		running, all := rulesNamed(rules, of.ids...)
		g.fact(of.name, assure.Analysed, met(len(running) > 0 && len(running) == len(all)), fmt.Sprintf("%d of %d shipped rules about %s run: %s.", len(running), len(of.ids), of.what, listed(running)), "Switch them on, on the Rules page or in the configuration.", "/rules")
	}
	return nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "; ")
}

func (g *gathering) reported() error {
	g.fact(assure.FactPlan, assure.Reported, assure.NotVisible, "Response plans, their exercises and spill procedures are not kept in Quoll.", "Keep them elsewhere.")
	const handed = `SentinelAudit | summarize Proved = countif(OperationName in ("Prove record", "Prove absence") and Status == "Success"), Exported = countif(OperationName has "export")`
	n, err := g.count(handed, 2)
	if err != nil {
		return err
	}
	g.fact(assure.FactEvidence, assure.Reported, met(g.status.Archive != nil && g.status.Archive.Checkpoint != nil), fmt.Sprintf("One record with payload, inclusion proof, checkpoint and cosignatures, or the proof that there is none, is one file that quoll-verify checks anywhere; %d were made through the server, each an act under the log. A whole incident is not exported as one file.", n[0]), "Configure an archive.", "/archive", handed)
	g.fact(assure.FactExport, assure.Reported, assure.Shown, fmt.Sprintf("Rows go out as CSV, JSON lines, Excel and Parquet and by the JSON API (%d exports written down); the tables are Apache Iceberg, which other engines read in place. Log Analytics' own API is not spoken.", n[1]), "", "/logs", handed)
	g.fact(assure.FactNotifications, assure.Reported, met(g.setting.notifications > 0), fmt.Sprintf("%d targets are told of incidents by webhook, Teams, mail or syslog.", g.setting.notifications), "Name them under notifications in the configuration.")
	if g.incidents == nil {
		return nil
	}
	page, err := g.incidents.List(g.ctx, server.IncidentFilter{Status: []string{"New", "Active"}, Limit: 200})
	if err != nil {
		return err
	}
	unowned := 0
	var oldest time.Time
	for _, i := range page.Incidents {
		if i.Owner == "" {
			unowned++
		}
		if oldest.IsZero() || i.Created.Before(oldest) {
			oldest = i.Created
		}
	}
	closed, err := g.incidents.List(g.ctx, server.IncidentFilter{Status: []string{"Closed"}, Limit: 1})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d incidents are open, %d of them without an owner, %d are closed.", page.Total, unowned, closed.Total)
	if !oldest.IsZero() {
		text += fmt.Sprintf(" The oldest open one was found %d hours ago.", int(g.at.Sub(oldest).Hours()))
	}
	g.fact(assure.FactIncidents, assure.Reported, met(unowned == 0), text, "Give each an owner.", "/incidents", "SecurityIncident | summarize arg_max(TimeGenerated, *) by IncidentNumber")
	return g.registers(page.Incidents)
}

// registers looks into the register of open incidents.
func (g *gathering) registers(open []server.Incident) error {
	whole, told, late := 0, 0, 0
	for _, i := range open {
		r, err := g.incidents.Register(g.ctx, i.ID)
		if err != nil {
			return err
		}
		if len(r.Missing) == 0 {
			whole++
		}
		running := slices.DeleteFunc(slices.Clone(r.Clocks), func(c server.ReportClock) bool { return c.Done != nil })
		if len(running) == 0 {
			told++
		}
		if slices.ContainsFunc(running, func(c server.ReportClock) bool { return c.Due != nil && c.Due.Before(g.at) }) {
			late++
		}
	}
	state := func(many int) assure.State {
		if len(open) == 0 {
			return assure.NotVisible
		}
		return met(many == len(open))
	}
	g.fact(assure.FactReporting, assure.Reported, state(told), fmt.Sprintf("Clocks run from the discovery of an incident until the CISO, ASD and whom a law names were told. Of %d open incidents %d were reported to all of them, %d are past the time that a law gives.", len(open), told, late), "Send the report that the incident's page gives, and note there who was told and when.", "/incidents")
	g.fact(assure.FactRegister, assure.Reported, state(whole), fmt.Sprintf("The register has when an incident happened and was found, what it is, what was done, and who was told. Of %d open incidents %d have all five.", len(open), whole), "Fill in what the incident's page says is missing.", "/incidents")
	return nil
}
