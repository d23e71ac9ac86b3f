package activity

import (
	"context"
	"log/slog"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/entra"
	"github.com/quoll/quoll/internal/clock"
)

const (
	// credentialEvery is how often the end of the credential is looked at, and
	// askEvery how often Graph is asked for it, also after it could not say.
	credentialEvery = time.Hour
	askEvery        = 24 * time.Hour
)

// watchCredential says in the log when the credential is about to end: once at
// each stage of the warning, and at each start.
func (c *Collector) watchCredential(ctx context.Context) {
	stage, asked := -1, time.Time{}
	for ctx.Err() == nil {
		// What cannot be read shows as the problem of the next request.
		_ = c.client.tokens.Load(ctx)
		now := c.client.now()
		if c.cfg.AskGraph && now.Sub(asked) >= askEvery {
			asked = now
			if _, err := c.client.askSecretEnds(ctx); err != nil {
				c.deps.Logger.Warn("when the client secret ends is not known; give its date as client_secret_expires, or the application the permission Application.Read.All of Microsoft Graph", "tenant", c.cfg.TenantID, "error", err)
			}
		}
		ends := c.client.tokens.Expires()
		if reached := entra.Stage(ends, now); reached != stage {
			stage = reached
			if warning := entra.Warning(c.cfg.Kind(), ends, now); warning != nil {
				level := slog.LevelWarn
				if stage <= 1 {
					level = slog.LevelError
				}
				c.deps.Logger.Log(ctx, level, warning.Cause, "tenant", c.cfg.TenantID, "ends", ends, "remedy", warning.Remedy)
			}
		}
		if clock.Sleep(ctx, c.deps.Clock, credentialEvery) != nil {
			return
		}
	}
}

// credential returns when the credential ends, and the warning that is due.
func (c *Collector) credential(now time.Time) (ends time.Time, warnings []collect.Problem) {
	ends = c.client.tokens.Expires()
	if warning := entra.Warning(c.cfg.Kind(), ends, now); warning != nil {
		warnings = append(warnings, *warning)
	}
	return ends, warnings
}

// askSecretEnds asks Microsoft Graph when the client secret ends.
func (c *client) askSecretEnds(ctx context.Context) (time.Time, error) {
	at, _ := c.cfg.Cloud.Endpoints() // Validate has seen that there are
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return c.tokens.AskSecretEnds(ctx, c.cfg.GraphURL, at.Graph)
}
