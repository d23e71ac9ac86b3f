// Package schema holds the tables as data: the columns with their Kusto types,
// what they mean and where in a raw record they come from, and the values and
// rows that travel from normalise to the lake. There is one file per table.
//
// Names, types and order of columns are Microsoft's; see the file of a table
// for exceptions. The package must not know how a raw record is parsed, how
// rows are stored, or how they are queried.
package schema

import "github.com/quoll/quoll/kql/types"

// Column is one column of a table.
type Column struct {
	Name        string
	Type        types.Type
	Description string
	// Source is the path of the raw field the value is read from, with dots
	// between levels, relative to the raw record: "Workload",
	// "properties.Subject". Where several fields can hold the value they are
	// separated by " | " and the first one present counts. It is empty for
	// columns that are constant or computed.
	Source string
}

// Table is one table. Tables are shared and must not be changed.
type Table struct {
	Name        string
	Description string
	Columns     []Column // in Microsoft's order
	TimeColumn  string   // "TimeGenerated": when the event happened, in UTC
	// Aliases are further names of columns, which queries may use and which no
	// result shows unless asked for: "Timestamp" for "TimeGenerated" on the
	// Defender tables, as written in queries made for the Defender portal.
	Aliases map[string]string

	index map[string]int // by name; nil in a Table written as a literal
}

// Column returns the position of the column of that name, in exact case.
// Aliases are not followed.
func (t *Table) Column(name string) (index int, ok bool) {
	if t.index != nil {
		index, ok = t.index[name]
		return index, ok
	}
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// Tables returns every table, in the order in which they are listed to users.
// The caller must not change what it gets.
func Tables() []*Table { return catalogue }

// Lookup returns the table of that name, in exact case.
func Lookup(name string) (*Table, bool) {
	for _, t := range catalogue {
		if t.Name == name {
			return t, true
		}
	}
	return nil, false
}

// Names of tables that code refers to by name.
const (
	OfficeActivity           = "OfficeActivity"
	EmailEvents              = "EmailEvents"
	EmailAttachmentInfo      = "EmailAttachmentInfo"
	EmailUrlInfo             = "EmailUrlInfo"
	EmailPostDeliveryEvents  = "EmailPostDeliveryEvents"
	UrlClickEvents           = "UrlClickEvents"
	AlertInfo                = "AlertInfo"
	AlertEvidence            = "AlertEvidence"
	CloudAppEvents           = "CloudAppEvents"
	UnifiedAuditLog          = "UnifiedAuditLog"
	UnifiedAuditLogRevisions = "UnifiedAuditLogRevisions"
	DefenderEvents           = "DefenderEvents"

	SecurityAlert               = "SecurityAlert"
	SecurityIncident            = "SecurityIncident"
	SentinelHealth              = "SentinelHealth"
	SentinelAudit               = "SentinelAudit"
	LAQueryLogs                 = "LAQueryLogs"
	ThreatIntelIndicators       = "ThreatIntelIndicators"
	ThreatIntelligenceIndicator = "ThreatIntelligenceIndicator"
)

// OwnTables are the names of the tables whose rows Quoll writes itself, with this
// machine's clock. No payload of a tenant reaches them.
func OwnTables() []string {
	return []string{
		SecurityAlert, SecurityIncident, SentinelHealth, SentinelAudit, LAQueryLogs,
		ThreatIntelIndicators, ThreatIntelligenceIndicator,
	}
}

var catalogue = []*Table{
	officeActivity(),
	emailEvents(),
	emailAttachmentInfo(),
	emailUrlInfo(),
	emailPostDeliveryEvents(),
	urlClickEvents(),
	alertInfo(),
	alertEvidence(),
	cloudAppEvents(),
	unifiedAuditLog(),
	unifiedAuditLogRevisions(),
	defenderEvents(),
	securityAlert(),
	securityIncident(),
	sentinelHealth(),
	sentinelAudit(),
	laQueryLogs(),
	threatIntelIndicators(),
	threatIntelligenceIndicator(),
}

func newTable(name, description string, columns []Column) *Table {
	t := &Table{
		Name:        name,
		Description: description,
		Columns:     columns,
		TimeColumn:  "TimeGenerated",
		index:       make(map[string]int, len(columns)),
	}
	for i, c := range columns {
		t.index[c.Name] = i
	}
	return t
}

func newDefenderTable(name, description string, columns []Column) *Table {
	t := newTable(name, description, columns)
	t.Aliases = map[string]string{"Timestamp": "TimeGenerated"}
	return t
}
