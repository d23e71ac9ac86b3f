package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// inboxMost is how many messages a mailbox remembers.
const inboxMost = 120

// readMost bounds how many messages one person opens in an hour, so that
// nobody's diligence looks like theft.
const readMost = 45

type action func(a *actor, s seat, at time.Time)

// actor is a person in motion.
type actor struct {
	*organisation.Person
	midnight time.Time // of the day that is planned
	day      day
	signedIn bool // on that day
	inbox    []*message
	sent     []*message
	actions  []dice.Weighted[action]

	readHour time.Time // hour of readCount
	readSum  int
}

func newActor(w *World, p *organisation.Person) *actor {
	a := &actor{Person: p}
	for i := range 12 {
		a.inbox = append(a.inbox, w.oldMessage(a, w.cfg.Start.Add(-time.Duration(2*i+1)*time.Hour)))
	}
	a.actions = w.actionsOf(p)
	return a
}

// live lets a person spend the present tick.
func (w *World) live(a *actor) {
	local := w.cursor.In(w.org.Zone)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, w.org.Zone)
	if !midnight.Equal(a.midnight) {
		a.midnight, a.day, a.signedIn = midnight, w.planDay(a.Person, midnight), false
	}
	if a.Traveller && w.cursor.Sub(w.cfg.Start) >= travelAfter {
		a.day.seat.ip = a.TravelIP
	}
	hours := Tick.Hours() * w.cfg.Volume
	if !a.day.works || w.cursor.Before(a.day.from) || !w.cursor.Before(a.day.to) {
		if !a.OfficeOnly && !a.Traveller && w.dice.Chance(glancesPerHour*hours) {
			w.phoneSync(a, w.moment())
		}
		return
	}
	if !a.signedIn {
		// Not all at once when the world begins in the middle of a day.
		if w.dice.Chance(0.05) {
			a.signedIn = true
			w.startDay(a, a.day.seat, w.moment())
		}
		return
	}
	for range w.dice.Count(actionsPerHour * hours * liveliness(local)) {
		dice.PickWeighted(w.dice, a.actions)(a, a.day.seat, w.moment())
	}
}

// seatNow is where a person works, or would.
func (a *actor) seatNow() seat { return a.day.seat }

// reads reports how many of n messages the person may still open this hour.
func (a *actor) reads(at time.Time, n int) int {
	if hour := at.Truncate(time.Hour); !hour.Equal(a.readHour) {
		a.readHour, a.readSum = hour, 0
	}
	n = min(n, readMost-a.readSum)
	a.readSum += max(n, 0)
	return max(n, 0)
}

// actionsOf says what a person does in a working day, and how often.
func (w *World) actionsOf(p *organisation.Person) []dice.Weighted[action] {
	actions := []dice.Weighted[action]{
		{Weight: 18, Thing: w.readMail},
		{Weight: 9, Thing: w.outlookSync},
		{Weight: 3.2, Thing: w.sendMail},
		{Weight: 3, Thing: w.deleteMail},
		{Weight: 20, Thing: w.file(audit.TypeSharePointFile, "FileAccessed")},
		{Weight: 9, Thing: w.file(audit.TypeSharePointFile, "FileModified")},
		{Weight: 5, Thing: w.file(audit.TypeSharePointFile, "FilePreviewed")},
		{Weight: 3, Thing: w.file(audit.TypeSharePointFile, "FileDownloaded")},
		{Weight: 3, Thing: w.uploadFile},
		{Weight: 2.5, Thing: w.syncFile("FileSyncDownloadedFull")},
		{Weight: 2.5, Thing: w.syncFile("FileSyncUploadedFull")},
		{Weight: 1, Thing: w.moveFile},
		{Weight: 0.8, Thing: w.file(audit.TypeSharePointFile, "FileRecycled")},
		{Weight: 6, Thing: w.viewPage},
		{Weight: 2, Thing: w.viewList},
		{Weight: 0.8, Thing: w.share},
		{Weight: 8, Thing: w.teamsMessage},
		{Weight: 1.6, Thing: w.signInAgain},
		{Weight: 0.25, Thing: w.signInFails},
		{Weight: 0.9, Thing: w.askCopilot},
	}
	add := func(weight float64, thing action) {
		actions = append(actions, dice.Weighted[action]{Weight: weight, Thing: thing})
	}
	if p.Department == "Finance" || p.Department == "Executive" || p.Department == "Marine Operations" {
		add(1.2, w.viewReport)
	}
	if p.OfficeOnly && !p.Admin {
		add(0.08, w.tidyRule)
	}
	if p.Title == "Project Manager" || p.Title == "Service Desk Lead" {
		add(0.6, w.changeTeam)
	}
	if p.Admin {
		add(1.2, w.administerExchange)
		add(1.5, w.administerEntra)
	}
	if p.Title == "Security Analyst" {
		add(4, w.searchCompliance)
	}
	return actions
}

// common begins a record of a person's own action.
func (w *World) common(a *actor, s seat, at time.Time, workload, operation string, recordType int) audit.Common {
	c := audit.Common{
		CreationTime:   audit.Time(at),
		ID:             w.dice.StampedGUID(at),
		Operation:      operation,
		OrganizationID: w.org.TenantID,
		RecordType:     recordType,
		UserType:       audit.UserRegular,
		Version:        1,
		Workload:       workload,
		ClientIP:       s.ip,
		UserID:         a.UPN,
	}
	switch workload {
	case workloadExchange:
		c.UserKey = a.PUID
	case workloadSharePoint, workloadOneDrive:
		c.UserKey = "i:0h.f|membership|" + lower(a.PUID) + "@live.com"
	default:
		c.UserKey, c.ID = a.ObjectID, w.dice.GUID()
	}
	return c
}
