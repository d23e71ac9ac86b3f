package activity

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/internal/backoff"
)

const (
	// maxPages bounds one listing, against a server whose pages never end.
	maxPages = 100_000
	// timeLayout is the form of startTime and endTime, in UTC.
	timeLayout = "2006-01-02T15:04:05"
	// lifetime is what a blob without an expiration is given.
	lifetime = 7 * 24 * time.Hour
	// minWindow is the span below which a refused window is not cut again.
	minWindow = time.Hour
	// relistAgain is the wait after windows of the past could not be listed again, and
	// between two looks beyond one that fails.
	relistAgain = 30 * time.Minute
)

// pagePolicy spaces the attempts at one page. What it does not mend is left to
// the next poll.
var pagePolicy = backoff.Policy{First: 2 * time.Second, Max: time.Minute, Tries: 4}

var (
	errEndless  = errors.New("the server's pages do not end")
	errOddEntry = errors.New("entries of the listing lack their id or address")
)

// listing is one entry of the API's answer.
type listing struct {
	ContentURI        string `json:"contentUri"`
	ContentID         string `json:"contentId"`
	ContentCreated    string `json:"contentCreated"`
	ContentExpiration string `json:"contentExpiration"`
}

// list brings the ledger up to date with what the API offers: everything that
// was not listed yet, an overlap before it, and from time to time all that the
// API still reaches.
func (s *stream) list(ctx context.Context) error {
	err := s.listOnce(ctx)
	switch {
	case err == nil:
		s.failedWindows = 0
	case ofWindow(err):
		s.failedWindows++
	}
	return err
}

func (s *stream) listOnce(ctx context.Context) error {
	s.unlisted.run++
	if at := s.clock.Now(); s.failedWindows >= patience && at.Sub(s.lookedBeyond).Abs() >= relistAgain {
		s.beyond, s.lookedBeyond = true, at
	}
	defer func() { s.beyond = false }()
	now := s.client.now().Truncate(time.Second)
	floor := s.floor(now)
	through, err := s.ledger.ListedThrough(ctx, s.Stream)
	if err != nil {
		return err
	}
	if !through.IsZero() && s.client.server.Known() == 0 {
		return s.askTime(ctx)
	}
	if !through.IsZero() && through.Before(floor) {
		if err := s.ledger.SkipTo(ctx, s.Stream, floor, now, "nobody listed it within the 7 days that the API reaches back"); err != nil {
			return err
		}
	}
	if through.After(now) { // by a clock that was wrong
		through = now
	}
	if s.settled.IsZero() {
		if s.settled, err = s.ledger.SettledThrough(ctx, s.Stream); err != nil {
			return err
		}
		s.unclosed = true // a crash may have come before they were closed
	}
	// A full hour, so that each hour is listed whole once it is an overlap old.
	from := through.Add(-s.cfg.Overlap).Truncate(time.Hour)
	if s.settled.Before(from) {
		from = s.settled
	}
	if from.Before(floor) {
		from = floor
	}
	if err := s.listWindows(ctx, collect.Windows(from, now, s.span)); err != nil {
		return err
	}
	if err := s.closeHours(ctx, s.begun(collect.Window{From: from, To: now})); err != nil {
		return err
	}
	return s.relist(ctx, from, now)
}

// floor is how far back a listing at a time reaches.
func (s *stream) floor(now time.Time) time.Time {
	return now.Add(-s.cfg.Lookback).Add(s.floorMargin).Truncate(time.Second).Add(time.Second)
}

