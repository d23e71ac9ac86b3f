package incident

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// Register is what the register of cyber security incidents holds of one, as
// ISM-0125 and ISM-1803 ask: when it occurred and was discovered, what it is, what
// was done, and to whom it was reported. All times are in UTC.
type Register struct {
	Number     int64
	Title      string
	Occurred   time.Time // the first activity, unless somebody knows better
	Discovered time.Time // when the incident was made, unless somebody knows better
	Description,
	Actions string
	// Statutory are the names of the clocks that a law starts.
	Statutory []string
	Reports   []Report
	Clocks    []Clock
	// Missing are the fields that are empty still.
	Missing []string
}

// Report says that somebody was told.
type Report struct {
	To        string // CISO, ASD, or another
	At        time.Time
	By        string
	Reference string
}

// Clock runs from the discovery until somebody was told.
type Clock struct {
	Name string
	// Control is what asks for it.
	Control string
	To      string
	Since   time.Time
	Due     time.Time // zero: as soon as possible
	Done    time.Time // zero: still running
}

// To whom every incident is reported.
const (
	ToCISO = "CISO"
	ToASD  = "ASD"
)

// Statutory clocks, by name. Of the reporting under the Security of Critical
// Infrastructure Act 2018, part 2B.
const (
	SOCICritical = "soci-critical"
	SOCIOther    = "soci-other"
)

var statutory = map[string]struct {
	name          string
	due, followUp time.Duration // followUp: the written report after one by word
}{
	SOCICritical: {"SOCI Act, significant impact", 12 * time.Hour, 84 * time.Hour},
	SOCIOther:    {"SOCI Act, relevant impact", 72 * time.Hour, 48 * time.Hour},
}

// RegisterChange is what a person writes; a nil member stays as it is. A zero time
// takes back what somebody knew better.
type RegisterChange struct {
	Author               string
	Occurred, Discovered *time.Time
	Description, Actions *string
	Statutory            *[]string
}

// Register returns what the register holds of an incident; ErrNotFound.
func (s *Store) Register(ctx context.Context, number int64) (*Register, error) {
	d, err := readDetail(ctx, s.db, number)
	if err != nil {
		return nil, err
	}
	r := &Register{Number: number, Title: d.Title, Occurred: d.FirstActivity, Discovered: d.Created}
	var occurred, discovered sql.NullInt64
	var statutes string
	err = s.db.QueryRowContext(ctx, `SELECT occurred, discovered, description, actions, statutory FROM incident_register WHERE incident=?`, number).
		Scan(&occurred, &discovered, &r.Description, &r.Actions, &statutes)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read register of incident %d: %w", number, err)
	}
	if occurred.Valid {
		r.Occurred = fromMicros(occurred.Int64)
	}
	if discovered.Valid {
		r.Discovered = fromMicros(discovered.Int64)
	}
	if statutes != "" {
		r.Statutory = strings.Split(statutes, ",")
	}
	if r.Reports, err = s.reports(ctx, number); err != nil {
		return nil, err
	}
	r.settle()
	return r, nil
}

func (s *Store) reports(ctx context.Context, number int64) ([]Report, error) {
	return state.All(ctx, s.db, fmt.Sprintf("read reports of incident %d", number), func(row state.Row) (r Report, err error) {
		var at int64
		err = row.Scan(&r.To, &at, &r.By, &r.Reference)
		r.At = fromMicros(at)
		return r, err
	}, `SELECT recipient, at, by, reference FROM incident_report WHERE incident=? ORDER BY at, sequence`, number)
}

// settle works out clocks and what is missing.
func (r *Register) settle() {
	told := func(to string) time.Time {
		i := slices.IndexFunc(r.Reports, func(p Report) bool { return strings.EqualFold(p.To, to) })
		if i < 0 {
			return time.Time{}
		}
		return r.Reports[i].At
	}
	r.Clocks = []Clock{
		{Name: "Tell the CISO or delegate", Control: "ISM-0123", To: ToCISO, Since: r.Discovered, Done: told(ToCISO)},
		{Name: "Report to ASD", Control: "ISM-0140", To: ToASD, Since: r.Discovered, Done: told(ToASD)},
	}
	for _, name := range r.Statutory {
		law := statutory[name]
		first := Clock{Name: law.name, Control: "SOCI Act, part 2B", To: ToASD, Since: r.Discovered, Due: r.Discovered.Add(law.due), Done: told(ToASD)}
		r.Clocks = append(r.Clocks, first)
		if !first.Done.IsZero() {
			written := told(ToASD + " in writing")
			r.Clocks = append(r.Clocks, Clock{Name: law.name + ", in writing", Control: first.Control, To: ToASD + " in writing", Since: first.Done, Due: first.Done.Add(law.followUp), Done: written})
		}
	}
	for _, field := range []struct {
		name  string
		empty bool
	}{{"description", r.Description == ""}, {"actions", r.Actions == ""}, {"reported", len(r.Reports) == 0}} {
		if field.empty {
			r.Missing = append(r.Missing, field.name)
		}
	}
}

