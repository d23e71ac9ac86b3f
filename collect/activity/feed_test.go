package activity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	testTenant = "11111111-2222-3333-4444-555555555555"
	testClient = "aaaaaaaa-0000-4000-8000-000000000001"
	testSecret = "s3cret~that.must-not/leak+anywhere"
	feedHost   = "https://manage.test"
	loginHost  = "https://login.test"
)

// feed is a minimal Management Activity API with its token endpoint. It speaks
// over memory (RoundTrip) or as an http.Handler.
type feed struct {
	mu       sync.Mutex
	now      func() time.Time
	base     string
	secret   string
	pageSize int
	tokens   map[string]time.Time // until when each is valid
	issued   int
	subs     map[string]string
	starts   []string
	hook     *listedWebhook
	// publisher is what every call has to name.
	publisher string
	// removes says which start removes the webhook: one without a body, one with
	// null in it, or neither.
	removes string
	// reachable says whether a webhook passes its check.
	reachable bool
	blobs     []*fakeBlob
	requests  []*http.Request
	// fault, when it returns a response or an error, speaks instead of the feed.
	fault func(r *http.Request) (*http.Response, error)
	// omits, unless it is nil, says which blobs a listing leaves out.
	omits func(id string) bool
}

type fakeBlob struct {
	contentType, id            string
	created, listedAt, expires time.Time
	body                       string
	// early is what is served of it before it is grown.
	early string
	grown time.Time
}

func newFeed() *feed {
	return &feed{
		now: time.Now, publisher: testTenant, base: feedHost, secret: testSecret, pageSize: 3,
		tokens: map[string]time.Time{}, subs: map[string]string{},
	}
}

// add publishes a blob now, as the options leave it.
func (f *feed) add(contentType, id string, created time.Time, options ...func(*fakeBlob)) *fakeBlob {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &fakeBlob{contentType: contentType, id: id, created: created.Truncate(time.Millisecond), listedAt: f.now(),
		expires: created.Add(7 * 24 * time.Hour), body: fmt.Sprintf(`[{"Id":%q,"Operation":"New-[InboxRule"},{"Id":%q}]`, id+"/1", id+`/2 "q" \`)}
	for _, option := range options {
		option(b)
	}
	f.blobs = append(f.blobs, b)
	return b
}

func (f *feed) tokensIssued() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.issued
}

// started returns the content types that a subscription was asked for, in order.
func (f *feed) started() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.starts)
}

// growing makes a blob be served in part until a time.
func growing(early string, grown time.Time) func(*fakeBlob) {
	return func(b *fakeBlob) { b.early, b.grown = early, grown }
}

// made returns the requests seen whose path ends in the text.
func (f *feed) made(method, part string) []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.requests), func(r *http.Request) bool {
		return r.Method != method || !strings.Contains(r.URL.Path, part)
	})
}

// RoundTrip implements http.RoundTripper without a network, so that it works in
// virtual time.
func (f *feed) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.requests = append(f.requests, r)
	fault := f.fault
	f.mu.Unlock()
	if fault != nil {
		response, err := fault(r)
		if err != nil {
			return nil, err
		}
		if response != nil {
			response.Request = r
			return response, nil
		}
	}
	recorder := httptest.NewRecorder()
	f.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Date", f.now().UTC().Format(http.TimeFormat))
	root := "/api/v1.0/" + testTenant + "/activity/feed/"
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/v2.0/.well-known/openid-configuration"):
		authority := f.authority(r)
		fmt.Fprintf(w, `{"issuer":"%[1]s/%[2]s/v2.0","authorization_endpoint":"%[1]s/%[2]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/%[2]s/oauth2/v2.0/token"}`, authority, testTenant)
	case strings.HasSuffix(path, "/oauth2/v2.0/token"):
		f.token(w, r)
	case !strings.HasPrefix(path, root):
		http.NotFound(w, r)
	case !f.authorised(r):
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Query().Get("PublisherIdentifier") != f.publisher:
		apiError(w, http.StatusBadRequest, "AF20001", "PublisherIdentifier is missing")
	case path == root+"subscriptions/list" && r.Method == http.MethodGet:
		f.listSubscriptions(w)
	case path == root+"subscriptions/start" && r.Method == http.MethodPost:
		f.start(w, r)
	case path == root+"subscriptions/content":
		f.list(w, r)
	case strings.HasPrefix(path, root+"audit/"):
		f.content(w, strings.TrimPrefix(path, root+"audit/"))
	default:
		http.NotFound(w, r)
	}
}

func (f *feed) authority(r *http.Request) string {
	if f.base == feedHost {
		return loginHost
	}
	return "https://" + r.Host
}

func (f *feed) token(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	if form.Get("client_secret") != f.secret || form.Get("scope") == "" || !strings.Contains(form.Get("scope"), "https://manage.office.com/.default") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided: %s.\r\nTrace ID: 1","error_codes":[7000215]}`, form.Get("client_secret"))
		return
	}
	f.issued++
	token := "token-" + strconv.Itoa(f.issued)
	f.tokens[token] = f.now().Add(time.Hour)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":%q}`, token)
}

func (f *feed) authorised(r *http.Request) bool {
	until, ok := f.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	return ok && f.now().Before(until)
}

