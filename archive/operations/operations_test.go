package operations

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

const tenant = "11111111-2222-3333-4444-555555555555"

var (
	operationNames = []string{"New-InboxRule", "Set-Mailbox", "Send"}
	people         = []string{"ada@coast.example", "Bob@coast.example", "cas@coast.example"}
	began          = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
)

// happened is one record, as the oracle knows it.
type happened struct {
	operation, user string
	at              time.Time
}

// signedLog is a log of heads under a key of its own.
type signedLog struct {
	signer   note.Signer
	verifier note.Verifier
	leaves   [][]byte
	tree     proof.Tree
}

func newLog(t testing.TB) *signedLog {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, "test.example/log")
	if err != nil {
		t.Fatal(err)
	}
	l := &signedLog{}
	if l.signer, err = note.NewSigner(private); err != nil {
		t.Fatal(err)
	}
	if l.verifier, err = note.NewVerifier(public); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *signedLog) add(t testing.TB, source, format string, position uint64, body []byte) int64 {
	t.Helper()
	sum := sha256.Sum256(body)
	leaf := fmt.Sprintf(`{"leaf":"payload","position":%d,"sha256":"%s","size":%d,"source":"%s","format":"%s","received":"2026-09-20T00:00:00Z"}`, position, hex.EncodeToString(sum[:]), len(body), source, format)
	l.leaves = append(l.leaves, []byte(leaf))
	if err := l.tree.Add([]byte(leaf)); err != nil {
		t.Fatal(err)
	}
	return int64(len(l.leaves) - 1)
}

func (l *signedLog) checkpoint(t testing.TB) []byte {
	t.Helper()
	root, err := l.tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", l.signer.Name(), len(l.leaves), root)}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (l *signedLog) committed(t testing.TB, index int64, text []byte) Committed {
	t.Helper()
	head, err := proof.ParseHead(text)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := tlog.ProveRecord(int64(len(l.leaves)), index, &l.tree)
	if err != nil {
		t.Fatal(err)
	}
	return Committed{Head: head, Text: text, Leaf: l.leaves[index], Inclusion: proof.Inclusion{Index: index, Hashes: hashes}}
}

// world is random records in several spans, with their indexes in a log.
type world struct {
	log     *signedLog
	records []happened
	heads   [][]byte
	at      []int64 // leaves of the heads
	lists   map[uint64][]byte
}

func newWorld(t testing.TB, random *mathrand.Rand, spans, perSpan int) *world {
	t.Helper()
	w := &world{log: newLog(t), lists: map[uint64][]byte{}}
	normaliser := normalise.New(normalise.Config{WorkspaceID: "w"})
	position := uint64(0)
	for range spans {
		b := NewBuilder(normaliser, position+1)
		for range 1 + random.IntN(3) {
			position++
			b.Add(position, w.payload(random, perSpan))
			w.log.add(t, "activity", "audit-lines", position, []byte("payload"))
		}
		x, err := b.Finish(position)
		if err != nil {
			t.Fatal(err)
		}
		position++ // of the list, and then of the head: the next span has them
		w.lists[position], x.Head.List = x.List(), position
		w.log.add(t, proof.LedgerSource, proof.OperationsFormat, position, x.List())
		position++
		w.heads = append(w.heads, x.Head.Line())
		w.at = append(w.at, w.log.add(t, proof.LedgerSource, proof.HeadFormat, position, x.Head.Line()))
		position = x.Head.Last
	}
	return w
}

func (w *world) payload(random *mathrand.Rand, records int) model.Payload {
	var body strings.Builder
	for range random.IntN(records + 1) {
		h := happened{operationNames[random.IntN(len(operationNames))], people[random.IntN(len(people))], began.Add(time.Duration(random.IntN(100)) * time.Hour)}
		w.records = append(w.records, h)
		fmt.Fprintf(&body, `{"Id":"%d","RecordType":1,"CreationTime":"%s","Operation":"%s","OrganizationId":"%s","UserType":0,"Workload":"Exchange","UserId":"%s"}`+"\n",
			len(w.records), h.at.Format("2006-01-02T15:04:05"), h.operation, tenant, h.user)
	}
	return model.Payload{Source: model.SourceFile, Format: model.FormatAuditLines, Line: 1, Body: []byte(body.String())}
}

