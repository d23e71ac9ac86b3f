package blobexport

import (
	"context"
	"slices"
	"strings"
	"time"
)

const (
	// listingPage is how many blobs Azure Storage names in one answer: up to that,
	// a look at all costs no more than one at a part.
	listingPage = 5000
	// maxRoots bounds how many folders are looked at one by one.
	maxRoots = 16
)

// seen is what the last look at a whole container found.
type seen struct {
	at    time.Time
	blobs int
	roots []string // what stands before "y=…" in the blobs' names
}

// list returns the blobs to look at. Hours of today and yesterday are in it
// always; older ones, to which back-fill may add, at least every WholeEvery.
func (c *Collector) list(ctx context.Context, container string) ([]Blob, error) {
	now := c.clock.Now().UTC()
	if s := c.seen[container]; s != nil && s.blobs > c.cfg.WholeUpTo && len(s.roots) <= maxRoots && now.Sub(s.at) < c.cfg.WholeEvery {
		var blobs []Blob
		for _, root := range s.roots {
			for _, day := range []time.Time{now.AddDate(0, 0, -1), now} {
				found, err := c.store.List(ctx, container, root+day.Format("y=2006/m=01/d=02/"))
				if err != nil {
					return nil, err
				}
				blobs = append(blobs, found...)
			}
		}
		slices.SortFunc(blobs, func(x, y Blob) int { return strings.Compare(x.Name, y.Name) })
		return blobs, nil
	}
	blobs, err := c.store.List(ctx, container, "")
	if err != nil {
		return nil, err
	}
	c.seen[container] = &seen{at: now, blobs: len(blobs), roots: rootsOf(blobs)}
	return blobs, nil
}

func rootsOf(blobs []Blob) []string {
	var roots []string
	for _, b := range blobs {
		at := hourFolder.FindStringIndex(b.Name)
		if at == nil {
			continue
		}
		root := b.Name[:at[0]]
		if b.Name[at[0]] == '/' {
			root += "/"
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
		if len(roots) > maxRoots {
			break
		}
	}
	return roots
}
