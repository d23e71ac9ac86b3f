package retention

import (
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/schema"
)

// Subject is what rules and holds look at in a row.
type Subject struct {
	Table string
	// RecordType is the number or the name of an audit record's type, as the
	// table has it; "" if the row has none.
	RecordType string
	// Users are all addresses and names of users in the row.
	Users []string
	// Tenant is the Entra tenant; "" where the row does not say.
	Tenant string
	// Time is TimeGenerated, in UTC.
	Time time.Time
	// Mentions says whether any text of the row has a user in it, in any case: in a
	// record about a mailbox, its owner is no actor. Nil where it is not known.
	Mentions func(user string) bool
}

// Mentioned says whether a text has a user in it.
func Mentioned(text, user string) bool {
	return len(text) >= len(user) && strings.Contains(strings.ToLower(text), strings.ToLower(user))
}

func (s *Subject) isOf(t RecordType) bool {
	return s.RecordType == strconv.FormatInt(t.Number, 10) || t.Name != "" && strings.EqualFold(s.RecordType, t.Name)
}

// Columns are the columns of a table that rules and holds look at; -1 where it has
// none.
type Columns struct {
	RecordType, Tenant int
	Users              []int
}

func (c *Columns) typed() bool { return c.RecordType >= 0 }

// userColumns are the columns that name users, in whichever table has them. The
// recipient and the senders of a message are users of its row.
var userColumns = []string{
	"UserId", "RecipientEmailAddress", "SenderFromAddress", "SenderMailFromAddress", "AccountUpn", "AccountId", "AADEmail",
}

// columns are those of every table, by its name.
var columns = func() map[string]*Columns {
	all := map[string]*Columns{}
	for _, t := range schema.Tables() {
		all[t.Name] = ColumnsOf(t)
	}
	return all
}()

// ColumnsOf returns the columns of a table that rules look at.
func ColumnsOf(t *schema.Table) *Columns {
	at := func(name string) int {
		if i, ok := t.Column(name); ok {
			return i
		}
		return -1
	}
	c := &Columns{RecordType: at("RecordType"), Tenant: at("OrganizationId")}
	for _, name := range userColumns {
		if i := at(name); i >= 0 {
			c.Users = append(c.Users, i)
		}
	}
	return c
}

func columnsOf(table string) *Columns {
	if c, ok := columns[table]; ok {
		return c
	}
	return &Columns{RecordType: -1, Tenant: -1}
}

// SubjectOf returns what rules look at in a row that is not stored yet, which goes
// to the named table. at stands in for a TimeGenerated that the row lacks.
func SubjectOf(table string, row *schema.Row, at time.Time) Subject {
	s := Subject{Table: table, Time: at.UTC()}
	c := columnsOf(table)
	if i, ok := row.Table.Column(row.Table.TimeColumn); ok {
		if v := row.Value(i); !v.IsNull() && v.Type() == row.Table.Columns[i].Type {
			s.Time = time.UnixMicro(v.Int64()).UTC()
		}
	}
	if c.RecordType >= 0 {
		s.RecordType = textOf(row.Value(c.RecordType))
	}
	if c.Tenant >= 0 {
		s.Tenant = textOf(row.Value(c.Tenant))
	}
	for _, i := range c.Users {
		if user := textOf(row.Value(i)); user != "" {
			s.Users = append(s.Users, user)
		}
	}
	s.Mentions = func(user string) bool {
		for _, v := range row.All() {
			if Mentioned(v.Text(), user) {
				return true
			}
		}
		return false
	}
	return s
}

// textOf writes a text or a whole number.
func textOf(v schema.Value) string {
	switch {
	case v.IsNull():
		return ""
	case v.Text() != "":
		return v.Text()
	}
	return v.String()
}
