package world

import (
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// Attack is the known truth of one of the further stories.
type Attack struct {
	Name string
	// Account is whose it shows at: who was taken over, or who does it.
	Account    string // user principal name
	IP         string // where it comes from; empty where that says nothing
	Begin, End time.Time
	Records    []string // Ids of audit records, ReportIds of the others
}

// attackSpacing is the time from the beginning of one story to that of the next.
const attackSpacing = 20 * time.Minute

// AttacksLength is how long all further stories take together.
const AttacksLength = 15 * attackSpacing

// attack is a further story.
type attack struct {
	name string
	// tell puts the story on the agenda. It says at whose account it shows, and
	// where it comes from.
	tell func(w *World, t *teller) (account, ip string)
}

// attacks are the further stories, in the order in which they are told.
func attacks() []attack {
	return []attack{
		{"consent phishing", consentPhishing},
		{"application takes all mail", applicationTakesMail},
		{"password spray", passwordSpray},
		{"ransomware", ransomware},
		{"leaver takes files", leaverTakesFiles},
		{"insider reads others' files", insiderReads},
		{"links for anybody", linksForAnybody},
		{"auditing switched off", auditingOff},
		{"mail copied outside", mailCopied},
		{"mailboxes opened to one", mailboxesOpened},
		{"administrator made", administratorMade},
		{"outsider in Teams", outsiderInTeams},
		{"phish from inside", phishFromInside},
		{"loss prevention weakened", lossPreventionWeakened},
	}
}

// teller puts scenes of one story on the agenda.
type teller struct {
	world *World
	begin time.Time
	truth *Attack
	dice  *dice.Dice // of this story alone
}

// after has something happen so long after the story began. What is recorded
// meanwhile belongs to the story.
func (t *teller) after(d time.Duration, do func(at time.Time)) {
	t.world.scene(t.begin.Add(d), func(at time.Time) {
		t.world.told = t.truth
		do(at)
		t.world.told = nil
	})
}

// planAttacks puts the further stories on the agenda.
func (w *World) planAttacks() {
	if w.cfg.AttacksBegin.IsZero() || w.cfg.AttacksBegin.Before(w.cfg.Start) {
		return
	}
	for i, a := range attacks() {
		truth := &Attack{Name: a.name}
		t := &teller{world: w, begin: w.cfg.AttacksBegin.Add(time.Duration(i) * attackSpacing), truth: truth, dice: dice.Named(w.cfg.Seed, a.name)}
		truth.Account, truth.IP = a.tell(w, t)
		w.truths = append(w.truths, truth)
	}
}

// note writes down that a record belongs to the story that is being told.
func (w *World) note(id string, at time.Time) {
	t := w.told
	if t == nil {
		return
	}
	if t.Begin.IsZero() || at.Before(t.Begin) {
		t.Begin = at.UTC()
	}
	if at.After(t.End) {
		t.End = at.UTC()
	}
	t.Records = append(t.Records, id)
}

// Attacks is the ground truth of the further stories: those that have begun.
func (w *World) Attacks() []Attack {
	var all []Attack
	for _, t := range w.truths {
		if len(t.Records) > 0 {
			one := *t
			one.Records = append([]string(nil), t.Records...)
			all = append(all, one)
		}
	}
	return all
}

// cast picks somebody who is not the victim of the compromise: ordinary people
// or administrators, by a number. With few administrators some play twice.
func (w *World) cast(administrator bool, number int) *actor {
	var all []*actor
	for _, a := range w.actors {
		if a.Admin == administrator && !a.Traveller && !w.isVictim(a) && !strings.Contains(a.Title, "Officer") && a.Title != "Security Analyst" {
			all = append(all, a)
		}
	}
	return all[number%len(all)]
}

// intruder is somebody who acts from an address and with a browser of their own.
func (w *World) intruder(t *teller, ip string) seat {
	return seat{ip: ip, agent: attackerAgent, os: "Linux", browser: "Chrome", session: t.dice.GUID()}
}

// stranger is an actor who is nobody of the agency.
func stranger(t *teller, upn string) *actor {
	return &actor{Person: &organisation.Person{UPN: upn, ObjectID: t.dice.GUID(), PUID: t.dice.Hex(16)}}
}
