// Package organisation invents the agency that the simulated tenant belongs to:
// its people with their devices and usual addresses, its sites, teams and files,
// and the outside world that writes to it.
//
// It must not know what anybody does, nor how an event is worded. Addresses are
// of the ranges kept for documentation (RFC 5737, RFC 3849), names end in
// .example (RFC 2606).
package organisation

import (
	"fmt"
	"time"

	"github.com/quoll/quoll/tenantsim/dice"
)

// Organisation is the agency. It is made once and never changed.
type Organisation struct {
	Name         string
	TenantID     string // GUID of the Entra tenant
	Domain       string // of mail addresses and user names
	TenantDomain string // what would be …onmicrosoft.com
	Forest       string // Exchange forest, the beginning of object ids
	SharePoint   string // host of the sites
	MySite       string // host of the OneDrives
	Zone         *time.Location

	People      []*Person
	Sites       []*Site
	Teams       []*Team
	Partners    []*Partner
	Newsletters []*Partner
	Spammers    []*Partner
}

// New invents the agency of a seed.
func New(seed uint64, tenantID string) *Organisation {
	d := dice.Named(seed, "organisation")
	o := &Organisation{
		Name:         "Department of Coastal Works",
		TenantID:     tenantID,
		Domain:       "coastalworks.example",
		TenantDomain: "coastalworks.onmicrosoft.example",
		Forest:       "AUSPR01A003.PROD.OUTLOOK.COM",
		SharePoint:   "coastalworks.sharepoint.example",
		MySite:       "coastalworks-my.sharepoint.example",
		// Queensland keeps no summer time, and a fixed zone needs no zone files.
		Zone: time.FixedZone("AEST", 10*60*60),
	}
	o.People = newPeople(d, o)
	o.Sites = newSites(d, o)
	o.Teams = newTeams(d, o)
	o.Partners = newPartners(d)
	o.Newsletters = newNewsletters(d)
	o.Spammers = newSpammers(d)
	return o
}

// Department returns the people of a department, in order.
func (o *Organisation) Department(name string) []*Person {
	var found []*Person
	for _, p := range o.People {
		if p.Department == name {
			found = append(found, p)
		}
	}
	return found
}

// MailboxObject is the ObjectId of a mailbox in Exchange administration.
func (o *Organisation) MailboxObject(name string) string {
	return fmt.Sprintf("%s/Microsoft Exchange Hosted Organizations/%s/%s", o.Forest, o.TenantDomain, name)
}
