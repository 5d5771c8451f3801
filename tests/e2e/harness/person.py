"""A person with a browser and an authenticator. Every reply to them is checked by the rules for all pages."""

import itertools
import secrets as random
from http.cookies import SimpleCookie

import requests

from harness import previous
from harness.codes import WRONG_CODE, code_of_step, step_at, wrong_code_at
from harness.page import Page, check_headers

_numbers = itertools.count(1)
COOKIE = "doubletour"
DEFAULTS = requests.utils.default_headers()


class Person:
    def __init__(self, server, name=None, password=None, language="en"):
        self.server = server
        self.name = name or f"person-{next(_numbers)}-{random.token_hex(3)}"
        self.password = password or random.token_urlsafe(18)
        self.language = language
        self.cookies = {}
        self.secret = None
        self.spent = 0  # newest accepted step
        self.page = None
        self.http = requests.Session()
        self.http.trust_env = False
        if adapter := getattr(server, "adapter", None):  # balancers in front of servers have no adapter
            self.http.mount("http://", adapter)

    # Requests

    def request(self, method, path, headers=None, cookies=None, timeout=60, **more):
        """Send one request without following redirects, and keep the cookies of the reply."""
        cookies = self.cookies if cookies is None else cookies
        sent = {"Accept-Language": self.language, "Accept": "text/html", **(headers or {})}
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        sent = {name: value for name, value in sent.items() if value is not None}
        response = self._exchange(requests.Request(method, self.server.origin + path, {**DEFAULTS, **sent}, **more).prepare(), timeout)
        self._keep_cookies(response)
        check_headers(response, https=self.server.origin.startswith("https:"), lacking=previous.lacking(self.server))
        self.page = Page(response)
        return self.page

    def _exchange(self, request, timeout):
        """Send a request on the session's connections, without the session's cookies and redirects."""
        return self.http.get_adapter(request.url).send(request, timeout=timeout, verify=self.http.verify)

    def _keep_cookies(self, response):
        for line in response.raw.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or morsel.value == "":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    def visit(self, path, **more):
        return self.request("GET", path, **more)

    def arrive(self, path):
        """Open a page and follow redirects as a browser does."""
        self.visit(path)
        for _ in range(5):
            if self.page.status != 303:
                return self.page
            self.visit(self.page.location)
        raise AssertionError(f"round in circles at {self.page!r}")

    def follow(self):
        assert self.page.status == 303, f"{self.page!r} leads nowhere:\n{self.page.html}"
        return self.arrive(self.page.location)

    def post(self, path, fields, headers=None, **more):
        """Send a form as a browser does, with exactly these fields."""
        sent = {"Origin": self.server.origin, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        if isinstance(fields, dict) and fields.get("otp") == WRONG_CODE and self.secret:
            fields = {**fields, "otp": wrong_code_at(self.secret, self.server.clock.now())}
        return self.request("POST", path, data=fields, headers=sent, **more)

    def send(self, path, fields=None, **more):
        """Open the page of a form, then send the form with its token and hidden fields."""
        shown = self.arrive(path)
        form = shown.form_to(path.split("?")[0])
        hidden = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden") if i.has("name")}
        return self.post((form.get("action") or path), {**hidden, **(fields or {})}, **more)

    # From registration to sign-in

    @property
    def session(self):
        return self.cookies.get(COOKIE)

    def forget(self):
        """Continue in another browser: without cookies."""
        self.cookies = {}
        return self

    def register(self, **different):
        fields = {"username": self.name, "password": self.password, "confirm": self.password, **different}
        return self.send("/register", fields)

    def read_secret(self):
        self.arrive("/setup-2fa")
        self.secret = self.page.by_id("secret")["value"]
        return self.secret

    def fresh_code(self):
        """Return a code that the server has not accepted yet; advance the server's clock if necessary."""
        clock = self.server.clock
        step = step_at(clock.now())
        if step <= self.spent:
            clock.to_step(self.spent + 1)
            step = self.spent + 1
        self.spent = step
        return code_of_step(self.secret, step)

    def code(self, drift=0):
        """Return the authenticator's code now, or `drift` steps from now."""
        return code_of_step(self.secret, step_at(self.server.clock.now()) + drift)

    def used_code(self):
        """Return the code that was accepted last, at any time."""
        return code_of_step(self.secret, self.spent)

    def verify(self, code=None, path="/verify-2fa"):
        return self.send(path, {"otp": code or self.fresh_code()})

    def confirm(self):
        """Read the secret and send its first code."""
        self.read_secret()
        return self.verify()

    def give_password(self, path="/login", **different):
        return self.send(path, {"username": self.name, "password": self.password, **different})

    def sign_in(self, path="/login"):
        self.give_password(path)
        assert self.page.status == 303 and self.page.location.startswith("/verify-2fa"), repr(self.page)
        return self.verify(path=self.page.location)

    def recover(self, code):
        """Sign in with the password and a recovery code."""
        self.forget().give_password()
        return self.verify(code)

    def log_out(self):
        return self.send("/logout")

    # The proof of the second factor

    def grow_stale(self):
        """Advance more than five minutes: changing credentials needs a new code then."""
        self.server.clock.advance(6 * 60)
        return self

    # Shortcuts to each state

    def enrolling(self):
        self.register()
        assert self.page.status == 303, self.page.html
        return self

    def full(self):
        self.enrolling().confirm()
        assert self.page.status == 303, self.page.html
        return self

    def pending(self):
        self.full().forget().give_password()
        assert self.page.status == 303, self.page.html
        return self
