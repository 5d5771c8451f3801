-- wrk's script for a load: sends the requests of a file unchanged, in turn; prints one line of JSON at the end.
-- wrk ... -- FILE: the requests are separated by lines "%%".
local requests, n, i = {}, 0, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for one in (file:read("*a") .. "\n%%\n"):gmatch("(.-)\n%%%%\n") do
    n = n + 1
    requests[n] = one
  end
  file:close()
end

function request()
  i = i % n + 1
  return requests[i]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\n{"requests": %d, "us": %d, "bytes": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n', summary.requests, summary.duration,
    summary.bytes, e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
