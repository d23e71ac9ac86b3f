package organisation

import (
	"fmt"
	"strings"

	"github.com/quoll/quoll/tenantsim/dice"
)

// Shift says when a person works.
type Shift int

// The shifts. Watch stands for the operations centre, which never closes.
const (
	Day Shift = iota
	Watch
)

// Person is somebody with an account and a mailbox.
type Person struct {
	Given, Family string
	UPN           string // also the mail address
	Alias         string // of the mailbox
	Department    string
	Title         string
	ObjectID      string // in Entra
	PUID          string // 16 hexadecimal digits
	MailboxGUID   string
	SID           string
	Admin         bool // administers the tenant
	Shift         Shift
	Turn          int // which of the watches comes first, for people on watch
	// OfficeOnly people have one address and never sign in from another.
	OfficeOnly bool
	// Traveller is abroad for a while, with an address nobody else has.
	Traveller bool

	OfficeIP, HomeIP, MobileIP, TravelIP string

	Agent      string // user agent of the browser
	OS         string
	Browser    string
	Outlook    string // version of Outlook
	DeviceName string
	DeviceID   string
	FolderBase string // begins the ids of the mailbox's folders
	OneDrive   *Site
}

// DisplayName is the name as others see it.
func (p *Person) DisplayName() string { return p.Given + " " + p.Family }

type department struct {
	name   string
	titles []string // one person each
}

func departments() []department {
	return []department{
		{"Executive", []string{"Director-General", "Executive Officer"}},
		{"Finance", []string{"Accounts Officer", "Chief Finance Officer", "Accounts Payable Officer", "Accounts Receivable Officer", "Management Accountant", "Payroll Officer"}},
		{"Procurement", []string{"Procurement Manager", "Contracts Officer", "Contracts Officer", "Category Lead"}},
		{"Engineering", []string{"Principal Engineer", "Coastal Engineer", "Coastal Engineer", "Structural Engineer", "Dredging Engineer", "Survey Lead", "Hydrographer", "GIS Analyst", "Project Manager", "Project Officer"}},
		{"Marine Operations", []string{"Operations Manager", "Duty Officer", "Duty Officer", "Duty Officer", "Duty Officer", "Vessel Scheduler", "Harbour Liaison", "Depot Supervisor"}},
		{"Legal and Records", []string{"General Counsel", "Records Manager", "Records Officer"}},
		{"Communications", []string{"Media Manager", "Web Editor", "Community Engagement Officer"}},
		{"ICT", []string{"Cloud Administrator", "Service Desk Lead", "Security Analyst", "Systems Administrator"}},
	}
}

// newPeople hires everybody. Given names and family names are dealt from two
// shuffled lists, so that no two people share either.
func newPeople(d *dice.Dice, o *Organisation) []*Person {
	given, family := givenNames(), familyNames()
	d.Shuffle(len(given), func(i, j int) { given[i], given[j] = given[j], given[i] })
	d.Shuffle(len(family), func(i, j int) { family[i], family[j] = family[j], family[i] })
	var people []*Person
	for _, dep := range departments() {
		for _, title := range dep.titles {
			n := len(people)
			p := newPerson(d, o, n, given[n], family[n])
			p.Department, p.Title = dep.name, title
			p.Admin = title == "Cloud Administrator" || title == "Systems Administrator"
			if title == "Duty Officer" {
				p.Shift, p.Turn = Watch, n%4
			}
			p.OfficeOnly = p.Admin || p.Shift == Watch || dep.name == "Legal and Records" || title == "Depot Supervisor"
			p.Traveller = title == "Principal Engineer"
			people = append(people, p)
		}
	}
	return people
}

func newPerson(d *dice.Dice, o *Organisation, n int, given, family string) *Person {
	alias := strings.ToLower(given + "." + family)
	p := &Person{
		Given: given, Family: family,
		UPN: alias + "@" + o.Domain, Alias: alias,
		ObjectID:    d.GUID(),
		PUID:        "10032002" + strings.ToUpper(d.Hex(8)),
		MailboxGUID: d.GUID(),
		SID:         fmt.Sprintf("S-1-5-21-%d-%d-%d-%d", 1376570000+n, 3565230000, 1187610000, 25620000+n),
		OfficeIP:    dice.Pick(d, []string{"203.0.113.10", "203.0.113.10", "203.0.113.26"}),
		HomeIP:      fmt.Sprintf("203.0.113.%d", 60+n),
		MobileIP:    fmt.Sprintf("2001:db8:4a:%x::%x", 0x100+n, d.Between(0x10, 0xffff)),
		TravelIP:    fmt.Sprintf("198.51.100.%d", 20+n),
		Outlook:     dice.Pick(d, []string{"16.0.19127.20264", "16.0.19231.20194", "16.0.19029.20208"}),
		DeviceID:    d.GUID(),
		DeviceName:  fmt.Sprintf("DCW-LT-%04d", 2100+7*n),
		FolderBase:  d.Base64(46)[:60],
	}
	machine := dice.Pick(d, machines())
	p.OS, p.Browser, p.Agent = machine.os, machine.browser, machine.agent
	p.OneDrive = newOneDrive(d, o, p)
	return p
}

type machine struct{ os, browser, agent string }

func machines() []machine {
	const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	const mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"
	return []machine{
		{"Windows10", "Edge", windows + " Edg/142.0.0.0"},
		{"Windows10", "Edge", windows + " Edg/142.0.0.0"},
		{"Windows10", "Edge", windows + " Edg/141.0.0.0"},
		{"Windows10", "Chrome", windows},
		{"MacOs", "Safari", mac},
		{"Windows10", "Firefox", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"},
	}
}

func givenNames() []string {
	return strings.Fields(`Adaeze Alina Anika Arlo Beatrix Bodhi Callum Cato Dara Delphine Ebony Edwin Farah Finley Greta
		Hamish Imogen Ines Jarrah Jasper Kalinda Kiran Lachlan Leilani Marcus Mei Nadia Noor Odette Oscar Priya Quentin
		Rafferty Ruby Saskia Soren Tamsin Tevita Uma Viktor Wren Xanthe Yusuf Zara`)
}

func familyNames() []string {
	return strings.Fields(`Abernathy Achterberg Bannister Baptiste Calloway Chandran Darrow Delacroix Eastman Ekwueme Fairweather
		Ferreira Gallagher Goldfinch Hargreave Hollis Ingram Ishikawa Jardine Kavanagh Kowalczyk Lindqvist Loxley Marchetti
		Merriweather Nakamura Northcote Okafor Oyelaran Pemberton Petrov Quillfeather Rafiq Rosewarne Santoro Silverwood Tanaka
		Thistlewood Underhill Vasquez Vanterpool Whitlock Yarrow Zielinski`)
}
