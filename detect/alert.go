package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/kql/types"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/query"
)

// Bounds of one evaluation, after Sentinel's: at most so many alerts, the last of
// which is about all that had none, and so many rows kept as evidence of each.
// https://learn.microsoft.com/azure/sentinel/detect-threats-custom
const (
	maxAlerts       = 150
	maxEvidenceRows = 100
	maxEntities     = 500
)

// finding is an alert in the making: the rows that belong together.
type finding struct {
	alert model.Alert
	// subject is what the alert is about: the rule, its version and the
	// entities. Findings of overlapping windows with the same subject are the
	// same alert.
	subject string
	// rows are what it stands on, and keys theirs.
	rows [][]any
	keys []rowKey
}

// findings groups the rows of a result into alerts, as the rule says.
func (r *Rule) findings(result *query.Result, w Window, raised time.Time) []finding {
	if !comparisons[strings.ToLower(r.TriggerOperator)](len(result.Rows), r.TriggerThreshold) {
		return nil
	}
	if r.EventGrouping.AggregationKind != "AlertPerResult" {
		return []finding{r.finding(result, result.Rows, w, raised)}
	}
	// Rows about the same entities are one alert: a rule that returns a row
	// an hour about one user is one story, not many.
	bySubject := map[string][][]any{}
	var order []string
	for _, row := range result.Rows {
		subject := r.subject(r.entities(result.Columns, [][]any{row}))
		if _, ok := bySubject[subject]; !ok {
			order = append(order, subject)
		}
		bySubject[subject] = append(bySubject[subject], row)
	}
	var all []finding
	own := order
	if len(order) > maxAlerts {
		slices.Sort(order) // so that late rows do not choose others
		own = order[:maxAlerts-1]
	}
	for _, subject := range own {
		all = append(all, r.finding(result, bySubject[subject], w, raised))
	}
	if rest := order[len(own):]; len(rest) > 0 {
		var rows [][]any
		for _, subject := range rest {
			rows = append(rows, bySubject[subject]...)
		}
		all = append(all, r.summary(result, rows, len(rest), w, raised))
	}
	return all
}

// summary is the one finding about all subjects that are too many for alerts of their
// own. It is about none of them, so that it grows from window to window.
func (r *Rule) summary(result *query.Result, rows [][]any, subjects int, w Window, raised time.Time) finding {
	f := r.finding(result, rows, w, raised)
	f.subject = r.subject(nil)
	f.alert.Name, f.alert.Evidence.Query = r.Name, r.Query
	f.alert.Description = fmt.Sprintf("%d more, for one evaluation raises %d alerts at most. %s", subjects, maxAlerts, strings.TrimSpace(r.Description))
	return f
}

func (r *Rule) finding(result *query.Result, rows [][]any, w Window, raised time.Time) finding {
	entities := r.entities(result.Columns, rows)
	a := model.Alert{
		RuleID: r.ID, RuleVersion: r.Version, RuleName: r.Name, Name: r.Name,
		Description: strings.TrimSpace(r.Description), Severity: r.Severity,
		Tactics: r.Tactics, Techniques: r.RelevantTechniques, SubTechniques: r.SubTechniques,
		Raised: raised, Watermark: raised,
		Entities: entities, Evidence: evidence(r, result, rows, w), Grouping: r.grouping(),
		CustomDetails: r.customDetails(result.Columns, rows),
	}
	a.Start, a.End = eventTimes(result.Columns, rows, w)
	r.override(&a, result.Columns, rows)
	return finding{alert: a, subject: r.subject(entities), rows: rows, keys: keysOf(rows)}
}

// subject hashes what makes two findings the same alert.
func (r *Rule) subject(entities []model.Entity) string {
	names := []string{r.ID, r.Version}
	for _, e := range entities {
		text, err := json.Marshal(e) // keys of a map are sorted
		if err != nil {
			panic("an entity is text and always marshals: " + err.Error())
		}
		names = append(names, strings.ToLower(string(text)))
	}
	slices.Sort(names[2:])
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(names), "\x00")))
	return hex.EncodeToString(sum[:16])
}

