"""A person's browser that visits applications too: it follows redirects, and pages with a refresh, between all hosts.

    browser = CrossSiteBrowser(person)
    browser.open("http://127.0.0.1:8080/")          # signs in on the way, if the person is not signed in
    browser.response.text                           # the application's page
"""

import urllib.parse

import requests

from harness.dom import read_html

HOPS = 25


class CrossSiteBrowser:
    def __init__(self, person, answer="allow", until=None):
        self.person = person
        self.answer = answer  # on the page that asks for consent
        self.until = until    # an address of an application that only exists in the test: stop there
        self.consents = 0
        self.response = None  # of the application
        self.http = requests.Session()
        self.http.trust_env = False
        self.visited = []  # all addresses

    def open(self, url):
        """Open an address, and go on to a page of an application, or to a page of the server that leads no further."""
        for _ in range(HOPS):
            self.visited.append(url)
            if self.until and url.startswith(self.until):
                return self
            url = self._on_server(url) if self._is_server(url) else self._on_application(url)
            if url is None:
                return self
        raise AssertionError(f"redirect loop: {self.visited[-6:]}")

    def _is_server(self, url):
        return url.startswith(self.person.server.origin + "/")

    def _on_application(self, url):
        self.response = self.http.get(url, allow_redirects=False, timeout=60)
        return self._led_from(url)

    def _led_from(self, url):
        if self.response.status_code in (301, 302, 303, 307, 308):
            return urllib.parse.urljoin(url, self.response.headers["Location"])
        return None

    def _on_server(self, url):
        self.response = None
        return self._read(self.person.visit(url.removeprefix(self.person.server.origin)), url)

    def _read(self, page, url):
        if page.location:
            return urllib.parse.urljoin(url, page.location)
        if page.dom.all("input", name="username"):
            return self._read(self._send(page, "/login", username=self.person.name, password=self.person.password), url)
        if page.dom.all("form", action="/api/oidc/decision"):
            self.consents += 1
            return self._read(self._send(page, "/api/oidc/decision", answer=self.answer), url)
        if page.dom.all("input", name="otp"):
            return self._read(self._send(page, "", otp=self.person.fresh_code()), url)
        if refresh := page.dom.all("meta", http_equiv="refresh"):
            return refresh[0]["content"].partition("url=")[2]
        for form in page.dom.all("form"):
            if form.has("data-send"):
                return self._post_on_application(form)
        return None

    def _send(self, page, path, **fields):
        forms = [f for f in page.dom.all("form") if (f.get("action") or page.path).split("?")[0] == (path or page.path.split("?")[0])]
        form = forms[0] if forms else page.form
        hidden = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden") if i.has("name")}
        return self.person.post(form.get("action") or page.path, {**hidden, **fields})

    def _post_on_application(self, form):
        fields = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden")}
        self.response = self.http.post(form["action"], fields, allow_redirects=False, timeout=60)
        return self._led_from(form["action"])

    @property
    def url(self):
        """The last address."""
        return self.visited[-1]

    @property
    def page(self):
        """The application's page, parsed."""
        return read_html(self.response.text)
