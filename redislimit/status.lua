-- Returns how many requests are under way, how many have ended and still count, the pause and its reason, and for each
-- rate limit that responses report: how many requests remain, and for how many milliseconds that counts.
local open, ended, paused, reported = unpack(KEYS)
local window = tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local status = {
	redis.call('ZCOUNT', open, now - window, '+inf'),
	redis.call('ZCOUNT', ended, now - window, '+inf'),
	math.max(redis.call('PTTL', paused), 0),
	redis.call('GET', paused) or '',
}
for _, value in ipairs(redis.call('HVALS', reported)) do
	local remaining, reset = string.match(value, '^(-?%d+) (%d+)$')
	if tonumber(reset) > now then
		table.insert(status, tonumber(remaining))
		table.insert(status, reset - now)
	end
end
return status
