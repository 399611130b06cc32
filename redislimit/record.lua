-- Records the end of a request, if it names one, and what the response has reported.
local open, ended, paused, reported, first = unpack(KEYS)
local request, lost, late = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
local window, pause, reason = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('DEL', first)
if request ~= '' then
	redis.call('ZREM', open, request)
	redis.call('ZADD', ended, now + late, request)
	redis.call('PEXPIRE', ended, window + late + 1000)
end
local function remains(name)
	local value = redis.call('HGET', reported, name)
	if value then
		local remaining, reset = string.match(value, '^(-?%d+) (%d+)$')
		if tonumber(reset) > now then
			return tonumber(remaining), tonumber(reset)
		end
	end
end
-- Without a response, a request may have been counted, and nothing will report it.
if lost then
	for _, name in ipairs(redis.call('HKEYS', reported)) do
		local remaining, reset = remains(name)
		if remaining then
			redis.call('HSET', reported, name, string.format('%d %d', remaining - 1, reset))
		end
	end
end
-- A response that was overtaken reports more than remains.
for i = 7, #ARGV, 3 do
	local name, remaining, reset = ARGV[i], tonumber(ARGV[i + 1]), now + ARGV[i + 2]
	local least = remains(name)
	if not least or remaining < least then
		redis.call('HSET', reported, name, string.format('%d %d', remaining, reset))
		if redis.call('PTTL', reported) < reset - now then
			redis.call('PEXPIRE', reported, reset - now)
		end
	end
end
if pause > 0 and redis.call('PTTL', paused) < pause then
	redis.call('SET', paused, reason, 'PX', pause)
end
return 0
