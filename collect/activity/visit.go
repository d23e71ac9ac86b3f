package activity

import (
	"context"
	"errors"

	"github.com/quoll/quoll/collect"
)

// visit is a blob's place in the room that all tenants share: from just before
// it is asked for until it is journalled.
type visit struct {
	room   *collect.Room
	tenant string
	leave  func(well bool)
}

// enter waits for a place. Waits for the budget and for a token come before, so
// that a tenant that is throttled keeps no place from others.
func (v *visit) enter(ctx context.Context) error {
	if v == nil || v.room == nil || v.leave != nil {
		return nil
	}
	var err error
	v.leave, err = v.room.Enter(ctx, v.tenant)
	return err
}

// end gives the place back, if there still is one.
func (v *visit) end(well bool) {
	if v != nil && v.leave != nil {
		v.leave(well)
		v.leave = nil
	}
}

// answeredAtAll reports whether the server gave an answer with a failure: what
// hangs, or breaks off, takes long and shows that the next attempt may, too.
func answeredAtAll(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.status != 0
}
