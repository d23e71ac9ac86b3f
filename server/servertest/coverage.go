package servertest

import (
	"context"
	"time"

	"github.com/quoll/quoll/server"
)

// Coverage implements server.Coverage: most is there, some links came before their
// message, and a part of the deliveries lacks it.
func (c *Canned) Coverage(_ context.Context, span time.Duration) (*server.MessageCoverage, error) {
	all := &server.MessageCoverage{Now: c.clock().UTC(), SpanSeconds: span.Seconds(), Tables: []server.TableCoverage{
		{Table: "EmailAttachmentInfo", Rows: 2_106, Found: 2_106},
		{Table: "EmailUrlInfo", Rows: 15_018, Found: 15_011, Late: 212, LongestLateSeconds: 74, Waiting: 7},
		{Table: "EmailPostDeliveryEvents", Rows: 88, Found: 81, Missing: 7},
		{Table: "UrlClickEvents"},
	}}
	for i := range all.Tables {
		if t := &all.Tables[i]; t.Rows > 0 {
			share := float64(t.Found) / float64(t.Rows)
			t.Share = &share
		}
	}
	return all, nil
}
