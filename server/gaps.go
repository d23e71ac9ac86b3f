package server

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"
)

// States of an hour, and of a day as the worst of its hours. docs/completeness.md
// defines them.
const (
	GapComplete = "complete" // listed again after it was over, and all of it journalled
	GapWaiting  = "waiting"  // not so yet, and it is early
	GapLate     = "late"     // not so yet, though it could be
	GapLost     = "lost"     // something in it is known to be lost
	GapSilent   = "silent"   // complete and empty, though the weeks before were not
	GapOff      = "off"      // the source was switched off
	// GapRecovered: lost or off, and a search of the audit log has brought what
	// happened in this time.
	GapRecovered = "recovered"
)

// GapStates are the states from the worst to the best.
var GapStates = []string{GapLost, GapOff, GapLate, GapSilent, GapRecovered, GapWaiting, GapComplete}

// GapFilter says which part of the calendar is wanted.
type GapFilter struct {
	From, To time.Time // of creation at the source; To is exclusive
	// TenantID and ContentType leave out the others, if not empty.
	TenantID, ContentType string
	Daily                 bool // by the day instead of by the hour
	// Skip rows are left out first, and then at most Limit are given; 0 is no
	// limit.
	Skip, Limit int
}

// GapCalendar says for every source, tenant and content type whether all
// content of an hour or a day arrived. It is the body of GET /api/v1/gaps.
type GapCalendar struct {
	Now time.Time `json:"now"` // set by the server
	// From and To are those asked for, Interval is "hour" or "day".
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Interval string    `json:"interval"`
	Rows     []GapRow  `json:"rows"`
	// Next is the Skip that gives the rows after these; 0 when there are none.
	Next int `json:"next,omitempty"`
}

// GapRow is the calendar of one source, tenant and content type.
type GapRow struct {
	Source      string `json:"source"`
	TenantID    string `json:"tenantId"`
	TenantName  string `json:"tenantName,omitempty"`
	ContentType string `json:"contentType"`
	// Name is that of the connector, where a tenant may have several of a kind.
	Name string `json:"name,omitempty"`
	// Since is the first hour of which anything is known; null: nothing yet.
	Since *time.Time `json:"since"`
	Cells []GapCell  `json:"cells"`
}

// GapCell is one hour or day, in UTC. Hours that have not begun, and those
// before Since, have no cell.
type GapCell struct {
	Time  time.Time `json:"time"`
	State string    `json:"state"`
	// Hours counts the hours of a day by their state.
	Hours map[string]int `json:"hours,omitempty"`
	// Listed counts blobs; Journalled and Expired are those of them that are
	// kept and lost. Records and Bytes are what is in the journalled ones.
	Listed     int64 `json:"listed"`
	Journalled int64 `json:"journalled"`
	Expired    int64 `json:"expired"`
	Records    int64 `json:"records"`
	Bytes      int64 `json:"bytes"`
	// Recovered is since when a search covers what was lost of an hour.
	Recovered *time.Time `json:"recovered,omitempty"`
	// Detail says in words why it is not complete.
	Detail string `json:"detail,omitempty"`
}

// Bounds of one answer.
const (
	maxGapHours = 62 * 24 * time.Hour
	maxGapDays  = 10 * 366 * 24 * time.Hour
	gapHours    = 7 * 24 * time.Hour // when none are asked for
	// maxGapCells is how many cells an answer has at most, whatever the number of
	// tenants; it has one row at least.
	maxGapCells = 200_000
)

func (s *Server) handleGaps(w http.ResponseWriter, r *http.Request) error {
	filter, err := s.gapFilter(r)
	if err != nil {
		return err
	}
	calendar, err := s.services.Gaps.Gaps(r.Context(), filter)
	if err != nil {
		return err
	}
	out := *calendar
	out.Now = s.clock().UTC()
	if out.Rows == nil {
		out.Rows = []GapRow{}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) gapFilter(r *http.Request) (GapFilter, error) {
	q := r.URL.Query()
	if err := knownParameters(q, "from", "to", "tenant", "contentType", "interval", "skip", "limit"); err != nil {
		return GapFilter{}, err
	}
	f := GapFilter{TenantID: q.Get("tenant"), ContentType: q.Get("contentType"), To: s.clock().UTC()}
	longest := maxGapHours
	switch interval := q.Get("interval"); interval {
	case "", "hour":
	case "day":
		f.Daily, longest = true, maxGapDays
	default:
		return f, &Failure{CodeBadRequest, fmt.Sprintf("interval %q is neither hour nor day", interval)}
	}
	to, err := timeParameter(q, "to")
	if err != nil {
		return f, err
	}
	if !to.IsZero() {
		f.To = to.UTC()
	}
	from, err := timeParameter(q, "from")
	if err != nil {
		return f, err
	}
	if f.From = from.UTC(); from.IsZero() {
		f.From = f.To.Add(-gapHours).Truncate(time.Hour)
	}
	switch span := f.To.Sub(f.From); {
	case span < 0:
		return f, &Failure{CodeBadRequest, "to lies before from"}
	case span > longest:
		return f, &Failure{CodeBadRequest, fmt.Sprintf("%d days are more than the %d that one answer holds: ask for interval=day, or for less", span/(24*time.Hour), longest/(24*time.Hour))}
	}
	return f, f.page(q)
}

// page reads which rows are wanted, and bounds how many.
func (f *GapFilter) page(q url.Values) error {
	step := time.Hour
	if f.Daily {
		step = 24 * time.Hour
	}
	most := max(1, int(maxGapCells/(f.To.Sub(f.From)/step+1)))
	limit, err := intParameter(q, "limit", most, 1, math.MaxInt32)
	if err != nil {
		return err
	}
	f.Limit = min(limit, most)
	f.Skip, err = intParameter(q, "skip", 0, 0, math.MaxInt32)
	return err
}