// relist lists what was listed before, up to where a listing at now began, from time to
// time. It comes last: what cannot
// be listed again must not keep anybody from what is new. The error of one that failed
// stays until one succeeds.
func (s *stream) relist(ctx context.Context, to, now time.Time) error {
	if !s.lastRelist.IsZero() && now.Sub(s.lastRelist) < s.cfg.RelistEvery {
		return s.notRelisted
	}
	err := s.listWindows(ctx, collect.Windows(s.floor(s.client.now()), to, s.span))
	switch {
	case err == nil:
		s.lastRelist, s.notRelisted = now, nil
		s.unlisted.forgetOthers()
	case ofWindow(err):
		s.lastRelist, s.notRelisted = now.Add(min(relistAgain-s.cfg.RelistEvery, 0)), err
	}
	return err
}

// errTimeUnknown says that nothing was listed, because it would have been recorded
// for ever that the past is out of reach by a clock that nobody has compared.
var errTimeUnknown = errors.New("the server's clock was not heard of yet")

// askTime has the server say what time it is, by the smallest listing. What it
// answers is not used: also a refusal of the window says it. The error, never nil,
// has the next listing come soon.
func (s *stream) askTime(ctx context.Context) error {
	now := s.client.now()
	u := s.client.operationURL("subscriptions/content", "contentType", s.ContentType,
		"startTime", now.Add(-minWindow).Format(timeLayout), "endTime", now.Format(timeLayout))
	_, _, err := s.client.do(ctx, request{operation: opList, method: http.MethodGet, url: u, limit: maxListBytes, timeout: requestTimeout})
	if err != nil && behaviourOf(err) != fixWindow {
		return err
	}
	if s.client.server.Known() == 0 {
		return &failure{operation: opList, code: codeAborted, cause: errTimeUnknown}
	}
	return s.listOnce(ctx)
}

// begun is what of a window has begun by what the answers have said meanwhile: a
// clock that was ahead must not have the future listed.
func (s *stream) begun(w collect.Window) collect.Window {
	if now := s.client.now().Truncate(time.Second); w.To.After(now) {
		w.To = now
	}
	return w
}

// closeHours settles what a run over all windows has listed, and closes the
// hours that are whole. It asks the ledger only when there can be any.
func (s *stream) closeHours(ctx context.Context, run collect.Window) error {
	if s.lastRelist.IsZero() || run.To.Add(-s.cfg.Overlap).Truncate(time.Hour).After(s.settled) {
		settled, err := s.ledger.Settle(ctx, s.Stream, run, s.cfg.Overlap, s.clock.Now())
		if err != nil {
			return err
		}
		s.settled, s.unclosed = settled, true
	}
	if !s.unclosed {
		return nil
	}
	open, err := s.ledger.CloseHours(ctx, s.Stream, s.clock.Now())
	s.unclosed = open > 0 || err != nil
	return err
}

// listWindows lists windows in turn. One that fails on its own account is listed in
// shorter ones, and keeps nobody from what is in the others: they are listed, and only
// how far everything was listed stays at its beginning. A second one that fails is
// taken for trouble of them all. So that a server that is down is spared, it looks
// beyond a failure only after several in a row, and from time to time; an entry that
// is of no use shows that the server is well.
func (s *stream) listWindows(ctx context.Context, windows []collect.Window) (failed error) {
	for _, w := range windows {
		err := s.listWindow(ctx, w, failed == nil)
		look := s.beyond || errors.Is(err, errOddEntry)
		if err != nil && failed == nil && look && ofWindow(err) && w.To.Sub(w.From) > minWindow {
			err = s.listWindows(ctx, collect.Windows(w.From, w.To, minWindow))
		}
		if err != nil && (failed != nil || !look || !ofWindow(err)) {
			return cmp.Or(failed, err)
		}
		failed = cmp.Or(failed, err)
	}
	return failed
}

// ofWindow says that an error may be of the one window that was asked for.
func ofWindow(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.operation == opList && (f.does == relist || f.does == retry && (f.code == codeAborted || f.status >= http.StatusInternalServerError))
}

