package organisation

import (
	"fmt"

	"github.com/quoll/quoll/tenantsim/dice"
)

// Partner is somebody outside who writes to the agency.
type Partner struct {
	Name    string // as in the header
	Address string
	Domain  string
	IP      string // of the sending server
	Link    string // a page of theirs
}

func newPartners(d *dice.Dice) []*Partner {
	var all []*Partner
	for i, p := range []struct{ name, mailbox, domain string }{
		{"Tidewater Marine Accounts", "accounts", "tidewater-marine.example"},
		{"Breakwater Constructions", "projects", "breakwater-constructions.example"},
		{"Pelican Dredging", "office", "pelican-dredging.example"},
		{"Northshore Survey Group", "survey", "northshore-survey.example"},
		{"Gull Island Council", "council", "gullisland-council.example"},
		{"Mangrove Legal", "reception", "mangrovelegal.example"},
		{"Osprey Engineering Consultants", "team", "osprey-engineering.example"},
		{"Portside Fuel Supplies", "billing", "portsidefuel.example"},
		{"Saltmarsh Environmental", "hello", "saltmarsh-env.example"},
		{"Lighthouse Insurance", "claims", "lighthouse-insurance.example"},
		{"Harbour Training College", "courses", "harbourcollege.example"},
		{"Treasury Shared Services", "service", "treasury-shared.example"},
	} {
		all = append(all, &Partner{p.name, p.mailbox + "@" + p.domain, p.domain, fmt.Sprintf("192.0.2.%d", 10+i), "https://www." + p.domain + "/documents/" + d.Hex(8)})
	}
	return all
}

func newNewsletters(d *dice.Dice) []*Partner {
	var all []*Partner
	for i, name := range []string{"Coastal Engineering Weekly", "Public Sector Briefing", "Marine Weather Digest", "Cloud Admin News", "Tender Alerts"} {
		domain := []string{"coastal-weekly.example", "sector-briefing.example", "marineweather.example", "cloudadmin-news.example", "tender-alerts.example"}[i]
		all = append(all, &Partner{name, "news@" + domain, domain, fmt.Sprintf("192.0.2.%d", 80+i), "https://" + domain + "/issue/" + d.Hex(6)})
	}
	return all
}

func newSpammers(d *dice.Dice) []*Partner {
	var all []*Partner
	for i, name := range []string{"Prize Desk", "IT Helpdesk", "Parcel Tracking", "Crypto Signals", "Voicemail Service", "HR Portal", "Discount Pharmacy"} {
		domain := fmt.Sprintf("%s-%s.example", []string{"prizes", "helpdesk-alert", "parcel-track", "signals", "voice-note", "hr-update", "pharma-deal"}[i], d.Hex(4))
		all = append(all, &Partner{name, "no-reply@" + domain, domain, fmt.Sprintf("198.51.100.%d", 180+i), "https://" + domain + "/go?id=" + d.Hex(10)})
	}
	return all
}
