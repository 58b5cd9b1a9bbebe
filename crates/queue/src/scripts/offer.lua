-- Notes when jobs will be due. Idempotent: the last date counts, a leased job is left alone.
-- KEYS[1]  the prefix of all keys of the queue
-- ARGV     now in ms ('' for the clock of Redis), 'absolute' or 'relative' dates, '1' to take the
--          jobs out of their leases first, then organization, job, date in ms for each job
local base = KEYS[1]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local shift = ARGV[2] == 'relative' and now or 0
local leased, wait, ring = base .. 'leased', base .. 'wait', base .. 'ring'

local members = {}
for i = 4, #ARGV, 3 do
  members[#members + 1] = ARGV[i] .. '|' .. ARGV[i + 1]
end
if #members == 0 then
  return 0
end
local leases = {}
if ARGV[3] == '1' then
  redis.call('ZREM', leased, unpack(members))
else
  leases = redis.call('ZMSCORE', leased, unpack(members))
end

local entries, earliest, over = {}, {}, {}
local offered = 0
for k, member in ipairs(members) do
  local lease = leases[k]
  if lease and tonumber(lease) > now then
    -- Somebody is running it.
  else
    if lease then
      over[#over + 1] = member
    end
    local at = 1 + 3 * k
    local organization, due = ARGV[at], tonumber(ARGV[at + 2]) + shift
    local entry = entries[organization]
    if not entry then
      entry = {}
      entries[organization] = entry
      earliest[organization] = due
    end
    entry[#entry + 1] = due
    entry[#entry + 1] = ARGV[at + 1]
    if due < earliest[organization] then
      earliest[organization] = due
    end
    offered = offered + 1
  end
end
if #over > 0 then
  redis.call('ZREM', leased, unpack(over))
end
for organization, entry in pairs(entries) do
  redis.call('ZADD', base .. 'o:' .. organization, unpack(entry))
  if not redis.call('ZSCORE', ring, organization) then
    redis.call('ZADD', wait, 'LT', earliest[organization], organization)
  end
end
return offered