// listWindow lists one window to its last page, and only then says so to the
// ledger, if it is to advance. Entries are recorded page by page: they exist whether or not the next
// page comes. A window that lacks what an earlier listing had is listed again at
// once, as long as that may help.
func (s *stream) listWindow(ctx context.Context, w collect.Window, advance bool) error {
	for again := 0; ; again++ {
		began := s.clock.Now()
		has, err := s.listWhole(ctx, w)
		if err != nil {
			return err
		}
		lack, err := s.lacking(ctx, w, began, has)
		if err != nil {
			return err
		}
		if ask, warn := s.unlisted.judge(lack, again); ask {
			if warn {
				s.logger.Warn("a listing lacks content that an earlier one had", "from", w.From, "to", w.To, "lacking", len(lack), "askedAgain", again)
			}
			if again < mostAgain {
				continue
			}
			s.unlisted.add(lack)
		}
		if w = s.begun(w); !advance || !w.From.Before(w.To) {
			return nil
		}
		return s.ledger.AdvanceListed(ctx, s.Stream, w, s.clock.Now())
	}
}

// listWhole lists one window to its last page and returns what it had.
func (s *stream) listWhole(ctx context.Context, w collect.Window) (has shown, err error) {
	err = pagePolicy.Retry(ctx, s.clock, s.random,
		func(ctx context.Context) error {
			has = shown{}
			return s.listPages(ctx, w, has)
		},
		func(err error) backoff.Verdict {
			again := behaviourOf(err) == relist
			return backoff.Verdict{Again: again, After: waitAsked(err)}
		})
	if err != nil {
		if behaviourOf(err) == fixWindow {
			s.narrow()
		}
		return nil, err
	}
	s.refused = 0
	return has, nil
}

// narrow makes the next listing ask for less after a window was refused twice
// in a row: half the span, and an hour less far back, which may leave a gap. A
// single refusal changes nothing: the request may just have come too late, and
// the next is cut anew, by the server's clock as its refusal has shown it.
func (s *stream) narrow() {
	s.refused++
	if s.refused < 2 {
		return
	}
	s.span = max(s.span/2, minWindow)
	s.floorMargin = min(s.floorMargin+time.Hour, 6*time.Hour)
}

func (s *stream) listPages(ctx context.Context, w collect.Window, has shown) error {
	page := s.client.operationURL("subscriptions/content", "contentType", s.ContentType,
		"startTime", w.From.UTC().Format(timeLayout), "endTime", w.To.UTC().Format(timeLayout))
	seen := shown{}
	var odd error
	for range maxPages {
		address := s.hash(page.String())
		if _, ok := seen[address]; ok {
			return &failure{operation: opList, code: codeAborted, cause: errEndless}
		}
		seen[address] = struct{}{}
		next, err := s.listPage(ctx, w, page, has)
		if errors.Is(err, errOddEntry) {
			odd = err
		} else if err != nil {
			return err
		}
		if next == nil {
			return odd
		}
		page = next
	}
	return &failure{operation: opList, code: codeAborted, cause: errEndless}
}

// listPage lists one page, adds what it shows to has, and returns the address of
// the next, nil after the last. An entry that is of no use keeps nobody from the
// others: it comes as errOddEntry beside the next page, and the window stays open.
func (s *stream) listPage(ctx context.Context, w collect.Window, page *url.URL, has shown) (next *url.URL, err error) {
	var entries []listing
	var link string
	var odd error
	err = pagePolicy.Retry(ctx, s.clock, s.random,
		func(ctx context.Context) error {
			body, header, err := s.client.do(ctx, request{operation: opList, method: http.MethodGet, url: page, limit: maxListBytes, timeout: requestTimeout})
			if err != nil {
				return err
			}
			link = nextPage(header)
			if entries, err = decodeListing(body); errors.Is(err, errOddEntry) {
				odd, err = err, nil
			}
			return err
		},
		func(err error) backoff.Verdict {
			does := behaviourOf(err)
			return backoff.Verdict{Again: does == retry || does == unauthorised, After: waitAsked(err)}
		})
	if err != nil {
		return nil, err
	}
	for i := range entries {
		has[s.hash(entries[i].ContentID)] = struct{}{}
	}
	added := 0
	if len(entries) > 0 {
		if added, err = s.ledger.Listed(ctx, s.Stream, s.clock.Now(), s.toLedger(entries, w)); err != nil {
			return nil, err
		}
	}
	if added > 0 {
		s.unclosed = true // it may be late, for an hour that was closed
		s.wakeFetch()
	}
	if link == "" {
		return nil, odd
	}
	if next, err = s.client.linkURL(opList, link); err != nil {
		return nil, err
	}
	return next, odd
}

