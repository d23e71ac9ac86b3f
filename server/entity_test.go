package server_test

import (
	"testing"

	"github.com/quoll/quoll/server"
)

func TestNewEntity(t *testing.T) {
	for _, c := range []struct {
		kind        string
		identifiers map[string]string
		want        string
	}{
		{"Account", map[string]string{"Name": "mara", "UPNSuffix": "wattleworks.example", "AadUserId": "1"}, "mara@wattleworks.example"},
		{"Account", map[string]string{"AadUserId": "1", "FullName": "mara@wattleworks.example"}, "mara@wattleworks.example"},
		{"IP", map[string]string{"Address": "203.0.113.77"}, "203.0.113.77"},
		{"MailMessage", map[string]string{"NetworkMessageId": "7", "Recipient": "b"}, "7"},
		{"Submarine", map[string]string{"Zulu": "z", "Alpha": "a"}, "a"},
		{"IP", nil, ""},
	} {
		if got := server.NewEntity(c.kind, c.identifiers); got.Value != c.want || got.Kind != c.kind {
			t.Errorf("NewEntity(%s, %v) = %+v, want value %q", c.kind, c.identifiers, got, c.want)
		}
	}
}