// SetRegister changes what the register holds of an incident. The error is
// ErrNotFound or wraps ErrInvalidChange where the caller is wrong.
func (s *Store) SetRegister(ctx context.Context, number int64, c RegisterChange) error {
	columns, err := c.columns()
	if err != nil {
		return fmt.Errorf("register incident %d: %w", number, err)
	}
	return s.inTransaction(ctx, fmt.Sprintf("register incident %d", number), func(tx *sql.Tx) error {
		if _, err := readDetail(ctx, tx, number); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO incident_register (incident) VALUES (?)`, number); err != nil {
			return err
		}
		var changed []string
		for _, column := range columns {
			changed = append(changed, column.name)
			if _, err := tx.ExecContext(ctx, `UPDATE incident_register SET `+column.name+`=? WHERE incident=?`, column.value, number); err != nil {
				return err
			}
		}
		if err := s.note(ctx, tx, number, "register", c.Author, strings.Join(changed, ", ")); err != nil {
			return err
		}
		return s.putIncident(ctx, tx, number, c.Author)
	})
}

// registerColumn is a column of incident_register with its new value.
type registerColumn struct {
	name  string
	value any
}

// columns are those that a change gives a new value.
func (c RegisterChange) columns() ([]registerColumn, error) {
	var all []registerColumn
	for _, t := range []struct {
		name  string
		given *time.Time
	}{{"occurred", c.Occurred}, {"discovered", c.Discovered}} {
		if t.given != nil {
			all = append(all, registerColumn{t.name, sql.NullInt64{Int64: micros(*t.given), Valid: !t.given.IsZero()}})
		}
	}
	for _, t := range []struct {
		name  string
		given *string
	}{{"description", c.Description}, {"actions", c.Actions}} {
		if t.given == nil {
			continue
		}
		text := strings.TrimSpace(*t.given)
		if len(text) > maxComment {
			return nil, fmt.Errorf("%w: a text has at most %d bytes", ErrInvalidChange, maxComment)
		}
		all = append(all, registerColumn{t.name, text})
	}
	if c.Statutory == nil {
		return all, nil
	}
	for _, name := range *c.Statutory {
		if _, known := statutory[name]; !known {
			return nil, fmt.Errorf("%w: clock %q; it is %s or %s", ErrInvalidChange, name, SOCICritical, SOCIOther)
		}
	}
	return append(all, registerColumn{"statutory", strings.Join(*c.Statutory, ",")}), nil
}

// AddReport notes that somebody was told of an incident.
func (s *Store) AddReport(ctx context.Context, number int64, r Report) error {
	if r.To == "" || len(r.To) > 200 || len(r.Reference) > 200 || r.At.IsZero() || r.At.After(s.now().Add(time.Minute)) {
		return fmt.Errorf("report of incident %d: %w: say to whom, and when that was", number, ErrInvalidChange)
	}
	return s.inTransaction(ctx, fmt.Sprintf("report of incident %d", number), func(tx *sql.Tx) error {
		if _, err := readDetail(ctx, tx, number); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO incident_report (incident, recipient, at, by, reference) VALUES (?,?,?,?,?)`, number, r.To, micros(r.At), r.By, r.Reference); err != nil {
			return err
		}
		if err := s.note(ctx, tx, number, "reported", r.By, strings.TrimSpace("to "+r.To+" "+r.Reference)); err != nil {
			return err
		}
		return s.putIncident(ctx, tx, number, r.By)
	})
}

const reportTime = "2006-01-02 15:04 UTC"

// Text is the report of an incident, ready to send.
func (s *Store) Text(ctx context.Context, number int64) (string, error) {
	d, err := s.Get(ctx, number)
	if err != nil {
		return "", err
	}
	r, err := s.Register(ctx, number)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Cyber security incident %d: %s\n\nOccurred:    %s\nDiscovered:  %s\nSeverity:    %s\nStatus:      %s", d.Number, d.Title, r.Occurred.Format(reportTime), r.Discovered.Format(reportTime), d.Severity, d.Status)
	if d.Classification != "" {
		fmt.Fprintf(&b, " (%s)", d.Classification)
	}
	fmt.Fprintf(&b, "\nOwner:       %s\n\nWhat happened\n%s\n\nWhat was done\n%s\n\nReported to\n", orNone(d.Owner), orNone(r.Description), orNone(r.Actions))
	for _, p := range r.Reports {
		fmt.Fprintf(&b, "- %s, %s, by %s %s\n", p.To, p.At.Format(reportTime), p.By, p.Reference)
	}
	if len(r.Reports) == 0 {
		b.WriteString("nobody yet\n")
	}
	b.WriteString("\nAlerts (times in UTC)\n")
	for _, a := range d.Alerts {
		fmt.Fprintf(&b, "- %s to %s: %s (%s), %d rows\n", a.Start.Format(reportTime), a.End.Format(reportTime), a.Name, a.Severity, a.Evidence.Total)
	}
	b.WriteString("\nAffected\n")
	for _, e := range d.Entities {
		if ids := identities(e); len(ids) > 0 {
			fmt.Fprintf(&b, "- %s %s\n", e.Kind, ids[0].value)
		}
	}
	if len(d.Techniques) > 0 {
		fmt.Fprintf(&b, "\nMITRE ATT&CK: %s\n", strings.Join(d.Techniques, ", "))
	}
	return b.String(), nil
}
