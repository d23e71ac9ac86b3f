package feed

// The names of the kinds of fault that a request can meet.
const (
	throttled403    = "403 with AF429"
	throttled429    = "429"
	throttledBare   = "429 without a body"
	retrySeconds    = "throttled, Retry-After in seconds"
	retryDate       = "throttled, Retry-After as a date"
	retryUntold     = "throttled, no Retry-After"
	unauthorised    = "401"
	forbidden       = "403 with HTML"
	serverError     = "500 with AF50000"
	serverErrorHTML = "408 or 5xx with HTML"
	reset           = "connection reset"
	stalled         = "no answer"
	tokenExpired    = "token refused before its time"
	tokenError      = "503 with HTML of the token endpoint"
	brokenBody      = "connection broken in a body"
	cutBody         = "JSON cut in a whole answer"
	longLength      = "Content-Length too long"
	shortLength     = "Content-Length too short"
	notGzip         = "gzip announced, none sent"
	cutGzip         = "gzip cut"
	damagedGzip     = "gzip damaged"
	missing         = "content gone at a fetch"
	repeatedBlob    = "entry listed twice in a page"
	repeatedPage    = "page repeated"
	shrunkPage      = "page shrunk"
	badPageToken    = "next page refused"
)

var kinds = []string{
	throttled403, throttled429, throttledBare, retrySeconds, retryDate, retryUntold, unauthorised, forbidden,
	serverError, serverErrorHTML, reset, stalled, tokenExpired, tokenError, brokenBody, cutBody, longLength,
	shortLength, notGzip, cutGzip, damagedGzip, missing, repeatedBlob, repeatedPage, shrunkPage, badPageToken,
}