func (f *feed) listSubscriptions(w http.ResponseWriter) {
	var subs []string
	for contentType, status := range f.subs {
		hook, _ := json.Marshal(f.hook)
		subs = append(subs, fmt.Sprintf(`{"contentType":%q,"status":%q,"webhook":%s}`, contentType, status, hook))
	}
	fmt.Fprintf(w, "[%s]", strings.Join(subs, ","))
}

func (f *feed) start(w http.ResponseWriter, r *http.Request) {
	contentType := r.URL.Query().Get("contentType")
	f.starts = append(f.starts, contentType)
	var asked struct{ Webhook *listedWebhook }
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &asked)
	if asked.Webhook != nil {
		if !f.reachable {
			apiError(w, http.StatusBadRequest, "AF20021", "The webhook endpoint could not be validated.")
			return
		}
		f.hook = &listedWebhook{Status: "enabled", Address: asked.Webhook.Address}
		fmt.Fprintf(w, `{"contentType":%q,"status":"enabled","webhook":{"status":"enabled"}}`, contentType)
		return
	}
	if f.hook != nil && string(body) == f.removes {
		f.hook = nil
		fmt.Fprintf(w, `{"contentType":%q,"status":"enabled","webhook":null}`, contentType)
		return
	}
	if f.subs[contentType] == "enabled" {
		apiError(w, http.StatusBadRequest, "AF20024", "The subscription is already enabled. No property change.")
		return
	}
	f.subs[contentType] = "enabled"
	fmt.Fprintf(w, `{"contentType":%q,"status":"enabled","webhook":null}`, contentType)
}

func (f *feed) subscribed(w http.ResponseWriter, contentType string) bool {
	switch f.subs[contentType] {
	case "enabled":
		return true
	case "disabled":
		apiError(w, http.StatusBadRequest, "AF20023", "The subscription was disabled by a tenant admin.")
	default:
		apiError(w, http.StatusBadRequest, "AF20022", "No subscription found for the specified content type.")
	}
	return false
}

func (f *feed) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	contentType := q.Get("contentType")
	if !f.subscribed(w, contentType) {
		return
	}
	from, errFrom := time.Parse(timeLayout, q.Get("startTime"))
	to, errTo := time.Parse(timeLayout, q.Get("endTime"))
	if errFrom != nil || errTo != nil || !from.Before(to) || to.Sub(from) >= 24*time.Hour || from.Before(f.now().Add(-7*24*time.Hour)) {
		apiError(w, http.StatusBadRequest, "AF20055", "Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart")
		return
	}
	var found []*fakeBlob
	for _, b := range f.blobs {
		if b.contentType == contentType && !b.created.Before(from) && b.created.Before(to) && !b.listedAt.After(f.now()) && (f.omits == nil || !f.omits(b.id)) {
			found = append(found, b)
		}
	}
	slices.SortStableFunc(found, func(a, b *fakeBlob) int { return a.listedAt.Compare(b.listedAt) })
	skip, _ := strconv.Atoi(q.Get("nextPage"))
	found = found[min(skip, len(found)):]
	if len(found) > f.pageSize {
		found = found[:f.pageSize]
		link := *r.URL
		q.Set("nextPage", strconv.Itoa(skip+f.pageSize))
		q.Del("PublisherIdentifier")
		link.RawQuery = q.Encode()
		w.Header().Set("NextPageUri", f.base+link.RequestURI())
	}
	entries := []map[string]string{}
	for _, b := range found {
		entries = append(entries, map[string]string{
			"contentUri": f.base + "/api/v1.0/" + testTenant + "/activity/feed/audit/" + b.id, "contentId": b.id, "contentType": b.contentType,
			"contentCreated": b.created.UTC().Format("2006-01-02T15:04:05.000Z"), "contentExpiration": b.expires.UTC().Format("2006-01-02T15:04:05.000Z"),
		})
	}
	_ = json.NewEncoder(w).Encode(entries)
}

func (f *feed) content(w http.ResponseWriter, id string) {
	for _, b := range f.blobs {
		if b.id != id {
			continue
		}
		switch {
		case !f.subscribed(w, b.contentType):
		case f.now().After(b.expires):
			apiError(w, http.StatusBadRequest, "AF20051", "Content requested with the key "+id+" has already expired.")
		case f.now().Before(b.grown):
			_, _ = io.WriteString(w, b.early)
		default:
			_, _ = io.WriteString(w, b.body)
		}
		return
	}
	apiError(w, http.StatusNotFound, "AF20050", "The specified content ("+id+") does not exist.")
}

func apiError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, code, message)
}

// answer makes a response for a fault.
func answer(status int, body string, header ...string) *http.Response {
	response := &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
	for i := 0; i+1 < len(header); i += 2 {
		response.Header.Set(header[i], header[i+1])
	}
	return response
}

// breaking is a body that ends with an error.
type breaking struct {
	io.Reader
	err error
}

func broken(body string, err error) *http.Response {
	response := answer(http.StatusOK, "")
	response.Body = io.NopCloser(&breaking{bytes.NewReader([]byte(body)), err})
	return response
}

func (b *breaking) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}
