package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

const (
	// actionsPerHour is what one person does in a full working hour.
	actionsPerHour = 38
	// glancesPerHour is how often a phone looks at a mailbox out of hours.
	glancesPerHour = 0.5
	// travelAfter is when, after the start, the traveller is abroad: late
	// enough for the old addresses to be known.
	travelAfter = 30 * time.Hour
)

// day is what a person does on one day in the agency's zone.
type day struct {
	works    bool
	from, to time.Time
	seat     seat
}

// seat is where and with what somebody works.
type seat struct {
	ip, agent, os, browser string
	session                string // of the sign-in
	managed                bool   // a device of the agency
}

// planDay decides a person's day. It depends on the person and the date alone.
func (w *World) planDay(p *organisation.Person, midnight time.Time) day {
	date := uint64(midnight.Unix() / 86400)
	d := dice.New(w.cfg.Seed^dice.Hash(p.UPN), date)
	plan := day{seat: seat{ip: p.OfficeIP, agent: p.Agent, os: p.OS, browser: p.Browser, session: d.GUID(), managed: true}}
	hour := func(h float64) time.Time { return midnight.Add(time.Duration(h * float64(time.Hour))) }
	jitter := float64(d.Between(-45, 45)) / 60

	weekend := midnight.Weekday() == time.Saturday || midnight.Weekday() == time.Sunday
	switch {
	case p.Shift == organisation.Watch:
		// Four officers, three watches of eight hours, one day off in four.
		watch := (date + uint64(p.Turn)) % 4
		plan.works = watch < 3
		plan.from, plan.to = hour(float64(8*watch)), hour(float64(8*watch+8))
	case weekend:
		plan.works = !p.OfficeOnly && d.Chance(0.12)
		plan.from, plan.to = hour(10+jitter), hour(11.5+jitter)
		plan.seat.ip = p.HomeIP
	default:
		plan.works = d.Chance(0.95)
		plan.from, plan.to = hour(8.25+jitter), hour(17+float64(d.Between(-60, 60))/60)
		if !p.OfficeOnly && d.Chance(0.4) {
			plan.seat.ip = p.HomeIP
		}
	}
	return plan
}

// liveliness scales what people do by the hour of their day.
func liveliness(local time.Time) float64 {
	switch local.Hour() {
	case 12:
		return 0.5
	case 9, 10, 14:
		return 1.2
	case 16, 17, 18:
		return 0.8
	case 0, 1, 2, 3, 4, 5, 22, 23:
		return 0.4
	}
	return 1
}

// officeHours scales what the outside world sends by the hour and day.
func officeHours(local time.Time) float64 {
	if local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
		return 0.1
	}
	if h := local.Hour(); h >= 8 && h < 18 {
		return 1
	}
	return 0.08
}
