package servertest

import (
	"context"

	"github.com/quoll/quoll/server"
)

// States implements server.States from the connectors.
func (c *Canned) States(ctx context.Context) ([]server.PartState, error) {
	list, err := c.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	var parts []server.PartState
	for _, one := range list {
		part := server.PartState{Part: "source", Name: one.Source + "/" + one.TenantID, TenantID: one.TenantID, ContentType: one.ContentType, State: server.StateOK, Warnings: one.Warnings}
		if e := one.LastError; e != nil {
			part.State, part.Met, part.Code, part.Cause, part.Remedy = server.StateDegraded, &e.Time, e.Code, e.Cause, e.Remedy
		}
		parts = append(parts, part)
	}
	return append(parts, server.PartState{Part: "journal", State: server.StateOK}, server.PartState{Part: "lake", State: server.StateOK},
		server.PartState{Part: "archive", State: server.StateOK}, server.PartState{Part: "disk", State: server.StateOK}), nil
}
