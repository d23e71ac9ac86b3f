package server

// Lags says how long the records of a stream took on their way, that became
// visible in the last hour and the last day, or up to a quarter more.
type Lags struct {
	Hour LagSpan `json:"hour"`
	Day  LagSpan `json:"day"`
}

// LagSpan has the stages: eventToAvailable (from happening until the source
// offered it), availableToJournalled (until it was fetched), journalledToVisible
// (until queries see it), and eventToVisible, all of it. A stage that was not
// measured is left out.
type LagSpan map[string]Lag

// Lag is the distribution of one stage. Quantiles are off by an eighth at most.
type Lag struct {
	Records    uint64  `json:"records"`
	P50Seconds float64 `json:"p50Seconds"`
	P90Seconds float64 `json:"p90Seconds"`
	P99Seconds float64 `json:"p99Seconds"`
	MaxSeconds float64 `json:"maxSeconds"`
}

// StreamLags are those of one tenant and content type.
type StreamLags struct {
	TenantID    string `json:"tenantId"`
	ContentType string `json:"contentType"`
	Lags
}
