package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/server"
)

// evidenceGatherer asks the parts of a node for the facts that package assure puts
// beside controls. A part that is nil is one that is not at hand, whose facts are
// not visible.
type evidenceGatherer struct {
	reporter   server.Reporter
	querier    server.Querier
	connectors server.Connectors
	gaps       server.Gaps
	rules      server.Rules
	incidents  server.Incidents
	access     server.Access
	drift      server.Drift
	holds      server.Holds
	setting    evidenceSetting
	now        func() time.Time
}

// evidenceSetting is what the configuration says.
type evidenceSetting struct {
	dataDir, archiveDir string
	recipients          int    // whom the archive is encrypted to
	minimum             string // how long the archive keeps payloads at least; empty: for ever
	retention           int    // rules
	loopback            bool   // the server listens on this machine alone
	notifications       int    // targets
}

// gathering is one look.
type gathering struct {
	*evidenceGatherer
	ctx    context.Context
	at     time.Time
	status *server.Status
	facts  []assure.Fact
}

func (g *evidenceGatherer) gather(ctx context.Context) ([]assure.Fact, error) {
	one := &gathering{evidenceGatherer: g, ctx: ctx, at: g.now().UTC()}
	var err error
	if one.status, err = g.reporter.Status(ctx); err != nil {
		return nil, err
	}
	for _, part := range []func() error{one.collected, one.tables, one.content, one.protected, one.readers, one.retained, one.analysed, one.reported} {
		if err := part(); err != nil {
			return nil, fmt.Errorf("gather evidence: %w", err)
		}
	}
	return one.facts, nil
}

// fact adds one; the rest are remedy, page and query, as far as they are needed.
func (g *gathering) fact(name string, aspect assure.Aspect, state assure.State, statement string, rest ...string) {
	f := assure.Fact{Name: name, Aspect: aspect, State: state, Statement: statement}
	for i, text := range rest {
		*[]*string{&f.Remedy, &f.Where, &f.Query}[i] = text
	}
	if f.State == assure.Shown {
		f.Remedy = ""
	}
	g.facts = append(g.facts, f)
}

// met is Shown where something holds, and NotMet where it does not.
func met(holds bool) assure.State {
	if holds {
		return assure.Shown
	}
	return assure.NotMet
}

// count asks the tables for one row of so many longs.
func (g *gathering) count(text string, columns int) ([]int64, error) {
	result, err := g.querier.Query(g.ctx, server.QueryRequest{Text: text})
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, columns)
	if len(result.Rows) > 0 {
		for i, cell := range result.Rows[0][:min(columns, len(result.Rows[0]))] {
			numbers[i], _ = cell.(int64)
		}
	}
	return numbers, nil
}

func (g *gathering) collected() error {
	if g.connectors != nil {
		if err := g.streams(); err != nil {
			return err
		}
	} else {
		g.fact(assure.FactStreams, assure.Collected, assure.NotVisible, "No server runs here, so that nothing is collected at this moment.", "Ask a running server.", "/connectors")
	}
	if err := g.calendar(); err != nil {
		return err
	}
	if !slices.ContainsFunc(g.status.Lags, func(l server.StreamLags) bool { _, ok := l.Day[string(collect.EventToVisible)]; return ok }) {
		g.fact(assure.FactLag, assure.Collected, assure.NotVisible, "How long records take from happening to being visible was not measured by this process.", "Ask a running server to which records have come.", "/connectors")
	}
	var lags []string
	for _, l := range g.status.Lags {
		if d, ok := l.Day[string(collect.EventToVisible)]; ok {
			lags = append(lags, fmt.Sprintf("%s %s and %s", l.ContentType, seconds(d.P50Seconds), seconds(d.P99Seconds)))
		}
	}
	if len(lags) > 0 {
		g.fact(assure.FactLag, assure.Collected, assure.Shown, "From happening to being visible, half of the records of the last day took at most, and 99 % took at most: "+strings.Join(lags, ", ")+".", "", "/connectors")
	}
	g.fact(assure.FactUpstream, assure.Collected, assure.NotVisible, "Whether auditing, mailbox audit lists, retention policies and alert policies are on at the tenant is not looked up.", "Rules of Quoll tell when one of them is switched off; quoll check tells whether the audit log answers.", "/rules")
	g.fact(assure.FactDeviceTables, assure.Collected, assure.NotMet, "Quoll takes in no logs of endpoints (Device tables), of Entra sign-ins, of Intune and of Windows.", "Keep them in another system, or import the records of sign-ins that the audit log has.")
	g.fact(assure.FactDuplicates, assure.Collected, assure.NotMet, "Alerts that two products give under different ids are not recognised as one.", "Send them by one road alone.")
	return nil
}

