package intel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ownRow is a line of model.FormatOwnRows.
type ownRow struct {
	Table string         `json:"table"`
	Key   string         `json:"key"`
	Row   map[string]any `json:"row"`
}

// rows words indicators as rows of both tables, one JSON object a line.
func rows(indicators []Indicator, method string, now time.Time) []byte {
	var body bytes.Buffer
	for _, i := range indicators {
		key := fmt.Sprintf("%s %s %s=%s %s %d", i.Source, i.ID, i.Key, i.Value, digest(i), now.UnixMicro()/RepublishAfter.Microseconds())
		for _, one := range []ownRow{{"ThreatIntelIndicators", key, newRow(i, method, now)}, {"ThreatIntelligenceIndicator", key, oldRow(i, now)}} {
			line, err := json.Marshal(one)
			if err != nil {
				panic("intel: a row that cannot be marshalled: " + err.Error()) // texts, times, and JSON that was read
			}
			body.Write(append(line, '\n'))
		}
	}
	return body.Bytes()
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

func newRow(i Indicator, method string, now time.Time) map[string]any {
	row := map[string]any{
		"TimeGenerated": stamp(now), "Id": i.ID, "Pattern": i.Pattern, "ObservableKey": i.Key, "ObservableValue": i.Value, "Created": stamp(i.Created), "Modified": stamp(i.Modified),
		"ValidFrom": stamp(i.ValidFrom), "ValidUntil": stamp(i.ValidUntil), "IsActive": i.active(now), "IsDeleted": false, "Revoked": i.Revoked, "Source": i.Source, "SourceSystem": i.Source,
		"Tags": strings.Join(i.Labels, ","), "LastUpdateMethod": method, "AdditionalFields": map[string]any{"TLPLevel": i.TLP},
	}
	if i.Confidence >= 0 {
		row["Confidence"] = i.Confidence
	}
	if len(i.Raw) > 0 {
		row["Data"] = i.Raw
	}
	return row
}

func oldRow(i Indicator, now time.Time) map[string]any {
	row := map[string]any{
		"TimeGenerated": stamp(now), "IndicatorId": i.ID, "ExternalIndicatorId": i.ID, "Active": i.active(now), "Action": "alert", "Description": i.Description,
		"ExpirationDateTime": stamp(i.ValidUntil), "SourceSystem": i.Source, "IndicatorProvider": i.Source, "Tags": strings.Join(i.Labels, ","),
		"TrafficLightProtocolLevel": i.TLP, "ThreatType": first(i.Labels),
	}
	if i.Confidence >= 0 {
		row["ConfidenceScore"] = float64(i.Confidence)
	}
	switch {
	case strings.HasSuffix(i.Key, "-addr:value") && strings.HasPrefix(i.Key, "ip") && strings.Contains(i.Value, "/"):
		row["NetworkCidrBlock"] = i.Value
	case strings.HasPrefix(i.Key, "ip"):
		row["NetworkIP"] = i.Value
	case i.Key == "domain-name:value":
		row["DomainName"] = i.Value
	case i.Key == "url:value":
		row["Url"] = i.Value
	case i.Key == "email-addr:value":
		row["EmailSenderAddress"] = i.Value
	case strings.HasPrefix(i.Key, "file:hashes."):
		row["FileHashType"], row["FileHashValue"] = strings.TrimPrefix(i.Key, "file:hashes."), i.Value
	}
	return row
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