// alertID is the identity of a finding first seen in window w.
func alertID(subject string, w Window) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", subject, w.End.UnixMilli()))
	return hex.EncodeToString(sum[:16])
}

func (r *Rule) entities(columns []query.Column, rows [][]any) []model.Entity {
	var all []model.Entity
	seen := map[string]bool{}
	for _, row := range rows {
		for _, mapping := range r.EntityMappings {
			e := model.Entity{Kind: mapping.EntityType, Identifiers: map[string]string{}}
			for _, f := range mapping.FieldMappings {
				if text := cellText(columns, row, f.ColumnName); text != "" {
					e.Identifiers[f.Identifier] = text
				}
			}
			key, err := json.Marshal(e)
			if err != nil || len(e.Identifiers) == 0 || seen[string(key)] || len(all) >= maxEntities {
				continue
			}
			seen[string(key)] = true
			all = append(all, e)
		}
		for _, mapping := range r.SentinelEntities {
			for _, e := range sentinelEntities(cellText(columns, row, mapping.ColumnName)) {
				key, err := json.Marshal(e)
				if err != nil || seen[string(key)] || len(all) >= maxEntities {
					continue
				}
				seen[string(key)] = true
				all = append(all, e)
			}
		}
	}
	return all
}

// sentinelEntities reads a list of entities as SecurityAlert has it:
// [{"Type":"account","Name":…},…].
func sentinelEntities(text string) []model.Entity {
	var list []map[string]any
	if text == "" || json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	var all []model.Entity
	for _, one := range list {
		kind, _ := one["Type"].(string)
		e := model.Entity{Kind: entityKind(kind), Identifiers: map[string]string{}}
		for key, value := range one {
			if text, ok := value.(string); ok && text != "" && key != "Type" && !strings.HasPrefix(key, "$") {
				e.Identifiers[key] = text
			}
		}
		if e.Kind != "" && len(e.Identifiers) > 0 {
			all = append(all, e)
		}
	}
	return all
}

// entityKind gives the name that entity mappings use for a type of entity.
func entityKind(name string) string {
	for _, kind := range entityKinds {
		if strings.EqualFold(name, kind) || strings.EqualFold(strings.ReplaceAll(name, "-", ""), kind) {
			return kind
		}
	}
	return ""
}

// entityKinds are those that rules can map to.
// https://learn.microsoft.com/azure/sentinel/entities-reference
var entityKinds = []string{"Account", "Host", "IP", "URL", "AzureResource", "CloudApplication", "DNS", "File", "FileHash", "IoTDevice",
	"Malware", "Mailbox", "MailCluster", "MailMessage", "Process", "RegistryKey", "RegistryValue", "SecurityGroup", "SubmissionMail"}

func (r *Rule) customDetails(columns []query.Column, rows [][]any) map[string][]string {
	details := map[string][]string{}
	for key, column := range r.CustomDetails {
		for _, row := range rows {
			text := cellText(columns, row, column)
			if text != "" && !slices.Contains(details[key], text) && len(details[key]) < 50 {
				details[key] = append(details[key], text)
			}
		}
	}
	return details
}

var place = regexp.MustCompile(`\{\{\s*([^{}]+?)\s*\}\}`)

// override applies alertDetailsOverride with the values of the first row.
func (r *Rule) override(a *model.Alert, columns []query.Column, rows [][]any) {
	if len(rows) == 0 {
		return
	}
	fill := func(format string) string {
		return place.ReplaceAllStringFunc(format, func(m string) string {
			return cellText(columns, rows[0], place.FindStringSubmatch(m)[1])
		})
	}
	if f := r.AlertOverride.DisplayNameFormat; f != "" {
		a.Name = bounded(fill(f), 256)
	}
	if f := r.AlertOverride.DescriptionFormat; f != "" {
		a.Description = bounded(fill(f), 5000)
	}
	if c := r.AlertOverride.SeverityColumn; c != "" {
		if s := model.Severity(cellText(columns, rows[0], c)); s.Rank() > 0 {
			a.Severity = s
		}
	}
	if c := r.AlertOverride.TacticsColumn; c != "" {
		if text := cellText(columns, rows[0], c); text != "" {
			a.Tactics = words(text)
		}
	}
	r.overrideProperties(a, columns, rows[0])
}