func (w *world) chain(t testing.TB) []Committed {
	t.Helper()
	var all []Committed
	for i := range w.heads {
		all = append(all, w.log.committed(t, w.at[i], w.heads[i]))
	}
	chain, err := Chain(all)
	if err != nil || len(chain) != len(all) {
		t.Fatalf("chain of %d of %d: %v", len(chain), len(all), err)
	}
	return chain
}

func (w *world) list(_ context.Context, position uint64) ([]byte, error) {
	return w.lists[position], nil
}

func (w *world) prove(t testing.TB, q proof.Question) (*proof.Absence, error) {
	t.Helper()
	spans, err := Prove(t.Context(), w.chain(t), q, w.list)
	return &proof.Absence{Question: q, Checkpoint: w.log.checkpoint(t), Spans: spans}, err
}

func question(operation, user string, from, to time.Time) proof.Question {
	return proof.Question{Tenant: tenant, Operation: proof.Normal(operation), Subject: proof.Normal(user), From: proof.NormalTime(from), To: proof.NormalTime(to)}
}

func (w *world) oracle(operation, user string, from, to time.Time) bool {
	for _, h := range w.records {
		if h.operation == operation && h.user == user && !h.at.Before(from) && h.at.Before(to) {
			return true
		}
	}
	return false
}

// forge tries to prove absence where there is a record: with every entry of the
// index as either neighbour, with none, and with the bounds' word.
func (w *world) forge(t testing.TB, q proof.Question) {
	t.Helper()
	chain := w.chain(t)
	for hidden := range chain {
		x, err := Open(chain[hidden].Head, w.lists[chain[hidden].Head.List])
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := x.apart(q); err == nil {
			continue // the record is in another span
		}
		for before := -1; before < len(x.lines); before++ {
			for after := before + 1; after <= len(x.lines); after++ {
				var s proof.Span
				if before >= 0 {
					s.Before, _ = x.neighbour(before)
				}
				if after < len(x.lines) {
					s.After, _ = x.neighbour(after)
				}
				a := &proof.Absence{Question: q, Checkpoint: w.log.checkpoint(t)}
				for i := range chain {
					c := &chain[i]
					span := proof.Span{Index: c.Inclusion.Index, Leaf: string(c.Leaf), Hashes: proof.HashTexts(c.Inclusion.Hashes), Head: string(c.Text)}
					if i == hidden {
						span.Before, span.After = s.Before, s.After
					}
					a.Spans = append(a.Spans, span)
				}
				if _, err := a.Check(w.log.verifier, nil, 0); err == nil {
					t.Fatalf("%+v is proved absent by entries %d and %d of span %d", q, before, after, hidden)
				}
			}
		}
	}
}

// For random rows and intervals there is either such a row, and then nothing
// proves its absence, or the proof of absence holds: never both, never neither.
func TestEitherPresentOrAbsent(t *testing.T) {
	present, absent, seeds := 0, 0, uint64(12)
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		random := mathrand.New(mathrand.NewPCG(seed, 7))
		w := newWorld(t, random, 1+random.IntN(4), 6)
		for range 12 {
			operation, user := operationNames[random.IntN(len(operationNames))], people[random.IntN(len(people))]
			from := began.Add(time.Duration(random.IntN(100)) * time.Hour)
			to := from.Add(time.Duration(1+random.IntN(40)) * time.Hour)
			q := question(operation, user, from, to)
			a, err := w.prove(t, q)
			var there *PresentError
			switch {
			case w.oracle(operation, user, from, to):
				present++
				if !errors.As(err, &there) {
					t.Fatalf("seed %d: %+v: error %v, and there is such a record", seed, q, err)
				}
				w.forge(t, q)
			case err != nil:
				t.Fatalf("seed %d: %+v: %v", seed, q, err)
			default:
				absent++
				v, err := a.Check(w.log.verifier, nil, 0)
				if err != nil || v.Records != int64(len(w.records)) {
					t.Fatalf("seed %d: %+v: %v, %+v", seed, q, err, v)
				}
			}
		}
	}
	if present < int(seeds) || absent < int(seeds) {
		t.Errorf("%d present, %d absent: the test says little", present, absent)
	}
}

