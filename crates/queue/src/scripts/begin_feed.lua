-- Decides what a feeder does now, so that among all workers each slice is read once.
-- KEYS[1]  the prefix of all keys of the queue
-- ARGV     now in ms ('' for the clock of Redis), the least ms between slices, and between sweeps
-- Returns  now, whether to read the new slices, whether to sweep the whole window, and up to
--          where the slices were read (-1: unknown)
-- The marks are instants and not expiring keys, so that they follow the clock of a test. After a
-- wipe they are missing, and everything is swept at once.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local key = KEYS[1] .. 'feed'
local marks = redis.call('HMGET', key, 'sliced', 'swept', 'upper')
local function is_over(mark, age)
  local last = tonumber(mark or '')
  return not last or last > now or now - last >= age
end
local sweep = not marks[3] or is_over(marks[2], tonumber(ARGV[3]))
local slice = sweep or is_over(marks[1], tonumber(ARGV[2]))
if slice then
  redis.call('HSET', key, 'sliced', now)
end
if sweep then
  redis.call('HSET', key, 'swept', now)
end
return { now, slice and 1 or 0, sweep and 1 or 0, tonumber(marks[3] or -1) }
