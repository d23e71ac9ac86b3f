package normalise_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

// sighted is a Known that knows what it was told.
type sighted map[uint64]bool

func (s sighted) Has(key uint64) bool { return s[key] }

// sameRows says that two results are the same but for what was sighted.
func sameRows(a, b normalise.Result) bool {
	return reflect.DeepEqual(a.Records, b.Records) && reflect.DeepEqual(a.Rejects, b.Rejects) && reflect.DeepEqual(a.Counts, b.Counts)
}

// survey checks that rows do not depend on what is known, that sightings can be
// stored, that each is given once, and that what was told is not given again.
func survey(t *testing.T, format model.Format, body []byte) {
	t.Helper()
	payload := model.Payload{Format: format, Body: body, Received: received}
	plain := normalise.New(normalise.Config{WorkspaceID: "w1"}).Payload(payload)
	known := sighted{}
	n := normalise.New(normalise.Config{WorkspaceID: "w1", Known: known})
	for round := range 3 {
		result := n.Payload(payload)
		sightings := result.Sightings
		if !sameRows(result, plain) {
			t.Fatalf("%q: rows depend on what is known", body)
		}
		result.Release()
		if round > 0 && len(sightings) > 0 {
			t.Errorf("%q: %+v is sighted again", body, sightings[0])
		}
		for _, s := range sightings {
			if known[s.Key] {
				t.Errorf("%q: %+v is sighted twice", body, s)
			}
			known[s.Key] = true
			for _, text := range []string{s.Category, s.RecordType, s.Operation, s.Field, s.Type, s.Value, s.RecordID, s.Example} {
				if !utf8.ValidString(text) || len(text) > 256 {
					t.Errorf("%q: %+v has a text of %d bytes, or one that is no UTF-8", body, s, len(text))
				}
			}
		}
	}
}

func TestSurveyOfOddRecords(t *testing.T) {
	for _, body := range []string{
		`{}`,
		`{"RecordType":{},"Operation":[],"Workload":1,"Id":null}`,
		`{"RecordType":1e400,"Operation":"` + strings.Repeat("é", 300) + `","Workload":"` + strings.Repeat("w", 300) + `"}`,
		`{"` + strings.Repeat("k", 400) + `":1,"":2,"\u0000":3,"a.b":{"c[]":4}}`,
		`{"A":` + strings.Repeat(`{"b":`, 100) + "1" + strings.Repeat("}", 100) + `}`,
		`{"A":[{"Name":"","Value":""},{"Key":null,"Value":1},{"Name":"x","Value":{"y":[]}},{"Name":"x","Name":"y","Value":1},{"Name":1,"Value":2}]}`,
		`{"A":1,"A":"2","A":{"B":3}}`,
		`{"A":"\ud800","B":"\ud83d\ude00"}`,
		strings.Repeat(`{"Operation":"o","V":"value","W":"`+strings.Repeat("é", 40)+`"}`+"\n", 3),
	} {
		survey(t, model.FormatAuditLines, []byte(body))
		survey(t, model.FormatDefenderLines, []byte(`{"category":"AdvancedHunting-AlertInfo","properties":`+strings.SplitN(body, "\n", 2)[0]+`}`))
	}
}
