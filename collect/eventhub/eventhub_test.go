package eventhub

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/model"
)

func TestMessagesAreJournalledByteForByte(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 2)
	want := map[string]string{}
	hostile := []string{`{"records":[{"category":"AdvancedHunting-EmailEvents"}]}`, "", "\x00\xff", "12 3 4\n", `{"records":[`, strings.Repeat("x", 70_000), `[{}]`}
	for i, body := range hostile {
		hub, partition := []string{mail, all}[i%2], int32(i/2%2)
		n.publish(hub, partition, body, body)
		want[fmt.Sprintf("%s/%d/%d", hub, partition, i/4*2)] = body
		want[fmt.Sprintf("%s/%d/%d", hub, partition, i/4*2+1)] = body
	}
	cfg := n.config()
	cfg.BatchBytes = 20_000
	sink := newSink()
	m := start(t, cfg, Dependencies{DB: newState(t), Sink: sink})
	got := sink.await(t, len(want))
	for name, body := range want {
		if got[name] != body {
			t.Errorf("%s is %.80q, want %.80q", name, got[name], body)
		}
	}
	for _, p := range sink.payloads {
		wantType := map[string]string{mail: "EmailEvents", all: all}[strings.Split(p.Name, "/")[0]]
		if p.Tenant != tenant || p.Source != model.SourceEventHub || p.Format != model.FormatDefenderMessages || p.ContentType != wantType || p.Received.IsZero() {
			t.Errorf("payload %+v", p)
		}
		if len(p.Body) > cfg.BatchBytes && strings.Count(string(p.Body), "xxxx\n") != 1 {
			t.Errorf("%s has %d bytes, more than %d", p.Name, len(p.Body), cfg.BatchBytes)
		}
	}
	await(t, "nothing is outstanding", func() bool {
		s := m.Status()
		return s.Health == collect.HealthRunning && !s.Streams[0].Cursor.IsZero() && s.Streams[0].Counts.Backlog() == 0
	})
	s := m.Status().Streams[0]
	if s.ContentType != "EmailEvents" || s.Counts.Journalled == 0 || s.Counts.Bytes == 0 || s.LastJournalled.IsZero() || s.LastBlob.IsZero() || s.Problem != nil {
		t.Errorf("status %+v", s)
	}
}

// TestNextMemberGoesOn restarts with the group's offsets alone, and with our own
// alone, as when the group's were never committed or have expired.
func TestNextMemberGoesOn(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"ours", "the group's"} {
		t.Run(lost+" are lost", func(t *testing.T) {
			t.Parallel()
			n := newNamespace(t, 2)
			if lost == "the group's" {
				n.cluster.ControlKey(int16(kmsg.OffsetCommit), func(request kmsg.Request) (kmsg.Response, error, bool) {
					n.cluster.KeepControl()
					response := request.ResponseKind().(*kmsg.OffsetCommitResponse)
					for _, topic := range request.(*kmsg.OffsetCommitRequest).Topics {
						answer := kmsg.NewOffsetCommitResponseTopic()
						answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
						for _, p := range topic.Partitions {
							one := kmsg.NewOffsetCommitResponseTopicPartition()
							one.Partition, one.ErrorCode = p.Partition, kerr.RebalanceInProgress.Code
							answer.Partitions = append(answer.Partitions, one)
						}
						response.Topics = append(response.Topics, answer)
					}
					return response, nil, true
				})
			}
			db, sink := newState(t), newSink()
			n.publish(mail, 0, "a", "b")
			n.publish(all, 1, "c")
			m := start(t, n.config(), Dependencies{DB: db, Sink: sink})
			sink.await(t, 3)
			m.stop(t)
			if lost == "ours" {
				db = newState(t)
			}
			n.publish(mail, 0, "d")
			n.publish(mail, 1, "e")
			start(t, n.config(), Dependencies{DB: db, Sink: sink})
			sink.await(t, 5)
			if _, times := sink.messages(t); times != 5 {
				t.Errorf("%d messages are journalled, want 5: some came again", times)
			}
		})
	}
}

// TestCommitsFollowTheJournal has a sink that takes nothing for a while: the
// group must not hear of a message before it is journalled.
func TestCommitsFollowTheJournal(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 1)
	sink := newSink()
	refusals := 0
	sink.fail = func(model.Payload) error {
		if refusals++; refusals <= 2 {
			return errors.New("disk full")
		}
		return nil
	}
	n.publish(mail, 0, "a", "b")
	m := start(t, n.config(), Dependencies{DB: newState(t), Sink: sink})
	await(t, "a full disk is shown", func() bool {
		p := m.Status().Problem
		return p != nil && strings.Contains(p.Remedy, "disk") && strings.Contains(p.Detail, "disk full")
	})
	sink.await(t, 2)
	await(t, "the trouble is over", func() bool { return m.Status().Health == collect.HealthRunning })
}

