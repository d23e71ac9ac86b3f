package organisation

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestTheAgencyIsInvented(t *testing.T) {
	var ranges []netip.Prefix
	for _, text := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		ranges = append(ranges, netip.MustParsePrefix(text))
	}
	for seed := range uint64(20) {
		o := New(seed, "5a1f3c52-77f0-4c1e-9d1b-0c5a2f7be101")
		if len(o.People) != 40 {
			t.Fatalf("%d people", len(o.People))
		}
		var addresses []string
		names := map[string]bool{}
		for _, p := range o.People {
			addresses = append(addresses, p.OfficeIP, p.HomeIP, p.MobileIP, p.TravelIP)
			for _, name := range []string{p.UPN, p.Given, "family " + p.Family, p.ObjectID, p.MailboxGUID, p.SID, p.HomeIP, p.TravelIP, p.DeviceName} {
				if names[name] {
					t.Errorf("seed %d: %s is there twice", seed, name)
				}
				names[name] = true
			}
		}
		for _, list := range [][]*Partner{o.Partners, o.Newsletters, o.Spammers} {
			for _, p := range list {
				addresses = append(addresses, p.IP)
				if !strings.HasSuffix(p.Domain, ".example") || !strings.HasSuffix(p.Address, "@"+p.Domain) {
					t.Errorf("%+v", p)
				}
			}
		}
		for _, address := range addresses {
			ip, err := netip.ParseAddr(address)
			if err != nil {
				t.Fatal(err)
			}
			documented := false
			for _, r := range ranges {
				documented = documented || r.Contains(ip)
			}
			if !documented {
				t.Errorf("%s is no address of the documentation ranges", address)
			}
		}
	}
}

func TestTheSameSeedGivesTheSameAgency(t *testing.T) {
	if !reflect.DeepEqual(New(3, "t"), New(3, "t")) {
		t.Error("two agencies of one seed differ")
	}
	if reflect.DeepEqual(New(3, "t").People, New(4, "t").People) {
		t.Error("the people of two seeds are the same")
	}
}

func TestTheWatchNeverCloses(t *testing.T) {
	turns := map[int]int{}
	for _, p := range New(1, "t").People {
		if p.Shift == Watch {
			turns[p.Turn]++
		}
	}
	if len(turns) != 4 {
		t.Errorf("watches %v are not four", turns)
	}
}
