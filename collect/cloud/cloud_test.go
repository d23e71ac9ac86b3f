package cloud

import (
	"slices"
	"testing"
)

func TestEachCloudHasItsOwnHosts(t *testing.T) {
	want := map[Cloud]Endpoints{
		Commercial: {Management: "https://manage.office.com", Graph: "https://graph.microsoft.com", Authority: "https://login.microsoftonline.com", AuditSearch: true, Hunting: true},
		GCC:        {Management: "https://manage-gcc.office.com", Graph: "https://graph.microsoft.com", Authority: "https://login.microsoftonline.com", AuditSearch: true, Hunting: true},
		GCCHigh:    {Management: "https://manage.office365.us", Graph: "https://graph.microsoft.us", Authority: "https://login.microsoftonline.us", Hunting: true},
		DoD:        {Management: "https://manage.protection.apps.mil", Graph: "https://dod-graph.microsoft.us", Authority: "https://login.microsoftonline.us", Hunting: true},
		China:      {Management: "https://manage.office365.cn", Graph: "https://microsoftgraph.chinacloudapi.cn", Authority: "https://login.partner.microsoftonline.cn"},
	}
	if len(All()) != len(want) {
		t.Errorf("%d clouds, want %d", len(All()), len(want))
	}
	for _, c := range All() {
		got, ok := c.Endpoints()
		if !ok || got != want[c] {
			t.Errorf("%s answers at %+v, want %+v", c, got, want[c])
		}
	}
	if _, ok := Cloud("mars").Endpoints(); ok {
		t.Error("mars is no cloud")
	}
}

func TestCloudsOfAnAuthority(t *testing.T) {
	if got := ByAuthority("https://login.microsoftonline.us"); !slices.Equal(got, []Cloud{GCCHigh, DoD}) {
		t.Errorf("clouds %v", got)
	}
	if got := ByAuthority("https://login.example"); got != nil {
		t.Errorf("clouds %v of an authority that is nobody's", got)
	}
}
