-- Doubletour's gate for HAProxy: asks the gate about a request and stores the answer in variables of the transaction.
-- If the gate does not answer, the status is 503.  Made by `doubletour proxy-config haproxy --lua`.

local gate = "http://@URL_HOST@/api/authz/forward-auth"
local socket = @LUA_SOCKET@
local passed_on = { "cookie", "accept", "accept-language", "x-requested-with", "sec-fetch-mode" }
local told = { user = "remote-user", groups = "remote-groups", name = "remote-name", email = "remote-email", jwt = "remote-jwt" }

-- A page must fit into a buffer of HAProxy.  Doubletour's pages for refusals are shorter.
local page_max = 12000

local function first(headers, name)
	local values = headers[name]
	return values and (values[0] or values[1])
end

local function question(txn)
	local sent = txn.http:req_get_headers()
	local headers = {
		["x-forwarded-proto"] = { "https" },
		["x-forwarded-host"] = { first(sent, "host") or "" },
		["x-forwarded-uri"] = { txn.f:pathq() },
		["x-forwarded-method"] = { txn.f:method() },
		["x-forwarded-for"] = { txn.f:src() },
	}
	for _, name in ipairs(passed_on) do
		local values = {}
		for _, value in pairs(sent[name] or {}) do
			table.insert(values, value)
		end
		if #values > 0 then
			headers[name] = values
		end
	end
	return headers
end

local function ask(txn)
	local answer = core.httpclient():get({ url = gate, dst = socket, headers = question(txn), timeout = 5000 })
	if not answer or not answer.headers then
		return
	end
	txn:set_var("txn.doubletour_location", first(answer.headers, "location") or "")
	txn:set_var("txn.doubletour_challenge", first(answer.headers, "www-authenticate") or "")
	-- 400: the address of the page is too long, or invalid.
	if (answer.status == 403 or answer.status == 400) and answer.body and #answer.body <= page_max and (first(answer.headers, "content-type") or ""):find("text/html", 1, true) then
		-- HAProxy would write each line end of a text in a variable as %0A.
		txn:set_var("txn.doubletour_page", (answer.body:gsub("%c+", " ")))
		txn:set_var("txn.doubletour_policy", first(answer.headers, "content-security-policy") or "")
	end
	if answer.status == 200 then
		for name, header in pairs(told) do
			local value = first(answer.headers, header)
			if value then
				txn:set_var("txn.doubletour_" .. name, value)
			end
		end
	end
	txn:set_var("txn.doubletour_status", answer.status)
end

core.register_action("doubletour_ask", { "http-req" }, function(txn)
	txn:set_var("txn.doubletour_status", 503)
	local well, why = pcall(ask, txn)
	if not well then
		core.Warning("doubletour: " .. tostring(why))
		txn:set_var("txn.doubletour_status", 503)
	end
end)