// nextPage reads the link to the next page; Microsoft's text has the header in
// two spellings.
func nextPage(header http.Header) string {
	if link := header.Get("NextPageUri"); link != "" {
		return link
	}
	return header.Get("NextPageUrl")
}

// decodeListing returns the entries that are of use, with errOddEntry when there
// are others.
func decodeListing(body []byte) (entries []listing, err error) {
	if err := json.Unmarshal(body, &entries); err != nil {
		if f := answeredInBody(opList, body); f != nil {
			return nil, f
		}
		return nil, &failure{operation: opList, code: codeAborted, cause: fmt.Errorf("the listing cannot be read: %w", err)}
	}
	for i := range entries {
		entries[i].ContentID = boundedID(entries[i].ContentID)
	}
	all := len(entries)
	entries = slices.DeleteFunc(entries, func(e listing) bool { return strings.TrimSpace(e.ContentID) == "" || e.ContentURI == "" })
	if odd := all - len(entries); odd > 0 {
		return entries, &failure{operation: opList, code: codeAborted, cause: fmt.Errorf("%w (%d of %d)", errOddEntry, odd, all)}
	}
	return entries, nil
}

// longestID bounds a content id in bytes: the journal takes no name of any length.
// Microsoft's have about 80.
const longestID = 1024

// boundedID returns an id as it is, or its beginning and a hash of all of it where it
// is too long. It is a name only: content is fetched by its address.
func boundedID(id string) string {
	if len(id) <= longestID {
		return id
	}
	return fmt.Sprintf("%s~sha256:%x", strings.ToValidUTF8(id[:longestID/2], ""), sha256.Sum256([]byte(id)))
}

// answeredInBody recognises the error body of the API under a status that says
// success. A list is none, whatever its records say: who can write a subject or the
// name of a file must not be able to have content given up.
func answeredInBody(operation string, body []byte) *failure {
	if start := bytes.TrimLeft(bytes.TrimPrefix(body, []byte(byteOrderMark)), " \t\r\n"); len(start) > 0 && start[0] == '[' {
		return nil
	}
	code, message := errorBody(body)
	e, ok := explain(code)
	if !ok {
		return nil
	}
	return &failure{operation: operation, status: http.StatusOK, code: code, message: message, does: e.does}
}

// toLedger reads the times of the entries. A time that cannot be read is taken
// as early as it can be: the blob then is fetched sooner and holds the cursor
// back, both of which are harmless.
func (s *stream) toLedger(entries []listing, w collect.Window) []collect.Listing {
	listed := make([]collect.Listing, 0, len(entries))
	for _, e := range entries {
		created, err := parseTime(e.ContentCreated)
		if err != nil {
			created = w.From
		}
		expires, err := parseTime(e.ContentExpiration)
		if err != nil {
			expires = created.Add(lifetime)
		}
		listed = append(listed, collect.Listing{ContentID: e.ContentID, URI: e.ContentURI, Created: created, Expires: expires})
	}
	return listed
}

// parseTime reads a time with or without a zone; without, it is UTC.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", text)
	}
	if err == nil && t.Year() < 1970 {
		err = fmt.Errorf("%q is no time but a default", text)
	}
	return t.UTC(), err
}
