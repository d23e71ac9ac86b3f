package normalise

import (
	"strconv"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// How an audit record becomes a row of OfficeActivity. Microsoft does not
// publish it; this is the mapping that fits rows of real workspaces:
//
//   - A field goes to the column that names it as its source in package schema,
//     most to the column of the same name.
//   - RecordType, UserType and LogonType become names; InternalLogonType stays
//     a number. A type without a name becomes its digits, and so does every
//     RecordType above 25, known names included: that is what Sentinel wrote.
//     UnifiedAuditLog has the number and the name of all of them.
//   - Booleans in string columns become True and False, objects and arrays
//     compact JSON with the key order of the record.
//   - ClientIP is taken verbatim, and stays empty where only ClientIPAddress
//     is there.
//   - OfficeTenantId holds the text $RestApiTenantId$, as in every row seen.
//   - Start_Time and ElevationTime hold the time at which the payload was picked
//     up where the record has none, as in every row seen.
//
// docs/officeactivity.md has it column by column, with what differs.

// conversion turns a raw value into the value of a column; fits is false when
// the column cannot hold it.
type conversion = func(*worker, jsontape.Value) (value schema.Value, fits bool)

// officeConversions are the columns whose type does not say how to convert.
func officeConversions() map[string]conversion {
	return map[string]conversion{
		"OfficeActivity.RecordType": officeRecordType,
		"OfficeActivity.UserType":   enum(userTypeNames[:]).text,
		"OfficeActivity.Logon_Type": enum(logonTypeNames[:]).text,
	}
}

// lastNamedType is the last record type that Sentinel's connector writes by name,
// as far as rows of its table have been seen: 25 by name, 36, 50 and 56 as digits.
const lastNamedType = 25

func officeRecordType(w *worker, v jsontape.Value) (value schema.Value, fits bool) {
	types := enum(recordTypeNames[:])
	if number, ok := types.number(v); ok && number > lastNamedType {
		return schema.String(strconv.FormatInt(number, 10)), true
	}
	return types.text(w, v)
}

func officeConstants(table *schema.Table, workspace string) []schema.Cell {
	cells := constants(table, workspace, "OfficeActivityManager")
	return append(cells, schema.Cell{Column: mustColumn(table, "OfficeTenantId"), Value: schema.String("$RestApiTenantId$")})
}

// Workloads that Sentinel's connector takes, and the content type in which the
// Management Activity API delivers each.
const (
	workloadExchange   = "Exchange"
	workloadSharePoint = "SharePoint"
	workloadOneDrive   = "OneDrive"
	workloadTeams      = "MicrosoftTeams"
	workloadEntra      = "AzureActiveDirectory"

	contentExchange   = "Audit.Exchange"
	contentSharePoint = "Audit.SharePoint"
	contentEntra      = "Audit.AzureActiveDirectory"
	contentGeneral    = "Audit.General"
	contentDLP        = "DLP.All"
)

// connectorTakes says whether a record becomes a row of OfficeActivity. The
// connector has a switch each for Exchange, SharePoint with OneDrive, and Teams;
// it goes by workload, not by record type: SharePoint's DLP records pass. An
// empty contentType, as of an import, leaves the workload alone to decide.
func connectorTakes(workload, contentType string) bool {
	var delivered string
	switch workload {
	case workloadExchange:
		delivered = contentExchange
	case workloadSharePoint, workloadOneDrive:
		delivered = contentSharePoint
	case workloadTeams:
		delivered = contentGeneral
	default:
		return false
	}
	return contentType == "" || contentType == delivered
}
