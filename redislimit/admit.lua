-- Admits a request and returns 0, or returns for how many milliseconds to wait. It is safe to repeat:
-- a request counts once, from its last admission.
--
-- open      the requests under way, with the latest time at which each may still be sent or counted
-- ended     the requests that have ended, with the time of their end
-- paused    exists while nothing must be sent; its value is the reason
-- reported  for each rate limit that responses report: how many requests remain, and until when that counts
-- first     exists while a request is alone on its way, because nothing is known
local open, ended, paused, reported, first = unpack(KEYS)
local request, quota, leave = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local window, longest = tonumber(ARGV[4]), tonumber(ARGV[5])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function admit()
	redis.call('ZADD', open, now + longest, request)
	redis.call('PEXPIRE', open, window + longest + 1000)
	return 0
end
local wait = math.max(redis.call('PTTL', paused), 0)
if wait == 0 and redis.call('ZSCORE', open, request) then
	return admit()
end

-- The API may count a request at any time from its admission to its end. So it counts until a window after its end. One
-- without an end, because its process was killed, counts until a window after the latest time at which it may be sent.
for _, key in ipairs({open, ended}) do
	redis.call('ZREMRANGEBYSCORE', key, '-inf', '(' .. now - window)
end
local under_way = redis.call('ZCARD', open)
local used = under_way + redis.call('ZCARD', ended)
if used >= quota then
	local earliest = now -- a request that is under way may end now
	for _, key in ipairs({open, ended}) do
		earliest = math.min(earliest, tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or now))
	end
	wait = math.max(wait, earliest + window + 1 - now)
end

-- Responses arrive out of order, and requests under way may be counted or not. The least number that a response has
-- reported, less the requests under way, is certain to remain.
local known = used > 0
local fields = redis.call('HGETALL', reported)
for i = 1, #fields, 2 do
	local remaining, reset = string.match(fields[i + 1], '^(-?%d+) (%d+)$')
	local left = reset - now
	if left <= 0 then
		redis.call('HDEL', reported, fields[i])
	else
		known = true
		if under_way == 0 and remaining - leave <= 0 then
			wait = math.max(wait, left)
		elseif under_way >= remaining - leave then
			wait = math.max(wait, math.min(left, 100)) -- one that ends makes room
		end
	end
end

-- If nothing is known, as after Redis has lost its data, one request alone finds out what remains.
if wait == 0 and not known then
	redis.call('SET', first, '', 'PX', 5000)
elseif wait == 0 and redis.call('EXISTS', first) == 1 then
	wait = 20
end
if wait > 0 then
	return wait
end
return admit()