// TestMembersShareAndHandOver has a second member come and the first one go while
// messages flow.
func TestMembersShareAndHandOver(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 4)
	first, second := newSink(), newSink()
	published := 0
	publish := func() {
		for i := range 40 {
			n.publish([]string{mail, all}[i%2], int32(i%4), fmt.Sprint("message ", published))
			published++
		}
	}
	publish()
	a := start(t, n.config(), Dependencies{DB: newState(t), Sink: first})
	first.await(t, published)
	start(t, n.config(), Dependencies{DB: newState(t), Sink: second})
	if _, err := n.cluster.WaitGroupStable(t.Context(), "quoll", 2); err != nil {
		t.Fatal(err)
	}
	both := func() int {
		seen, _ := first.messages(t)
		theirs, _ := second.messages(t)
		for name, body := range theirs {
			seen[name] = body
		}
		return len(seen)
	}
	for range 5 {
		publish()
	}
	await(t, "both together have everything", func() bool { return both() == published })
	await(t, "the second member has a share", func() bool {
		publish()
		await(t, "everything", func() bool { return both() == published })
		theirs, _ := second.messages(t)
		return len(theirs) > 0
	})
	_, before := first.messages(t)
	a.stop(t)
	publish()
	await(t, "the second member has the rest", func() bool { return both() == published })
	if _, after := first.messages(t); after != before {
		t.Errorf("the first member journalled %d messages after its end", after-before)
	}
}

func TestBrokerGoesAndComesBack(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 2)
	sink, network := newSink(), &wire{}
	n.publish(mail, 0, "before")
	m := start(t, n.config(), Dependencies{DB: newState(t), Sink: sink, Dial: network.dial})
	sink.await(t, 1)
	network.set(true)
	n.publish(mail, 1, "meanwhile")
	await(t, "trouble is shown", func() bool {
		s := m.Status()
		return s.Health == collect.HealthDegraded && s.Problem != nil && s.Problem.Code == "unreachable" && s.Problem.Remedy != ""
	})
	network.set(false)
	sink.await(t, 2)
	await(t, "the trouble is over", func() bool { return m.Status().Health == collect.HealthRunning })
}

func TestDeletedMessagesAreAGap(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 1)
	db, sink := newState(t), newSink()
	n.publish(mail, 0, "a", "b")
	m := start(t, n.config(), Dependencies{DB: db, Sink: sink})
	sink.await(t, 2)
	m.stop(t)
	n.publish(mail, 0, "c", "d", "e", "f")
	if err := n.cluster.DeleteRecords(mail, 0, 5); err != nil {
		t.Fatal(err)
	}
	m = start(t, n.config(), Dependencies{DB: db, Sink: sink})
	if got := sink.await(t, 3); got[mail+"/0/5"] != "f" {
		t.Errorf("journalled %q", got)
	}
	await(t, "the gap is counted", func() bool { return m.Status().Streams[0].Counts.Gaps == 1 })
	gaps, err := m.Gaps(t.Context(), 10)
	if err != nil || len(gaps) != 1 {
		t.Fatalf("gaps %+v, %v; want one", gaps, err)
	}
	if g := gaps[0]; g.Hub != mail || g.From != 2 || g.To != 5 || g.After.IsZero() || g.Before.Before(g.After) || !strings.Contains(g.Reason, "3 messages") {
		t.Errorf("gap %+v", g)
	}
}

func TestHubThatIsMadeAnewIsReadFromItsStart(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 1)
	db, sink := newState(t), newSink()
	n.publish(mail, 0, "a", "b", "c")
	m := start(t, n.config(), Dependencies{DB: db, Sink: sink})
	sink.await(t, 3)
	m.stop(t)
	if err := errors.Join(n.cluster.DeleteTopic(mail), n.cluster.CreateTopic(mail, 1, nil)); err != nil {
		t.Fatal(err)
	}
	n.client.PurgeTopicsFromClient(mail)
	n.publish(mail, 0, "a")
	m = start(t, n.config(), Dependencies{DB: db, Sink: sink})
	await(t, "the new hub is read", func() bool { _, times := sink.messages(t); return times == 4 })
	await(t, "the gap is counted", func() bool { return m.Status().Streams[0].Counts.Gaps <= 1 })
}

