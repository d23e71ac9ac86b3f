package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const huntingResource = "security/runHuntingQuery"

// huntingRow is a row of a table of advanced hunting.
type huntingRow struct {
	at         time.Time // Timestamp
	available  time.Time
	properties []byte
}

// AddTables makes tables that can be hunted, without rows.
func (s *Server) AddTables(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		s.hunting[name] = append(s.hunting[name], nil...)
	}
}

// AddHunting puts a row into a table, to be found from a time on.
func (s *Server) AddHunting(table string, at, available time.Time, properties []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.hunting[table]
	r := huntingRow{at, available, properties}
	i, _ := slices.BinarySearchFunc(rows, r, func(a, b huntingRow) int {
		if a.at.After(b.at) {
			return 1
		}
		return -1
	})
	s.hunting[table] = slices.Insert(rows, i, r)
}

// huntingQuery is all of KQL that this service understands: rows of one table in
// a span of time.
var huntingQuery = regexp.MustCompile(`^\s*(\w+)\s*\|\s*where\s+Timestamp\s*>=\s*datetime\(([^)]+)\)\s+and\s+Timestamp\s*<\s*datetime\(([^)]+)\)\s*$`)

// huntingReach is how far back there are rows.
const huntingReach = 30 * 24 * time.Hour

func (s *Server) hunt(w http.ResponseWriter, r *http.Request) {
	var body struct{ Query, Timespan string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		badRequest("Unable to read JSON request payload.").write(w)
		return
	}
	match := huntingQuery.FindStringSubmatch(body.Query)
	if match == nil {
		badRequest("'where' operator: the query is more than this simulation understands.").write(w)
		return
	}
	from, errFrom := time.Parse(time.RFC3339Nano, match[2])
	to, errTo := time.Parse(time.RFC3339Nano, match[3])
	if errFrom != nil || errTo != nil {
		badRequest("A datetime could not be parsed.").write(w)
		return
	}
	rows, refused := s.found(match[1], from, to)
	if refused != nil {
		refused.write(w)
		return
	}
	answer := huntingAnswer(base(r)+"/v1.0/$metadata#microsoft.graph.security.huntingQueryResults", rows)
	if d, hit := s.throw("break", r.Method+" "+body.Query, s.cfg.Faults.BrokenPages); hit {
		answer = answer[:d.Between(1, len(answer)-1)]
	}
	sendJSON(w, http.StatusOK, answer)
}

func (s *Server) found(table string, from, to time.Time) ([]huntingRow, *apiError) {
	now := s.cfg.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	minute := now.Truncate(time.Minute)
	if !minute.Equal(s.huntMinute) {
		s.huntMinute, s.hunts = minute, 0
	}
	if s.hunts++; s.hunts > s.cfg.HuntsPerMinute {
		return nil, &apiError{http.StatusTooManyRequests, "TooManyRequests", "You have exceeded the number of hunting queries a minute.", int(minute.Add(time.Minute).Sub(now)/time.Second) + 1}
	}
	known, ok := s.hunting[table]
	if !ok {
		return nil, badRequest("'where' operator: Failed to resolve table or column expression named '" + table + "'")
	}
	var rows []huntingRow
	for _, r := range known {
		if r.at.Before(from) || !r.at.Before(to) || r.available.After(now) || now.Sub(r.at) > huntingReach {
			continue
		}
		if len(rows) == s.cfg.HuntingRowLimit {
			break // the answer does not say that it was cut
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// huntingAnswer words rows with the schema of the first of them.
func huntingAnswer(context string, rows []huntingRow) []byte {
	var b bytes.Buffer
	b.WriteString(`{"@odata.context":` + quoted(context) + `,"schema":[`)
	if len(rows) > 0 {
		b.WriteString(strings.Join(columnsOf(rows[0].properties), ","))
	}
	b.WriteString(`],"results":[`)
	for i, r := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(r.properties)
	}
	b.WriteString("]}")
	return b.Bytes()
}

func columnsOf(properties []byte) []string {
	decoder := json.NewDecoder(bytes.NewReader(properties))
	var columns []string
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	for decoder.More() {
		name, err := decoder.Token()
		var value json.RawMessage
		if err != nil || decoder.Decode(&value) != nil {
			return columns
		}
		kind := "String"
		switch {
		case name == "Timestamp":
			kind = "DateTime"
		case value[0] == 't' || value[0] == 'f':
			kind = "SByte"
		case value[0] >= '0' && value[0] <= '9' || value[0] == '-':
			kind = "Int64"
		}
		columns = append(columns, `{"name":`+quoted(name.(string))+`,"type":"`+kind+`"}`)
	}
	return columns
}

// RowLimit is how many rows one hunting query gives.
func (s *Server) RowLimit() int { return s.cfg.HuntingRowLimit }
