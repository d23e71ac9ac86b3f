package feed

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

const instant = "2006-01-02T15:04:05.000Z"

type contentAnswer struct {
	ContentURI        string `json:"contentUri"`
	ContentID         string `json:"contentId"`
	ContentType       string `json:"contentType"`
	ContentCreated    string `json:"contentCreated"`
	ContentExpiration string `json:"contentExpiration"`
}

// content lists blobs by contentCreated, a page at a time.
func (s *Server) content(w http.ResponseWriter, r *http.Request, tenant string) {
	name, refused := contentType(r)
	if refused != nil {
		refused.write(w)
		return
	}
	now := s.cfg.Now()
	start, end, refused := window(r.URL.Query(), now)
	if refused != nil {
		refused.write(w)
		return
	}
	subscription, refused := s.enabled(name)
	if refused != nil {
		refused.write(w)
		return
	}
	after, refused := nextPage(r.URL.Query())
	if refused != nil {
		refused.write(w)
		return
	}
	if subscription.offeredFrom.After(start) {
		start = subscription.offeredFrom
	}
	blobs, more := s.store.window(name, start, end, now, after, s.cfg.PageSize)
	answer := make([]contentAnswer, 0, len(blobs))
	base := baseURL(r) + "/api/v1.0/" + tenant + "/activity/feed/"
	for _, b := range blobs {
		answer = append(answer, contentAnswer{base + "audit/" + b.ID, b.ID, b.ContentType, b.Created.UTC().Format(instant), b.Expires().UTC().Format(instant)})
	}
	if more {
		w.Header().Set("NextPageUri", nextPageURL(r, tenant, blobs[len(blobs)-1]))
		answer = s.faults.repeat(r, answer)
	}
	writeJSON(w, http.StatusOK, answer)
}

func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// window reads startTime and endTime. Without them it is the last 24 hours.
func window(query url.Values, now time.Time) (start, end time.Time, refused *apiError) {
	from, to := query.Get("startTime"), query.Get("endTime")
	if from == "" && to == "" {
		return now.Add(-24 * time.Hour), now.Add(time.Minute), nil
	}
	if from == "" || to == "" {
		return start, end, refuse("AF20030", "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time no more than 7 days in the past.")
	}
	start, ok := parseTime(from)
	if !ok {
		return start, end, refuse("AF20002", "Invalid parameter type: startTime. Expected type: datetime")
	}
	end, ok = parseTime(to)
	if !ok {
		return start, end, refuse("AF20002", "Invalid parameter type: endTime. Expected type: datetime")
	}
	if end.Sub(start) > 24*time.Hour || !start.Before(end) || now.Sub(start) > Retention {
		return start, end, refuse("AF20055", "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time prior to end time and start time no more than 7 days in the past.")
	}
	return start, end, nil
}

// parseTime takes the three forms that the reference names, and no other.
func parseTime(text string) (time.Time, bool) {
	for _, form := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(form, text); err == nil && len(text) == len(form) {
			return at, true
		}
	}
	return time.Time{}, false
}

// nextPageURL links to the page after a blob. It says v1, as Microsoft's own
// samples do, so that clients follow the link instead of building it.
func nextPageURL(r *http.Request, tenant string, last *Blob) string {
	query := r.URL.Query()
	query.Set("nextPage", base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(last.Created.UnixMilli(), 10)+"|"+last.ID)))
	return baseURL(r) + "/api/v1/" + tenant + "/activity/feed/subscriptions/content?" + query.Encode()
}

func nextPage(query url.Values) (place, *apiError) {
	token := query.Get("nextPage")
	if token == "" {
		return place{}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	stamp, id, ok := strings.Cut(string(text), "|")
	millis, numErr := strconv.ParseInt(stamp, 10, 64)
	if err != nil || !ok || numErr != nil {
		return place{}, refuse("AF20031", "Invalid nextPage Input: %s.", token)
	}
	return place{time.UnixMilli(millis).UTC(), id}, nil
}

// fetch sends the records of a blob as a JSON array.
func (s *Server) fetch(w http.ResponseWriter, r *http.Request, id string) {
	b := s.store.get(id)
	now := s.cfg.Now()
	switch {
	case strings.Count(id, "$") != 4:
		refuse("AF20052", "Content ID %s in the URL is invalid.", id).write(w)
		return
	case b == nil || b.Listed.After(now):
		refuse("AF20050", "The specified content (%s) does not exist.", id).write(w)
		return
	case !now.Before(b.Expires()):
		refuse("AF20051", "Content requested with the key %s has already expired. Content older than 7 days cannot be retrieved.", id).write(w)
		return
	}
	if _, refused := s.enabled(b.ContentType); refused != nil {
		refused.write(w)
		return
	}
	records := b.Records
	if now.Before(b.Complete) {
		records = records[:(len(records)+1)/2]
	}
	s.sendRecords(w, r, records)
}

// notifications lists what was sent to the webhook of a content type.
func (s *Server) notifications(w http.ResponseWriter, r *http.Request) {
	name, refused := contentType(r)
	var start, end time.Time
	if refused == nil {
		start, end, refused = window(r.URL.Query(), s.cfg.Now())
	}
	if refused == nil {
		_, refused = s.enabled(name)
	}
	if refused != nil {
		refused.write(w)
		return
	}
	writeJSON(w, http.StatusOK, s.sentIn(name, start, end))
}

func sensitiveTypes(w http.ResponseWriter, r *http.Request) {
	if language := r.Header.Get("Accept-Language"); strings.Contains(language, ",") {
		refuse("AF20053", "Only one language may be present in the Accept-Language header.").write(w)
		return
	}
	writeJSON(w, http.StatusOK, audit.SensitiveTypes())
}

// array joins records into the body of a blob.
func array(records [][]byte) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	b.Write(bytes.Join(records, []byte(",")))
	b.WriteByte(']')
	return b.Bytes()
}
