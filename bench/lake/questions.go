package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/quoll/quoll/lookups"
	"github.com/quoll/quoll/query"
)

// someDay is the day that questions are about, which lakes of few days have too.
const someDay = "2026-03-03"

// choice says which questions are asked, and about which day.
type choice struct {
	names *regexp.Regexp
	day   time.Time
}

// choose reads the flags -only and -day.
func choose(only, day string) (c choice, err error) {
	if c.names, err = regexp.Compile(only); err != nil {
		return c, fmt.Errorf("-only: %w", err)
	}
	if c.day, err = time.Parse(time.DateOnly, day); err != nil {
		return c, fmt.Errorf("-day: %w", err)
	}
	return c, nil
}

// onDay is a text about another day. SQL names the day after as well.
func onDay(text string, day time.Time) string {
	next, _ := time.Parse(time.DateOnly, someDay)
	text = strings.ReplaceAll(text, next.AddDate(0, 0, 1).Format(time.DateOnly), day.AddDate(0, 0, 1).Format(time.DateOnly))
	return strings.ReplaceAll(text, someDay, day.Format(time.DateOnly))
}

// askedQuestions are the security queries, words and look-ups whose names match, about
// what a record or a mail of the lake has. Without mail there are no look-ups.
func askedQuestions(ctx context.Context, service *query.Service, chosen choice) (questions []comparison, err error) {
	one := func(text string) []any {
		result, failed := service.Query(ctx, query.Request{Text: onDay(text, chosen.day) + " | take 1"})
		if failed != nil || len(result.Rows) != 1 {
			err = errors.Join(err, failed)
			return make([]any, 4)
		}
		return result.Rows[0]
	}
	record := one(`UnifiedAuditLog | where TimeGenerated between (datetime(2026-03-03) .. 1d) and ClientIP matches regex @"^[0-9.]+:[0-9]+$" | top 1 by Id | project UserId, Id, ClientIP, tostring(split(ClientIP, ":")[0])`)
	// Few enough that not each block has it, and too many for it to be in few of them. A
	// small lake has none such.
	some := one(`UnifiedAuditLog | where TimeGenerated between (datetime(2026-03-03) .. 1d) | extend address = tostring(split(ClientIP, ":")[0]) | where address matches regex @"^[0-9.]+$" | summarize n = count() by address | where n between (5 .. 12) | top 1 by address | project address`)[0]
	if some == nil {
		some = record[3]
	}
	record = append(record, some)
	for _, c := range comparisons {
		if chosen.names.MatchString(c.name) {
			c.kql, c.sql, c.logs = onDay(c.kql, chosen.day), onDay(c.sql, chosen.day), onDay(c.logs, chosen.day)
			questions = append(questions, c.about(record))
		}
	}
	for _, l := range lookedUp {
		what, ok := one(l.of)[0].(string)
		if !ok || !chosen.names.MatchString("look-up: "+l.name) {
			continue
		}
		text, err := lookUp(l.name, what)
		if err != nil {
			return nil, err
		}
		questions = append(questions, comparison{name: "look-up: " + l.name, kql: text, logs: strings.ReplaceAll(l.logs, "%s", what)})
	}
	return questions, err
}

// lookUp returns the text of a look-up over all time, counted.
func lookUp(name, what string) (string, error) {
	text, err := fs.ReadFile(lookups.Files, name+".kql")
	if err != nil {
		return "", err
	}
	const declared = "declare query_parameters (what: string, since: timespan = 365d);"
	if !strings.Contains(string(text), declared) {
		return "", fmt.Errorf("look-up %s declares other parameters", name)
	}
	return strings.Replace(string(text), declared, fmt.Sprintf("let what = %q; let since = 36500d;", what), 1) + "\n| count", nil
}

// lookedUp are the look-ups, what they are asked for, and the nearest that LogsQL has:
// words where the look-up has parts of texts, and no joined columns.
var lookedUp = []struct{ name, of, logs string }{
	{"address", `EmailEvents | where TimeGenerated between (datetime(2026-03-03) .. 1d) and isnotempty(Subject) | project SenderFromAddress`,
		`{Table=~"EmailEvents|EmailPostDeliveryEvents|UrlClickEvents"} (SenderFromAddress:="%s" or SenderMailFromAddress:="%s" or RecipientEmailAddress:="%s" or AccountUpn:="%s") | stats count() n`},
	{"subject", `EmailEvents | where TimeGenerated between (datetime(2026-03-03) .. 1d) and isnotempty(Subject) | project Subject`,
		`{Table="EmailEvents"} Subject:"%s" | stats count() n`},
	{"url", `EmailUrlInfo | where TimeGenerated between (datetime(2026-03-03) .. 1d) | project UrlDomain`,
		`({Table="EmailEvents"} NetworkMessageId:in({Table="EmailUrlInfo"} (UrlDomain:="%s" or Url:"%s") | fields NetworkMessageId)) or ({Table="UrlClickEvents"} Url:"%s") | stats count() n`},
	{"attachment", `EmailAttachmentInfo | where TimeGenerated between (datetime(2026-03-03) .. 1d) | project SHA256`,
		`{Table="EmailEvents"} NetworkMessageId:in({Table="EmailAttachmentInfo"} SHA256:="%s" | fields NetworkMessageId) | stats count() n`},
	{"origin", `UrlClickEvents | where TimeGenerated between (datetime(2026-03-03) .. 1d) | project IPAddress`,
		`({Table="EmailEvents"} (SenderIPv4:="%s" or SenderIPv6:="%s")) or ({Table="UrlClickEvents"} IPAddress:="%s") or ({Table="UnifiedAuditLog"} (ClientIP:"%s" or _msg:"%s")) | stats count() n`},
}
