"""One reply, parsed as a page: its form, its flash messages, the errors of its fields."""

import re

from harness.dom import read_html
from harness.server import last_seen

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self' data:",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
CLIENT_PATHS = {f"/api/oidc/{name}" for name in ("authorization", "decision", "factor", "login", "end-session", "logout")}
PASSKEYS = "publickey-credentials-get=(self), publickey-credentials-create=(self)"


def openers(response):
    """Return the values of Cross-Origin-Opener-Policy that this page may have.

    A popup that an application opened keeps its opener on all pages that lead back to the application.
    """
    path, _, query = response.request.path_url.partition("?")
    form = response.request.body or b""
    sent = query.encode() + b"&" + (form.encode() if isinstance(form, str) else form)
    if path in CLIENT_PATHS and response.status_code in (200, 303, 403, 422):
        return ("unsafe-none",)
    leads = path in CLIENT_PATHS or b"next=%2Fapi%2Foidc%2Fauthorization%3F" in sent
    leads = leads or response.headers.get("Location", "").startswith("/api/oidc/authorization?")
    return ("same-origin", "unsafe-none") if leads else ("same-origin",)


def check_headers(response, https=False, lacking=()):
    """Check the security headers of a page of any status; `lacking` names what an older release does not send."""
    headers = response.headers
    if headers.get("Content-Type", "").startswith("text/plain"):  # not a page: /healthz is for programs
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
        return
    where = f"{response.request.method} {response.request.path_url} ({response.status_code})"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].strip("; ").split(";"))

    wanted = {name: None if name in lacking else POLICY[name] for name in POLICY}
    if b" data-send>" in response.content:  # its form goes to an application
        assert policy["form-action"] in ("https:", "https: http:"), where
        wanted["form-action"] = policy["form-action"]
    assert {name: policy.get(name) for name in POLICY} == wanted, where
    assert "unsafe" not in headers["Content-Security-Policy"], where
    assert headers["Cache-Control"] == "no-store", where
    assert headers.get("Permissions-Policy") == (None if "Permissions-Policy" in lacking else PASSKEYS), where
    assert headers["X-Frame-Options"] == "DENY", where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    assert headers["Referrer-Policy"] in ("same-origin", "strict-origin", "strict-origin-when-cross-origin"), where
    assert headers["Cross-Origin-Opener-Policy"] in openers(response), where
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
    assert not re.search(r"\d", headers.get("Server", "")), where
    assert ("Strict-Transport-Security" in headers) == https, where


class Page:
    def __init__(self, response):
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.bytes = response.content
        self.location = response.headers.get("Location")
        self.path = response.request.path_url
        is_html = response.headers.get("Content-Type", "").startswith("text/html") and response.content
        self.html = response.content.decode() if is_html else ""
        self.dom = read_html(self.html) if is_html else None
        if is_html:
            self._check()
        last_seen["page"] = repr(self)

    def __repr__(self):
        return f"<{self.response.request.method} {self.path}: {self.status} → {self.location or self.heading!r}>"

    def _check(self):
        """Check the rules for every page."""
        assert self.headers["Content-Type"].lower().replace(" ", "") == "text/html;charset=utf-8"
        assert self.html.lower().startswith("<!doctype html>")
        assert self.language in ("fr", "en")
        assert self.title and self.heading
        ids = [e["id"] for e in self.dom.walk() if e.has("id")]
        assert len(ids) == len(set(ids)), f"an id occurs twice in {ids}"
        names = {name for e in self.dom.walk() for name in e.attributes}
        assert "style" not in names, "inline style: the policy forbids it"
        assert not any(name.startswith("on") for name in names), "inline script: the policy forbids it"
        for script in self.dom.all("script"):
            assert script.has("src") and not script.children, "inline script: the policy forbids it"
        assert not self.dom.all("style")

    @property
    def language(self):
        return self.dom.one("html").get("lang")

    @property
    def title(self):
        return self.dom.one("title").text

    @property
    def heading(self):
        return self.dom.one("h1").text if self.dom else ""

    @property
    def text(self):
        return self.dom.one("body").text

    def by_id(self, name):
        return self.dom.one(id=name)

    @property
    def form(self):
        """Return the page's form: the first one inside <main>."""
        forms = self.dom.one("main").all("form")
        assert forms, f"no form on {self!r}"
        return forms[0]

    def form_to(self, path):
        found = [f for f in self.dom.all("form") if (f.get("action") or self.path).split("?")[0] == path]
        assert found, f"no form to {path} on {self!r}"
        return found[0]

    def field(self, name):
        return self.form.one("input", name=name)

    def value(self, name):
        return self.field(name).get("value") or ""

    @property
    def token(self):
        """Return the CSRF token.  Every form of the page must have a token of the same session."""
        tokens = self.dom.all("input", name="csrf_token")
        assert tokens, f"no csrf_token on {self!r}"
        return tokens[0]["value"]

    @property
    def flashes(self):
        return [e.text for e in self.dom.one("main").all(role="status", class_="note")]

    @property
    def errors(self):
        """Return {field name: the error below it}, found through the same attributes that screen readers use."""
        found = {}
        for field in self.dom.all("input", aria_invalid="true"):
            sentences = [self.by_id(i) for i in (field.get("aria-describedby") or "").split()]
            found[field["name"]] = " ".join(e.text for e in sentences if {"error", "problem"} & set(e.classes) or e.get("role") == "alert")
        return found

    @property
    def alerts(self):
        return [e.text for e in self.dom.all(role="alert")]

    @property
    def recovery_codes(self):
        """Return the shown recovery codes without hyphens; an empty list if none are shown."""
        lists = self.dom.all("ol", class_="codes") if self.dom else []
        return [c.text.replace("-", "") for ol in lists for c in ol.all("code")]

    @property
    def links(self):
        return [a["href"] for a in self.dom.all("a", href=True)]
