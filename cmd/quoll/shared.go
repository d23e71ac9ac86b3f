package main

import (
	"net/http"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/internal/clock"
)

const (
	// roomPlaces is how many blobs are in memory at a time, of all tenants
	// together; one that shares with others has at most placesShared of them.
	roomPlaces   = 32
	placesShared = 4
	// betweenStarts keeps many collectors from listing at the same instant, at
	// the start and ever after.
	betweenStarts = 120 * time.Millisecond
	// From manyTenants on the connections are shared, and each content type has
	// workersShared: more would only wait for the room.
	manyTenants   = 8
	workersShared = 2
)

// shared is what the collectors of the audit log of one process share.
type shared struct {
	tenants int
	room    *collect.Room
	clients map[string]*http.Client // by file of certificate authorities
}

func newShared(tenants int) *shared {
	perTenant := placesShared
	if tenants <= 1 {
		perTenant = roomPlaces
	}
	return &shared{tenants: tenants, room: collect.NewRoom(roomPlaces, perTenant, clock.System()), clients: map[string]*http.Client{}}
}

// settings returns a tenant's settings as they are among so many.
func (s *shared) settings(c activity.Config) (activity.Config, error) {
	if s.tenants < manyTenants || c.HTTPClient != nil {
		return c, nil
	}
	c.Concurrency = min(c.Concurrency, workersShared)
	if s.clients[c.CAFile] == nil {
		wide := c
		wide.Concurrency = roomPlaces
		client, err := activity.HTTPClient(wide)
		if err != nil {
			return c, err
		}
		s.clients[c.CAFile] = client
	}
	c.HTTPClient = s.clients[c.CAFile]
	return c, nil
}
