package collect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

func TestRoomIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(4, 3, clock.System())
		var leave []func(bool)
		for range 3 {
			l, err := r.Enter(t.Context(), "big")
			must(t, err)
			leave = append(leave, l)
		}
		var order []string
		var mu sync.Mutex
		visit := func(tenant string) {
			go func() {
				l, err := r.Enter(t.Context(), tenant)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, tenant)
				mu.Unlock()
				time.Sleep(time.Minute)
				l(true)
			}()
			synctest.Wait()
		}
		visit("big") // has its three
		visit("small")
		visit("other")
		visit("small")
		if taken, waiting := r.InUse(); taken != 4 || waiting != 3 {
			t.Errorf("%d taken, %d waiting", taken, waiting)
		}
		for _, l := range leave {
			l(true)
			synctest.Wait()
		}
		mu.Lock()
		defer mu.Unlock()
		// "other" has none; then "big" came before "small", and both have one.
		if want := "[small other big small]"; fmt.Sprint(order) != want {
			t.Errorf("admitted in the order %v, want %s", order, want)
		}
		time.Sleep(2 * time.Minute)
		if taken, waiting := r.InUse(); taken != 0 || waiting != 0 {
			t.Errorf("%d taken, %d waiting at the end", taken, waiting)
		}
	})
}

func TestTenantsInTroubleTakeLittleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(8, 4, clock.System())
		for n := range 10 { // each was seen to hang once
			l, err := r.Enter(t.Context(), fmt.Sprint("hanging ", n))
			must(t, err)
			l(false)
		}
		ctx, cancel := context.WithCancel(t.Context())
		for n := range 40 {
			go func() {
				if l, err := r.Enter(ctx, fmt.Sprint("hanging ", n%10)); err == nil {
					<-ctx.Done()
					l(false)
				}
			}()
		}
		synctest.Wait()
		if taken, _ := r.InUse(); taken != 2 {
			t.Errorf("%d places of 8 for ten tenants in trouble, want a quarter", taken)
		}
		patience, giveUp := context.WithTimeout(t.Context(), time.Minute)
		defer giveUp()
		for n := range 6 {
			begun := time.Now()
			l, err := r.Enter(patience, fmt.Sprint("well ", n%3))
			must(t, err)
			defer l(true)
			if time.Since(begun) > 0 {
				t.Error("a tenant that is well waits")
			}
		}
		cancel()
		synctest.Wait()
		// One success, and a tenant is as good as the others.
		l, err := r.Enter(t.Context(), "hanging 1")
		must(t, err)
		l(true)
		if r.troubled["hanging 1"] {
			t.Error("still in trouble after a success")
		}
	})
}

func TestRoomIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(1, 1, clock.System())
		l, err := r.Enter(t.Context(), "a")
		must(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Enter(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the end of patience", err)
		}
		l(true)
		if taken, waiting := r.InUse(); taken != 0 || waiting != 0 {
			t.Errorf("%d taken, %d waiting", taken, waiting)
		}
	})
}

func TestWhoIsOverdueStopsCounting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRoom(4, 4, clock.System())
		var leave []func(bool)
		for range 4 {
			l, err := r.Enter(t.Context(), "hanging")
			must(t, err)
			leave = append(leave, l)
		}
		begun := time.Now()
		for n := range 4 {
			l, err := r.Enter(t.Context(), fmt.Sprint("well ", n))
			must(t, err)
			leave = append(leave, l)
		}
		if waited := time.Since(begun); waited < overdue || waited > overdue+2*lookEvery {
			t.Errorf("waited %v for a room full of servers that hang", waited)
		}
		// Twice the places is the bound.
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		time.Sleep(time.Minute) // all are overdue
		if l, err := r.Enter(ctx, "late"); err == nil {
			l(true)
			t.Error("a ninth body in a room of four")
		}
		for _, l := range leave {
			l(true)
		}
	})
}
