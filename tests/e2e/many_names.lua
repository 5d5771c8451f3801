-- wrk -t N -c N: each thread is one user on one connection, and every reply must contain that user's name.
-- wrk ... -- FILE HOST: a line "COOKIE NAME" for each thread.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

function init(arguments)
  wrong, right = 0, 0
  local n = 0
  for line in io.lines(arguments[1]) do
    n = n + 1
    if n == number then
      local cookie, who = line:match("(%S+) (%S+)")
      name = who
      asked = wrk.format("GET", "/page", { ["Host"] = arguments[2], ["Cookie"] = "__Secure-gate=" .. cookie, ["Accept"] = "text/html" })
    end
  end
end

function request()
  return asked
end

function response(status, headers, body)
  if status == 200 and body == "<" .. name .. ">" then
    right = right + 1
  else
    wrong = wrong + 1
    odd = odd or string.format("%d %q instead of %q, %s", status, body:sub(1, 100), name, headers["Location"] or headers["location"] or "-")
  end
end

function done()
  local all_right, all_wrong = 0, 0
  for _, thread in ipairs(threads) do
    all_right, all_wrong = all_right + thread:get("right"), all_wrong + thread:get("wrong")
    if thread:get("odd") then io.write(thread:get("odd"), "\n") end
  end
  io.write(string.format("right %d wrong %d\n", all_right, all_wrong))
end
