-- Notes when jobs will be due. Idempotent: the last date counts, a leased job is left alone.
-- KEYS[1]  the prefix of all keys of the queue
-- ARGV     now in ms ('' for the clock of Redis), 'absolute' dates or 'after leases': waits from now
--          of jobs whose leases end, then organization by organization: its key, how many jobs it has
--          here, and date in ms, job for each of them, the earliest first
-- Returns  how many jobs were noted
local base = KEYS[1]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local ends_leases = ARGV[2] == 'after leases'
local leased, wait, ring = base .. 'leased', base .. 'wait', base .. 'ring'

-- Where each organization's dates and jobs begin and end in the arguments.
local organizations, first, last = {}, {}, {}
local scheduled, at = 0, 3
while ARGV[at] do
  local k, count = #organizations + 1, tonumber(ARGV[at + 1])
  organizations[k], first[k], last[k] = ARGV[at], at + 2, at + 1 + 2 * count
  scheduled = scheduled + count
  at = last[k] + 1
end
if scheduled == 0 then
  return 0
end

-- Running jobs, by their position in the arguments.
local running = nil
if ends_leases or redis.call('EXISTS', leased) == 1 then
  local members, positions = {}, {}
  for k, organization in ipairs(organizations) do
    for position = first[k] + 1, last[k], 2 do
      members[#members + 1] = organization .. '|' .. ARGV[position]
      positions[#positions + 1] = position
    end
  end
  if ends_leases then
    redis.call('ZREM', leased, unpack(members))
  else
    local over = {}
    for m, lease in ipairs(redis.call('ZMSCORE', leased, unpack(members))) do
      if lease and tonumber(lease) > now then
        running = running or {}
        running[positions[m]] = true
        scheduled = scheduled - 1
      elseif lease then
        over[#over + 1] = members[m]
      end
    end
    if #over > 0 then
      redis.call('ZREM', leased, unpack(over))
    end
  end
end

-- The dates and jobs of an organization, and where among them they begin and end. Mostly they are
-- passed on as they came, as text: to write numbers out costs Lua more than all else here.
local function entries_of(k)
  if not ends_leases and not running then
    return ARGV, first[k], last[k]
  end
  local entries = {}
  for position = first[k], last[k], 2 do
    if not running or not running[position + 1] then
      local date = ARGV[position]
      entries[#entries + 1] = ends_leases and string.format('%.0f', now + date) or date
      entries[#entries + 1] = ARGV[position + 1]
    end
  end
  return entries, 1, #entries
end

-- One question and one write for all organizations: a fifth to a third of the script's time.
local turns = redis.call('ZMSCORE', ring, unpack(organizations))
local waiting = {}
for k, organization in ipairs(organizations) do
  local entries, from, to = entries_of(k)
  if from < to then
    redis.call('ZADD', base .. 'o:' .. organization, unpack(entries, from, to))
    if not turns[k] then
      waiting[#waiting + 1] = entries[from]
      waiting[#waiting + 1] = organization
    end
  end
end
if #waiting > 0 then
  redis.call('ZADD', wait, 'LT', unpack(waiting))
end
return scheduled
