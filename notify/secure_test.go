package notify

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/clock"
)

// identified is a certificate for loopback, and who vouches for it.
func identified(t *testing.T) (server *tls.Config, authorities []byte) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

// postOffice speaks SMTP: before STARTTLS it takes no letter, after it it wants a
// password. It returns what it heard under TLS.
func postOffice(c net.Conn, config *tls.Config) string {
	var heard strings.Builder
	answer := func(text string) { _, _ = io.WriteString(c, text+"\r\n") }
	answer("220 mail")
	lines, secure, data := bufio.NewScanner(c), false, false
	for lines.Scan() {
		line := lines.Text()
		if secure {
			heard.WriteString(line + "\n")
		}
		command, _, _ := strings.Cut(line, " ")
		switch {
		case data && line != ".":
		case line == ".":
			data = false
			answer("250 taken")
		case command == "EHLO" && !secure:
			answer("250-mail\r\n250 STARTTLS")
		case command == "EHLO":
			answer("250-mail\r\n250 AUTH PLAIN")
		case command == "STARTTLS":
			answer("220 go on")
			upgraded := tls.Server(c, config)
			if upgraded.Handshake() != nil {
				return heard.String()
			}
			c, lines, secure = upgraded, bufio.NewScanner(upgraded), true
		case !secure:
			answer("530 STARTTLS first")
		case command == "AUTH":
			answer("235 it is you")
		case command == "DATA":
			data = true
			answer("354 go on")
		case command == "QUIT":
			answer("221 bye")
			return heard.String()
		default:
			answer("250 fine")
		}
	}
	return heard.String()
}

// A mail server that offers STARTTLS hears password and letter under TLS alone, and
// nothing where nobody vouches for it.
func TestMailByStartTLS(t *testing.T) {
	config, authorities := identified(t)
	wire := Wire{Clock: &hand{clock.System(), noon}, Host: "box"}
	for _, c := range []struct {
		authorities []byte
		taken       bool
	}{{authorities, true}, {nil, false}} {
		address, heard := listen(t, func(c net.Conn) string { return postOffice(c, config) })
		target := Target{Name: "mail", Kind: Mail, Address: address, From: "quoll@coast.example", To: []string{"soc@coast.example"}, User: "quoll", Secret: "s3cret", Authorities: c.authorities}
		err := wire.Send(t.Context(), target, message(1), "first")
		got := <-heard
		if (err == nil) != c.taken {
			t.Errorf("with %d bytes of authorities: %v", len(c.authorities), err)
		}
		password := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00quoll\x00s3cret"))
		if strings.Contains(got, password) != c.taken || strings.Contains(got, "RCPT TO:<soc@coast.example>") != c.taken {
			t.Errorf("heard under TLS:\n%s", got)
		}
	}
}

// A mail server whose offer of STARTTLS was taken out on the way hears who Quoll is
// and nothing else, with a user and without.
func TestMailWithoutStartTLSIsNotSent(t *testing.T) {
	for _, user := range []string{"", "quoll"} {
		address, heard := listen(t, func(c net.Conn) string {
			var all strings.Builder
			_, _ = io.WriteString(c, "220 mail\r\n")
			for lines := bufio.NewScanner(c); lines.Scan(); {
				all.WriteString(lines.Text() + "\n")
				_, _ = io.WriteString(c, "250 fine\r\n")
			}
			return all.String()
		})
		target := Target{Name: "mail", Kind: Mail, Address: address, From: "quoll@coast.example", To: []string{"soc@coast.example"}, User: user, Secret: "s3cret"}
		err := Wire{Clock: &hand{clock.System(), noon}}.Send(t.Context(), target, message(1), "first")
		if err == nil || !strings.Contains(err.Error(), "offers no STARTTLS") || !strings.Contains(err.Error(), "in_clear: true") {
			t.Errorf("user %q: %v", user, err)
		}
		if got := <-heard; got != "EHLO localhost\n" {
			t.Errorf("user %q: it heard %q", user, got)
		}
	}
}

// Syslog over TLS is framed as over TCP, and is not sent to who cannot show who it
// is.
func TestSyslogOverTLS(t *testing.T) {
	config, authorities := identified(t)
	wire := Wire{Clock: &hand{clock.System(), noon}, Host: "box"}
	serve := func(c net.Conn) string {
		all, _ := io.ReadAll(tls.Server(c, config))
		return string(all)
	}
	address, heard := listen(t, serve)
	if err := wire.Send(t.Context(), Target{Kind: Syslog, Address: "tls://" + address, Authorities: authorities}, message(1), ""); err != nil {
		t.Error(err)
	}
	if got := <-heard; !strings.Contains(got, " <106>1 2026-09-14T12:00:00.000Z box quoll - - - CEF:0|Quoll|") {
		t.Errorf("heard %q", got)
	}
	address, heard = listen(t, serve)
	if err := wire.Send(t.Context(), Target{Kind: Syslog, Address: "tls://" + address}, message(1), ""); err == nil {
		t.Error("a server that nobody vouches for was told")
	}
	if got := <-heard; got != "" {
		t.Errorf("it heard %q", got)
	}
}
