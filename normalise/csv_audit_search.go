package normalise

import "strings"

// auditSearchCSV reads the exports of Purview's audit search and of
// Search-UnifiedAuditLog. Their columns differ; both carry the record whole in
// AuditData, and what the other columns say of it is in there.
func (r *run) auditSearchCSV() {
	data := -1
	r.csvLines(func(header []string) string {
		for i, name := range header {
			if strings.EqualFold(name, "AuditData") {
				data = i
				return ""
			}
		}
		return "no column AuditData"
	}, func(line csvLine) string {
		raw := line.fields[data]
		if strings.TrimSpace(raw) == "" {
			return "AuditData is empty"
		}
		text, object, invalid := r.parse(strings.TrimSpace(raw))
		if invalid != "" {
			return "AuditData: " + invalid
		}
		return r.auditRecord(text, object)
	})
}
