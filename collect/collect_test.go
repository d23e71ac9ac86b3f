package collect

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quoll/quoll/internal/clock"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "correct horse battery staple"
	type inner struct{ hidden, Shown Secret }
	holder := struct {
		Secret Secret
		inner  inner
	}{NewSecret(text), inner{NewSecret(text), NewSecret(text)}}
	var logged strings.Builder
	logger := slog.New(slog.NewJSONHandler(&logged, nil))
	logger.Info("x", "secret", holder.Secret, "holder", holder)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "secret", holder.Secret, "holder", holder)
	marshalled, err := json.Marshal(holder)
	must(t, err)
	printed := []string{logged.String(), string(marshalled), fmt.Errorf("x: %v", holder).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, holder), fmt.Sprintf(verb, holder.Secret), fmt.Sprintf(verb, &holder))
	}
	for _, p := range printed {
		if strings.Contains(p, text) || strings.Contains(p, fmt.Sprintf("%x", text)) {
			t.Errorf("the secret is printed: %s", p)
		}
	}
	if holder.Secret.Reveal() != text || holder.Secret.Empty() || !(Secret{}).Empty() {
		t.Error("a secret forgot its text")
	}
}

func TestWindowsLieEndToEnd(t *testing.T) {
	for _, length := range []time.Duration{-time.Hour, 0, time.Second, 23 * time.Hour, 23*time.Hour + 1, 7 * 24 * time.Hour} {
		end, sum := day0, time.Duration(0)
		for _, w := range Windows(day0, day0.Add(length), 23*time.Hour) {
			if !w.From.Equal(end) || !w.To.After(w.From) || w.To.Sub(w.From) > 23*time.Hour {
				t.Errorf("of %v: window %v after one that ends at %v", length, w, end)
			}
			end, sum = w.To, sum+w.To.Sub(w.From)
		}
		if want := max(length, 0); sum != want {
			t.Errorf("windows of %v cover %v", want, sum)
		}
	}
}

func TestBudgetKeepsItsRateAndGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(600, clock.System(), func() float64 { return 0 })
		spend := func(n int) time.Duration {
			start := time.Now()
			for range n {
				must(t, b.Wait(t.Context()))
			}
			return time.Since(start)
		}
		if took := spend(600); took < 58*time.Second || took > 61*time.Second {
			t.Errorf("600 requests took %v, want about a minute", took)
		}
		b.Throttled(2 * time.Minute)
		b.Throttled(0) // the same verdict, from a request in flight
		if got := b.PerMinute(); got < 299 || got > 301 {
			t.Errorf("%v requests a minute after one throttling, want 300", got)
		}
		if took := spend(1); took < 2*time.Minute || took > 2*time.Minute+time.Second {
			t.Errorf("the next request waited %v, want the two minutes the server asked for", took)
		}
		for range 100 {
			time.Sleep(time.Minute)
			b.Throttled(0)
		}
		if got := b.PerMinute(); got < 600*slowest-1 {
			t.Errorf("throttled down to %v a minute, below the floor", got)
		}
		for range 1000 {
			b.Succeeded()
		}
		if got := b.PerMinute(); got < 599 || got > 601 {
			t.Errorf("%v requests a minute after recovery, want 600", got)
		}
	})
}
