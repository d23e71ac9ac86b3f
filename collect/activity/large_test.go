package activity

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

// largeBody is two and a half parts long.
func largeBody() (body string, records int64) {
	var b strings.Builder
	b.WriteByte('[')
	for ; b.Len() < 5*collect.PartBytes/2; records++ {
		if records > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Id":"%d","Text":"%s"}`, records, strings.Repeat(`\"],[`, 200))
	}
	b.WriteByte(']')
	return b.String(), records
}

// A blob that is too large for memory is journalled in parts that are the blob
// when they are put together, and settled once, as a whole.
func TestALargeBlobIsJournalledInParts(t *testing.T) {
	body, records := largeBody()
	inVirtualTime(t, func(r *rig) {
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour)).body = body
		broken := false
		r.sink.fail = func(p model.Payload) (bool, error) {
			if p.Offset > 0 && !broken {
				broken = true
				return false, errors.New("killed between two parts")
			}
			return false, nil
		}
		r.start()
		r.run(10 * time.Minute)
		parts := r.sink.all()
		if len(parts) != 4 || string(parts[0].Body) != string(parts[1].Body) {
			t.Fatalf("%d payloads, want the first part twice and three in all", len(parts))
		}
		var whole strings.Builder
		for _, p := range parts[1:] {
			if p.Name != id(1) || p.Offset != int64(whole.Len()) || len(p.Body) > collect.PartBytes || p.Received != parts[1].Received {
				t.Errorf("part of %q at %d of %d bytes, received %s; before it are %d bytes", p.Name, p.Offset, len(p.Body), p.Received, whole.Len())
			}
			whole.Write(p.Body)
		}
		if whole.String() != body {
			t.Error("the parts put together are not the body")
		}
		if c := r.stream().Counts; c.Journalled != 1 || c.Backlog() != 0 || c.Records != records || c.Bytes != int64(len(body)) {
			t.Errorf("the receipts say %+v, want one blob of %d records in %d bytes", c, records, len(body))
		}
	})
}

// A large body that breaks off, or goes on, is noticed as a small one is, and
// nothing of it is journalled.
func TestALargeBlobMustBeWhole(t *testing.T) {
	body, _ := largeBody()
	for name, bad := range map[string]string{"cut": body[:len(body)-1], "cut in a string": body[:len(body)-9], "too long": body + "[]"} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(r *rig) {
				r.feed.add(exchange, id(1), time.Now().Add(-time.Hour)).body = bad
				r.start()
				r.run(time.Minute)
				if n := len(r.sink.all()); n != 0 {
					t.Errorf("%d payloads of a blob that is not whole", n)
				}
				if c := r.stream().Counts; c.Failed != 1 || c.Journalled != 0 {
					t.Errorf("counts %+v, want a failure", c)
				}
			})
		})
	}
}
