-- wrk's part of a load: the requests of a file in turn, each as it is; at the end one line of JSON.
-- wrk ... -- FILE: requests with a line "%%" between them.
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
