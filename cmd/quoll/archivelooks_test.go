package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// TestLooksComeWhenTheyAreDue lets two weeks pass: both looks are due at first, the
// second of them has to wait for the first, and then each keeps its own time.
func TestLooksComeWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 14*24*time.Hour)
		defer stop()
		var got []string
		busy := time.Time{}
		start := func(kind string) error {
			if time.Now().Before(busy) {
				return errors.New("another look is under way")
			}
			busy = time.Now().Add(90 * time.Second)
			got = append(got, fmt.Sprintf("%s after %s", kind, time.Since(began).Round(time.Minute)))
			return nil
		}
		first := began.Add(15 * time.Minute)
		keepLooking(ctx, clock.System(), []look{{"reconcile", 5 * 24 * time.Hour, first}, {"verify", 7 * 24 * time.Hour, first}}, start)
		want := []string{
			"reconcile after 15m0s", "verify after 17m0s", "reconcile after 120h15m0s", "verify after 168h17m0s", "reconcile after 240h15m0s",
		}
		if !slices.Equal(got, want) {
			t.Errorf("looks: %q\nwant %q", got, want)
		}
	})
}

// TestLooksGoOnAfterAStart has the notes of the last looks decide when the next are
// due, and none of a kind where nobody wants it.
func TestLooksGoOnAfterAStart(t *testing.T) {
	k, _ := openKeeper(t)
	k.after, k.verifyEvery = time.Hour, 7*24*time.Hour
	now := k.clock.Now()
	for _, l := range k.looks() {
		if wait := l.due.Sub(now); wait < time.Hour || wait > time.Hour+time.Minute {
			t.Errorf("%s of an archive that nobody looked at is due in %s", l.kind, wait)
		}
	}
	k.journal(t, `{"CreationTime":"2026-09-14T08:25:40","Id":"a1","Operation":"Send","OrganizationId":"`+keeperTenant+`","RecordType":2,"Workload":"Exchange","UserId":"ada@coast.example"}`)
	if err := k.awaitSealed(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	k.finish(t, "verify")
	looks := k.looks()
	if wait := looks[1].due.Sub(now); wait < 7*24*time.Hour || wait > 7*24*time.Hour+time.Minute {
		t.Errorf("after a verification the next is due in %s", wait)
	}
	k.verifyEvery = 0
	if looks := k.looks(); len(looks) != 1 || looks[0].kind != "reconcile" {
		t.Errorf("without verifications: %+v", looks)
	}
}

// TestAServerVerifiesItsArchiveByItself asks for nothing: what is due is done, noted, and
// a row that the archive has as well.
func TestAServerVerifiesItsArchiveByItself(t *testing.T) {
	k, _ := openKeeper(t)
	k.verifyEvery = 7 * 24 * time.Hour
	k.journal(t, `{"CreationTime":"2026-09-14T08:25:40","Id":"a1","Operation":"Send","OrganizationId":"`+keeperTenant+`","RecordType":2,"Workload":"Exchange","UserId":"ada@coast.example"}`)
	if err := k.awaitSealed(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	k.finish(t, server.TaskReconcile) // or it would be due first
	before := k.node.journal.Last()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error)
	go func() { ended <- k.run(ctx) }()
	err := k.node.journal.Wait(ctx, before)
	stop()
	if err = errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
	if v := readVerification(k.node.paths.data); v == nil || !v.Passed || v.Time.Before(k.clock.Now().Add(-time.Minute)) {
		t.Errorf("the note of the verification says %+v", v)
	}
	if task := k.task; task == nil || task.Kind != server.TaskVerify || task.Error != "" {
		t.Errorf("the last task is %+v", task)
	}
}
