package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/model"
)

// Wire sends over the network.
type Wire struct {
	Client *http.Client // nil stands for one that follows no redirection
	Clock  clock.Clock
	Host   string // of this machine, for syslog and mail
}

// sendTimeout bounds one attempt.
const sendTimeout = 20 * time.Second

// Send implements Sender.
func (w Wire) Send(ctx context.Context, t Target, m Message, text string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	switch t.Kind {
	case Webhook:
		return w.post(ctx, t, map[string]any{"text": text, "incident": m})
	case Teams:
		return w.post(ctx, t, teamsCard(m, text))
	case Mail:
		return w.mail(ctx, t, m, text)
	}
	return w.syslog(ctx, t, m)
}

// post sends JSON. With a secret, X-Quoll-Signature is the HMAC-SHA256 of
// X-Quoll-Timestamp, a dot and the body.
func (w Wire) post(ctx context.Context, t Target, content any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the address of target %s: %w", t.Name, withoutAddress(err))
	}
	request.Header.Set("Content-Type", "application/json")
	if t.Secret != "" && t.Kind == Webhook {
		stamp := strconv.FormatInt(w.Clock.Now().Unix(), 10)
		request.Header.Set("X-Quoll-Timestamp", stamp)
		request.Header.Set("X-Quoll-Signature", "sha256="+Sign(t.Secret, stamp, body))
	}
	client := w.Client
	if client == nil {
		client = &http.Client{CheckRedirect: noRedirect}
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("post to %s: %w", request.URL.Host, withoutAddress(err))
	}
	_, readErr := io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if err := errors.Join(readErr, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %s", response.Status)
	}
	return nil
}

// noRedirect leaves a redirection unanswered: a notification goes where it was
// configured to go, or is not delivered.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// withoutAddress takes the address out of an error, because that of a webhook
// holds its secret, and errors are logged and kept.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Sign gives the signature of a webhook's body, for receivers to compare with.
func Sign(secret, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// teamsCard is an adaptive card as the webhooks of Teams workflows take it. Its
// texts are runs, which know no Markdown, unlike a TextBlock: titles hold what
// others wrote, and a link in one must not become one.
func teamsCard(m Message, text string) any {
	return map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"content": map[string]any{"type": "AdaptiveCard", "version": "1.4", "body": []any{
			plainBlock(map[string]any{"type": "TextRun", "size": "Medium", "weight": "Bolder", "text": fmt.Sprintf("%s: %s", m.Severity, m.Title)}),
			plainBlock(map[string]any{"type": "TextRun", "text": text}),
		}},
	}}}
}

func plainBlock(run map[string]any) any {
	return map[string]any{"type": "RichTextBlock", "inlines": []any{run}}
}

func (w Wire) mail(ctx context.Context, t Target, m Message, text string) error {
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return fmt.Errorf("address of the mail server: %w", err)
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return err
	}
	if end, ok := ctx.Deadline(); ok {
		_ = connection.SetDeadline(end) // a connection that takes none fails on use
	}
	client, err := smtp.NewClient(connection, host)
	if err != nil {
		return errors.Join(err, connection.Close())
	}
	defer func() { _ = client.Close() }()
	switch ok, _ := client.Extension("STARTTLS"); {
	case ok:
		if err := client.StartTLS(t.secure(host)); err != nil {
			return err
		}
	case !t.InClear:
		return fmt.Errorf("mail server %s offers no STARTTLS, or somebody in between took the offer out: nothing was sent; in_clear: true on the target sends it readable for all on the way", t.Address)
	}
	if t.User != "" {
		if err := client.Auth(smtp.PlainAuth("", t.User, t.Secret, host)); err != nil {
			return err
		}
	}
	if err := client.Mail(t.From); err != nil {
		return err
	}
	for _, to := range t.To {
		if err := client.Rcpt(to); err != nil {
			return err
		}
	}
	writer, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := writer.Write(w.letter(t, m, text)); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return client.Quit()
}

