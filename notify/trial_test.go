package notify

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/state"
)

// once keeps what it sends, or fails.
type once struct {
	sent []string
	err  error
}

func (o *once) Send(_ context.Context, t Target, m Message, text string) error {
	o.sent = append(o.sent, t.Name+": "+m.Title+"\n"+text)
	return o.err
}

func TestATestMessageIsSentAtOnceAndOnce(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sender := &once{}
	n, err := New(t.Context(), db, []Target{{Name: "soc", Kind: Webhook, Address: "https://hook.example/secret", Secret: "s", Least: "High"}}, sender, clock.System(), func() float64 { return 0 }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Test(t.Context(), "soc", "ines"); err != nil || len(sender.sent) != 1 || !strings.HasPrefix(sender.sent[0], "soc: Test message of Quoll, sent by ines") {
		t.Errorf("sent %q: %v", sender.sent, err)
	}
	if log, err := n.Log(t.Context(), 10); err != nil || len(log) != 0 {
		t.Errorf("the queue holds %+v: %v", log, err)
	}
	sender.err = errors.New("refused")
	if err := n.Test(t.Context(), "soc", "ines"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a failure: %v", err)
	}
	if err := n.Test(t.Context(), "none", "ines"); !errors.Is(err, ErrUnknownTarget) {
		t.Errorf("another name: %v", err)
	}
	if shown := n.Targets()[0]; shown.Secret != "" || shown.Address != "" || shown.Name != "soc" {
		t.Errorf("shown with its secrets: %+v", shown)
	}
}
