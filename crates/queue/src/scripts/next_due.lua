-- When something can next be due.
-- KEYS[1]  the prefix of all keys of the queue
-- ARGV     now in ms ('' for the clock of Redis)
-- Returns  how long until then in µs (-1: never)
local base = KEYS[1]
local now, beyond = tonumber(ARGV[1]), 0
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  -- A millisecond is a fifth of how late a job begins that comes alone.
  beyond = time[2] % 1000
end
if redis.call('ZCARD', base .. 'ring') > 0 then
  return 0
end
local next_at = -1
for _, name in ipairs({ 'wait', 'leased' }) do
  local first = tonumber(redis.call('ZRANGE', base .. name, 0, 0, 'WITHSCORES')[2])
  if first and (next_at < 0 or first < next_at) then
    next_at = math.ceil(first)
  end
end
if next_at < 0 then
  return -1
end
return math.max(0, (next_at - now) * 1000 - beyond)
