package activity

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quoll/quoll/model"
)

// A record that is too long for any part comes in pieces that are marked, and takes
// none of its neighbours with it.
func TestALongElementIsCutInPieces(t *testing.T) {
	long := `{"Id":"long","List":[` + strings.Repeat(`{"Id":"nested","Name":"x"},`, 200) + `{}]}`
	for name, body := range map[string]string{
		"between": `[{"Id":"a"},{"Id":"b"},` + long + `,{"Id":"c"}, {"Id":"d"}]`,
		"first":   `[` + long + `,{"Id":"a"},{"Id":"b"},{"Id":"c"},{"Id":"d"}]`,
		"last":    `[{"Id":"a"},{"Id":"b"},{"Id":"c"},{"Id":"d"},` + long + "]\n",
		"two":     `[{"Id":"a"},` + long + `,{"Id":"b"},{"Id":"c"},` + long + `,{"Id":"d"}]`,
	} {
		for _, size := range []int{1, 7, 64, 1000, len(body)} {
			s := scan{partBytes: 50, mostBytes: 400}
			for piece := range slices.Chunk([]byte(body), size) {
				if err := s.add(piece); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.end(); err != nil {
				t.Fatal(err)
			}
			parts, ids := s.parts(), ""
			var whole strings.Builder
			for i := 1; i < len(parts); i++ {
				part := body[parts[i-1]:parts[i]]
				whole.WriteString(part)
				if len(part) == 0 || len(part) > 400+size {
					t.Errorf("%s, %d bytes at a time: a part of %d bytes", name, size, len(part))
				}
				if slices.Contains(s.fragments, parts[i-1]) {
					continue
				}
				var records []struct{ ID string }
				if err := json.Unmarshal([]byte("["+strings.Trim(part, "[], \n")+"]"), &records); err != nil {
					t.Errorf("%s, %d bytes at a time: %v in %q", name, size, err, part)
				}
				for _, record := range records {
					ids += record.ID
				}
			}
			if whole.String() != body || strings.ReplaceAll(ids, "long", "") != "abcd" {
				t.Errorf("%s, %d bytes at a time: the records %q are there, the parts are the body: %v", name, size, ids, whole.String() == body)
			}
		}
	}
}

// The journal is given no more of a record than it takes, and the stream goes on.
func TestARecordTooLongForTheJournalHoldsNothingUp(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		body := `[{"Id":"a"},{"Id":"long","Text":"` + strings.Repeat("x", mostPart+1<<20) + `"},{"Id":"b"}]`
		r.feed.add(exchange, id(1), time.Now().Add(-time.Hour)).body = body
		r.feed.add(exchange, id(2), time.Now().Add(-time.Hour))
		r.start()
		r.run(time.Minute)
		var whole strings.Builder
		var formats []model.Format
		for _, p := range r.sink.all() {
			if p.Name != id(1) {
				continue
			}
			whole.Write(p.Body)
			formats = append(formats, p.Format)
			if len(p.Body) > mostPart+1<<20 {
				t.Errorf("a payload of %d bytes", len(p.Body))
			}
		}
		want := []model.Format{model.FormatAuditArray, model.FormatFragment, model.FormatFragment, model.FormatAuditArray}
		if whole.String() != body || !slices.Equal(formats, want) {
			t.Errorf("formats %v, want %v; the payloads are the body: %v", formats, want, whole.String() == body)
		}
		if s := r.stream(); s.Counts.Journalled != 2 || s.Problem != nil {
			t.Errorf("counts %+v, problem %+v", s.Counts, s.Problem)
		}
	})
}

// An id that the journal would not take as a name is shortened, and stays its own.
func TestLongIDsAreShortened(t *testing.T) {
	inVirtualTime(t, func(r *rig) {
		long := strings.Repeat("a", 5000)
		r.feed.add(exchange, long+"1", time.Now().Add(-time.Hour))
		r.feed.add(exchange, long+"2", time.Now().Add(-time.Hour))
		r.start()
		r.run(10 * time.Minute)
		names := r.sink.names()
		if len(names) != 2 || names[0] == names[1] || len(names[0]) > longestID {
			t.Errorf("journalled %q", names)
		}
		if s := r.stream(); s.Counts.Journalled != 2 || s.Problem != nil {
			t.Errorf("counts %+v, problem %+v", s.Counts, s.Problem)
		}
	})
}
