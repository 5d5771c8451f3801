"""The applications of the rules file: the tiles of the home page, and "to continue to Wiki" on the sign-in pages."""

import urllib.parse

import pytest

from harness.server import Server
from harness.visitor import LOGIN, Visitor

RULES = """\
rules:
  - domain: wiki.example.org
    groups: [staff]
  - domain: vault.example.org
    groups: [staff]
    max_age: 15m
  - domain: '*.example.org'
applications:
  - name: Wiki <b>
    address: https://wiki.example.org/
    description: Handbook & notes
  - name: Vault
    address: https://vault.example.org/safe/
    groups: [treasury, board]
  - name: Photos
    address: https://photos.example.org/
  - name: Router
    address: http://router.example.net/
"""


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("portal"), PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    (server.work / "access.conf").write_text(RULES)
    with server:
        yield server


def gate_path(url):
    return "/gate?rd=" + urllib.parse.quote(url, safe="")


def continues_to(page):
    """Return the bold name and the host after "to continue to"; None if the page has no such sentence."""
    for p in page.dom.all("p"):
        if "to continue to" in p.text:
            return p.one("b").text, *(small.text for small in p.all("small"))
    return None


# To continue to Wiki


def test_every_page_of_the_sign_in_names_the_application(gate):
    person = Visitor(gate).full()
    assert continues_to(person.visit("/")) is None
    person.forget()
    start = gate_path("https://wiki.example.org/page?x=1")
    login, register = (f"/{page}?next=" + urllib.parse.quote(start, safe="") for page in ("login", "register"))
    assert continues_to(person.arrive(start)) == ("Wiki <b>", "wiki.example.org")
    assert continues_to(person.visit(register)) == continues_to(person.visit(login)) == ("Wiki <b>", "wiki.example.org")
    assert continues_to(person.give_password(login, password="wrong")) == ("Wiki <b>", "wiki.example.org")
    person.give_password(login)
    assert continues_to(person.follow()) == ("Wiki <b>", "wiki.example.org")
    assert continues_to(person.verify("000000", path=person.page.path)) == ("Wiki <b>", "wiki.example.org")


@pytest.mark.parametrize("url, shown", [
    ("https://vault.example.org/safe/door", ("Vault", "vault.example.org")),
    ("https://vault.example.org/", ("vault.example.org",)),
    ("https://new.example.org/?name=Wiki", ("new.example.org",)),
    ("https://router.example.net/", None),
    ("https://wiki.example.org@evil.example/", None),
    ("http://wiki.example.org/", None),
])
def test_the_name_comes_only_from_the_rules_file(gate, url, shown):
    assert continues_to(Visitor(gate).visit("/login?next=" + urllib.parse.quote(gate_path(url), safe=""))) == shown
