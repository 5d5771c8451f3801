"""
Configurations of nginx, Caddy and HAProxy that follow Authelia's guides, current and of version 4.37, with another
address.  They have the endpoints, methods and header names of the guides, in our own words.  Browsers open the sign-in
pages without the proxy.

Facts from authelia/authelia, docs/content/integration/proxies/ (nginx.md, caddy.md, haproxy.md), and for 4.37.5 from
docs/content/en/integration/proxies/.
"""

from harness.proxies import APPS, LOGIN, Proxy

NGINX_TLS = "listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};"
NGINX_PROXY = """
proxy_set_header Host $host; proxy_set_header X-Original-URL $scheme://{host}$request_uri; proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host {host}; proxy_set_header X-Forwarded-URI $request_uri; proxy_set_header X-Forwarded-For $remote_addr;
proxy_http_version 1.1; client_body_buffer_size 128k; proxy_buffers 64 256k;
"""
NGINX = """
server {
  {tls} server_name {apps};
  location /internal/authz {
    internal; proxy_pass http://127.0.0.1:{doubletour}{endpoint};
    proxy_set_header X-Original-Method $request_method; proxy_set_header X-Original-URL $scheme://{host}$request_uri; {more}
    proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Content-Length ""; proxy_set_header Connection "";
    proxy_pass_request_body off; proxy_http_version 1.1; proxy_buffers 4 32k; client_body_buffer_size 128k;
  }
  location / {
    {proxy}
    auth_request /internal/authz;
    auth_request_set $user $upstream_http_remote_user; auth_request_set $groups $upstream_http_remote_groups;
    auth_request_set $name $upstream_http_remote_name; auth_request_set $email $upstream_http_remote_email;
    proxy_set_header Remote-User $user; proxy_set_header Remote-Groups $groups; proxy_set_header Remote-Name $name; proxy_set_header Remote-Email $email;
    {redirect}
    proxy_pass http://127.0.0.1:{application};
  }
}
"""
NGINX_OF_TODAY = {"endpoint": "/api/authz/auth-request", "host": "$host", "more": "",
                  "redirect": "auth_request_set $redirection_url $upstream_http_location; error_page 401 =302 $redirection_url;"}
NGINX_OF_4_37 = {"endpoint": "/api/verify", "host": "$http_host",
                 "more": "proxy_set_header X-Forwarded-Method $request_method; proxy_set_header X-Forwarded-Proto $scheme; "
                         "proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Uri $request_uri;",
                 "redirect": "set $target_url $scheme://$http_host$request_uri; error_page 401 =302 https://{login}:{port}/?rd=$target_url;"}

CADDY = """
{sites} { tls {certificate} {key}
  {ask}
  reverse_proxy 127.0.0.1:{application}
}
"""
CADDY_ASK = """forward_auth 127.0.0.1:{doubletour} {
    uri {endpoint}
    copy_headers Remote-User Remote-Groups Remote-Email Remote-Name
  }"""
CADDY_ASK_WRITTEN_OUT = """reverse_proxy 127.0.0.1:{doubletour} {
    method GET
    rewrite "{endpoint}"
    header_up X-Forwarded-Method {method}
    header_up X-Forwarded-Uri {uri}
    @good status 2xx
    handle_response @good {
      request_header Remote-User {http.reverse_proxy.header.Remote-User}
      request_header Remote-Groups {http.reverse_proxy.header.Remote-Groups}
      request_header Remote-Name {http.reverse_proxy.header.Remote-Name}
      request_header Remote-Email {http.reverse_proxy.header.Remote-Email}
    }
  }"""
CADDY_OF_TODAY = {"ask": CADDY_ASK, "endpoint": "/api/authz/forward-auth"}
CADDY_WITH_A_PORTAL = {"ask": CADDY_ASK, "endpoint": "/api/authz/forward-auth?authelia_url=https://{login}:{port}/gate"}
CADDY_OF_4_37 = {"ask": CADDY_ASK, "endpoint": "/api/verify?rd=https://{login}:{port}/"}
CADDY_OF_4_37_WRITTEN_OUT = {"ask": CADDY_ASK_WRITTEN_OUT, "endpoint": "/api/verify?rd=https://{login}:{port}/"}