// Where the indexes of the beginning were disposed of, a proof says where it begins, and
// holds for no other place.
func TestAProofThatBeginsLater(t *testing.T) {
	w := newWorld(t, mathrand.New(mathrand.NewPCG(3, 8)), 4, 6)
	chain := w.chain(t)
	rest, err := Chain(chain[2:])
	if err != nil || len(rest) != 2 || rest[0].Head.First != chain[2].Head.First {
		t.Fatalf("chain of what is left: %d, %v", len(rest), err)
	}
	if with, err := Chain(append(slices.Clone(chain[:1]), chain[2:]...)); err != nil || len(with) != 2 || with[0].Head.First != rest[0].Head.First {
		t.Errorf("with a hole, %d are taken, %v", len(with), err)
	}
	q := question("New-InboxRule", "nobody@coast.example", began, began.Add(40*time.Hour))
	spans, err := Prove(t.Context(), rest, q, w.list)
	if err != nil {
		t.Fatal(err)
	}
	first := rest[0].Head.First
	for begins, holds := range map[uint64]bool{0: false, 1: false, first - 1: false, first: true, first + 1: false} {
		a := &proof.Absence{Question: q, Checkpoint: w.log.checkpoint(t), Spans: spans, Begins: begins}
		v, err := a.Check(w.log.verifier, nil, 0)
		if (err == nil) != holds || holds && (v.First != first || v.Last != chain[3].Head.Last) {
			t.Errorf("begins with %d, and it is %d: %v, %+v", begins, first, err, v)
		}
	}
	extents := []Extent{{5, 9}, {1, 2}, {1, 4}, {12, 14}}
	if covered := Covered(extents); covered != 9 {
		t.Errorf("covered up to %d", covered)
	}
	if covered := Covered(extents[3:]); covered != 0 {
		t.Errorf("covered up to %d", covered)
	}
}

// Every byte of a proof counts, and so does every span.
func TestEveryByteOfAnAbsence(t *testing.T) {
	w := newWorld(t, mathrand.New(mathrand.NewPCG(3, 3)), 3, 5)
	q := question("New-InboxRule", "nobody@coast.example", began, began.Add(200*time.Hour))
	a, err := w.prove(t, q)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := a.Write(&b); err != nil {
		t.Fatal(err)
	}
	check := func(data []byte) error {
		bundle, err := proof.Read(bytes.NewReader(data))
		if err != nil {
			return err
		}
		if bundle.Absence == nil {
			return errors.New("another kind of bundle")
		}
		_, err = bundle.Absence.Check(w.log.verifier, nil, 0)
		return err
	}
	data := b.Bytes()
	if err := check(data); err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 23
	}
	for at := 0; at < len(data); at += step {
		data[at] ^= 1 << (at % 8)
		if check(data) == nil {
			t.Errorf("byte %d of %d is flipped, and it holds", at, len(data))
		}
		data[at] ^= 1 << (at % 8)
	}
	for i := range a.Spans {
		less := *a
		less.Spans = append(append([]proof.Span{}, a.Spans[:i]...), a.Spans[i+1:]...)
		v, err := less.Check(w.log.verifier, nil, 0)
		if last := i == len(a.Spans)-1; last != (err == nil) || last && v.Last == w.chain(t)[i].Head.Last {
			t.Errorf("without span %d of %d: %v, up to %d", i, len(a.Spans), err, v.Last)
		}
	}
}

