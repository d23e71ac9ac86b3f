// Package audit words audit records exactly as the Office 365 Management
// Activity API does: field names, order, types and the oddities seen on the
// wire (times without zone, CR LF at the end of a server name, ports behind
// addresses, fields that are left out).
//
// It must not know why something happened, nor who asks for the records.
// Shapes follow Microsoft's page "Office 365 Management Activity API schema";
// where real records differ, the records win.
package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Content types of the Management Activity API.
const (
	ContentEntra      = "Audit.AzureActiveDirectory"
	ContentExchange   = "Audit.Exchange"
	ContentSharePoint = "Audit.SharePoint"
	ContentGeneral    = "Audit.General"
	ContentDLP        = "DLP.All"
)

// ContentTypeOf says with which content type the API delivers records of a workload that
// are no matches of data loss prevention.
func ContentTypeOf(workload string) string {
	switch workload {
	case "Exchange":
		return ContentExchange
	case "SharePoint", "OneDrive":
		return ContentSharePoint
	case "AzureActiveDirectory":
		return ContentEntra
	}
	return ContentGeneral
}

// ContentTypes returns the five content types.
func ContentTypes() []string {
	return []string{ContentEntra, ContentExchange, ContentSharePoint, ContentGeneral, ContentDLP}
}

// Record types, of the enum AuditLogRecordType.
const (
	TypeExchangeAdmin         = 1
	TypeExchangeItem          = 2
	TypeExchangeItemGroup     = 3
	TypeSharePoint            = 4
	TypeSharePointFile        = 6
	TypeEntra                 = 8
	TypeDLPSharePoint         = 11
	TypeDLPExchange           = 13
	TypeSharePointSharing     = 14
	TypeEntraLogon            = 15
	TypeComplianceCmdlet      = 18
	TypePowerBI               = 20
	TypeTeams                 = 25
	TypeSubmission            = 29
	TypeSharePointList        = 36
	TypeComplianceAlert       = 40
	TypeExchangeItemAggregate = 50
	TypeDataInsights          = 52
	TypeQuarantine            = 65
	TypeCopilot               = 261
)

// Kinds of actor, field UserType.
const (
	UserRegular     = 0
	UserAdmin       = 2
	UserDcAdmin     = 3
	UserSystem      = 4
	UserApplication = 5
	UserGuest       = 10
)

// Record is one finished audit record.
type Record struct {
	ContentTypes []string // those whose feed carries it; usually one
	ID           string
	Time         time.Time // CreationTime, UTC, whole seconds
	Body         []byte    // one JSON object without line breaks
}

// Common are the fields of every record, in the order of the wire.
type Common struct {
	CreationTime   string
	ID             string `json:"Id"`
	Operation      string
	OrganizationID string `json:"OrganizationId"`
	RecordType     int
	ResultStatus   string `json:",omitempty"`
	UserKey        string
	UserType       int
	Version        int
	Workload       string
	ClientIP       string `json:",omitempty"`
	ObjectID       string `json:"ObjectId,omitempty"`
	UserID         string `json:"UserId"`
}

// Base returns the fields of every record, whatever else it has.
func (c Common) Base() Common { return c }

// Time words an instant as CreationTime: UTC, whole seconds, no zone.
func Time(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05") }

// NameValue is a pair of the lists that Microsoft makes of pairs.
type NameValue struct{ Name, Value string }

// ModifiedProperty is a change of one property.
type ModifiedProperty struct{ Name, NewValue, OldValue string }

// AppAccessContext is the context of the token that was used.
type AppAccessContext struct {
	AADSessionID  string `json:"AADSessionId,omitempty"`
	APIID         string `json:"APIId,omitempty"`
	ClientAppID   string `json:"ClientAppId,omitempty"`
	ClientAppName string `json:",omitempty"`
	CorrelationID string `json:"CorrelationId,omitempty"`
	IssuedAtTime  string `json:",omitempty"`
	UniqueTokenID string `json:"UniqueTokenId,omitempty"`
}

// Marshal writes a record as JSON with <, > and & as they are: Microsoft does
// not escape them.
func Marshal(record any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(record); err != nil {
		return nil, fmt.Errorf("word audit record: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
