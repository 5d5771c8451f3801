-- wrk's script for requests that need a text of an earlier answer: a code from an address, a refresh token from JSON.
-- wrk ... -- FILE PATTERN: the requests are separated by lines "%%".  The last one has TEXT where the text goes.  It is
-- sent for each text that PATTERN finds in the header Location or in the body of an answer, the oldest first.  When all
-- texts are sent, the other requests follow in turn.  Prints one line of JSON at the end; its "requests" counts the
-- answers with status 200.
local firsts, n, i = {}, 0, 0
local head, before, after, pattern
local texts, oldest, newest = {}, 1, 0
local threads = {}
answered = 0 -- a global: wrk reads it from the thread

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for one in (file:read("*a") .. "\n%%\n"):gmatch("(.-)\n%%%%\n") do
    n = n + 1
    firsts[n] = one
  end
  file:close()
  local last = table.remove(firsts)
  n = n - 1
  head, before, after = last:match("^(.-\r\n\r\n)(.*)TEXT(.*)$")
  pattern = arguments[2]
end

function request()
  if oldest > newest then
    i = i % n + 1
    return firsts[i]
  end
  local body = before .. texts[oldest] .. after
  texts[oldest] = nil
  oldest = oldest + 1
  return (head:gsub("Content%-Length: %d+", "Content-Length: " .. #body)) .. body
end

function response(status, headers, body)
  local text = (headers.Location or body):match(pattern)
  if status == 200 then
    answered = answered + 1
  end
  if text then
    newest = newest + 1
    texts[newest] = text
  end
end

function done(summary, latency)
  local e, count = summary.errors, 0
  for _, thread in ipairs(threads) do
    count = count + thread:get("answered")
  end
  io.write(string.format('\n{"requests": %d, "us": %d, "bytes": %d, "refused": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n', count, summary.duration,
    summary.bytes, e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
