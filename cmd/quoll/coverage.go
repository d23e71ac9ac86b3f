package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/server"
)

// belonging are the tables whose rows belong to a message, and how much older
// than such a row its message may be: mail is moved and released for as long as
// Microsoft keeps it at hand, and clicked for as long as it lies about.
var belonging = []struct {
	table string
	older time.Duration
}{
	{schema.EmailAttachmentInfo, 2 * 24 * time.Hour},
	{schema.EmailUrlInfo, 2 * 24 * time.Hour},
	{schema.EmailPostDeliveryEvents, 31 * 24 * time.Hour},
	{schema.UrlClickEvents, 31 * 24 * time.Hour},
}

const (
	// stillWaiting is how young a row without its message is no cause for concern.
	stillWaiting = time.Hour
	// lateFrom is from when a message counts as late: tables that come side by side
	// are made into rows one after the other.
	lateFrom = time.Minute
)

// coverageQuery counts the rows of a table by whether their message is there. A
// click in Teams has no message and is left out.
func coverageQuery(table string, span, older, late time.Duration) string {
	const text = `let rows = materialize(%[1]s | where TimeGenerated > ago(%[2]s) and isnotempty(NetworkMessageId) | project NetworkMessageId, Seen = ingestion_time());
let messages = EmailEvents | where TimeGenerated > ago(%[3]s) | where NetworkMessageId in ((rows | distinct NetworkMessageId)) | summarize Came = min(ingestion_time()) by NetworkMessageId;
rows
| join kind=leftouter messages on NetworkMessageId
| summarize Rows = count(), Found = countif(isnotnull(Came)), Late = countif(Came - Seen > %[5]s), LongestLate = maxif((Came - Seen) / 1s, Came - Seen > %[5]s), Waiting = countif(isnull(Came) and Seen > ago(%[4]s))`
	seconds := func(d time.Duration) string { return fmt.Sprintf("%ds", int64(d/time.Second)) }
	return fmt.Sprintf(text, table, seconds(span), seconds(span+older), seconds(stillWaiting), seconds(late))
}

// readCoverage asks for that of every table.
func readCoverage(ctx context.Context, service *query.Service, span time.Duration, now time.Time) (*server.MessageCoverage, error) {
	all := &server.MessageCoverage{Now: now.UTC(), SpanSeconds: span.Seconds()}
	for _, b := range belonging {
		result, err := service.Query(ctx, query.Request{Text: coverageQuery(b.table, span, b.older, lateFrom)})
		if err != nil {
			return nil, fmt.Errorf("look for the messages of %s: %w", b.table, err)
		}
		c := server.TableCoverage{Table: b.table}
		if len(result.Rows) > 0 {
			c = tableCoverage(b.table, result, result.Rows[0])
		}
		all.Tables = append(all.Tables, c)
	}
	return all, nil
}

func tableCoverage(table string, result *query.Result, row []any) server.TableCoverage {
	number := func(name string) int64 {
		n, _ := cell(result, row, name).(int64)
		return n
	}
	c := server.TableCoverage{Table: table, Rows: number("Rows"), Found: number("Found"), Late: number("Late"), Waiting: number("Waiting")}
	c.Missing = c.Rows - c.Found - c.Waiting
	c.LongestLateSeconds, _ = cell(result, row, "LongestLate").(float64)
	if c.Rows > 0 {
		share := float64(c.Found) / float64(c.Rows)
		c.Share = &share
	}
	return c
}

// coverageFor is how long what was measured is good for.
const coverageFor = time.Minute

// coverage measures for the server, once for all who ask.
type coverage struct {
	query *query.Service
	now   func() time.Time

	mu    sync.Mutex
	known map[time.Duration]*server.MessageCoverage
}

// Coverage implements server.Coverage.
func (c *coverage) Coverage(ctx context.Context, span time.Duration) (*server.MessageCoverage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if known := c.known[span]; known != nil && now.Sub(known.Now) < coverageFor {
		return known, nil
	}
	fresh, err := readCoverage(ctx, c.query, span, now)
	if err != nil {
		return nil, serverFailure(err)
	}
	if c.known == nil || len(c.known) > 16 {
		c.known = map[time.Duration]*server.MessageCoverage{}
	}
	c.known[span] = fresh
	return fresh, nil
}
