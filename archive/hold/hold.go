// Package hold keeps legal holds: what must not be disposed of, by whose word,
// why, since when, and who let it go.
//
// One person sets a hold and another releases it. Holds are rows of the state
// database, which somebody with the disk can change; so each is written down as
// an act under the archive's log as well, and Missing says which ones the acts
// have and the state lacks. Whoever is about to delete something asks about both.
//
// The package must not know what deletes, nor where acts are kept: it is asked
// whether something is held, and is handed what the acts say.
package hold

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

var (
	// ErrInvalid wraps what is wrong with a hold.
	ErrInvalid = errors.New("not valid")
	// ErrUnknown says that there is no such hold.
	ErrUnknown = errors.New("no such hold")
	// ErrTaken says that there is a hold of that name, or was one.
	ErrTaken = errors.New("there is a hold of that name, or was one; names are used once, so that the log stays plain")
	// ErrReleased says that it holds no more.
	ErrReleased = errors.New("it was released already")
	// ErrSamePerson keeps one person from setting a hold and taking it away.
	ErrSamePerson = errors.New("who set a hold cannot release it: another person has to, with an account of their own")
)

// Bounds of what people write, in bytes.
const (
	maxName   = 100
	maxText   = 4000
	maxTables = 100
)

// Scope is what a hold covers. A member that is empty is no bound.
type Scope struct {
	Tenant string   // GUID of the Entra tenant
	Tables []string // names of tables
	User   string   // user principal name, mailbox or object id, any case
	From   time.Time
	To     time.Time // exclusive
}

// Release is the end of a hold.
type Release struct {
	By, Why string
	At      time.Time // UTC
}

// Hold is one of them.
type Hold struct {
	ID           int64
	Name, Reason string
	Scope        Scope
	By           string
	Since        time.Time // UTC
	Release      *Release  // nil while it holds
}

// Active reports whether it still holds.
func (h *Hold) Active() bool { return h.Release == nil }

func (h *Hold) check() error {
	s := &h.Scope
	switch {
	case strings.TrimSpace(h.Name) == "" || len(h.Name) > maxName:
		return fmt.Errorf("%w: a name has 1 to %d bytes", ErrInvalid, maxName)
	case strings.TrimSpace(h.Reason) == "" || len(h.Reason) > maxText:
		return fmt.Errorf("%w: say the reason, in at most %d bytes", ErrInvalid, maxText)
	case h.By == "":
		return fmt.Errorf("%w: say who sets it", ErrInvalid)
	case !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To):
		return fmt.Errorf("%w: from must be before to", ErrInvalid)
	case len(s.Tables) > maxTables || slices.Contains(s.Tables, ""):
		return fmt.Errorf("%w: name at most %d tables, none of them empty", ErrInvalid, maxTables)
	case len(s.Tenant) > maxText || len(s.User) > maxText:
		return fmt.Errorf("%w: tenant or user is too long", ErrInvalid)
	}
	return nil
}

// Extent is what somebody is about to delete. A member that is empty says that
// it may be any.
type Extent struct {
	Tenant string
	Table  string
	User   string
	From   time.Time
	To     time.Time // exclusive
}

// Covers reports whether a hold covers anything of an extent. Where the extent
// does not say something, the hold may cover it: in doubt it is held.
func (s *Scope) Covers(e Extent) bool {
	switch {
	case s.Tenant != "" && e.Tenant != "" && !strings.EqualFold(s.Tenant, e.Tenant):
		return false
	case len(s.Tables) > 0 && e.Table != "" && !slices.ContainsFunc(s.Tables, func(t string) bool { return strings.EqualFold(t, e.Table) }):
		return false
	case s.User != "" && e.User != "" && !strings.EqualFold(s.User, e.User):
		return false
	case !s.From.IsZero() && !e.To.IsZero() && !s.From.Before(e.To):
		return false
	case !s.To.IsZero() && !e.From.IsZero() && !e.From.Before(s.To):
		return false
	}
	return true
}

// Covering returns those of some holds that cover anything of an extent and
// still hold.
func Covering(holds []Hold, e Extent) []Hold {
	var covering []Hold
	for _, h := range holds {
		if h.Active() && h.Scope.Covers(e) {
			covering = append(covering, h)
		}
	}
	return covering
}

// Missing returns the holds that the acts have, still in force by them, and that
// kept ones lack or have as released: somebody changed the state by hand, or it
// was lost. A release from after settled on may be under way to the acts, and
// counts as one of them.
func Missing(kept, acts []Hold, settled time.Time) []Hold {
	var missing []Hold
	for _, a := range acts {
		if !a.Active() {
			continue
		}
		i := slices.IndexFunc(kept, func(h Hold) bool { return strings.EqualFold(h.Name, a.Name) })
		switch {
		case i < 0, !kept[i].Scope.equal(&a.Scope), !kept[i].Active() && kept[i].Release.At.Before(settled):
			missing = append(missing, a)
		}
	}
	return missing
}

func (s *Scope) equal(o *Scope) bool {
	return s.Tenant == o.Tenant && s.User == o.User && slices.Equal(s.Tables, o.Tables) && s.From.Equal(o.From) && s.To.Equal(o.To)
}

// SamePerson reports whether two names are of one account: case does not count,
// nor in what way somebody came, which programs add in brackets.
func SamePerson(a, b string) bool {
	bare := func(name string) string {
		name, _, _ = strings.Cut(name, " (")
		return strings.ToLower(strings.TrimSpace(name))
	}
	return bare(a) == bare(b)
}

// byAge puts the newest first.
func byAge(a, b Hold) int { return cmp.Compare(b.ID, a.ID) }
