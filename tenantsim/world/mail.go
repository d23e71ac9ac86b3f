package world

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// Mail that the outside world sends in an hour of office time.
const (
	partnersPerHour    = 26
	newslettersPerHour = 1.1
	spamPerHour        = 1.6 // at any hour: spam knows no office
	phishPerHour       = 0.3
	malwarePerHour     = 0.12
)

// background is what happens without anybody of the agency doing it, besides
// what is on the agenda.
func (w *World) background() {
	hours := Tick.Hours() * w.cfg.Volume
	open := officeHours(w.cursor.In(w.org.Zone))
	for range w.dice.Count(partnersPerHour * hours * open) {
		w.partnerWrites(w.moment())
	}
	for range w.dice.Count(newslettersPerHour * hours * open) {
		w.newsletter(w.moment())
	}
	for range w.dice.Count(spamPerHour * hours) {
		w.spam(w.moment())
	}
	for range w.dice.Count(phishPerHour * hours) {
		w.phish(w.moment())
	}
	for range w.dice.Count(malwarePerHour * hours) {
		w.malware(w.moment())
	}
	w.service(hours)
}

func outside(p *organisation.Partner) party { return party{p.Address, p.Name, p.Domain, nil} }

// someone picks people of the agency, each at most once.
func (w *World) someone(n int) []party {
	var chosen []party
	first := w.dice.Below(len(w.actors))
	step := []int{1, 3, 7, 9, 11, 13}[w.dice.Below(6)] // none divides 40, so nobody is met twice
	for i := range min(n, len(w.actors)) {
		chosen = append(chosen, w.actors[(first+i*step)%len(w.actors)].party())
	}
	return chosen
}

func (w *World) inbound(at time.Time, from *organisation.Partner, subject string, to ...party) *message {
	m := w.newMessage(at, outside(from), subject, to...)
	m.direction, m.ip, m.auth = "Inbound", from.IP, authPass
	m.first = w.dice.Chance(0.04)
	return m
}

func (w *World) partnerWrites(at time.Time) {
	d := w.dice
	m := w.inbound(at, dice.Pick(d, w.org.Partners), w.subject(false), w.someone(d.Count(0.3)+1)...)
	if d.Chance(0.5) {
		m.links = append(m.links, dice.Pick(d, w.org.Partners).Link+"?v="+d.Hex(6))
	}
	if d.Chance(0.3) {
		w.attach(m, d.Between(1, 2))
	}
	held := w.mayHold(m)
	w.deliver(m)
	if !held {
		w.mayClick(m, 0.5)
	}
}

func (w *World) newsletter(at time.Time) {
	d := w.dice
	from := dice.Pick(d, w.org.Newsletters)
	m := w.inbound(at, from, from.Name+" "+at.Format("2 January"), w.someone(d.Between(4, 14))...)
	level := d.Between(3, 6)
	m.bulk = &level
	for range d.Between(2, 5) {
		m.links = append(m.links, from.Link+"/"+d.Hex(8))
	}
	w.deliver(m)
	w.mayClick(m, 0.15)
}

func (w *World) spam(at time.Time) {
	d := w.dice
	from := dice.Pick(d, w.org.Spammers)
	m := w.inbound(at, from, dice.Pick(d, []string{"You have been selected", "Limited offer today", "Claim before midnight", "Your parcel could not be delivered", "Final notice: storage almost full"}), w.someone(d.Between(1, 6))...)
	m.links, m.auth, m.first, m.notClicked = []string{from.Link + d.Hex(4)}, authNone, true, true
	switch {
	case d.Chance(0.55):
		m.verdict = spamJunked()
		if d.Chance(0.1) {
			w.later(at.Add(d.Span(10*time.Minute, 50*time.Minute)), func(at time.Time) { w.judgedTwice(m, at) })
		}
	case d.Chance(0.8):
		m.verdict = spamBlocked()
	case d.Chance(0.5): // slips through, and is reported and cleared away
		if to := m.to[0].person; to != nil {
			w.later(at.Add(d.Span(5*time.Minute, time.Hour)), func(at time.Time) {
				w.report(m, at, to, "2")
				w.later(at.Add(w.dice.Span(10*time.Minute, 2*time.Hour)), func(at time.Time) { w.clearAway(m, at, spamJunked()) })
			})
		}
	default: // slips through, and is purged later
		w.later(at.Add(d.Span(20*time.Minute, 3*time.Hour)), func(at time.Time) { w.purge(m, at, "Spam ZAP", spamJunked(), nil) })
	}
	w.deliver(m)
}

