-- Permits one mail within the limits of all organizations together and of its own, the organizations in turn.
-- KEYS[1]  the prefix of all keys of the rate
-- ARGV     now in ms ('' for the clock of Redis), the organization, the job, the limit of all and that of the
--          organization, each as interval and tolerance in µs (interval 0: no limit), and the ms for which an
--          organization counts as waiting after it asked
-- Returns  0 if the mail may be sent, otherwise the ms to wait before asking again
local base, now = KEYS[1], tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local organization, job = ARGV[2], ARGV[3]
local interval, tolerance = ARGV[4] / 1000, ARGV[5] / 1000
local own_interval, own_tolerance = ARGV[6] / 1000, ARGV[7] / 1000
local patience = tonumber(ARGV[8])

-- Longer than any backlog: an instant beyond it comes from a clock that went back.
local DAY = 86400000
local HOUR = 3600000

local function set(key, value, life)
  redis.call('SET', key, string.format('%.3f', value), 'PX', math.ceil(life))
end

-- A job gets the next slot of its organization once, and keeps it until it has sent its mail: jobs that come back at
-- their slots do not compete again.
local slot_key = base .. 'slot:' .. job
if own_interval > 0 then
  local slot = tonumber(redis.call('GET', slot_key) or '')
  -- One that was drawn before an outage is missed: all of them would leave at once.
  if not slot or slot > now + DAY or slot < now - own_interval - own_tolerance then
    local key = base .. 'own:' .. organization
    local arrival = math.max(tonumber(redis.call('GET', key) or now), now)
    if arrival > now + DAY then
      arrival = now
    end
    slot = math.max(now, arrival - own_tolerance)
    set(key, arrival + own_interval, arrival + own_interval - now + HOUR)
    set(slot_key, slot, slot - now + HOUR)
  end
  if slot > now then
    return math.ceil(slot - now)
  end
end
if interval == 0 then
  redis.call('DEL', slot_key)
  return 0
end

-- Organizations that wait, by the end of their patience and by their turn. A turn begins after the one that was served
-- last and after the organization's own last one, so that a large batch takes one mail of each round.
local waiting, turns = base .. 'waiting', base .. 'turns'
local gone = redis.call('ZRANGEBYSCORE', waiting, '-inf', now, 'LIMIT', 0, 100)
if #gone == 0 then
  gone = redis.call('ZRANGEBYSCORE', waiting, now + 2 * patience, '+inf', 'LIMIT', 0, 100)
end
if #gone > 0 then
  redis.call('ZREM', waiting, unpack(gone))
  redis.call('ZREM', turns, unpack(gone))
end
local turn = tonumber(redis.call('ZSCORE', turns, organization) or '')
if not turn then
  local served = tonumber(redis.call('GET', base .. 'served') or 0)
  local own = tonumber(redis.call('GET', base .. 'after:' .. organization) or 0)
  turn = math.max(served, own)
  redis.call('ZADD', turns, turn, organization)
end
redis.call('ZADD', waiting, now + patience, organization)

local arrival = math.max(tonumber(redis.call('GET', base .. 'arrival') or now), now)
local latest = now + tolerance + interval
if arrival > latest then
  arrival = latest
  set(base .. 'arrival', arrival, arrival - now + HOUR)
end
local free_at = arrival - tolerance
if free_at > now then
  return math.ceil(free_at - now)
end
local first = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
if first[1] ~= organization and tonumber(first[2]) < turn then
  return math.ceil(math.min(interval, 100))
end
set(base .. 'arrival', arrival + interval, arrival + interval - now + HOUR)
set(base .. 'served', turn, HOUR)
set(base .. 'after:' .. organization, turn + 1, HOUR)
redis.call('ZREM', waiting, organization)
redis.call('ZREM', turns, organization)
redis.call('DEL', slot_key)
return 0
