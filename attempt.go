package cloudflare

import "time"

// Attempt describes one attempt of a call. [WithAttemptHook] passes it to a function. It contains no credential.
type Attempt struct {
	Method string // the HTTP method
	Path   string // escaped, below the base URL, without the query
	Route  string // the path with placeholders for IDs, such as "/organizations/{organization_id}", for the label of a metric
	Number int    // 1 for the first attempt of a call, 2 for its first retry

	StatusCode int    // zero if there was no response
	RayID      string // identifies the request in Cloudflare's logs
	Err        error  // why there was no response, or why it was not read to its end; nil otherwise, whatever the status

	Waited         time.Duration // before the attempt: for the limiter, the rate limit and the credential source
	Duration       time.Duration // from sending the request to the end of the response
	OutcomeUnknown bool          // the attempt is a write that may have happened
	Retry          bool          // another attempt follows, after RetryIn
	RetryIn        time.Duration
}
