package reconcile

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
)

// matchIDs goes through both sides by id and files what stands alone.
func (c *Comparison) matchIDs(ctx context.Context) error {
	return groups(ctx, c.entries.Each, func(group []entry) error {
		for len(group) > 0 {
			// Ids that share a hash do not exist in practice; they cost nothing.
			same := group[:0:0]
			var rest []entry
			for _, e := range group {
				if e.id == group[0].id {
					same = append(same, e)
				} else {
					rest = append(rest, e)
				}
			}
			if err := c.matchOrganizations(same); err != nil {
				return err
			}
			group = rest
		}
		return nil
	})
}

// matchOrganizations pairs the entries of one id. An id counts within its
// organisation; a side that does not say the organisation matches any.
func (c *Comparison) matchOrganizations(group []entry) error {
	var quoll, other []entry
	for _, e := range group {
		known := slices.ContainsFunc(other, func(o entry) bool { return o.organization == e.organization })
		switch {
		case e.side == sideQuoll:
			quoll = append(quoll, e)
		case known:
			if c.inside(e.at) {
				c.report.Files[e.file].Repeated++
			}
		default:
			other = append(other, e)
		}
	}
	for _, match := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		func(a, b string) bool { return a == "" || b == "" },
	} {
		var left []entry
		for _, q := range quoll {
			at := slices.IndexFunc(other, func(o entry) bool { return match(q.organization, o.organization) })
			if at < 0 {
				left = append(left, q)
				continue
			}
			if err := c.matched(q, other[at]); err != nil {
				return err
			}
			other = slices.Delete(other, at, at+1)
		}
		quoll = left
	}
	for _, e := range append(quoll, other...) {
		if err := c.alone(e); err != nil {
			return err
		}
	}
	return nil
}

// matched counts a record that both sides have, unless it lies outside of the
// range.
func (c *Comparison) matched(q, o entry) error {
	if !c.inside(q.at) && !c.inside(o.at) {
		return nil
	}
	c.report.Matched++
	if o.at.IsZero() {
		o.at = q.at // it does not say otherwise
	}
	// Exports leave out fractions of a second.
	if d := q.at.Sub(o.at); d >= 1e9 || d <= -1e9 {
		c.report.OtherTime++
		c.list(&c.report.OtherTimes, Difference{Record: o.record(c), QuollTime: &q.at})
	}
	if c.inside(q.at) {
		if err := c.hours.add(q); err != nil {
			return err
		}
	}
	if c.inside(o.at) {
		return c.hours.add(o)
	}
	return nil
}

func (c *Comparison) list(to *[]Difference, d Difference) {
	if len(*to) < c.cfg.Listed {
		*to = append(*to, d)
	}
}

// alone deals with an entry whose id the other side does not have. One of
// Quoll's may still be a row that the other side has without its id.
func (c *Comparison) alone(e entry) error {
	if !c.inside(e.at) {
		return nil
	}
	if e.side == sideQuoll && c.noID.Len() > 0 {
		return c.noID.Add(e.encode(e.print))
	}
	return c.lacks(e)
}

// matchFingerprints pairs rows without ids with what is left of Quoll's records,
// one with one.
func (c *Comparison) matchFingerprints(ctx context.Context) error {
	return groups(ctx, c.noID.Each, func(group []entry) error {
		var quoll, other []entry
		for _, e := range group {
			if e.side == sideQuoll {
				quoll = append(quoll, e)
			} else {
				other = append(other, e)
			}
		}
		pairs := min(len(quoll), len(other))
		for i := range pairs {
			c.report.MatchedWithoutID++
			if err := c.matched(quoll[i], other[i]); err != nil {
				return err
			}
		}
		for _, e := range append(quoll[pairs:], other[pairs:]...) {
			if !c.inside(e.at) {
				continue
			}
			if err := c.lacks(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// lacks files a record that only one side has.
func (c *Comparison) lacks(e entry) error {
	if e.side == sideQuoll {
		c.report.OtherLacks++
	} else {
		c.report.QuollLacks++
	}
	if err := c.hours.add(e); err != nil {
		return err
	}
	// By side, then time: as they are listed.
	var key [keyLength]byte
	key[0] = byte(e.side)
	binary.BigEndian.PutUint64(key[1:], uint64(e.at.UnixMicro())^1<<63)
	return c.lacking.Add(e.encode(key))
}

// groups hands on the entries that share a key, key by key.
func groups(ctx context.Context, each func(context.Context, func([]byte) error) error, yield func([]entry) error) error {
	var key []byte
	var group []entry
	err := each(ctx, func(text []byte) error {
		e, err := decode(text)
		if err != nil {
			return err
		}
		if len(group) > 0 && !bytes.Equal(key, text[:keyLength]) {
			if err := yield(group); err != nil {
				return err
			}
			group = group[:0]
		}
		key = append(key[:0], text[:keyLength]...)
		group = append(group, e)
		return nil
	})
	if err == nil && len(group) > 0 {
		err = yield(group)
	}
	return err
}