// A head counts only as a payload of the ledger: a tenant can deliver its text, too.
func TestAHeadThatATenantDelivered(t *testing.T) {
	w := newWorld(t, mathrand.New(mathrand.NewPCG(3, 3)), 1, 5)
	empty, err := NewBuilder(nil, 1).Finish(9)
	if err != nil {
		t.Fatal(err)
	}
	q := question("Send", people[0], began, began.Add(time.Hour))
	for _, c := range []struct {
		source, format string
		position       uint64
		holds          bool
	}{{"push", proof.HeadFormat, 10, false}, {proof.LedgerSource, "certificate", 10, false}, {proof.LedgerSource, proof.HeadFormat, 9, false}, {proof.LedgerSource, proof.HeadFormat, 10, true}} {
		index := w.log.add(t, c.source, c.format, c.position, empty.Head.Line())
		spans, err := Prove(t.Context(), []Committed{w.log.committed(t, index, empty.Head.Line())}, q, w.list)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&proof.Absence{Question: q, Checkpoint: w.log.checkpoint(t), Spans: spans}).Check(w.log.verifier, nil, 0)
		if (err == nil) != c.holds {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestWhatIsIndexed(t *testing.T) {
	b := NewBuilder(normalise.New(normalise.Config{WorkspaceID: "w"}), 4)
	b.Add(4, model.Payload{Source: model.SourceFile, Format: model.FormatAuditLines, Line: 1, Received: began.Add(1234567), Body: []byte(`{"Id":"1","RecordType":1,"CreationTime":"2026-09-14T08:00:00","Operation":"New-InboxRule","OrganizationId":"` + tenant + `","Workload":"Exchange","UserId":"Admin@coast.example","ObjectId":"ada\\rule","MailboxOwnerUPN":"Ada@coast.example"}
no record
{"Id":"2","RecordType":1,"Operation":"Send","OrganizationId":"` + tenant + `","Workload":"Exchange","UserId":"bob@coast.example"}
`)})
	b.Add(5, model.Payload{Format: "unheard of", Body: []byte("x")})
	x, err := b.Finish(6)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"tenant":"` + tenant + `","operation":"new-inboxrule","subject":"ada@coast.example","time":"2026-09-14T08:00:00.000000Z","position":4,"record":0}
{"tenant":"` + tenant + `","operation":"new-inboxrule","subject":"ada\\rule","time":"2026-09-14T08:00:00.000000Z","position":4,"record":0}
{"tenant":"` + tenant + `","operation":"new-inboxrule","subject":"admin@coast.example","time":"2026-09-14T08:00:00.000000Z","position":4,"record":0}
{"tenant":"` + tenant + `","operation":"send","subject":"bob@coast.example","time":"","position":4,"record":2}
`
	if got := string(x.List()); got != want {
		t.Errorf("entries:\n%s", got)
	}
	if h := x.Head; h.First != 4 || h.Last != 6 || h.Records != 2 || h.Timeless != 1 || h.Rejected != 2 || h.Earliest != h.Latest || h.Earliest != "2026-09-14T08:00:00.000000Z" {
		t.Errorf("%+v", h)
	}
	again, err := Open(x.Head, x.List())
	if err != nil || !again.Same(x.Head) {
		t.Errorf("%+v: %v", again, err)
	}
	swapped := strings.SplitAfter(want, "\n")
	swapped[0], swapped[1] = swapped[1], swapped[0]
	if _, err := Open(x.Head, []byte(strings.Join(swapped, ""))); !errors.Is(err, ErrDamaged) {
		t.Errorf("out of order: %v", err)
	}
}

// What stands for a payload that is not there any more is counted, whatever became of it.
func TestWhatStandsForPayloads(t *testing.T) {
	b := NewBuilder(normalise.New(normalise.Config{WorkspaceID: "w"}), 1)
	contents := []string{model.ContentErased, model.ContentTrimmed, model.ContentDisposed}
	for i, content := range contents {
		b.Add(uint64(i+1), model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: content, Name: "object"})
	}
	b.Add(4, model.Payload{Source: model.SourceQuoll, Format: model.FormatOwnRows, ContentType: "SentinelAudit"})
	b.Add(5, model.Payload{Source: model.SourcePush, Format: model.FormatAuditLines, ContentType: model.ContentTrimmed})
	x, err := b.Finish(5)
	if err != nil || x.Head.Erased != int64(len(contents)) {
		t.Errorf("%+v, %v", x.Head, err)
	}
}
