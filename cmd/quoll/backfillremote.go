package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/server"
)

// askEvery is the time between two looks at a backfill of a server.
const askEvery = 500 * time.Millisecond

// backfillThere has a server do it, and looks on. When the command is stopped
// the server goes on.
func backfillThere(ctx context.Context, o backfillOptions, note serverNote, request auditsearch.Request, show *backfillShow) error {
	tenants := o.tenants
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	for _, tenant := range tenants {
		body, err := json.Marshal(server.BackfillRequest{Tenant: tenant, From: request.From, To: request.To, RecordTypes: request.RecordTypes, Operations: request.Operations})
		if err != nil {
			return err
		}
		var started backfilled
		if err := call(ctx, note, http.MethodPost, "/api/v1/backfills", body, &started); err != nil {
			return err
		}
		show.begin(started)
		if err := lookOn(ctx, note, started.ID, show); err != nil {
			return err
		}
	}
	return nil
}

// lookOn shows a backfill of a server until it ends.
func lookOn(ctx context.Context, note serverNote, id string, show *backfillShow) error {
	for {
		if err := clock.Sleep(ctx, clock.System(), askEvery); err != nil {
			return errors.New("stopped looking; the server goes on with the backfill")
		}
		var answer struct{ Backfills []backfilled }
		if err := call(ctx, note, http.MethodGet, "/api/v1/backfills", nil, &answer); err != nil {
			return err
		}
		var found *backfilled
		for i := range answer.Backfills {
			if answer.Backfills[i].ID == id {
				found = &answer.Backfills[i]
			}
		}
		if found == nil {
			return errors.New("the server was started anew meanwhile; repeat the command to go on")
		}
		if !ended(found) {
			show.step(*found)
			continue
		}
		if err := show.end(*found); err != nil {
			return err
		}
		if found.Error != "" {
			return fmt.Errorf("tenant %s: %s", found.TenantName, found.Error)
		}
		return nil
	}
}
