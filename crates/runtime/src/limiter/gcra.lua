-- KEYS[1]: the key. ARGV: interval, window and, for tests, the time (all in microseconds).
-- Answers { 1, how many more at once } or { 0, microseconds to wait }.
local interval, window, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local arrival = tonumber(redis.call('GET', KEYS[1]) or now)
local following = math.max(arrival, now) + interval
local early = following - window - now
if early > 0 then
  return { 0, early }
end
redis.call('SET', KEYS[1], string.format('%.0f', following), 'PX', math.ceil((following - now) / 1000))
return { 1, math.floor(-early / interval) }
