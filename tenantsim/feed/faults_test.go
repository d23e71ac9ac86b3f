package feed

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestFaultsOfContent makes each fault certain and looks at what comes.
func TestFaultsOfContent(t *testing.T) {
	for name, faults := range map[string]Faults{
		"refused": {Refused: 1}, "missing": {Missing: 1}, "gzip": {BadGzip: 1}, "length": {WrongLengths: 1}, "stalled": {Stalled: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
			whole := `[{"Id":"1"},{"Id":"2"}]`
			b := r.blob(r.now.Add(-time.Hour), `{"Id":"1"}`, `{"Id":"2"}`)
			faults.Seed = 3
			r.faults.Faults = faults
			server := httptest.NewServer(r)
			defer server.Close()
			patience := time.Minute
			if name == "stalled" {
				patience = 100 * time.Millisecond
			}
			for range 12 {
				status, body, err := fetchWhole(t, server, patience, r.token, b.ID)
				switch {
				case name == "refused" && (status == 401 || status == 403) && codeOf(string(body)) == "":
				case name == "missing" && codeOf(string(body)) == "AF20050":
				case name == "gzip" && err != nil:
				case name == "length" && (err != nil || string(body) != whole):
				case name == "stalled" && err != nil:
				default:
					t.Errorf("%d %q, %v", status, body, err)
				}
			}
			r.BadDays(false)
			patience = time.Minute
			if status, body, err := fetchWhole(t, server, patience, r.token, b.ID); status != 200 || string(body) != whole || err != nil {
				t.Errorf("once it is over: %d %s, %v", status, body, err)
			}
		})
	}
}

// fetchWhole fetches a blob as a client does that undoes gzip, and waits no longer
// than its patience.
func fetchWhole(t *testing.T, server *httptest.Server, patience time.Duration, token, id string) (int, []byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/v1.0/"+testTenant+"/activity/feed/audit/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := server.Client().Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

func TestDamageIsNoticed(t *testing.T) {
	plain := []byte(strings.Repeat(`{"Id":"a record"},`, 20))
	compressed, err := new(Server).compress(plain)
	if err != nil {
		t.Fatal(err)
	}
	f := newFaults(Faults{BadGzip: 1})
	for i := range 50 {
		r := httptest.NewRequest("GET", fmt.Sprint("/", i), nil)
		z, err := gzip.NewReader(bytes.NewReader(f.damage(r, compressed, plain)))
		if err != nil {
			continue
		}
		if got, err := io.ReadAll(z); err == nil {
			t.Errorf("damage %d goes unnoticed: %q", i, got)
		}
	}
}

// TestFaultsOfPages makes each fault of listings certain.
func TestFaultsOfPages(t *testing.T) {
	list := func(r *rig, query string) (ids []string, next string) {
		_, header, body := r.ask("GET", "subscriptions/content?contentType=Audit.Exchange"+query)
		var page []contentAnswer
		if json.Unmarshal([]byte(body), &page) != nil {
			return []string{codeOf(body)}, ""
		}
		for _, e := range page {
			ids = append(ids, e.ContentID)
		}
		if next = header.Get("NextPageUri"); next != "" {
			u, err := url.Parse(next)
			if err != nil {
				r.t.Fatal(err)
			}
			next = "&nextPage=" + u.Query().Get("nextPage")
		}
		return ids, next
	}
	r := newRig(t, nil)
	r.ask("POST", "subscriptions/start?contentType=Audit.Exchange")
	for i := range 6 {
		r.blob(r.now.Add(-time.Duration(i+1)*time.Hour), `{"Id":"1"}`)
	}
	first, next := list(r, "")
	if len(first) != r.cfg.PageSize || next == "" {
		t.Fatalf("a good day: %v, %q", first, next)
	}
	r.faults.Faults = Faults{RepeatedPages: 1}
	_, again := list(r, "")
	r.faults.Faults = Faults{}
	if repeated, _ := list(r, again); fmt.Sprint(repeated) != fmt.Sprint(first) {
		t.Errorf("the next page is %v, not once more %v", repeated, first)
	}
	r.faults.Faults = Faults{ShrunkPages: 1}
	if shrunk, after := list(r, ""); len(shrunk) >= len(first) || after != next {
		t.Errorf("a shrunk page: %v and %q", shrunk, after)
	}
	for range len(first) { // an entry a time at worst
		list(r, "")
	}
	if whole, _ := list(r, ""); fmt.Sprint(whole) != fmt.Sprint(first) {
		t.Errorf("after each entry was left out once: %v", whole)
	}
	r.faults.Faults = Faults{BadPageTokens: 1}
	if refused, _ := list(r, next); fmt.Sprint(refused) != "[AF20031]" {
		t.Errorf("a bad link: %v", refused)
	}
}