func TestRefusedKeyIsShownAndReplacedWithoutARestart(t *testing.T) {
	t.Parallel()
	for _, says := range []string{"says so", "hangs up"} {
		t.Run("a namespace that "+says, func(t *testing.T) {
			t.Parallel()
			refusedKey(t, says == "says so")
		})
	}
}

func refusedKey(t *testing.T, said bool) {
	n := newNamespace(t, 1)
	health := collect.HealthDegraded
	if said {
		health = collect.HealthBlocked
		n.cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(request kmsg.Request) (kmsg.Response, error, bool) {
			n.cluster.KeepControl()
			if !strings.Contains(string(request.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes), "b2xkLWtleQ") {
				return nil, nil, false
			}
			response := request.ResponseKind().(*kmsg.SASLAuthenticateResponse)
			response.ErrorCode, response.ErrorMessage = kerr.SaslAuthenticationFailed.Code, kmsg.StringPtr("no b2xkLWtleQ here")
			return response, nil, true
		})
	}
	n.publish(mail, 0, "a")
	cfg := n.config()
	wrong := strings.Replace(key, "c2VjcmV0", "b2xkLWtleQ", 1)
	cfg.ConnectionString, cfg.ConnectionStringFile = collect.NewSecret(wrong), filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(cfg.ConnectionStringFile, []byte(wrong+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sink := newSink()
	m := start(t, cfg, Dependencies{DB: newState(t), Sink: sink})
	await(t, "the refusal is shown", func() bool {
		s := m.Status()
		return s.Health == health && s.Problem.Code == "sign-in-refused"
	})
	if text := fmt.Sprint(m.Status(), m.Status().Problem); strings.Contains(text, "b2xkLWtleQ") {
		t.Errorf("the status tells the key: %s", text)
	}
	if err := os.WriteFile(cfg.ConnectionStringFile, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sink.await(t, 1)
	await(t, "the trouble is over", func() bool { return m.Status().Health == collect.HealthRunning })
}

// TestEveryMessageOverBadDays publishes while sinks fail, wires are cut and
// members come and go, and expects what was published: nothing missing, nothing
// invented, and every repeat the same bytes at the same place.
func TestEveryMessageOverBadDays(t *testing.T) {
	t.Parallel()
	for seed := range seeds() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			badDays(t, rand.New(rand.NewPCG(seed, 1)))
		})
	}
}

// seeds is how many lives are lived; one is enough in a hurry.
func seeds() uint64 {
	if testing.Short() {
		return 1
	}
	return 3
}

func badDays(t *testing.T, random *rand.Rand) {
	n := newNamespace(t, 3)
	badDaysOn(t, n, n.config(), random)
}

