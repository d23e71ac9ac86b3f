package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

// record is an audit record with what a search goes by.
type record struct {
	id        string
	at        time.Time // CreationTime
	available time.Time
	body      []byte
}

// Add makes an audit record searchable from a time on. A record that is there
// already stays as it is.
func (s *Server) Add(id string, at, available time.Time, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[id] {
		return
	}
	s.byID[id] = true
	r := record{id, at, available, body}
	i, _ := slices.BinarySearchFunc(s.records, r, func(a, b record) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1 // behind all that are as old
	})
	s.records = slices.Insert(s.records, i, r)
}

// Forget drops records from before a time, so that a tenant can run for long.
func (s *Server) Forget(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.records) && s.records[n].at.Before(before) {
		delete(s.byID, s.records[n].id)
		n++
	}
	s.records = slices.Delete(s.records, 0, n)
	huntable := s.cfg.Now().Add(-huntingReach)
	for table, rows := range s.hunting {
		n := 0
		for n < len(rows) && rows[n].at.Before(huntable) {
			n++
		}
		s.hunting[table] = slices.Delete(rows, 0, n)
	}
}

// common are the fields of an audit record that Graph repeats outside of it.
type common struct {
	ID             string `json:"Id"`
	CreationTime   string
	Operation      string
	OrganizationID string `json:"OrganizationId"`
	RecordType     int
	UserType       int
	UserKey        string
	UserID         string `json:"UserId"`
	Workload       string
	ObjectID       string `json:"ObjectId"`
	ClientIP       string
}

// search returns what a query finds at now, from the oldest to the newest of
// what is kept. s.mu is held.
func (s *Server) search(q *query, now time.Time) (found []record, more bool) {
	oldest := now.Add(-s.cfg.Retention)
	for _, r := range s.records {
		if r.at.Before(q.From) || r.at.After(q.To) || s.cfg.BoundsOutside && (r.at.Equal(q.From) || r.at.Equal(q.To)) || r.available.After(now) || r.at.Before(oldest) {
			continue
		}
		if len(q.RecordTypes)+len(q.Operations) > 0 {
			var c common
			if json.Unmarshal(r.body, &c) != nil || !matches(q, c) {
				continue
			}
		}
		if len(found) == s.cfg.RecordLimit {
			return found, true
		}
		found = append(found, r)
	}
	return found, false
}

func matches(q *query, c common) bool {
	name := audit.TypeName(c.RecordType)
	return (len(q.RecordTypes) == 0 || slices.ContainsFunc(q.RecordTypes, func(t string) bool { return strings.EqualFold(t, name) })) &&
		(len(q.Operations) == 0 || slices.ContainsFunc(q.Operations, func(o string) bool { return strings.EqualFold(o, c.Operation) }))
}

// read sends one page of the records of a query.
func (s *Server) read(w http.ResponseWriter, r *http.Request, version, id string) {
	q, refused := s.find(r, id)
	if refused != nil {
		refused.write(w)
		return
	}
	if s.status(q) != "succeeded" {
		writeJSON(w, http.StatusOK, map[string]any{"@odata.context": context(r, version, id), "value": []any{}})
		return
	}
	start, refused := skip(r, len(q.Found))
	if refused == nil && start > 0 {
		if _, hit := s.throw("link", s.place(r), s.cfg.Faults.LostLinks); hit {
			refused = badRequest("Invalid skip token.")
		}
	}
	if refused != nil {
		refused.write(w)
		return
	}
	end := min(start+s.cfg.PageSize, len(q.Found))
	part := q.Found[start:end]
	if d, hit := s.throw("short", s.place(r), s.cfg.Faults.ShortReadings); hit && len(part) > 0 {
		part = part[:d.Below(len(part))]
	}
	var next string
	if end < len(q.Found) {
		next = base(r) + "/" + version + "/" + resource + "/" + id + "/records?$skiptoken=" + base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
	}
	body := page(context(r, version, id), next, part)
	if s.isBroken(part) {
		body = append(body[:len(body)-len(body)/8-1:len(body)-len(body)/8-1], `{"error":{"code":"UnknownError","message":"An error has occurred."}}`...)
	} else if d, hit := s.throw("break", s.place(r), s.cfg.Faults.BrokenPages); hit {
		body = body[:d.Between(1, len(body)-1)]
	}
	sendJSON(w, http.StatusOK, body)
}

// Break makes a record one that Graph cannot write: every page with it ends in
// its middle.
func (s *Server) Break(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken[id] = true
}

func (s *Server) isBroken(part []record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(part, func(r record) bool { return s.broken[r.id] })
}

func context(r *http.Request, version, id string) string {
	return base(r) + "/" + version + "/$metadata#security/auditLog/queries('" + id + "')/records"
}

func skip(r *http.Request, most int) (int, *apiError) {
	token := r.URL.Query().Get("$skiptoken")
	if token == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	n, numErr := strconv.Atoi(string(text))
	if err != nil || numErr != nil || n < 0 || n > most {
		return 0, badRequest("Invalid skip token.")
	}
	return n, nil
}

// page words records as Graph does: its own fields around the record, which is
// there as it is, with an annotation in front. Members that a record lacks are
// null outside of it.
func page(context, next string, part []record) []byte {
	var b bytes.Buffer
	b.WriteString(`{"@odata.context":` + quoted(context) + `,`)
	if next != "" {
		b.WriteString(`"@odata.nextLink":` + quoted(next) + `,`)
	}
	b.WriteString(`"value":[`)
	for i, r := range part {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(wrap(r))
	}
	b.WriteString("]}")
	return b.Bytes()
}

func wrap(r record) []byte {
	var c common
	if err := json.Unmarshal(r.body, &c); err != nil {
		return []byte("null")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"@odata.type":"#microsoft.graph.security.auditLogRecord","id":%s,"createdDateTime":%s,"auditLogRecordType":%s,"operation":%s,"organizationId":%s,"userType":%s,"userId":%s,"service":%s,"objectId":%s,"userPrincipalName":%s,"clientIp":%s,"administrativeUnits":[""],"auditData":`,
		quoted(c.ID), quoted(c.CreationTime+"Z"), quoted(audit.TypeName(c.RecordType)), quoted(c.Operation), quoted(c.OrganizationID),
		quoted(audit.UserTypeName(c.UserType)), quoted(c.UserKey), quoted(c.Workload), orNull(c.ObjectID), quoted(c.UserID), orNull(c.ClientIP))
	b.WriteString(`{"@odata.type":"#microsoft.graph.security.defaultAuditData",`)
	b.Write(bytes.TrimPrefix(r.body, []byte("{")))
	b.WriteByte('}')
	return b.Bytes()
}

func quoted(text string) string {
	encoded, err := audit.Marshal(text)
	if err != nil { // a text can always be written
		return `""`
	}
	return string(encoded)
}

func orNull(text string) string {
	if text == "" {
		return "null"
	}
	return quoted(text)
}
