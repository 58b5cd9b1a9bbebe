-- Takes jobs that are due, the organizations in turn, within the limits, and leases them.
-- KEYS[1]  the prefix of all keys of the queue
-- ARGV     now in ms ('' for the clock of Redis), how many at most, the lease in ms, the tenant's
--          limit and the provider's, each as interval and tolerance in ms (interval 0: no limit)
-- Returns  how long until something can next be due in µs (-1: never), then for each visit the
--          organization, how many jobs were taken, and those jobs
local base = KEYS[1]
local now, beyond = tonumber(ARGV[1]), 0
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  -- A millisecond is a fifth of how late a job begins that comes alone.
  beyond = time[2] % 1000
end
local wanted, lease = tonumber(ARGV[2]), tonumber(ARGV[3])
local tenant_interval, tenant_tolerance = tonumber(ARGV[4]), tonumber(ARGV[5])
local provider_interval, provider_tolerance = tonumber(ARGV[6]), tonumber(ARGV[7])
local leased, wait, ring = base .. 'leased', base .. 'wait', base .. 'ring'

-- The most organizations that one call visits. With limits to keep, each of 100 jobs that had a
-- visit of its own took 3 ms together.
local MOST_VISITS = 50

-- How many jobs of an organization a visit takes at least, if it has as many: a visit costs more
-- than a job, and 50 jobs from 10 visits take half the time of 50 visits (277 and 541 microseconds).
-- Turns are as fair as before, in portions.
local LEAST_SHARE = 5

-- The generic cell rate algorithm: how many of `most` may go now, and the arrival time they are
-- counted from. A value that no run of this algorithm could have left comes from a clock that
-- went back, and is cut down to the most it can be.
local function spend(key, arrival)
  redis.call('SET', key, string.format('%.3f', arrival), 'PX', math.ceil(arrival - now) + 60000)
end
local function allowance(key, stored, interval, tolerance, most)
  local arrival = math.max(tonumber(stored or now), now)
  local latest = now + tolerance + interval
  if arrival > latest then
    arrival = latest
    spend(key, arrival)
  end
  local free = math.floor((now + tolerance - arrival) / interval) + 1
  return math.max(0, math.min(most, free)), arrival
end

-- Whoever took these neither renewed nor returned them. They are due again; Postgres knows whether
-- they really are. A lease that is longer than any can be comes from a clock that went back.
local lost = redis.call('ZRANGEBYSCORE', leased, '-inf', now, 'LIMIT', 0, 50)
if #lost == 0 then
  lost = redis.call('ZRANGEBYSCORE', leased, now + 2 * lease, '+inf', 'LIMIT', 0, 50)
end
if #lost > 0 then
  redis.call('ZREM', leased, unpack(lost))
  for _, member in ipairs(lost) do
    local bar = string.find(member, '|', 1, true)
    local organization = string.sub(member, 1, bar - 1)
    redis.call('ZADD', base .. 'o:' .. organization, 'NX', now, string.sub(member, bar + 1))
    if not redis.call('ZSCORE', ring, organization) then
      redis.call('ZADD', wait, 'LT', now, organization)
    end
  end
end

-- Organizations whose time has come join the end of the ring.
local last = redis.call('ZRANGE', ring, -1, -1, 'WITHSCORES')
local turn = tonumber(last[2] or 0)
local ready = redis.call('ZRANGEBYSCORE', wait, '-inf', now, 'LIMIT', 0, 2 * MOST_VISITS)
if #ready > 0 then
  redis.call('ZREM', wait, unpack(ready))
  local joining = {}
  for _, organization in ipairs(ready) do
    turn = turn + 1
    joining[#joining + 1] = turn
    joining[#joining + 1] = organization
  end
  redis.call('ZADD', ring, unpack(joining))
end

local reply = { -1 }
local now_text = string.format('%.0f', now)
local lease_end = string.format('%.0f', now + lease)
local free, arrival = wanted, nil
if provider_interval > 0 then
  local key = base .. 'rate'
  free, arrival = allowance(key, redis.call('GET', key), provider_interval, provider_tolerance, wanted)
end
local size = redis.call('ZCARD', ring)
local share = math.max(LEAST_SHARE, math.floor(free / math.max(1, size)))
-- Each round visits as many organizations as it takes to fill the places, so that whoever is popped
-- is visited. All writes but those to the organization's own set are gathered.
local taken, visits = 0, 0
local leases, later = {}, {}
while taken < free and visits < MOST_VISITS do
  local round = math.min(MOST_VISITS - visits, math.ceil((free - taken) / share))
  local popped = redis.call('ZPOPMIN', ring, round)
  if #popped == 0 then
    break
  end
  visits = visits + round
  local rates, stored = {}, {}
  if tenant_interval > 0 then
    for p = 1, #popped, 2 do
      rates[#rates + 1] = base .. 'rate:' .. popped[p]
    end
    stored = redis.call('MGET', unpack(rates))
  end
  local again = {}
  for p = 1, #popped, 2 do
    local organization = popped[p]
    local set = base .. 'o:' .. organization
    local take = math.min(share, free - taken)
    -- One job more than is taken tells whether another is due.
    local ids = redis.call('ZRANGEBYSCORE', set, '-inf', now_text, 'LIMIT', 0, take + 1)
    take = math.min(take, #ids)
    local slot = nil
    if take > 0 and tenant_interval > 0 then
      local visit = (p + 1) / 2
      local key, tenant_arrival = rates[visit], nil
      take, tenant_arrival = allowance(key, stored[visit], tenant_interval, tenant_tolerance, take)
      tenant_arrival = tenant_arrival + take * tenant_interval
      if take > 0 then
        spend(key, tenant_arrival)
      end
      slot = math.ceil(tenant_arrival - tenant_tolerance)
    end
    if take > 0 then
      redis.call('ZREMRANGEBYRANK', set, 0, take - 1)
      reply[#reply + 1] = organization
      reply[#reply + 1] = take
      for i = 1, take do
        leases[#leases + 1] = lease_end
        leases[#leases + 1] = organization .. '|' .. ids[i]
        reply[#reply + 1] = ids[i]
      end
      taken = taken + take
    end
    if #ids > take then
      if slot and slot > now then
        later[#later + 1] = slot
        later[#later + 1] = organization
      else
        turn = turn + 1
        again[#again + 1] = turn
        again[#again + 1] = organization
      end
    else
      local first = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')
      if first[2] then
        later[#later + 1] = first[2]
        later[#later + 1] = organization
      end
    end
  end
  if #again > 0 then
    redis.call('ZADD', ring, unpack(again))
  end
end
if #leases > 0 then
  redis.call('ZADD', leased, unpack(leases))
end
if #later > 0 then
  redis.call('ZADD', wait, unpack(later))
end
if arrival then
  arrival = arrival + taken * provider_interval
  if taken > 0 then
    spend(base .. 'rate', arrival)
  end
end

local next_at = -1
if redis.call('ZCARD', ring) > 0 then
  next_at = now
  if arrival then
    next_at = math.max(now, math.ceil(arrival - provider_tolerance))
  end
else
  for _, key in ipairs({ wait, leased }) do
    local first = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
    if first and (next_at < 0 or first < next_at) then
      next_at = math.ceil(first)
    end
  end
end
if next_at >= 0 then
  reply[1] = math.max(0, (next_at - now) * 1000 - beyond)
end
return reply