// badDaysOn has them on hubs of three partitions each, which are empty.
func badDaysOn(t *testing.T, n *namespace, cfg Config, random *rand.Rand) {
	sink, network := newSink(), &wire{}
	sinkRandom := rand.New(rand.NewPCG(random.Uint64(), 2))
	sink.fail = func(model.Payload) error {
		if sinkRandom.IntN(12) == 0 {
			return errors.New("disk full")
		}
		return nil
	}
	cfg.BatchBytes = 2000
	dbs := []Dependencies{{DB: newState(t), Sink: sink, Dial: network.dial}, {DB: newState(t), Sink: sink, Dial: network.dial}}
	members := []*member{start(t, cfg, dbs[0]), nil}
	want := map[string]string{}
	next := map[place]int64{}
	for step := range 25 {
		for range 1 + random.IntN(20) {
			p := place{[]string{mail, all}[random.IntN(2)], int32(random.IntN(3))}
			body := strings.Repeat(fmt.Sprint(random.Uint32()), 1+random.IntN(40))
			n.publish(p.hub, p.partition, body)
			want[fmt.Sprintf("%s/%d/%d", p.hub, p.partition, next[p])] = body
			next[p]++
		}
		if step%8 == 3 {
			network.set(true)
			network.set(false)
		}
		if i := random.IntN(2); random.IntN(4) == 0 {
			if members[i] != nil {
				members[i].stop(t)
				members[i] = nil
			} else {
				members[i] = start(t, cfg, dbs[i])
			}
		}
	}
	for i := range members {
		if members[i] == nil {
			members[i] = start(t, cfg, dbs[i])
		}
	}
	got := sink.await(t, len(want))
	for name, body := range want {
		if got[name] != body {
			t.Errorf("%s is %.60q, want %.60q", name, got[name], body)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d messages are journalled, want %d", len(got), len(want))
	}
	for _, m := range members {
		gaps, err := m.Gaps(t.Context(), 10)
		if err != nil || len(gaps) != 0 {
			t.Errorf("gaps %+v, %v; nothing is lost", gaps, err)
		}
	}
}

func TestGapsAreToldFromHolesAndRepeats(t *testing.T) {
	at := time.Date(2026, 9, 18, 8, 0, 0, 0, time.UTC)
	// A record is its offset and, behind a colon, the minute in which it came.
	records := func(text string) []*kgo.Record {
		var all []*kgo.Record
		for one := range strings.FieldsSeq(text) {
			var offset, minute int64
			if _, err := fmt.Sscanf(one, "%d:%d", &offset, &minute); err != nil {
				t.Fatal(one, err)
			}
			all = append(all, &kgo.Record{Offset: offset, Timestamp: at.Add(time.Duration(minute) * time.Minute)})
		}
		return all
	}
	known := reading{5, furthest{5, at, true}} // 4:0 came last
	for _, c := range []struct {
		name     string
		read     reading
		records  string
		logStart int64
		want     string
	}{
		{"in order", known, "5:1 6:1 7:2", 0, ""},
		{"first ever", reading{-1, furthest{next: -1}}, "5:1 6:1", 5, ""},
		{"deleted", known, "9:4 10:4", 8, "5-9 "},
		{"hole of the hub's own", known, "9:4 10:4", 5, ""},
		{"hub that tells no start", known, "9:4 10:4", -1, "5-9 "},
		{"deleted while reading", known, "5:1 9:4", 9, "6-9 "},
		{"made anew", known, "0:1 1:2 5:3", 0, "5-0 "},
		{"read again from the start", known, "0:-9 3:-1 4:0 5:1", 0, ""},
		{"read again, and cut off in front of what came last", known, "0:-9 3:-1 4:1 5:2", 0, "5-4 "},
		{"read again, and deleted behind what came last", known, "0:-9 9:4", 9, "5-9 "},
		{"deleted up to what came last", known, "4:0 5:1", 4, ""},
		{"further back than another member had read", reading{5, furthest{5, at, false}}, "0:-9", 0, "5-0 "},
	} {
		for _, apart := range []bool{false, true} {
			read, got := c.read, ""
			parts := [][]*kgo.Record{records(c.records)}
			if apart {
				parts = slices.Collect(slices.Chunk(parts[0], 1))
			}
			for _, part := range parts {
				for _, g := range read.follow(part, c.logStart) {
					got += fmt.Sprintf("%d-%d ", g.from, g.to)
					if g.reason == "" || g.before.IsZero() || g.after.IsZero() {
						t.Errorf("%s: %+v", c.name, g)
					}
				}
			}
			if got != c.want {
				t.Errorf("%s (one by one: %v): gaps %q, want %q", c.name, apart, got, c.want)
			}
		}
	}
}

// TestABrokerThatForgotItsHistoryIsReadAgainWithoutAGap has a broker say of the
// leader's term in which messages came that it does not know it.
func TestABrokerThatForgotItsHistoryIsReadAgainWithoutAGap(t *testing.T) {
	t.Parallel()
	n := newNamespace(t, 1)
	sink := newSink()
	n.publish(mail, 0, "a", "b", "c")
	m := start(t, n.config(), Dependencies{DB: newState(t), Sink: sink})
	sink.await(t, 3)
	n.cluster.ControlKey(int16(kmsg.OffsetForLeaderEpoch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		n.cluster.KeepControl()
		response := request.ResponseKind().(*kmsg.OffsetForLeaderEpochResponse)
		for _, topic := range request.(*kmsg.OffsetForLeaderEpochRequest).Topics {
			answer := kmsg.NewOffsetForLeaderEpochResponseTopic()
			answer.Topic = topic.Topic
			for _, p := range topic.Partitions {
				one := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
				one.Partition = p.Partition
				answer.Partitions = append(answer.Partitions, one)
			}
			response.Topics = append(response.Topics, answer)
		}
		return response, nil, true
	})
	if err := n.cluster.MoveTopicPartition(mail, 0, 0); err != nil {
		t.Fatal(err)
	}
	n.publish(mail, 0, "d")
	await(t, "all is read again", func() bool { got, times := sink.messages(t); return len(got) == 4 && times == 7 })
	if gaps, err := m.Gaps(t.Context(), 10); err != nil || len(gaps) != 0 {
		t.Errorf("gaps %+v, %v; nothing is lost", gaps, err)
	}
}
