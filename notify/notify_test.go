package notify

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
)

var noon = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

// hand is a clock in the test's hand.
type hand struct {
	clock.Clock
	at time.Time
}

func (h *hand) Now() time.Time { return h.at }

// fakeSender keeps texts, and fails while it is told to.
type fakeSender struct {
	err   error
	texts []string
}

func (f *fakeSender) Send(_ context.Context, t Target, _ Message, text string) error {
	if f.err != nil && t.Name != "sound" {
		return f.err
	}
	f.texts = append(f.texts, t.Name+": "+text)
	return nil
}

func open(t *testing.T, sender Sender, targets ...Target) (*Notifier, *hand) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h := &hand{clock.System(), noon}
	n, err := New(t.Context(), db, targets, sender, h, func() float64 { return 1 }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return n, h
}

func message(n int) Message {
	return Message{Key: fmt.Sprint("k", n), Number: int64(n), Title: fmt.Sprintf("Title %d | a=b", n), Severity: "High", Status: "New", Alerts: 1, ModifiedBy: "Quoll", Time: noon}
}

func tell(t *testing.T, n *Notifier, messages ...Message) {
	t.Helper()
	for _, m := range messages {
		if err := n.Tell(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func states(t *testing.T, n *Notifier) string {
	t.Helper()
	log, err := n.Log(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range log {
		all = append(all, fmt.Sprintf("%s %d %s %d", d.Target, d.Incident, d.State, d.Attempts))
	}
	return strings.Join(all, "; ")
}

func TestWhatFailsIsTriedAgainAndToldOnce(t *testing.T) {
	sender := &fakeSender{err: errors.New("down")}
	n, h := open(t, sender, Target{Name: "a", Kind: Webhook, Address: "https://x.example"}, Target{Name: "sound", Kind: Webhook, Address: "https://y.example"})
	tell(t, n, message(1), message(1))
	if got := states(t, n); got != "sound 1 delivered 1; a 1 waiting 1" {
		t.Fatalf("log %s", got)
	}
	tell(t, n) // not due yet
	sender.err = nil
	h.at = noon.Add(11 * time.Second)
	tell(t, n, message(1))
	if got := states(t, n); got != "sound 1 delivered 1; a 1 delivered 2" {
		t.Errorf("log %s", got)
	}
	sender.err = errors.New("down for good")
	tell(t, n, message(2))
	for range 20 {
		h.at = h.at.Add(5 * time.Hour)
		tell(t, n)
	}
	if got := states(t, n); !strings.Contains(got, "a 2 failed 16") {
		t.Errorf("log %s", got)
	}
}

func TestARateLimitShowsWhatItHeldBack(t *testing.T) {
	sender := &fakeSender{}
	n, h := open(t, sender, Target{Name: "a", Kind: Webhook, Address: "https://x.example", PerHour: 2, Least: "Medium"})
	low := message(9)
	low.Severity = "Low"
	tell(t, n, message(1), message(2), message(3), message(4), low)
	if got := states(t, n); got != "a 4 held 0; a 3 held 0; a 2 delivered 1; a 1 delivered 1" {
		t.Fatalf("log %s", got)
	}
	h.at = noon.Add(61 * time.Minute)
	tell(t, n, message(5))
	last := sender.texts[len(sender.texts)-1]
	if !strings.Contains(last, "2 earlier messages were held back") || !strings.Contains(last, "- Title 3") || !strings.Contains(last, "- Title 4") {
		t.Errorf("text %s", last)
	}
	if got := states(t, n); !strings.HasPrefix(got, "a 5 delivered 1; a 4 told later 0; a 3 told later 0") {
		t.Errorf("log %s", got)
	}
}

// The log forgets what came to an end long ago, and never what waits.
func TestTheLogForgets(t *testing.T) {
	sender := &fakeSender{}
	n, h := open(t, sender, Target{Name: "a", Kind: Webhook, Address: "https://x.example", PerHour: 1})
	tell(t, n, message(1), message(2))
	h.at = noon.Add(remember - time.Hour)
	tell(t, n)
	if got := states(t, n); !strings.Contains(got, "a 1 delivered") {
		t.Errorf("log %s", got)
	}
	sender.err = errors.New("down")
	h.at = noon.Add(remember + time.Minute)
	tell(t, n, message(3))
	if got := states(t, n); strings.Contains(got, "a 1 ") || !strings.Contains(got, "a 2 held") || !strings.Contains(got, "a 3 waiting") {
		t.Errorf("log %s", got)
	}
}

func TestAWebhookIsSigned(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, string(body))
		if r.URL.Path == "/signed" && r.Header.Get("X-Quoll-Signature") != "sha256="+Sign("secret", r.Header.Get("X-Quoll-Timestamp"), body) {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer server.Close()
	wire := Wire{Clock: &hand{clock.System(), noon}}
	if err := wire.Send(t.Context(), Target{Kind: Webhook, Address: server.URL + "/signed", Secret: "secret"}, message(1), "text"); err != nil {
		t.Error(err)
	}
	if err := wire.Send(t.Context(), Target{Kind: Webhook, Address: server.URL + "/signed", Secret: "wrong"}, message(1), "text"); err == nil {
		t.Error("a wrong signature was taken")
	}
	if err := wire.Send(t.Context(), Target{Kind: Teams, Address: server.URL}, message(1), "text"); err != nil || !strings.Contains(got[2], "AdaptiveCard") {
		t.Errorf("card %v, error %v", got, err)
	}
}

// listen answers one connection on loopback with serve, and gives what it read.
func listen(t *testing.T, serve func(net.Conn) string) (address string, heard chan string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	heard = make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			heard <- err.Error()
			return
		}
		heard <- serve(c)
		_ = c.Close()
	}()
	return l.Addr().String(), heard
}

func TestSyslogHasCEF(t *testing.T) {
	address, heard := listen(t, func(c net.Conn) string {
		all, _ := io.ReadAll(c)
		return string(all)
	})
	wire := Wire{Clock: &hand{clock.System(), noon}, Host: "box"}
	if err := wire.Send(t.Context(), Target{Kind: Syslog, Address: "tcp://" + address}, message(1), ""); err != nil {
		t.Fatal(err)
	}
	want := `<106>1 2026-09-14T12:00:00.000Z box quoll - - - CEF:0|Quoll|Quoll|1|incident|Title 1 \| a=b|9|externalId=1 cs1Label=status cs1=New suser=Quoll cnt=1 rt=1789387200000`
	if got := <-heard; got != fmt.Sprintf("%d %s", len(want), want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMail(t *testing.T) {
	address, heard := listen(t, func(c net.Conn) string {
		var letter strings.Builder
		data := false
		_, _ = io.WriteString(c, "220 mail\r\n")
		for lines := bufio.NewScanner(c); lines.Scan(); {
			line := lines.Text()
			letter.WriteString(line + "\n")
			switch {
			case data && line != ".":
				continue
			case line == "DATA":
				data = true
				_, _ = io.WriteString(c, "354 go on\r\n")
				continue
			case line == ".":
				data = false
			case line == "QUIT":
				_, _ = io.WriteString(c, "221 bye\r\n")
				return letter.String()
			}
			_, _ = io.WriteString(c, "250 fine\r\n")
		}
		return letter.String()
	})
	wire := Wire{Clock: &hand{clock.System(), noon}, Host: "box"}
	m := message(1)
	m.Title = "Böse\r\nBcc: x@y.example"
	target := Target{Name: "mail", Kind: Mail, Address: address, InClear: true, From: "quoll@coast.example", To: []string{"soc@coast.example"}}
	if err := wire.Send(t.Context(), target, m, "first\nsecond"); err != nil {
		t.Fatal(err)
	}
	got := <-heard
	for _, want := range []string{"RCPT TO:<soc@coast.example>", "To: soc@coast.example\n", "Subject: =?utf-8?q?", "\n\nfirst\nsecond\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "\nBcc:") {
		t.Errorf("a title became a header:\n%s", got)
	}
}

// What others wrote may be long and may hold breaks that are none in mail.
func TestALetterHasShortLinesAndNoLoneBreaks(t *testing.T) {
	m := message(1)
	m.Title = strings.Repeat("💣é ", 400)
	wire := Wire{Clock: &hand{clock.System(), noon}}
	letter := string(wire.letter(Target{Name: "mail", From: "a@b.example", To: []string{"c@d.example"}}, m, strings.Repeat("x", 3000)+"\r.\rRCPT TO"))
	for line := range strings.SplitSeq(letter, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d bytes: %.60q", len(line), line)
		}
	}
	read, err := mail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "[Quoll] High: 💣é 💣é ") {
		t.Errorf("subject %.60q, %v", subject, err)
	}
}

func TestATitleIsNoMarkdownInTeams(t *testing.T) {
	m := message(1)
	m.Title = "[Sign in](https://evil.example)"
	text, err := json.Marshal(teamsCard(m, m.Title))
	if err != nil || strings.Contains(string(text), `"type":"TextBlock"`) || strings.Count(string(text), m.Title) != 2 {
		t.Errorf("%s, %v", text, err)
	}
}

func TestWrongTargetsAreRefused(t *testing.T) {
	for want, target := range map[string]Target{
		"no name":      {},
		"address":      {Name: "a", Kind: Webhook},
		"from and to":  {Name: "a", Kind: Mail, Address: "x:25"},
		"no http":      {Name: "a", Kind: Teams, Address: "x"},
		`kind "pager"`: {Name: "a", Kind: "pager", Address: "x"},
		"template":     {Name: "a", Kind: Syslog, Address: "udp://x:1", Template: "{{"},
		"severity":     {Name: "a", Kind: Syslog, Address: "udp://x:1", Least: "Bad"},
	} {
		if err := target.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", target, err, want)
		}
	}
}

// The address of a webhook is its secret.
func TestAFailedPostDoesNotTellTheAddress(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirection was followed")
	}))
	defer elsewhere.Close()
	moved := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer moved.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, address := range []string{moved.URL + "/hook?sig=s3cret", gone.URL + "/hook?sig=s3cret", "http://\x7f/?sig=s3cret"} {
		err := Wire{Clock: clock.System()}.Send(t.Context(), Target{Name: "soc", Kind: Webhook, Address: address}, Message{}, "")
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", address, err)
		}
	}
}
