"""The applications of the rules file: the tiles of the home page, and "to continue to Wiki" on the sign-in pages."""

import json
import signal
import urllib.parse

import pytest
import requests

from harness import Person
from harness.server import Server, wait_until
from harness.visitor import LOGIN, Visitor

RULES = """\
rules:
  - domain: wiki.example.org
    groups: [staff]
  - domain: vault.example.org
    groups: [staff]
    max_age: 15m
  - domain: [wiki.example.org, vault.example.org]
    policy: deny
  - domain: '*.example.org'
applications:
  - name: Wiki <b>
    address: https://wiki.example.org/
    description: Handbook & notes
    icon: icons/wiki.svg
  - name: Vault
    address: https://vault.example.org/safe/
    groups: [treasury, board]
  - name: Photos
    address: https://photos.example.org/
  - name: Router
    address: http://router.example.net/
"""


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><style>path {{ fill: #{} }}</style><path d="M0 0h4v4z"/></svg>'


def write(server, rules, svg=SVG.format("246")):
    (server.work / "icons").mkdir(exist_ok=True)
    (server.work / "icons/wiki.svg").write_text(svg)
    (server.work / "access.new").write_text(rules)
    (server.work / "access.new").rename(server.work / "access.conf")


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("portal"), PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    write(server, RULES)
    with server:
        yield server


def test_gate_check_lists_the_applications_of_an_account(gate):
    def check(*arguments):
        return gate.command("gate", "check", "https://photos.example.org/", *arguments).stdout

    person = Visitor(gate).full()
    assert gate.command("user", "groups", person.name, "board").returncode == 0
    assert check("--user", person.name).splitlines()[2:] == [
        f"Applications on the home page of {person.name}:",
        "hidden   Wiki <b>  https://wiki.example.org/  (line 7: the gate refuses it)",
        "hidden   Vault  https://vault.example.org/safe/  (line 7: the gate refuses it)",
        "visible  Photos  https://photos.example.org/",
        "visible  Router  http://router.example.net/",
    ]
    assert gate.command("user", "groups", person.name, "staff").returncode == 0
    assert "\nvisible  Wiki <b>  https" in check("--user", person.name) and "Vault  https://vault.example.org/safe/  (line 15: not a member of its groups)" in check("--user", person.name)
    found = json.loads(check("--user", person.name, "--json"))
    assert found["visible_applications"] == ["https://wiki.example.org/", "https://photos.example.org/", "http://router.example.net/"]
    assert found["hidden_applications"] == ["https://vault.example.org/safe/"]
    assert check().endswith("Applications are listed after the sign-in only.\n")
    assert json.loads(check("--json"))["visible_applications"] == []


@pytest.mark.parametrize("line, words", [("address: ftp://wiki.example.org/", "line 4"), ("icon: icons/none.svg", "line 5")])
def test_gate_check_names_the_line_of_a_wrong_application(tmp_path, line, words):
    server = Server(tmp_path, PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    address = "" if line.startswith("address") else "    address: https://wiki.example.org/\n"
    write(server, f"applications:\n  - name: Wiki\n    description: x\n{address}    {line}\nrules:\n  - domain: wiki.example.org\n")
    done = server.command("gate", "check", "https://wiki.example.org/")
    assert done.returncode != 0 and words in done.stderr, done


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
    person = member(gate, "staff")
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


# The tiles


def tiles(page):
    """Return {name: address} of the tiles, in their order."""
    return {a.one("b").text: a["href"] for a in page.dom.all("a", class_="tile")}


def member(gate, groups=""):
    person = Visitor(gate).full()
    done = gate.command("user", "groups", person.name, groups)
    assert done.returncode == 0, done.stderr
    person.forget().sign_in()
    return person


@pytest.mark.parametrize("groups, names", [
    ("", ["Photos", "Router"]),
    ("staff", ["Wiki <b>", "Photos", "Router"]),
    ("staff,treasury", ["Wiki <b>", "Vault", "Photos", "Router"]),
    ("treasury", ["Photos", "Router"]),
])
def test_home_shows_what_the_gate_would_open(gate, groups, names):
    page = member(gate, groups).visit("/")
    assert page.heading == "Your applications" and list(tiles(page)) == names
    assert tiles(page)["Router"] == "http://router.example.net/"
    for address in tiles(page).values():
        assert address in page.links


def test_an_old_code_hides_no_application(gate):
    person = member(gate, "staff,board")
    gate.clock.advance(30 * 60)
    assert "Vault" in tiles(person.visit("/"))


def test_groups_too_long_for_the_cache_count_too(gate):
    groups = ",".join(f"a-group-with-a-long-name-{i:02}" for i in range(12)) + ",staff"
    person = member(gate, groups)
    for _ in range(2):  # the second visit could use the cache
        assert list(tiles(person.visit("/"))) == ["Wiki <b>", "Photos", "Router"]


def test_icons_are_served_without_scripts_or_origin(gate):
    page = member(gate, "staff").visit("/")
    (icon,) = [i["src"] for i in page.dom.all("img", class_="seal")]
    answer = requests.get(gate.origin + icon, timeout=30)
    assert answer.status_code == 200 and answer.text == SVG.format("246")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "immutable" in answer.headers["Cache-Control"]
    for other in ("/icons/", "/icons/AAAAAAAAAAAAAAAA.svg", icon + "x"):
        assert requests.get(gate.origin + other, timeout=30).status_code == 404


def test_a_reload_replaces_applications_and_a_bad_one_changes_nothing(make_server):
    server = make_server(start=False, PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    write(server, RULES)
    server.start()
    person = member(server, "staff")
    before = person.visit("/")

    def reload(rules, **more):
        write(server, rules, **more)
        server.signal(signal.SIGHUP)

    reload(RULES.replace("Photos", "Pictures"), svg=SVG.format("0f0"))
    wait_until(lambda: "Pictures" in tiles(person.visit("/")), "the new name is on the page")
    (old,), (new,) = ([i["src"] for i in page.dom.all("img", class_="seal")] for page in (before, person.page))
    assert old != new and requests.get(server.origin + new, timeout=30).text == SVG.format("0f0")
    assert requests.get(server.origin + old, timeout=30).status_code == 404

    assert server.command("config", "check").returncode == 0
    assert "two_factor" in server.command("gate", "check", "https://wiki.example.org/").stdout

    reload(RULES, svg=SVG.format("fff").replace("<path", "<script>alert(1)</script><path"))
    wait_until(lambda: "access.conf, line 14: icons/wiki.svg" in server.log(), "the log names the line of the icon")
    assert "Pictures" in tiles(person.visit("/"))
    done = server.command("config", "check")
    assert done.returncode == 78 and "access.conf, line 14: icons/wiki.svg" in done.stderr


NINE = "rules:\n  - domain: '*'\napplications:\n" + "".join(
    f"  - name: {name}\n    address: https://{name.lower()}.example.org/\n    description: {description}\n" for name, description in (
        ("Wiki", "Handbook and notes"), ("Photos", "Albums"), ("Files", "Folders"), ("Calendar", "Rooms"), ("Graphs", "Servers"),
        ("Media", "Films and music"), ("Mail", "Letters"), ("Tasks", "Boards"), ("Code", "Repositories and notes")))


def test_search_finds_words_without_scripts(make_server):
    server = make_server(start=False, PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    write(server, NINE)
    person = Visitor(server.start()).full()
    page = person.visit("/")
    assert len(tiles(page)) == 9
    field = page.dom.one("input", name="q")
    assert page.dom.one("label", for_=field["id"]).text == "Search applications"
    for query, names in (("notes", ["Wiki", "Code"]), ("NOTES+code", ["Code"]), ("wiki.example", ["Wiki"]), ("", list(tiles(page))), ("zz+wiki", [])):
        page = person.visit("/?q=" + query)
        assert list(tiles(page)) == names and page.dom.one("input", name="q")["value"] == query.replace("+", " ")
    assert "No application matches." in page.text
    write(server, NINE[:NINE.index("  - name: Code")])
    server.signal(signal.SIGHUP)
    wait_until(lambda: not person.visit("/").dom.all("input", name="q"), "eight applications need no search")
    assert len(tiles(person.visit("/?q=wiki"))) == 8


def test_home_without_applications_says_so(server):
    page = Person(server).full().visit("/")
    assert "No applications yet" in page.text and not tiles(page)


def test_the_check_up_counts_other_devices_at_once(server):
    """Web caches a session for two seconds; the answer to a change carries the new numbers."""
    person = Person(server).full()
    person.forget().sign_in()
    assert "1 other device is signed in" in person.visit("/").text
    token = person.visit("/account/devices").token
    assert person.post("/account/sessions/end", {"csrf_token": token}).status == 303
    assert "No other device is signed in" in person.visit("/").text
