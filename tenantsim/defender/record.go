// Package defender words the records of Microsoft Defender XDR's Streaming API
// for the tables of mail, alerts and cloud apps: the envelope, and properties in
// the order seen live.
//
// It must not know why something happened, nor where the records go.
package defender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Advanced hunting tables.
const (
	TableEmailEvents     = "EmailEvents"
	TableAttachments     = "EmailAttachmentInfo"
	TableURLs            = "EmailUrlInfo"
	TablePostDelivery    = "EmailPostDeliveryEvents"
	TableURLClicks       = "UrlClickEvents"
	TableAlerts          = "AlertInfo"
	TableEvidence        = "AlertEvidence"
	TableAppEvents       = "CloudAppEvents"
	categoryPrefix       = "AdvancedHunting-"
	timeSeconds          = "2006-01-02T15:04:05Z"
	timeTicks            = "2006-01-02T15:04:05.0000000Z"
	timeTicksWithoutZone = "2006-01-02T15:04:05.0000000"
	operationName        = "Publish"
	defaultTenant        = "DefaultTenant"
)

// Tables returns the tables that the simulated tenant streams.
func Tables() []string {
	return []string{TableEmailEvents, TableAttachments, TableURLs, TablePostDelivery, TableURLClicks, TableAlerts, TableEvidence, TableAppEvents}
}

// Record is one row on its way to the stream.
type Record struct {
	TenantID   string
	Table      string
	ReportID   string    // unique within the table; see RowID
	Time       time.Time // Timestamp, UTC, whole seconds
	Properties []byte    // JSON object
}

type envelope struct {
	Time              string          `json:"time"`
	TenantID          string          `json:"tenantId"`
	OperationName     string          `json:"operationName"`
	Category          string          `json:"category"`
	TimeReceivedBySvc string          `json:"_TimeReceivedBySvc"`
	Properties        json.RawMessage `json:"properties"`
	Tenant            string
}

// Line words the record as it is streamed at a moment: one JSON object without
// a line break. A repeat has the same properties and another moment.
func (r *Record) Line(streamed time.Time) ([]byte, error) {
	return marshal(envelope{
		Time:              streamed.UTC().Format(timeTicks),
		TenantID:          r.TenantID,
		OperationName:     operationName,
		Category:          categoryPrefix + r.Table,
		TimeReceivedBySvc: r.Time.UTC().Format(receivedLayout(r.Table)),
		Properties:        r.Properties,
		Tenant:            defaultTenant,
	})
}

// receivedLayout has no zone in the tables of mail; elsewhere it has.
func receivedLayout(table string) string {
	switch table {
	case TableAlerts, TableEvidence, TableAppEvents:
		return timeTicks
	}
	return timeTicksWithoutZone
}

// New words properties; they must marshal to a JSON object.
func New(tenantID, table, reportID string, at time.Time, properties any) (*Record, error) {
	body, err := marshal(properties)
	if err != nil {
		return nil, err
	}
	return &Record{TenantID: tenantID, Table: table, ReportID: reportID, Time: at, Properties: body}, nil
}

// Time words an instant as the mail tables do.
func Time(at time.Time) string { return at.UTC().Format(timeSeconds) }

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("word streaming record: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