func (g *gathering) streams() error {
	all, err := g.connectors.Connectors(g.ctx)
	if err != nil {
		return err
	}
	var bad []string
	var expiry *time.Time
	warnings := 0
	for i := range all {
		c := &all[i]
		if c.State == server.ConnectorFailing || c.State == server.ConnectorDelayed || c.State == server.ConnectorStopped {
			bad = append(bad, c.ContentType+" is "+c.State)
		}
		if e := c.Backlog.NextExpiry; e != nil && (expiry == nil || e.Before(*expiry)) {
			expiry = e
		}
		warnings += len(c.Warnings)
	}
	text := fmt.Sprintf("%d of %d streams deliver as they should, %d warnings.", len(all)-len(bad), len(all), warnings)
	if len(bad) > 0 {
		text += " " + strings.Join(bad, ", ") + "."
	}
	g.fact(assure.FactStreams, assure.Collected, met(len(all) > 0 && len(bad) == 0), text, "The Connectors page says the cause and what to do.", "/connectors")
	const close = 72 * time.Hour
	switch {
	case expiry == nil:
		g.fact(assure.FactExpiry, assure.Collected, assure.Shown, "Nothing is known at Microsoft that is not here.", "", "/connectors")
	default:
		g.fact(assure.FactExpiry, assure.Collected, met(expiry.Sub(g.at) > close), fmt.Sprintf("What is outstanding is deleted at the source from %s on.", expiry.Format(time.RFC3339)), "Find out why it is not fetched: the Connectors page says so.", "/connectors")
	}
	return nil
}

// calendarDays is how far back gaps are counted.
const calendarDays = 28

func (g *gathering) calendar() error {
	if g.gaps == nil {
		return nil
	}
	calendar, err := g.gaps.Gaps(g.ctx, server.GapFilter{From: g.at.AddDate(0, 0, -calendarDays).Truncate(time.Hour), To: g.at})
	if err != nil {
		return err
	}
	hours := map[string]int{}
	for _, row := range calendar.Rows {
		for _, cell := range row.Cells {
			hours[cell.State]++
		}
	}
	missing := hours[server.GapLost] + hours[server.GapOff] + hours[server.GapLate]
	text := fmt.Sprintf("Of the last %d days, hour by hour and stream by stream: %d complete, %d waiting, %d recovered, %d silent, %d late, %d lost, %d switched off.", calendarDays,
		hours[server.GapComplete], hours[server.GapWaiting], hours[server.GapRecovered], hours[server.GapSilent], hours[server.GapLate], hours[server.GapLost], hours[server.GapOff])
	state := met(missing == 0)
	if len(calendar.Rows) == 0 {
		state, text = assure.NotVisible, "No stream has hours in the calendar of gaps."
	}
	g.fact(assure.FactGaps, assure.Collected, state, text, "The calendar on the Connectors page says the cause of each hour; a backfill may bring back what is lost.", "/connectors")
	return nil
}

// table returns what the status says of a table.
func (g *gathering) table(name string) server.TableStatus {
	for _, t := range g.status.Lake.Tables {
		if t.Name == name {
			return t
		}
	}
	return server.TableStatus{Name: name}
}