// alertProperties are the properties that alertDynamicProperties can fill.
// https://learn.microsoft.com/azure/sentinel/customize-alert-details
var alertProperties = []string{"AlertLink", "ConfidenceLevel", "ConfidenceScore", "ExtendedLinks", "ProductComponentName",
	"ProductName", "ProviderName", "RemediationSteps", "Techniques", "SubTechniques"}

// overrideProperties applies alertDynamicProperties with the values of a row.
func (r *Rule) overrideProperties(a *model.Alert, columns []query.Column, row []any) {
	for _, p := range r.AlertOverride.Dynamic {
		text := cellText(columns, row, p.Column)
		switch {
		case text == "" || !slices.Contains(alertProperties, p.Property):
		case p.Property == "Techniques":
			a.Techniques = words(text)
		case p.Property == "SubTechniques":
			a.SubTechniques = words(text)
		default:
			if a.Properties == nil {
				a.Properties = map[string]string{}
			}
			a.Properties[p.Property] = bounded(text, 5000)
		}
	}
}

// words splits a list as a cell may have it: JSON, or with commas.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(`[]", `, r) })
}

func bounded(text string, runes int) string {
	if r := []rune(text); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return text
}

// eventTimes returns the span of the datetime columns that name when
// something happened, or the window where there is none.
func eventTimes(columns []query.Column, rows [][]any, w Window) (start, end time.Time) {
	for i, c := range columns {
		if c.Type != types.DateTime {
			continue
		}
		for _, row := range rows {
			t, ok := row[i].(time.Time)
			if !ok || t.Before(w.Start) || t.After(w.End) {
				continue
			}
			if start.IsZero() || t.Before(start) {
				start = t
			}
			if t.After(end) {
				end = t
			}
		}
	}
	if start.IsZero() {
		return w.Start, w.End
	}
	return start, end
}

func cellText(columns []query.Column, row []any, name string) string {
	i := slices.IndexFunc(columns, func(c query.Column) bool { return c.Name == name })
	if i < 0 || row[i] == nil {
		return ""
	}
	return valueText(row[i])
}

func valueText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.0000000Z")
	case json.RawMessage:
		var text string
		if json.Unmarshal(v, &text) == nil {
			return text
		}
		return string(v)
	}
	return fmt.Sprint(value)
}

func evidence(r *Rule, result *query.Result, rows [][]any, w Window) model.Evidence {
	e := model.Evidence{Query: r.queryOf(result.Columns, rows), From: w.Start, To: w.End, Total: len(rows), Truncated: len(rows) > maxEvidenceRows}
	for _, c := range result.Columns {
		e.Columns = append(e.Columns, model.EvidenceColumn{Name: c.Name, Type: c.Type.String()})
	}
	for _, row := range rows[:min(len(rows), maxEvidenceRows)] {
		e.Rows = append(e.Rows, cellsOf(row))
	}
	return e
}

// cellJSON gives a cell as JSON: dynamic as its own value, times and
// timespans as Kusto's text.
func cellJSON(value any) json.RawMessage {
	switch v := value.(type) {
	case nil:
		return json.RawMessage("null")
	case json.RawMessage:
		if json.Valid(v) {
			return v
		}
		value = string(v)
	case time.Time:
		value = valueText(v)
	}
	text, err := json.Marshal(value)
	if err != nil { // NaN and infinities have no JSON
		text, err = json.Marshal(fmt.Sprint(value))
	}
	if err != nil {
		panic("text always marshals: " + err.Error())
	}
	return text
}
