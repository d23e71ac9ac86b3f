package mentions

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/internal/frames"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

const objectID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

func ada(t testing.TB) *Subject {
	t.Helper()
	s, err := NewSubject([]string{"Ada@Coast.example", objectID})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWholeNamesAreFound(t *testing.T) {
	s := ada(t)
	for text, want := range map[string]bool{
		`{"UserId":"ada@coast.example"}`:                                    true,
		`{"UserId":"ADA@COAST.EXAMPLE"}`:                                    true,
		`to ada@coast.example.`:                                             true,
		`to ada@coast.example. And`:                                         true,
		`<ada@coast.example>;bo@coast.example`:                              true,
		`mailto:ada@coast.example?x`:                                        true,
		`https://x/?u=ada%40coast.example&y`:                                true,
		`https://c-my.sharepoint.example/personal/ada_coast_example/D`:      true,
		`{"k":"ada\u0040coast.example"}`:                                    true,
		`{"k":"{\"u\":\"ada@coast.example\"}"}`:                             true,
		`{"k":"{\"u\":\"{\\\"v\\\":\\\"ada\\\\u0040coast.example\\\"}\"}"}`: true,
		`{"k":"\nada@coast.example\n"}`:                                     true,
		`{"id":"` + strings.ToUpper(objectID) + `"}`:                        true,
		`{"id":"` + objectID + `0"}`:                                        false,
		`{"UserId":"canada@coast.example"}`:                                 false,
		`{"UserId":"x.ada@coast.example"}`:                                  false,
		`{"UserId":"éada@coast.example"}`:                                   false,
		`{"UserId":"ada@coast.example.org"}`:                                false,
		`{"UserId":"ada@coast.examples"}`:                                   false,
		`{"UserId":"bo@coast.example"}`:                                     false,
		``:                                                                  false,
	} {
		if got := s.In([]byte(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, bad := range [][]string{nil, {"ada"}, {"ada lovelace"}, {`a"b@coast.example`}, {strings.Repeat("a", 201)}, make([]string, 11)} {
		if _, err := NewSubject(bad); !errors.Is(err, ErrNames) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func record(n int, user string) string {
	return fmt.Sprintf(`{"Id":"%08d-0000-4000-8000-000000000000","RecordType":1,"CreationTime":"2026-05-01T08:00:%02d","Operation":"Set-Mailbox","OrganizationId":"%s","UserType":2,"UserKey":"k","Workload":"Exchange","UserId":"%s"}`, n, n, objectID[:35]+"9", user)
}

// normaliser knows nothing of drift.
func normaliser() Normaliser { return normalise.New(normalise.Config{}) }

func keys(t *testing.T, p model.Payload) (keys []schema.Key) {
	t.Helper()
	result := normaliser().Payload(p)
	if len(result.Rejects) > 0 {
		t.Fatalf("%s: %s", result.Rejects[0].Reason, p.Body)
	}
	for i := range result.Records {
		keys = append(keys, result.Records[i].Key)
	}
	return keys
}

// Of each form of payload the records of others come out as they went in, and those
// that go have the keys that they have in the tables.
func TestPayloadsAreDivided(t *testing.T) {
	at := time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	r := []string{record(0, "bo@coast.example"), record(1, "ada@coast.example"), record(2, "kai@coast.example"), record(3, "ada@coast.example")}
	mail := func(n int, to string) string {
		return fmt.Sprintf(`{"time":"2026-05-01T08:00:0%dZ","tenantId":"%s","operationName":"Publish","category":"AdvancedHunting-EmailEvents","properties":{"Timestamp":"2026-05-01T08:00:0%dZ","ReportId":"r%d","NetworkMessageId":"%08d-0000-4000-8000-000000000000","RecipientEmailAddress":"%s"}}`, n, objectID[:35]+"9", n, n, n, to)
	}
	var framed []byte
	framed = frames.Append(framed, frames.Frame{Offset: 5, Millis: 6, Body: []byte(`{"records":[` + mail(0, "bo@coast.example") + "," + mail(1, "ada@coast.example") + `]}`)})
	framed = frames.Append(framed, frames.Frame{Offset: 6, Millis: 7, Body: []byte(mail(3, "ada@coast.example"))})
	framed = frames.Append(framed, frames.Frame{Offset: 7, Millis: 8, Body: []byte(mail(2, "kai@coast.example"))})
	csv := "\"CreationDate\",\"UserIds\",\"Operations\",\"AuditData\"\r\n"
	for i := range r {
		csv += fmt.Sprintf("2026-05-01T08:00:0%d.0000000Z,x,Set-Mailbox,\"%s\"\r\n", i, strings.ReplaceAll(r[i], `"`, `""`))
	}
	for format, body := range map[model.Format]string{
		model.FormatAuditArray:       "[" + strings.Join(r, ",\n ") + "]",
		model.FormatAuditLines:       strings.Join(r, "\r\n") + "\n",
		model.FormatAuditSearchCSV:   csv,
		model.FormatDefenderMessages: string(framed),
		model.FormatDefenderLines:    strings.Join([]string{mail(0, "bo@coast.example"), mail(1, "ada@coast.example"), mail(2, "kai@coast.example"), mail(3, "ada@coast.example")}, "\n"),
	} {
		p := model.Payload{Source: model.SourceFile, Format: format, Tenant: objectID[:35] + "9", Name: "n", Received: at, Body: []byte(body)}
		if format == model.FormatDefenderLines {
			p.ContentType = "EmailEvents"
		}
		all := keys(t, p)
		if len(all) != 4 {
			t.Fatalf("%s: %d records of %s", format, len(all), body)
		}
		d, err := ada(t).Divide(p, normaliser())
		if err != nil || d == nil || d.Mentions != 2 || d.Others != 2 || len(d.Keys) != 2 {
			t.Errorf("%s: %+v, %v", format, d, err)
			continue
		}
		rest := p
		rest.Body = d.Rest
		left := keys(t, rest)
		if len(left) != 2 || ada(t).In(d.Rest) || !strings.Contains(string(d.Rest), "kai@coast.example") {
			t.Errorf("%s: the rest is %s", format, d.Rest)
			continue
		}
		for _, key := range all {
			in := 0
			for _, part := range [][]schema.Key{left, d.Keys} {
				for _, other := range part {
					if other == key {
						in++
					}
				}
			}
			if in != 1 {
				t.Errorf("%s: a record is in %d parts", format, in)
			}
		}
	}
}

// What mentions nobody is left alone, and what cannot be divided goes as a whole.
func TestPayloadsThatAreNotDivided(t *testing.T) {
	p := model.Payload{Format: model.FormatAuditArray, Body: []byte("[" + record(1, "bo@coast.example") + "]")}
	if d, err := ada(t).Divide(p, normaliser()); d != nil || err != nil {
		t.Errorf("%+v, %v", d, err)
	}
	p.Body = []byte("[" + record(1, "ada@coast.example") + "]")
	if d, err := ada(t).Divide(p, normaliser()); err != nil || d.Mentions != 1 || d.Others != 0 || d.Rest != nil {
		t.Errorf("%+v, %v", d, err)
	}
	p = model.Payload{Format: model.FormatDefenderMessages, Body: []byte("no frame of ada@coast.example")}
	if _, err := ada(t).Divide(p, normaliser()); !errors.Is(err, frames.ErrBroken) {
		t.Errorf("%v", err)
	}
}
