package intel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Taxii reads a collection of a TAXII 2.1 server.
// https://docs.oasis-open.org/cti/taxii/v2.1/os/taxii-v2.1-os.html
type Taxii struct {
	// Collection is the address of the collection: https://host/root/collections/id.
	Collection string
	User       string // with Password: HTTP basic authentication
	Password   string // without User: a bearer token
	Client     *http.Client
}

const (
	taxiiType    = "application/taxii+json;version=2.1"
	maxEnvelope  = 64 << 20 // bytes of one page
	maxPages     = 10_000
	taxiiTimeout = 2 * time.Minute // of one page
)

type envelope struct {
	More    bool              `json:"more"`
	Next    string            `json:"next"`
	Objects []json.RawMessage `json:"objects"`
}

// Read brings the objects that were added after a time as the server has it
// (empty: all), page by page. It returns the time to go on from. What each page
// brings is handed to page before the next is asked for.
func (t Taxii) Read(ctx context.Context, source, after string, page func(indicators []Indicator, skipped []Skipped, added string) error) error {
	base, err := url.Parse(t.Collection)
	if err != nil || base.Host == "" {
		return fmt.Errorf("TAXII collection %q: an address like https://host/root/collections/id is wanted", t.Collection)
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/objects/"
	next := ""
	for range maxPages {
		q := url.Values{"match[type]": {"indicator"}}
		if after != "" {
			q.Set("added_after", after)
		}
		if next != "" {
			q.Set("next", next)
		}
		base.RawQuery = q.Encode()
		e, added, err := t.fetch(ctx, base.String())
		if err != nil {
			return fmt.Errorf("read TAXII collection %s: %w", t.Collection, err)
		}
		indicators, skipped := parseObjects(source, e.Objects)
		if err := page(indicators, skipped, added); err != nil {
			return err
		}
		if !e.More {
			return nil
		}
		if e.Next == "" && added == "" {
			return fmt.Errorf("read TAXII collection %s: the server has more and does not say where", t.Collection)
		}
		if next = e.Next; next == "" {
			after = added
		}
	}
	return fmt.Errorf("read TAXII collection %s: more than %d pages", t.Collection, maxPages)
}

func (t Taxii) fetch(ctx context.Context, address string) (e envelope, added string, err error) {
	ctx, cancel := context.WithTimeout(ctx, taxiiTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return e, "", err
	}
	request.Header.Set("Accept", taxiiType)
	switch {
	case t.User != "":
		request.SetBasicAuth(t.User, t.Password)
	case t.Password != "":
		request.Header.Set("Authorization", "Bearer "+t.Password)
	}
	client := t.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return e, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxEnvelope+1))
	switch {
	case err != nil:
		return e, "", err
	case response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden:
		return e, "", fmt.Errorf("status %s: user and password, or the token, are not taken", response.Status)
	case response.StatusCode != http.StatusOK:
		return e, "", fmt.Errorf("status %s: %.200s", response.Status, body)
	case len(body) > maxEnvelope:
		return e, "", fmt.Errorf("a page of more than %d bytes", maxEnvelope)
	}
	if kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type")); kind != "application/taxii+json" {
		return e, "", fmt.Errorf("the answer is %q, not TAXII 2.1", response.Header.Get("Content-Type"))
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, "", fmt.Errorf("the answer is no envelope: %w", err)
	}
	return e, response.Header.Get("X-TAXII-Date-Added-Last"), nil
}

// Fetch takes what a TAXII collection has since it was read last. source names
// it. A page counts as read once its rows are taken.
func (s *Store) Fetch(ctx context.Context, source string, t Taxii, take Taker) (changed int, skipped []Skipped, err error) {
	var after string
	if err := s.db.QueryRowContext(ctx, `SELECT coalesce((SELECT added FROM intel_cursor WHERE source=?), '')`, source).Scan(&after); err != nil {
		return 0, nil, fmt.Errorf("fetch indicators: %w", err)
	}
	err = t.Read(ctx, source, after, func(found []Indicator, bad []Skipped, added string) error {
		n, err := s.Take(ctx, found, "TAXII", take)
		changed, skipped = changed+n, append(skipped, bad...)
		if err != nil || added == "" {
			return err
		}
		_, err = s.db.ExecContext(ctx, `INSERT INTO intel_cursor (source, added) VALUES (?,?) ON CONFLICT (source) DO UPDATE SET added=excluded.added`, source, added)
		return err
	})
	return changed, skipped, err
}
