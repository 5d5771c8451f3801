-- wrk's script for a load: it sends the requests of a file unchanged, in turn, and prints one line of JSON at the end.
-- wrk ... -- FILE: the requests are separated by lines "%%".  bench/flow.lua builds on these functions.
requests = {}
local position = 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for one in (file:read("*a") .. "\n%%\n"):gmatch("(.-)\n%%%%\n") do
    table.insert(requests, one)
  end
  file:close()
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function print_result(count, summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests": %d, "us": %d, "bytes": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n', count, summary.duration,
    summary.bytes, e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end

function done(summary, latency)
  print_result(summary.requests, summary, latency)
end
