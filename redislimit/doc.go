// Package redislimit shares one quota of requests between any number of processes. It keeps the quota in Redis.
//
// Cloudflare's API allows a user 1,200 requests in five minutes, over all programs, machines and credentials, and
// blocks a user who exceeds that for five minutes. A [Limiter] admits no more than the quota in any five minutes,
// however the API aligns its own:
//
//	store := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	limiter := redislimit.New(store, redislimit.Config{Name: "ops@example.com"})
//	client, err := cloudflare.NewClient(limiter.Options()...)
//
// All clients whose limiters have the same Name and the same Redis share the quota. Another SDK in one of the programs
// can share it too: see [Limiter.Wait] and [Limiter.Observe].
//
// # What counts
//
// A request counts from its admission until one window after its end. If its process is killed, or if it is never sent
// after its admission, it counts until seven minutes and one window after its admission. The defaults of
// [cloudflare.WithTimeout], [cloudflare.WithMaxRetryWait] and [cloudflare.WithMaxRateLimitWait] ensure that a request
// ends within these seven minutes, so a client with a limiter must not have longer ones.
//
// Programs that do not use the limiter, and people in the dashboard, use up the same quota. Config.Leave leaves some
// requests to them. In addition, a Limiter reads what the Ratelimit headers of all responses report: it never lets more
// requests be under way than remain, less Config.Leave. A response that reports no remaining requests, and a response
// with status 429, pause all processes until the reset.
//
// # When Redis fails
//
// While Redis does not respond, Wait blocks for up to Config.Outage, and then returns an error. No request is sent
// without Redis. A process that is killed or stopped, and a Redis that is killed or stopped and keeps its data, do not
// let the others exceed the quota. For that, run Redis with appendonly yes and appendfsync always.
//
// Redis may lose data if it has no persistence, or if a replica without the last writes becomes the master. The
// requests of the last window, a pause and what responses have reported are then lost. If everything is lost, a Limiter
// sends one request alone, waits for its response for up to five seconds, and lets no more be sent than its Ratelimit
// header reports. If the responses have no such header, up to one more quota may be sent in the same window. The API
// then responds with 429 and blocks the user, and a Limiter pauses all processes. The same happens if Redis evicts
// keys, so its maxmemory-policy must be noeviction; a Limiter warns if CONFIG shows another one.
//
// Times are those of the clock of Redis, so the clocks of processes do not matter. The clocks of a master and of the
// replicas that may replace it must agree.
//
// For Redis Cluster and Sentinel, pass a client for them: all keys of a quota are in one hash slot. Whoever can write
// to Redis can stop all processes or let them exceed the quota. No credential is stored there.
package redislimit