// tablesFact says how many rows tables have: all of them must have some.
func (g *gathering) tablesFact(name string, tables ...string) {
	var parts []string
	state := assure.Shown
	for _, t := range tables {
		s := g.table(t)
		if s.Rows == 0 {
			state = assure.NotVisible
			parts = append(parts, t+" has no rows")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s has %d rows up to %s", t, s.Rows, s.Latest.Format(time.RFC3339)))
	}
	g.fact(name, assure.Collected, state, strings.Join(parts, ", ")+".", "Whether there is nothing to collect or the source is not connected cannot be told from an empty table.", "/connectors", tables[0]+" | summarize Rows = count(), Latest = max(TimeGenerated)")
}

func (g *gathering) tables() error {
	g.tablesFact(assure.FactAuditTables, "UnifiedAuditLog", "OfficeActivity")
	g.tablesFact(assure.FactMailTables, "EmailEvents", "EmailAttachmentInfo", "EmailUrlInfo", "EmailPostDeliveryEvents")
	g.tablesFact(assure.FactAlertTables, "SecurityAlert", "SecurityIncident")
	g.tablesFact(assure.FactCloudApps, "CloudAppEvents")
	g.tablesFact(assure.FactIntelligence, "ThreatIntelligenceIndicator")
	return nil
}

// content looks into the rows of the last day.
func (g *gathering) content() error {
	const fields = `OfficeActivity | where TimeGenerated > ago(1d) | summarize Rows = count(), Who = countif(isnotempty(UserId)), What = countif(isnotempty(Operation)), Object = countif(isnotempty(OfficeObjectId)), From = countif(isnotempty(ClientIP))`
	n, err := g.count(fields, 5)
	if err != nil {
		return err
	}
	if n[0] == 0 {
		g.fact(assure.FactFields, assure.Collected, assure.NotVisible, "OfficeActivity has no rows of the last day to look into.", "Look again when records have come.", "/logs", fields)
	} else {
		percent := func(i int) int64 { return n[i] * 100 / n[0] }
		g.fact(assure.FactFields, assure.Collected, met(percent(1) == 100 && percent(2) == 100), fmt.Sprintf("Of %d rows of OfficeActivity of the last day, all have a time, %d %% say who, %d %% what was done, %d %% on what, %d %% from which address. What is empty was so at the source.", n[0], percent(1), percent(2), percent(3), percent(4)), "Look which operations lack it.", "/logs", fields)
	}
	const future = `UnifiedAuditLog | where TimeGenerated > now() + 1h or TimeGenerated < datetime(2010-01-01) | summarize Rows = count()`
	if n, err = g.count(future, 1); err != nil {
		return err
	}
	g.fact(assure.FactTimes, assure.Collected, met(n[0] == 0), fmt.Sprintf("%d records of the audit log have an impossible time. Times are UTC to the microsecond; event, arrival and visibility are kept apart. The clock of this machine is not compared with another.", n[0]), "Look at these records: their source's clock, or its form, is wrong.", "/logs", future)
	if err := g.forms(); err != nil {
		return err
	}
	const sessions = `UnifiedAuditLog | where TimeGenerated > ago(7d) and Operation in ("UserLoggedIn", "UserLoginFailed") | summarize Rows = count()`
	if n, err = g.count(sessions, 1); err != nil {
		return err
	}
	state := assure.Shown
	if n[0] == 0 {
		state = assure.NotVisible
	}
	g.fact(assure.FactMFA, assure.Collected, state, fmt.Sprintf("The audit log brought %d sign-ins, successful and failed, in seven days; how somebody authenticated stands in their ExtendedProperties only in part.", n[0]), "Entra's own sign-in logs say it in full; Quoll does not take them in.", "/logs", sessions)
	return nil
}

// forms looks whether rows have one structure, and the original beside it.
func (g *gathering) forms() error {
	const whole = `UnifiedAuditLog | where TimeGenerated > ago(30d) | summarize Rows = count(), Whole = countif(isnotnull(Record))`
	n, err := g.count(whole, 2)
	if err != nil {
		return err
	}
	state := met(n[0] == n[1])
	if n[0] == 0 {
		state = assure.NotVisible
	}
	g.fact(assure.FactForm, assure.Collected, state, fmt.Sprintf("%d of the %d audit records of the last 30 days are rows of UnifiedAuditLog in one structure with the whole record beside them (Record); the payloads they came in are archived byte for byte.", n[1], n[0]), "Look which rows have no Record.", "/logs", whole)
	if g.drift == nil {
		return nil
	}
	list, err := g.drift.SchemaDrift(g.ctx, server.DriftFilter{Since: g.at.AddDate(0, 0, -30)})
	if err != nil {
		return err
	}
	lost := 0
	for _, n := range list.Overflow {
		lost += n
	}
	g.fact(assure.FactDrift, assure.Collected, met(lost == 0), fmt.Sprintf("In 30 days %d operations, %d fields and %d record types were seen first, each with its time; %d found no room in that survey. Their records were kept whole all the same.", list.Counts["operation"], list.Counts["field"], list.Counts["recordType"], lost), "The survey is bounded: look at what came first.", "/connectors")
	return nil
}

// rulesNamed are rules that run, of some ids.
func rulesNamed(rules []server.Rule, ids ...string) (running, all []string) {
	for _, r := range rules {
		if !slices.Contains(ids, r.ID) {
			continue
		}
		all = append(all, r.Name)
		if r.Enabled && r.Health.LastError == "" {
			running = append(running, r.Name)
		}
	}
	return running, all
}
