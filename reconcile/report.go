package reconcile

import (
	"context"
	"time"

	"github.com/quoll/quoll/model"
)

// Report is what a comparison found. Times are UTC.
type Report struct {
	Table string    `json:"table"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Files []File    `json:"files"`
	// Matched records are on both sides; MatchedWithoutID of them are rows of the
	// other side that have no id, told by what they say. OtherTime are on both
	// sides at different times.
	Matched          int64 `json:"matched"`
	MatchedWithoutID int64 `json:"matchedWithoutId"`
	OtherTime        int64 `json:"otherTime"`
	// QuollLacks and OtherLacks count what only the other side has, and what only
	// Quoll has.
	QuollLacks int64 `json:"quollLacks"`
	OtherLacks int64 `json:"otherLacks"`
	// Rejected pieces of the other side could not be compared.
	Rejected int64 `json:"rejected"`
	// The lists hold the first of each, by time.
	QuollLacking []Record     `json:"quollLacking"`
	OtherLacking []Record     `json:"otherLacking"`
	OtherTimes   []Difference `json:"otherTimes"`
	Rejects      []Reject     `json:"rejects"`
	// Hours are the operations of hours in which the sides count differently;
	// HoursCompared is how many there are in all.
	Hours         []Hour `json:"hours"`
	HoursDiffer   int64  `json:"hoursDiffer"`
	HoursCompared int64  `json:"hoursCompared"`
}

// Equal reports whether the sides have the same records, as far as all of them
// could be compared.
func (r *Report) Equal() bool {
	return r.QuollLacks == 0 && r.OtherLacks == 0 && r.OtherTime == 0 && r.Rejected == 0
}

// File is a file, or another source, of the other side.
type File struct {
	Name   string       `json:"name"`
	Format model.Format `json:"format,omitempty"`
	// Records are all in it, Repeated those that are in it, or in a file before
	// it, once more.
	Records  int64 `json:"records"`
	Repeated int64 `json:"repeated"`
	Rejected int64 `json:"rejected"`
}

// Record identifies a record that one side lacks.
type Record struct {
	ID             string    `json:"id"`
	OrganizationID string    `json:"organizationId,omitempty"`
	Time           time.Time `json:"time"`
	Operation      string    `json:"operation"`
	RecordType     string    `json:"recordType,omitempty"`
	UserID         string    `json:"userId,omitempty"`
	File           string    `json:"file,omitempty"`
}

// Difference is a record that both sides have, at different times.
type Difference struct {
	Record
	QuollTime *time.Time `json:"quollTime"`
}

// Reject is a piece of the other side that could not be compared.
type Reject struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
}

// Hour is an operation in an hour, and how often each side has it.
type Hour struct {
	Hour      time.Time `json:"hour"`
	Operation string    `json:"operation"`
	Quoll     int64     `json:"quoll"`
	Other     int64     `json:"other"`
}

func (e *entry) record(c *Comparison) Record {
	r := Record{ID: e.id, OrganizationID: e.organization, Time: e.at, Operation: e.operation, RecordType: e.recordType, UserID: e.user}
	if e.side == sideOther {
		r.File = c.report.Files[e.file].Name
	}
	return r
}

// listLacking lists the first records that either side lacks.
func (c *Comparison) listLacking(ctx context.Context) error {
	return c.lacking.Each(ctx, func(text []byte) error {
		e, err := decode(text)
		if err != nil {
			return err
		}
		list := &c.report.QuollLacking
		if e.side == sideQuoll {
			list = &c.report.OtherLacking
		}
		if len(*list) < c.cfg.Listed {
			*list = append(*list, e.record(c))
		}
		return nil
	})
}