// secure is how a server of that name is spoken to.
func (t Target) secure(host string) *tls.Config {
	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if len(t.Authorities) == 0 {
		return config
	}
	roots, err := x509.SystemCertPool()
	if err != nil { // a machine without a list of its own
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM(t.Authorities)
	config.RootCAs = roots
	return config
}

func (w Wire) letter(t Target, m Message, text string) []byte {
	plain := strings.NewReplacer("\r", " ", "\n", " ")
	subject := mime.QEncoding.Encode("utf-8", bounded(plain.Replace(fmt.Sprintf("[Quoll] %s: %s", m.Severity, m.Title)), maxSubject))
	var b bytes.Buffer
	sum := sha256.Sum256([]byte(t.Name + m.Key))
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", plain.Replace(t.From), plain.Replace(strings.Join(t.To, ", ")),
		strings.ReplaceAll(subject, "?= =?", "?=\r\n =?"), w.Clock.Now().UTC().Format(time.RFC1123Z), hex.EncodeToString(sum[:12]), w.host())
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&b) // every kind of break becomes CRLF
	_, _ = io.WriteString(body, text)     // a buffer takes all
	_ = body.Close()
	return b.Bytes()
}

// maxSubject bounds a subject, in characters: a line of mail has at most 998
// bytes, and a plain subject is one line.
const maxSubject = 250

func bounded(text string, runes int) string {
	if r := []rune(text); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return text
}

func (w Wire) host() string {
	if w.Host == "" {
		return "quoll"
	}
	return w.Host
}

// syslog sends one message of RFC 5424 with CEF inside; over TCP and TLS it is
// framed by its length (RFC 6587).
func (w Wire) syslog(ctx context.Context, t Target, m Message) error {
	address, err := url.Parse(t.Address)
	if err != nil || address.Host == "" {
		return fmt.Errorf("address %q: write it as tcp://host:port, tls://host:port or udp://host:port", t.Address)
	}
	line := w.cef(m)
	var connection net.Conn
	switch address.Scheme {
	case "udp":
		connection, err = new(net.Dialer).DialContext(ctx, "udp", address.Host)
	case "tcp":
		connection, err = new(net.Dialer).DialContext(ctx, "tcp", address.Host)
	case "tls":
		connection, err = (&tls.Dialer{Config: t.secure(address.Hostname())}).DialContext(ctx, "tcp", address.Host)
	default:
		return fmt.Errorf("address %q: its scheme is tcp, tls or udp", t.Address)
	}
	if err != nil {
		return err
	}
	if address.Scheme != "udp" {
		line = strconv.Itoa(len(line)) + " " + line
	}
	if end, ok := ctx.Deadline(); ok {
		_ = connection.SetDeadline(end) // a connection that takes none fails on use
	}
	_, err = io.WriteString(connection, line)
	return errors.Join(err, connection.Close())
}

// cefSeverity is CEF's 0 to 10, and syslog's severity in facility 13 (log audit).
var cefSeverity = map[model.Severity][2]int{
	model.SeverityHigh: {9, 2}, model.SeverityMedium: {6, 4}, model.SeverityLow: {3, 5}, model.SeverityInformational: {1, 6},
}

func (w Wire) cef(m Message) string {
	header := strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", " ", "\r", " ")
	value := strings.NewReplacer(`\`, `\\`, "=", `\=`, "\n", `\n`, "\r", " ")
	severity := cefSeverity[m.Severity]
	return fmt.Sprintf("<%d>1 %s %s quoll - - - CEF:0|Quoll|Quoll|1|incident|%s|%d|externalId=%d cs1Label=status cs1=%s suser=%s cnt=%d rt=%d",
		13*8+severity[1], m.Time.UTC().Format("2006-01-02T15:04:05.000Z"), w.host(), header.Replace(m.Title), severity[0],
		m.Number, value.Replace(m.Status), value.Replace(m.ModifiedBy), m.Alerts, m.Time.UnixMilli())
}
