package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/quoll/quoll/model"
)

// ErrUnknownTarget says that no target has that name.
var ErrUnknownTarget = errors.New("there is no such target")

// Targets returns the targets, without what is secret of them: addresses of
// webhooks are secrets, too.
func (n *Notifier) Targets() []Target {
	shown := make([]Target, len(n.targets))
	for i, t := range n.targets {
		t.Secret = ""
		if t.Kind == Webhook || t.Kind == Teams {
			t.Address = ""
		}
		shown[i] = t
	}
	return shown
}

// Test sends a message to one target, at once and once, outside of the queue and
// of what the target wants to hear. by is who asks for it.
func (n *Notifier) Test(ctx context.Context, name, by string) error {
	for _, t := range n.targets {
		if t.Name != name {
			continue
		}
		m := Message{
			Key: "test", Title: "Test message of Quoll, sent by " + by, Severity: model.SeverityInformational, Status: string(model.IncidentNew),
			ModifiedBy: by, Time: n.clock.Now().UTC(),
		}
		text, err := t.text(m)
		if err == nil {
			err = n.sender.Send(ctx, t, m, text)
		}
		if err != nil {
			return fmt.Errorf("test target %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("test target %s: %w", name, ErrUnknownTarget)
}
