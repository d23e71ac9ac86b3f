package intel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/state"
)

// taken keeps rows by table.
type taken map[string][]map[string]any

func (k taken) take(_ context.Context, body []byte) error {
	for line := range bytes.Lines(body) {
		var one struct {
			Table, Key string
			Row        map[string]any
		}
		if err := json.Unmarshal(line, &one); err != nil || one.Key == "" {
			return fmt.Errorf("row %s: %w", line, err)
		}
		k[one.Table] = append(k[one.Table], one.Row)
	}
	return nil
}

func open(t *testing.T, now *time.Time) *Store {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s, err := Open(t.Context(), db, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func object(id, pattern, more string) string {
	return `{"type":"indicator","spec_version":"2.1","id":"indicator--` + id + `","created":"2026-09-01T00:00:00.000Z","modified":"2026-09-01T00:00:00.000Z","valid_from":"2026-09-01T00:00:00Z","pattern_type":"stix","pattern":"` + pattern + `"` + more + `}`
}

func TestSTIX(t *testing.T) {
	bundle := `{"type":"bundle","id":"bundle--1","objects":[{"type":"identity","id":"identity--1"},` + strings.Join([]string{
		object("1", `[ipv4-addr:value = '198.51.100.7']`, `,"confidence":80,"indicator_types":["malicious-activity"],"object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]`),
		object("2", `[domain-name:value = 'Evil.Example' OR url:value = 'https://Evil.example/It\\'s']`, `,"valid_until":"2027-01-01T00:00:00Z"`),
		object("3", `[file:hashes.'SHA-256' = 'ABCD'] OR [email-addr:value = 'x@evil.example']`, `,"revoked":true`),
		object("4", `[ipv4-addr:value = '198.51.100.7' AND domain-name:value = 'a.example']`, ""),
		object("5", `[windows-registry-key:key = 'x']`, ""),
		object("6", `alert tcp`, `,"pattern_type":"snort"`),
	}, ",") + `]}`
	found, skipped, err := ParseSTIX("feed", []byte(bundle))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range found {
		got = append(got, fmt.Sprintf("%s %s %d %s %v", i.Key, i.Value, i.Confidence, i.TLP, i.Revoked))
	}
	want := []string{"ipv4-addr:value 198.51.100.7 80 amber false", "domain-name:value evil.example -1  false", `url:value https://Evil.example/It's -1  false`, "file:hashes.SHA-256 abcd -1  true", "email-addr:value x@evil.example -1  true"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(skipped) != 3 {
		t.Errorf("skipped %v", skipped)
	}
	for _, bad := range []string{"", "[]", "{}", "not json"} {
		if _, _, err := ParseSTIX("feed", []byte(bad)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// An indicator is written once, again when it changes, and each week while it
// counts.
func TestIndicatorsAreWrittenOnceAndEachWeek(t *testing.T) {
	now := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	s, rows := open(t, &now), taken{}
	read := func(text string) []Indicator {
		t.Helper()
		found, skipped, err := ParseCSV("list", []byte(text))
		if err != nil || len(skipped) > 0 {
			t.Fatal(err, skipped)
		}
		return found
	}
	const text = "type,value,confidence,valid_until,labels\nip,198.51.100.7,90,,c2;phishing\nurl,https://evil.example/a,,2026-09-16T00:00:00Z,\n"
	for i, want := range []int{2, 0} {
		if n, err := s.Take(t.Context(), read(text), "import", rows.take); err != nil || n != want {
			t.Fatalf("round %d: %d, %v", i, n, err)
		}
	}
	if n, err := s.Take(t.Context(), read(strings.Replace(text, "90", "95", 1)), "import", rows.take); err != nil || n != 1 {
		t.Fatalf("changed: %d, %v", n, err)
	}
	if n, at, err := s.Unhunted(t.Context()); err != nil || n != 2 || !at.Equal(now) {
		t.Errorf("unhunted %d at %v, %v", n, at, err)
	}
	if err := s.Hunted(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.Unhunted(t.Context()); err != nil || n != 0 {
		t.Errorf("unhunted %d, %v", n, err)
	}
	for day := range 8 {
		n, err := s.Republish(t.Context(), rows.take)
		if want := map[bool]int{true: 1}[day == 7]; err != nil || n != want {
			t.Errorf("day %d: republished %d, want %d, %v", day, n, want, err)
		}
		now = now.Add(24*time.Hour + time.Second)
	}
	last := rows["ThreatIntelligenceIndicator"][len(rows["ThreatIntelligenceIndicator"])-1]
	if len(rows["ThreatIntelIndicators"]) != 4 || last["NetworkIP"] != "198.51.100.7" || last["Active"] != true || last["ConfidenceScore"] != 95.0 {
		t.Errorf("%d rows, the last %v", len(rows["ThreatIntelIndicators"]), last)
	}
	if _, skipped, err := ParseCSV("list", []byte("type,value\nip,\nmutex,x\nsha256,AB\n")); err != nil || len(skipped) != 2 {
		t.Errorf("skipped %v, %v", skipped, err)
	}
	if _, _, err := ParseCSV("list", []byte("a,b\n1,2\n")); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

// A newer version of an indicator withdraws what it no longer names, and an older
// one that comes after it brings nothing back.
func TestANewerVersionStandsInForAnOlderOne(t *testing.T) {
	now := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	s, rows := open(t, &now), taken{}
	older := object("1", `[ipv4-addr:value = '198.51.100.7' OR domain-name:value = 'evil.example']`, "")
	newer := strings.Replace(object("1", `[ipv4-addr:value = '203.0.113.9' OR domain-name:value = 'evil.example']`, ""), `"modified":"2026-09-01`, `"modified":"2026-09-02`, 1)
	revoked := strings.Replace(object("1", `[ipv4-addr:value = '203.0.113.9']`, `,"revoked":true`), `"modified":"2026-09-01`, `"modified":"2026-09-03`, 1)
	for i, round := range []struct {
		objects, active string
		changed         int
	}{
		{older, "evil.example 198.51.100.7", 2},
		{newer, "evil.example 203.0.113.9", 3},
		{older, "evil.example 203.0.113.9", 0},
		{newer + "," + older, "evil.example 203.0.113.9", 0},
		{revoked + "," + newer, "", 2},
		{newer, "", 0},
	} {
		found, skipped, err := ParseSTIX("cert", []byte(`{"objects":[`+round.objects+`]}`))
		if err != nil || len(skipped) > 0 {
			t.Fatal(err, skipped)
		}
		if n, err := s.Take(t.Context(), found, "import", rows.take); err != nil || n != round.changed {
			t.Errorf("round %d: %d changed, want %d, %v", i, n, round.changed, err)
		}
		all, err := s.List(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		var values []string
		for _, one := range all {
			values = append(values, one.Value)
		}
		if got := strings.Join(values, " "); got != round.active {
			t.Errorf("round %d: active are %q, want %q", i, got, round.active)
		}
	}
	withdrawn := 0
	for _, row := range rows["ThreatIntelIndicators"] {
		if row["ObservableValue"] == "198.51.100.7" && row["IsActive"] == false && row["Revoked"] == true {
			withdrawn++
		}
	}
	if withdrawn != 1 {
		t.Errorf("%d rows withdraw the address, want 1", withdrawn)
	}
}

// Pages are read to the end, and the next reading goes on from there.
func TestTAXII(t *testing.T) {
	now := time.Date(2026, 9, 14, 8, 0, 0, 0, time.UTC)
	var asked []string
	objects := []string{object("1", `[ipv4-addr:value = '198.51.100.1']`, ""), object("2", `[ipv4-addr:value = '198.51.100.2']`, ""), object("3", `[ipv4-addr:value = '198.51.100.3']`, "")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Query().Get("added_after")+"/"+r.URL.Query().Get("next"))
		if user, password, _ := r.BasicAuth(); user != "quoll" || password != "secret" || r.Header.Get("Accept") != taxiiType || r.URL.Path != "/root/collections/c/objects/" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", taxiiType)
		switch {
		case r.URL.Query().Get("added_after") == "2026-09-14T00:00:02Z":
			_, _ = fmt.Fprint(w, `{}`)
		case r.URL.Query().Get("next") == "":
			w.Header().Set("X-TAXII-Date-Added-Last", "2026-09-14T00:00:01Z")
			_, _ = fmt.Fprintf(w, `{"more":true,"next":"p2","objects":[%s,%s]}`, objects[0], objects[1])
		default:
			w.Header().Set("X-TAXII-Date-Added-Last", "2026-09-14T00:00:02Z")
			_, _ = fmt.Fprintf(w, `{"more":false,"objects":[%s]}`, objects[2])
		}
	}))
	defer server.Close()
	s, rows := open(t, &now), taken{}
	collection := Taxii{Collection: server.URL + "/root/collections/c/", User: "quoll", Password: "secret"}
	for _, want := range []int{3, 0} {
		if n, _, err := s.Fetch(t.Context(), "feed", collection, rows.take); err != nil || n != want {
			t.Errorf("%d, %v; want %d", n, err, want)
		}
	}
	if got := strings.Join(asked, " "); got != "/ /p2 2026-09-14T00:00:02Z/" {
		t.Errorf("asked %q", got)
	}
	collection.Password = "wrong"
	if _, _, err := s.Fetch(t.Context(), "feed", collection, rows.take); err == nil || !strings.Contains(err.Error(), "not taken") {
		t.Errorf("with a wrong password: %v", err)
	}
}
