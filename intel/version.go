package intel

import (
	"context"
	"time"
)

// An object of STIX is versioned by its time of modification. A newer version
// stands in for the whole of an older one, observables that it no longer names
// included; an older one that comes after it says nothing. Lines of CSV have no
// such time, and each stands for itself.

type identity struct{ source, id string }

// newest leaves out what belongs to older versions of indicators that are in the
// list in a newer one too.
func newest(indicators []Indicator) []Indicator {
	last := map[identity]time.Time{}
	for _, i := range indicators {
		if name := (identity{i.Source, i.ID}); i.Modified.After(last[name]) {
			last[name] = i.Modified
		}
	}
	var kept []Indicator
	for _, i := range indicators {
		if !i.Modified.Before(last[identity{i.Source, i.ID}]) {
			kept = append(kept, i)
		}
	}
	return kept
}

// news gives those of a batch that are new or changed, and, as revoked, what newer
// versions of their indicators no longer name.
func (s *Store) news(ctx context.Context, batch []Indicator) ([]Indicator, error) {
	known := map[identity]map[string]Indicator{}
	var news []Indicator
	for _, i := range batch {
		name := identity{i.Source, i.ID}
		before, ok := known[name]
		if !ok {
			kept, err := s.list(ctx, `WHERE source=? AND id=?`, i.Source, i.ID)
			if err != nil {
				return nil, err
			}
			before = map[string]Indicator{}
			for _, k := range kept {
				before[k.observable()] = k
			}
			known[name] = before
		}
		if outdated(i, before) {
			continue
		}
		if k, ok := before[i.observable()]; !ok || digest(k) != digest(i) {
			news = append(news, i)
			before[i.observable()] = i
		}
	}
	named := map[identity]time.Time{}
	for _, i := range batch {
		named[identity{i.Source, i.ID}] = i.Modified
	}
	for name, modified := range named {
		for _, k := range known[name] {
			if !k.Revoked && !k.Modified.IsZero() && k.Modified.Before(modified) {
				k.Revoked, k.Modified = true, modified
				news = append(news, k)
			}
		}
	}
	return news, nil
}

// outdated says whether a newer version of an indicator is known.
func outdated(i Indicator, known map[string]Indicator) bool {
	for _, k := range known {
		if i.Modified.Before(k.Modified) {
			return true
		}
	}
	return false
}

func (i Indicator) observable() string { return i.Key + "=" + i.Value }
