"""A person who signs in at https://login.example.org through a proxy, and the proxy's questions to the gate."""

import itertools
import urllib.parse

import requests

from harness.page import Page, check_headers
from harness.person import Person

LOGIN = "login.example.org"
_addresses = itertools.count(1)


class Visitor(Person):
    """A person whose browser uses the server's public name, and has separate cookies for each domain."""

    def __init__(self, server, *args, address=None, **more):
        super().__init__(server, *args, **more)
        # the number of registrations from one address is limited
        self.address = address or "198.18.%d.%d" % divmod(next(_addresses), 250)
        self.public = server.environment["PUBLIC_URL"]
        self.other = {}  # cookies of the applications' domains: domain → value

    def request(self, method, path, headers=None, cookies=None, host=LOGIN, **more):
        cookies = self.cookies if cookies is None else cookies
        sent = {"Accept-Language": self.language, "Accept": "text/html", "Host": self.public.removeprefix("https://") if host == LOGIN else host, "X-Forwarded-For": self.address,
                "X-Forwarded-Proto": "https", **(headers or {})}
        if host != LOGIN:
            cookies = {}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self.http.cookies.clear()
        response = self.http.request(method, self.server.origin + path, headers=sent, allow_redirects=False, timeout=60, **more)
        self.http.cookies.clear()
        self._keep_cookies(response)
        if not response.headers.get("Content-Type", "").startswith("application/json"):
            check_headers(response, https=True)
        self.page = Page(response)
        return self.page

    def _keep_cookies(self, response):
        super()._keep_cookies(response)
        if gate := self.cookies.pop("__Secure-gate", None):
            (line,) = [line for line in response.raw.headers.getlist("Set-Cookie") if line.startswith("__Secure-gate=")]
            parts = dict(part.strip().partition("=")[::2] for part in line.split(";"))
            assert "Secure" in parts and "HttpOnly" in parts and parts["SameSite"] == "Lax" and parts["Path"] == "/", line
            self.other[parts["Domain"]] = gate

    def post(self, path, fields, headers=None, **more):
        return super().post(path, fields, {"Origin": self.public, **(headers or {})}, **more)

    @property
    def session(self):
        return self.cookies.get("__Host-doubletour")

    def cookie_for(self, url):
        host = urllib.parse.urlsplit(url).hostname
        for domain, value in self.other.items():
            if host == domain or host.endswith("." + domain):
                return value
        return None

    def ask(self, url, **more):
        """Ask the gate about a request of this browser, as a proxy does."""
        return ask(self.server, url, cookie=self.cookie_for(url), address=self.address, **more)

    def follow_to(self, url):
        """Follow the gate's redirects; return the URL of the application's page."""
        for _ in range(12):
            parts = urllib.parse.urlsplit(url)
            path = parts.path + ("?" + parts.query if parts.query else "")
            if parts.hostname not in (LOGIN, None) and not parts.path.startswith("/.doubletour/"):
                return url
            self.visit(path, host=parts.hostname or LOGIN)
            if self.page.status == 303:
                url = self.page.location
            elif refresh := self.page.dom and self.page.dom.all("meta", http_equiv="refresh"):
                url = refresh[0]["content"].partition("url=")[2]
            else:
                return None
        raise AssertionError(f"round in circles at {self.page!r}")


def ask(server, url, endpoint="auth-request", method="GET", cookie=None, address="192.0.2.7", headers=None, http=requests):
    """Ask the gate as a proxy does, with the headers of that endpoint."""
    parts = urllib.parse.urlsplit(url)
    uri = url[url.index(parts.netloc) + len(parts.netloc):] if parts.netloc else parts.path
    sent = {"X-Forwarded-For": address, "Accept": "text/html"}
    path, verb = "/api/authz/" + endpoint, "GET"
    if endpoint == "auth-request":
        sent |= {"X-Original-URL": url, "X-Original-Method": method}
    elif endpoint == "forward-auth":
        sent |= {"X-Forwarded-Proto": parts.scheme, "X-Forwarded-Host": parts.netloc, "X-Forwarded-Uri": uri, "X-Forwarded-Method": method}
    elif endpoint == "ext-authz":
        sent |= {"X-Forwarded-Proto": parts.scheme, "Host": parts.netloc}
        path, verb = path + (uri or "/"), method
    else:
        path = "/api/verify"
        sent |= {"X-Original-URL": url, "X-Forwarded-Method": method}
    if cookie:
        sent["Cookie"] = f"__Secure-gate={cookie}"
    sent |= headers or {}
    sent = {name: value for name, value in sent.items() if value is not None}
    return http.request(verb, server.origin + path, headers=sent, allow_redirects=False, timeout=60)
