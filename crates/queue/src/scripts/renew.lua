-- Lengthens leases that are still there.
-- KEYS[1]  the prefix of all keys of the queue
-- ARGV     now in ms ('' for the clock of Redis), the lease in ms, then organization|job for each
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local until_then = now + tonumber(ARGV[2])
local leases = {}
for i = 3, #ARGV do
  leases[#leases + 1] = until_then
  leases[#leases + 1] = ARGV[i]
end
return redis.call('ZADD', KEYS[1] .. 'leased', 'XX', unpack(leases))