HAPROXY = """
global
  lua-load {lua}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend https
  bind 127.0.0.1:{port} ssl crt {both}
  http-request del-header X-Forwarded-For
  http-request set-header X-Forwarded-For %[src]
  acl protected hdr(host),field(1,:) -i {apps}
  http-request set-var(req.scheme) str(https) if { ssl_fc }
  http-request set-var(req.questionmark) str(?) if { query -m found }
  http-request set-header X-Forwarded-Method {method}
  http-request set-header X-Forwarded-Proto %[var(req.scheme)]
  http-request set-header X-Forwarded-Host %[req.hdr(Host)]
  http-request set-header X-Forwarded-Uri %[path]%[var(req.questionmark)]%[query]
  http-request lua.ask {endpoint} if protected
  {answers}
  default_backend application
backend application
  {told}
  server application 127.0.0.1:{application}
"""
# The guides load haproxy-auth-request.  Like it, this script sends HEAD with the browser's headers except Host and
# Content-Length.
HAPROXY_LUA = """
local moved = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }
core.register_action("ask", { "http-req" }, function(txn, path)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if name ~= "host" and name ~= "content-length" then
      headers[name] = {}
      for _, value in pairs(values) do table.insert(headers[name], value) end
    end
  end
  txn:set_var("txn.auth_response_successful", false)
  local answer = core.httpclient():head({ url = "http://127.0.0.1:{doubletour}" .. path, headers = headers, timeout = 5000 })
  if not answer or not answer.headers then return end
  txn:set_var("txn.auth_response_code", answer.status)
  if answer.status >= 200 and answer.status < 300 then
    txn:set_var("txn.auth_response_successful", true)
    for _, part in ipairs({ "user", "groups", "name", "email" }) do
      local values = answer.headers["remote-" .. part]
      if values then
        txn:set_var("txn.remote_" .. part, values[0] or values[1])
      end
    end
  elseif moved[answer.status] then
    txn:set_var("txn.auth_response_location", answer.headers["location"][0] or answer.headers["location"][1])
  end
end, 1)
"""
HAPROXY_TOLD = "\n  ".join(f"http-request set-header Remote-{part.title()} %[var(txn.remote_{part})] if {{ var(txn.remote_{part}) -m found }}"
                           for part in ("user", "groups", "name", "email"))
HAPROXY_OF_TODAY = {"endpoint": "/api/authz/forward-auth", "method": "%[method]",
                    "answers": "http-request deny if protected !{ var(txn.auth_response_successful) -m bool } { var(txn.auth_response_code) -m int 403 }\n"
                               "  http-request redirect location %[var(txn.auth_response_location)] if protected !{ var(txn.auth_response_successful) -m bool }"}
# its guide sets this variable only in comments
HAPROXY_OF_4_37 = {"endpoint": "/api/verify", "method": "%[var(req.method)]",
                   "answers": "http-request redirect location https://{login}:{port}/?rd=%[var(req.scheme)]://%[base]%[var(req.questionmark)]%[query] "
                              "if protected !{ var(txn.auth_response_successful) -m bool }"}

GUIDES = {  # name: proxy, text, values for the text
    "nginx of today": ("nginx", NGINX, NGINX_OF_TODAY),
    "nginx of 4.37": ("nginx", NGINX, NGINX_OF_4_37),
    "Caddy of today": ("caddy", CADDY, CADDY_OF_TODAY),
    "Caddy with a portal in the query": ("caddy", CADDY, CADDY_WITH_A_PORTAL),
    "Caddy of 4.37": ("caddy", CADDY, CADDY_OF_4_37),
    "Caddy of 4.37, written out": ("caddy", CADDY, CADDY_OF_4_37_WRITTEN_OUT),
    "HAProxy of today": ("haproxy", HAPROXY, HAPROXY_OF_TODAY),
    "HAProxy of 4.37": ("haproxy", HAPROXY, HAPROXY_OF_4_37),
}


def fill(text, values):
    """Replace each known {name}, also those in values, until the text has no more of them."""
    while any(f"{{{name}}}" in text for name in values):
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
    return text


class Guide(Proxy):
    """A proxy configured by one guide."""

    printed_by_us = False

    def __init__(self, name, server, echo):
        super().__init__(GUIDES[name][0], server, echo)
        self.name = name

    def printed(self, *more):
        if more:  # the guides have no Lua file
            return ""
        values = GUIDES[self.name][2] | {
            "port": self.port, "doubletour": self.server.port, "application": self.echo.port, "login": LOGIN, "apps": " ".join(APPS),
            "sites": ", ".join(f"https://{app}:{self.port}" for app in APPS), "certificate": self.authority.certificate, "key": self.authority.key,
            "both": self.authority.both, "lua": self.home / "guide.lua", "tls": NGINX_TLS, "proxy": NGINX_PROXY, "told": HAPROXY_TOLD}
        (self.home / "guide.lua").write_text(fill(HAPROXY_LUA, values))
        return fill(GUIDES[self.name][1], values)
