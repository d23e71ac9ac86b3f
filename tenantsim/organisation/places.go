package organisation

import (
	"fmt"
	"strings"

	"github.com/quoll/quoll/tenantsim/dice"
)

// Site is a SharePoint site or a OneDrive with one document library.
type Site struct {
	Title    string
	URL      string // without a slash at the end
	ID       string // GUID
	WebID    string // GUID
	ListID   string // GUID of the document library
	Library  string // "Shared Documents", in a OneDrive "Documents"
	OneDrive bool
	Owner    *Person  // of a OneDrive
	Folders  []string // below the library
	// Files are what there is at the beginning.
	Files []File
}

// File is a document in a site.
type File struct {
	ID        string // GUID of the list item
	Folder    string // with the library: "Shared Documents/Tenders"
	Name      string // with the extension
	Extension string // without a dot
	Bytes     int
}

// Team is a team of Microsoft Teams.
type Team struct {
	Name     string
	ThreadID string // "19:…@thread.tacv2"
	GroupID  string // GUID of the group in Entra
	Channels []Channel
	Members  []*Person
}

// Channel is a channel of a team.
type Channel struct{ Name, ThreadID string }

func newSites(d *dice.Dice, o *Organisation) []*Site {
	var sites []*Site
	for _, s := range []struct{ title, path, folders string }{
		{"Finance", "Finance", "Invoices,Budgets,Payroll,Audit"},
		{"Procurement", "Procurement", "Tenders,Contracts,Panels"},
		{"Seawall Renewal Program", "SeawallRenewal", "Drawings,Site Reports,Approvals,Photos"},
		{"Harbour Dredging", "HarbourDredging", "Survey,Schedules,Permits"},
		{"Marine Operations", "MarineOps", "Rosters,Notices,Incident Reports"},
		{"Legal and Records", "LegalRecords", "Advice,Disposal,Briefs"},
		{"Intranet", "Intranet", "Policies,News,Forms"},
		{"ICT", "ICT", "Runbooks,Change Requests,Licences"},
	} {
		site := newSite(d, s.title, "https://"+o.SharePoint+"/sites/"+s.path, "Shared Documents", strings.Split(s.folders, ","))
		for range 40 {
			site.Files = append(site.Files, NewFile(d, site))
		}
		sites = append(sites, site)
	}
	return sites
}

func newOneDrive(d *dice.Dice, o *Organisation, p *Person) *Site {
	path := strings.NewReplacer(".", "_", "@", "_").Replace(p.UPN)
	site := newSite(d, p.DisplayName(), "https://"+o.MySite+"/personal/"+path, "Documents", []string{"Drafts", "Attachments"})
	site.OneDrive, site.Owner = true, p
	for range 12 {
		site.Files = append(site.Files, NewFile(d, site))
	}
	return site
}

func newSite(d *dice.Dice, title, url, library string, folders []string) *Site {
	return &Site{Title: title, URL: url, ID: d.GUID(), WebID: d.GUID(), ListID: d.GUID(), Library: library, Folders: folders}
}

// NewFile invents a document of a site.
func NewFile(d *dice.Dice, site *Site) File {
	kind := dice.PickWeighted(d, []dice.Weighted[string]{
		{Weight: 40, Thing: "docx"}, {Weight: 25, Thing: "xlsx"}, {Weight: 15, Thing: "pdf"},
		{Weight: 10, Thing: "pptx"}, {Weight: 5, Thing: "jpg"}, {Weight: 3, Thing: "csv"}, {Weight: 2, Thing: "dwg"},
	})
	subject := dice.Pick(d, []string{"Seawall", "Groyne", "Dredge", "Boat Ramp", "Jetty", "Tide Gauge", "Budget", "Contract", "Roster", "Survey", "Community", "Erosion", "Pontoon", "Navigation Aid"})
	what := dice.Pick(d, []string{"Report", "Plan", "Minutes", "Estimate", "Schedule", "Brief", "Register", "Checklist", "Summary", "Assessment"})
	folder := site.Library
	if d.Chance(0.8) {
		folder += "/" + dice.Pick(d, site.Folders)
	}
	return File{
		ID: d.GUID(), Folder: folder, Extension: kind,
		Name:  fmt.Sprintf("%s %s %d.%s", subject, what, d.Between(1, 999), kind),
		Bytes: d.Between(9_000, 6_000_000),
	}
}

func newTeams(d *dice.Dice, o *Organisation) []*Team {
	var teams []*Team
	for _, t := range []struct{ name, departments, channels string }{
		{"Finance and Procurement", "Finance,Procurement", "General,Month End,Panels"},
		{"Seawall Renewal", "Engineering,Procurement,Communications", "General,Design,Site Works"},
		{"Operations Centre", "Marine Operations", "General,Watch Handover,Weather"},
		{"Digital Services", "ICT", "General,Changes,Alerts"},
		{"Leadership", "Executive,Legal and Records", "General,Briefings"},
		{"All of Coastal Works", "", "General,Announcements,Social Club"},
	} {
		team := &Team{Name: t.name, ThreadID: threadID(d), GroupID: d.GUID()}
		for _, name := range strings.Split(t.channels, ",") {
			team.Channels = append(team.Channels, Channel{name, threadID(d)})
		}
		for _, p := range o.People {
			if t.departments == "" || strings.Contains(t.departments, p.Department) {
				team.Members = append(team.Members, p)
			}
		}
		teams = append(teams, team)
	}
	return teams
}

func threadID(d *dice.Dice) string { return "19:" + d.Hex(32) + "@thread.tacv2" }
