-- KEYS[1]: the key. ARGV: interval, window and, for tests, the time (all in microseconds); then `count`, `peek` or
-- `give_back`. Returns { 1, further attempts at once } or { 0, microseconds to wait }.
local interval, window, now, action = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local arrival = tonumber(redis.call('GET', KEYS[1]) or now)
local function keep(instant)
  if instant > now then
    redis.call('SET', KEYS[1], string.format('%.0f', instant), 'PX', math.ceil((instant - now) / 1000))
  else
    redis.call('DEL', KEYS[1])
  end
end
if action == 'give_back' then
  arrival = arrival - interval
  keep(arrival)
end
local following = math.max(arrival, now) + interval
local early = following - window - now
if early > 0 then
  return { 0, early }
end
if action == 'count' then
  keep(following)
end
return { 1, math.floor(-early / interval) }