// phish is stopped at the door, or purged later without anybody having followed
// its link; now and then a click runs into the blocking page.
func (w *World) phish(at time.Time) {
	d := w.dice
	from := dice.Pick(d, w.org.Spammers)
	m := w.inbound(at, from, dice.Pick(d, []string{"Your password expires today", "New voicemail (0:47)", "Shared document awaiting your signature", "Payroll: confirm your details", "Unusual sign-in activity"}), w.someone(d.Between(1, 4))...)
	m.links, m.auth, m.first, m.notClicked = []string{from.Link + d.Hex(6)}, authFail, true, true
	m.verdict = phishBlocked(dice.Pick(d, []string{"URL malicious reputation", "Advanced filter", "Impersonation brand", "Spoof external domain"}))
	if d.Chance(0.1) {
		later := m.verdict
		m.verdict = delivered()
		w.later(at.Add(d.Span(15*time.Minute, 90*time.Minute)), func(at time.Time) {
			w.purge(m, at, "Phish ZAP", later, nil)
			if to := m.to[0].person; to != nil {
				w.click(to, to.seatNow(), at, m, m.links[0], "ClickBlocked", "Phish", false)
			}
		})
	}
	w.deliver(m)
}

func (w *World) malware(at time.Time) {
	m := w.inbound(at, dice.Pick(w.dice, w.org.Spammers), "Purchase order attached", w.someone(w.dice.Between(1, 3))...)
	m.auth, m.first, m.notClicked = authFail, true, true
	m.verdict = malwareBlocked("Trojan_HTML_Phish_" + w.dice.Hex(4))
	m.attached = []attachment{{"PO_" + w.dice.Hex(6) + ".html", "html;txt", "html", w.dice.Hex(64), w.dice.Between(2_000, 60_000)}}
	if w.dice.Chance(0.3) {
		m.verdict = delivered()
		w.later(at.Add(w.dice.Span(2*time.Minute, 20*time.Minute)), func(at time.Time) { w.detonate(m, at) })
	}
	w.deliver(m)
}

// mayClick lets recipients follow harmless links, most of them at work.
func (w *World) mayClick(m *message, p float64) {
	if m.notClicked || len(m.links) == 0 {
		return
	}
	for _, to := range m.to {
		if to.person == nil || !w.dice.Chance(p) {
			continue
		}
		a, link := to.person, dice.Pick(w.dice, m.links)
		w.later(m.at.Add(w.dice.Span(time.Minute, 3*time.Hour)), func(at time.Time) {
			if a.day.works && at.After(a.day.from) && at.Before(a.day.to) {
				w.click(a, a.seatNow(), at, m, link, "ClickAllowed", "", w.dice.Chance(0.05))
			}
		})
	}
}

// sendMail is a mail that a person writes: to colleagues, to partners, or both.
func (w *World) sendMail(a *actor, s seat, at time.Time) {
	d := w.dice
	subject := w.subject(a.Department == "Finance" && !w.isVictim(a))
	var to []party
	if d.Chance(0.6) {
		to = w.someone(d.Count(0.5) + 1)
	} else {
		to = append(to, outside(dice.Pick(d, w.org.Partners)))
	}
	m := w.newMessage(at, a.party(), subject, to...)
	if d.Chance(0.2) {
		w.attach(m, 1)
	}
	if d.Chance(0.3) {
		site := w.somewhere(a)
		m.links = append(m.links, site.URL+"/"+strings.ReplaceAll(w.someFile(site).Name, " ", "%20"))
	}
	w.send(a, s, m)
	w.mayClick(m, 0.4)
}

// send records and delivers a mail of a person of the agency.
func (w *World) send(a *actor, s seat, m *message) string {
	m.ip, m.direction, m.auth = s.ip, "Intra-org", authIntra
	for _, to := range m.to {
		if to.person == nil {
			m.direction, m.auth = "Outbound", ""
		}
	}
	id := w.recordSend(a, s, m)
	w.deliver(m)
	a.sent = append(a.sent, m)
	if len(a.sent) > inboxMost {
		a.sent = append(a.sent[:0], a.sent[1:]...)
	}
	return id
}

func (w *World) attach(m *message, n int) {
	for range n {
		kind := dice.Pick(w.dice, []string{"pdf", "docx", "xlsx", "jpg"})
		m.attached = append(m.attached, attachment{
			name: fmt.Sprintf("%s-%d.%s", dice.Pick(w.dice, []string{"report", "drawing", "minutes", "quote", "photo", "schedule"}), w.dice.Between(10, 999), kind),
			kind: kind, extension: kind, sha256: w.dice.Hex(64), bytes: w.dice.Between(8_000, 3_000_000),
		})
	}
}

// subject words a mail. Money is a subject of Finance only: payment words by
// others would look like the end of the story.
func (w *World) subject(finance bool) string {
	d := w.dice
	if finance && d.Chance(0.3) {
		return fmt.Sprintf(dice.Pick(d, []string{"Invoice %d approved", "Remittance advice %d", "Invoice query %d", "Month end journal %d"}), d.Between(1000, 9999))
	}
	what := dice.Pick(d, []string{"Seawall stage %d", "Dredging campaign %d", "Site visit %d", "Community session %d", "Permit condition %d", "Roster week %d", "Survey area %d", "Change request %d", "Briefing note %d", "Jetty inspection %d"})
	return dice.Pick(d, []string{"", "Re: ", "Re: ", "FW: "}) + fmt.Sprintf(what, d.Between(1, 60))
}
