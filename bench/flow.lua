-- wrk's script for requests that need a text of an earlier answer: a code in a URL, or a refresh token in JSON.
-- wrk ... -- FILE PATTERN: the requests are separated by lines "%%".  The last one has TEXT where the text goes.  It is
-- sent for each text that PATTERN finds in the header Location or in the body of an answer, the oldest first.  When
-- all texts are sent, the script sends the other requests in turn.  At the end the script prints one line of JSON;
-- its "requests" counts the answers with status 200.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "load.lua")
local init_requests, next_request = init, request
local head, before, after, pattern
local texts, oldest, newest = {}, 1, 0
local threads = {}
answered = 0 -- a global: wrk reads it from the thread

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  init_requests(arguments)
  head, before, after = table.remove(requests):match("^(.-\r\n\r\n)(.*)TEXT(.*)$")
  pattern = arguments[2]
end

function request()
  if oldest > newest then
    return next_request()
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
  local count = 0
  for _, thread in ipairs(threads) do
    count = count + thread:get("answered")
  end
  print_result(count, summary, latency)
end
