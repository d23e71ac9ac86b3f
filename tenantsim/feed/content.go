package feed

import (
	"bytes"
	"encoding/base64"
	"fmt"
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
	after, refused := s.nextPage(r)
	if refused != nil {
		refused.write(w)
		return
	}
	blobs, more := s.store.window(name, start, end, now, after, s.cfg.PageSize, subscription.offers)
	answer := make([]contentAnswer, 0, len(blobs))
	base := baseURL(r) + "/api/v1.0/" + tenant + "/activity/feed/"
	for _, b := range blobs {
		answer = append(answer, contentAnswer{base + "audit/" + b.ID, b.ID, b.ContentType, b.Created.UTC().Format(instant), b.Expires().UTC().Format(instant)})
	}
	if more {
		last := blobs[len(blobs)-1]
		next := s.faults.link(r, after, place{created: last.Created, id: last.ID})
		w.Header().Set("NextPageUri", nextPageURL(r, tenant, next))
		answer = s.faults.repeat(r, answer)
	}
	answer = s.faults.shrink(r, answer)
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

// nextPageURL links to the page after a place. It says v1, as Microsoft's own
// samples do, so that clients follow the link instead of building it.
func nextPageURL(r *http.Request, tenant string, after place) string {
	query := r.URL.Query()
	token := fmt.Sprintf("%d|%d|%s", after.created.UnixMilli(), after.turn, after.id)
	query.Set("nextPage", base64.RawURLEncoding.EncodeToString([]byte(token)))
	return baseURL(r) + "/api/v1/" + tenant + "/activity/feed/subscriptions/content?" + query.Encode()
}

func (s *Server) nextPage(r *http.Request) (place, *apiError) {
	token := r.URL.Query().Get("nextPage")
	if token == "" {
		return place{}, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	parts := strings.SplitN(string(text), "|", 3)
	if err != nil || len(parts) != 3 || s.faults.badToken(r) {
		return place{}, refuse("AF20031", "Invalid nextPage Input: %s.", token)
	}
	millis, err := strconv.ParseInt(parts[0], 10, 64)
	turn, turnErr := strconv.Atoi(parts[1])
	if err != nil || turnErr != nil {
		return place{}, refuse("AF20031", "Invalid nextPage Input: %s.", token)
	}
	return place{time.UnixMilli(millis).UTC(), parts[2], turn}, nil
}

// fetch sends the records of a blob as a JSON array.
func (s *Server) fetch(w http.ResponseWriter, r *http.Request, id string) {
	b := s.store.get(id)
	now := s.cfg.Now()
	switch {
	case strings.Count(id, "$") != 4:
		refuse("AF20052", "Content ID %s in the URL is invalid.", id).write(w)
		return
	case b == nil || b.Listed.After(now) || b.Lost == "AF20050" || s.faults.missing(r):
		refuse("AF20050", "The specified content (%s) does not exist.", id).write(w)
		return
	case !now.Before(b.Expires()) || b.Lost == "AF20051":
		refuse("AF20051", "Content requested with the key %s has already expired. Content older than 7 days cannot be retrieved.", id).write(w)
		return
	}
	if _, refused := s.enabled(b.ContentType); refused != nil {
		refused.write(w)
		return
	}
	if b.Lost != "" {
		(&apiError{http.StatusInternalServerError, b.Lost, "An internal error occurred. Retry the request."}).write(w)
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
