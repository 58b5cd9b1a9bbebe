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

-- Scores are passed on as text: to write a number out costs Lua more than all else here.
local entries, organizations, earliest, scores, over = {}, {}, {}, {}, {}
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
    local organization, score = ARGV[at], ARGV[at + 2]
    local due = tonumber(score) + shift
    if shift > 0 then
      score = string.format('%.0f', due)
    end
    local entry = entries[organization]
    if not entry then
      entry = {}
      entries[organization] = entry
      organizations[#organizations + 1] = organization
    end
    entry[#entry + 1] = score
    entry[#entry + 1] = ARGV[at + 1]
    if not earliest[organization] or due < earliest[organization] then
      earliest[organization] = due
      scores[organization] = score
    end
    offered = offered + 1
  end
end
if #over > 0 then
  redis.call('ZREM', leased, unpack(over))
end
if offered == 0 then
  return 0
end
-- One question and one write for all organizations: a fifth to a third of the script's time.
local turns = redis.call('ZMSCORE', ring, unpack(organizations))
local waiting = {}
for k, organization in ipairs(organizations) do
  redis.call('ZADD', base .. 'o:' .. organization, unpack(entries[organization]))
  if not turns[k] then
    waiting[#waiting + 1] = scores[organization]
    waiting[#waiting + 1] = organization
  end
end
if #waiting > 0 then
  redis.call('ZADD', wait, 'LT', unpack(waiting))
end
return offered
