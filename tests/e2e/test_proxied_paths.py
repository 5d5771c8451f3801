"""Ambiguous paths through nginx, Caddy and HAProxy with the printed configurations; Traefik and Envoy by their manuals.

Debian has no packages of Traefik and Envoy.  Their manuals say which paths they compare and forward.
"""

import json
import re
import urllib.parse

import pytest
import yaml

from harness.proxies import APPS, LOGIN, Echo, Proxy
from harness.raw import raw
from harness.server import Server, free_port
from harness.spellings import BEHIND, ENDPOINTS, ENTER, ambiguous
from test_proxies import KINDS, Browser, enter

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]

SPELLINGS = [*ambiguous(), *BEHIND]
IDENTITY = ("Remote-User", "Remote-Groups", "Remote-Name", "Remote-Email", "Remote-Jwt")


def make(home):
    """A server without access rules: a signed-in user passes everywhere, so only the path can be refused."""
    return Server(home, PUBLIC_URL=f"https://{LOGIN}:{free_port()}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org,example.net", LOG_LEVEL="debug")


@pytest.fixture(scope="module", params=KINDS)
def world(request, tmp_path_factory):
    with Echo() as echo, make(tmp_path_factory.mktemp(request.param)) as server, Proxy(request.param, server, echo) as proxy:
        yield proxy


def forged(proxy):
    """Return the headers that the gate would trust from a proxy."""
    return [("X-Original-URL", proxy.public("admin.example.org") + "/"), ("X-Original-Method", "GET"), ("X-Forwarded-Host", f"admin.example.org:{proxy.port}"),
            ("X-Forwarded-Uri", "/"), ("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "https")]


def answer_of(proxy, browser, host, path):
    # Sent to the login host too, as an attacker with this cookie could do.
    cookie = browser.person.cookie_for("https://wiki.example.org/")
    headers = [*forged(proxy), ("Cookie", f"__Secure-gate={cookie}")]
    try:
        return browser.request("GET", host, path, headers=headers, cookies=False)
    except (AssertionError, ConnectionError):  # the proxy has closed the connection after an error
        return browser.request("GET", host, path, headers=headers, cookies=False)


def of_the_application(answer):
    """Is this a page of the application?  Some of the paths are, for a signed-in user.

    The application's reply shows the headers that it received.
    """
    return answer.status == 200 and answer.get("Content-Type") == "application/json" and "headers" in json.loads(answer.body)


def requests_of(log):
    """Return the paths of the requests that Doubletour has answered."""
    return set(re.findall(r'\brequest id=\S* method=\S* path="?([^" ]*)', log))


# Caddy's rewrite keeps the browser's spelling if it decodes to the path of the gate's endpoint.  Doubletour refuses
# those spellings, so the page is refused.
RESPELLED = {path for path in SPELLINGS if urllib.parse.unquote(path) == "/api/authz/forward-auth"}
ASKED = {"nginx": {"/api/authz/auth-request"}, "caddy": {"/api/authz/forward-auth"}, "haproxy": {"/api/authz/forward-auth"}}


@pytest.mark.parametrize("host", ["wiki.example.org", LOGIN])
def test_no_ambiguous_path_reaches_doubletour_through_a_proxy(world, host):
    browser, wrong = enter(world), []
    before = len(world.server.log())
    for path in SPELLINGS:
        answer = answer_of(world, browser, host, path)
        named = [name for name in IDENTITY if answer.get(name)]
        if named or answer.status >= 500 or (answer.status == 200 and not of_the_application(answer)) or (host == LOGIN and answer.status < 400):
            wrong.append((path, answer))
    assert not wrong, wrong[:20]
    log = world.server.log()[before:]
    kept = RESPELLED if world.kind == "caddy" and host != LOGIN else set()
    assert set(re.findall(r"path.refused path=(\S*)", log)) == kept
    if host == LOGIN:
        assert not requests_of(log) & set(SPELLINGS)
    else:
        # the person's own last request may be logged late
        assert requests_of(log) - {"/gate"} == ASKED[world.kind] | kept


def test_the_table_has_at_least_200_spellings():
    assert len(SPELLINGS) >= 200 and len(set(SPELLINGS)) == len(SPELLINGS)


@pytest.mark.parametrize("host, path", [("wiki.example.org", "/api/verify/..%2f..%2f.doubletour/enter"), (LOGIN, "/api/verify/../x"),
                                        ("wiki.example.org", "/api/authz/ext-authz/..%2f..%2f..%2f.doubletour/enter")])
def test_no_script_reads_an_identity_for_another_host(world, host, path):
    answer = answer_of(world, enter(world), host, path)
    assert answer.status in (400, 403, 404) and not any(answer.get(name) for name in IDENTITY), answer


def test_the_enter_endpoint_has_one_spelling(world):
    browser = enter(world)
    answer = browser.get(ENTER + "?ticket=" + "A" * 43)
    assert answer.status == 303 and answer.get("Location") == "/", answer
    assert browser.get(ENTER).status == 303
    assert browser.get("/login", host=LOGIN).status in (200, 303)
    assert browser.get("/.well-known/jwks.json", host=LOGIN).status == 200


# The manuals of Traefik and Envoy on paths

UNRESERVED = re.compile(r"%(2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")


def decode_unreserved(path):
    return UNRESERVED.sub(lambda m: chr(int(m[1], 16)), path)


def without_dots(path, merge):
    """Normalise by RFC 3986 5.2.4; with merge, adjacent slashes become one."""
    kept = []
    segments = path.split("/")[1:]
    for at, segment in enumerate(segments):
        last = at == len(segments) - 1
        if segment in (".", ".."):
            kept = kept[:-1] if segment == ".." else kept
            if last:
                kept.append("")
        elif segment or last or not merge:
            kept.append(segment)
    return "/" + "/".join(kept)


def traefik_today(path):
    """Traefik: decodes unreserved letters, writes other sequences in capitals, removes dot segments and empty ones.

    Source: https://doc.traefik.io/traefik/security/request-path
    """
    decoded = re.sub("%[0-9a-f]{2}", lambda m: m[0].upper(), decode_unreserved(path))
    cleaned = without_dots(decoded, merge=True)
    return cleaned, cleaned


def traefik_before(path):
    """Traefik before 3.3: routers compare the path decoded once, and the raw path is forwarded."""
    return urllib.parse.unquote(path), path


def envoy(path):
    """Envoy: normalize_path (RFC 3986 6.2.2, a backslash is a slash), REJECT_REQUEST for %2F and %5C.

    Slashes are not merged.  NUL and malformed sequences get 400.
    """
    if re.search("%2f|%5c|%00", path, re.I):
        return None, None
    normal = without_dots(decode_unreserved(path.replace("\\", "/")), merge=False)
    return normal, normal


def rule_regexps(rule, name):
    return re.findall(rf"(!?){name}\(`([^`]*)`\)", rule)


def traefik_takes(rule, path):
    fits = [(bool(re.search(regexp, path)), no) for no, regexp in rule_regexps(rule, "PathRegexp")]
    fits += [(path.startswith(prefix), no) for no, prefix in rule_regexps(rule, "PathPrefix")]
    fits += [(path == one, no) for no, one in rule_regexps(rule, "Path")]
    return all(fit != bool(no) for fit, no in fits)


class Traefik:
    def __init__(self, text, reads):
        self.routers, self.middlewares = yaml.safe_load(text)["http"]["routers"], yaml.safe_load(text)["http"]["middlewares"]
        self.reads = reads

    def passes_on(self, host, path):
        """Return (destination, path): Doubletour, or the application after asking the gate; None if refused."""
        compared, forwarded = self.reads(path)
        for name in ("doubletour",) if host == LOGIN else ("wiki_example_org-enter", "wiki_example_org"):
            router = self.routers[name]
            if not traefik_takes(router["rule"], compared):
                continue
            for middleware in router.get("middlewares", ()):
                forwarded = self.middlewares[middleware].get("replacePath", {}).get("path", forwarded)
            return router["service"] == "doubletour", forwarded
        return None


class Envoy:
    def __init__(self, text):
        (listener,) = yaml.safe_load(text)["static_resources"]["listeners"]
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        assert manager["normalize_path"] and manager["path_with_escaped_slashes_action"] == "REJECT_REQUEST" and not manager["merge_slashes"]
        self.hosts = {host["name"]: host["routes"] for host in manager["route_config"]["virtual_hosts"]}

    def passes_on(self, host, path):
        compared, forwarded = envoy(path)
        if compared is None:
            return None
        for route in self.hosts["doubletour" if host == LOGIN else "wiki_example_org"]:
            match = route["match"]
            if compared == match.get("path") or compared.startswith(match.get("prefix", "\0")) or re.fullmatch(match.get("safe_regex", {}).get("regex", "\0"), compared):
                return (route["route"]["cluster"] == "doubletour", forwarded) if "route" in route else None
        return None


def recorded(server):
    apps = [f"{app}=127.0.0.1:8080" for app in APPS]
    traefik, envoy_text = (server.command("proxy-config", kind, *apps).stdout for kind in ("traefik", "envoy"))
    return {"traefik": Traefik(traefik, traefik_today), "an older traefik": Traefik(traefik, traefik_before), "envoy": Envoy(envoy_text)}


def replay(server, cookie, host, path, forged_headers):
    lines = {"Host": host, "Connection": "close", "Accept": "text/html", "Cookie": f"__Secure-gate={cookie}", "X-Forwarded-For": "192.0.2.7", **forged_headers}
    return raw(server, (f"GET {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode("latin-1"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    with make(tmp_path_factory.mktemp("alone")) as server:
        yield server


@pytest.mark.parametrize("kind", ["traefik", "an older traefik", "envoy"])
def test_no_ambiguous_path_passes_the_recorded_proxies(alone, kind):
    from harness.visitor import Visitor
    person, proxy, wrong, replayed = Visitor(alone).full(), recorded(alone)[kind], [], 0
    url = "https://wiki.example.org/"
    assert person.follow_to("/gate?" + urllib.parse.urlencode({"rd": url})) == url
    headers = {"X-Original-URL": "https://admin.example.org/", "X-Original-Method": "GET", "X-Forwarded-Host": "admin.example.org", "X-Forwarded-Uri": "/",
               "X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https"}
    for host in ("wiki.example.org", LOGIN):
        for path in SPELLINGS:
            passed = proxy.passes_on(host, path)
            if passed is None or not passed[0]:
                continue
            replayed += 1
            answer = replay(alone, person.cookie_for(url), host, passed[1], headers)
            told = answer is None or any(name.lower() in answer[1] for name in IDENTITY) or "rm=GET" in answer[1].get("location", "")
            if told or answer[0] >= 500 or (host == LOGIN and passed[1].startswith("/api/")) or (host != LOGIN and passed[1] != ENTER):
                wrong.append((host, path, passed, answer))
    assert not wrong, wrong[:10]
    assert replayed > 10, "some spellings become the endpoint after normalisation"


@pytest.mark.parametrize("kind", ["traefik", "an older traefik", "envoy"])
def test_plain_paths_pass_the_recorded_proxies(alone, kind):
    proxy = recorded(alone)[kind]
    for host, path, doubletour in ((LOGIN, "/", True), (LOGIN, "/login", True), (LOGIN, "/.well-known/jwks.json", True), (LOGIN, "/account/authenticators/new", True),
                                   ("wiki.example.org", ENTER, True), ("wiki.example.org", "/a/b", False)):
        assert proxy.passes_on(host, path) == (doubletour, path)
    for endpoint in ENDPOINTS:
        assert proxy.passes_on(LOGIN, endpoint) is None


# doctor

BEFORE = {  # former configurations, without the parts that refuse other spellings
    "nginx": [("\tif ($doubletour_ambiguous) {\n\t\treturn 400;\n\t}\n", ""), ("\t\tif ($doubletour_ambiguous) {\n\t\t\treturn 400;\n\t\t}\n", ""),
              ("proxy_pass http://doubletour/.doubletour/enter;", "proxy_pass http://doubletour;")],
    "caddy": [("\thandle @ambiguous {\n\t\trespond 400\n\t}\n", ""), ("\t\trespond @respelled 400\n\t\trewrite * /.doubletour/enter\n", "")],
    "haproxy": [("\thttp-request return status 400 if login ambiguous\n", "")],
}


def examine(proxy, *hosts):
    urls = [proxy.public(host) + ("/" if host == LOGIN else "/page") for host in hosts]
    done = proxy.server.command("doctor", *urls, "--ca", proxy.authority.ca, "--connect", f"127.0.0.1:{proxy.port}", "--json", timeout=300)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.one_row
def test_the_doctor_finds_no_spelling_that_is_let_through(world):
    done, found = examine(world, LOGIN)
    assert done.returncode == 0 and not [row for row in found if row["group"] in ("respelled", "passkeys")], done.stdout + done.stderr


def broken(kind, parts):
    def change(text):
        for was, instead in parts:
            assert was in text, was
            text = text.replace(was, instead)
        return text
    return change


@pytest.mark.parametrize("kind, host, path", [("nginx", LOGIN, "/.doubletour%2fenter"), pytest.param("nginx", "wiki.example.org", "/api/verify/..%2f..%2f.doubletour/enter", marks=pytest.mark.whole),
                                              pytest.param("caddy", LOGIN, "/x/..%2f.doubletour/enter", marks=pytest.mark.whole),
                                              pytest.param("caddy", "wiki.example.org", "/api/authz/ext-authz/..%2f..%2f..%2f.doubletour/enter", marks=pytest.mark.whole),
                                              pytest.param("haproxy", LOGIN, "/.doubletour/enter;x", marks=pytest.mark.whole)])
def test_the_doctor_detects_an_older_proxy_configuration(kind, host, path, tmp_path):
    with Echo() as echo, make(tmp_path) as server, Proxy(kind, server, echo, broken(kind, BEFORE[kind])) as proxy:
        done, found = examine(proxy, host)
        leaks = {row["what"] for row in found if "REACHES DOUBLETOUR" in row["finding"] and "raw request target" in row["finding"]}
        assert done.returncode == 1 and all(row["url"].startswith(proxy.public(host)) for row in found), done.stdout + done.stderr
        assert path in leaks, leaks


def test_the_doctor_sees_an_open_gate_and_forbidden_passkeys(tmp_path):
    policy = "add_header Permissions-Policy 'camera=(), publickey-credentials-get=()' always;"
    parts = [("\tlocation ^~ /api/verify {\n\t\treturn 403;\n\t}\n", policy)]
    with Echo() as echo, make(tmp_path) as server, Proxy("nginx", server, echo, broken("nginx", parts)) as proxy:
        done, found = examine(proxy, LOGIN)
        assert done.returncode == 1 and "/api/verify" in {row["what"] for row in found}, done.stdout
        assert [row["what"] for row in found if row["group"] == "passkeys"] == ["Permissions-Policy"], done.stdout


def test_the_doctor_continues_with_the_next_host(tmp_path):
    with Echo() as echo, make(tmp_path) as server, Proxy("nginx", server, echo) as proxy:
        urls = [f"https://nowhere.example.org:{proxy.port}/", proxy.public(LOGIN) + "/"]
        done = server.command("doctor", *urls, "--ca", proxy.authority.ca, "--connect", f"127.0.0.1:{proxy.port}", timeout=300)
        assert done.returncode == 1 and "cannot be reached" in done.stderr and all(url in done.stdout for url in urls), done
        assert "none reaches Doubletour" in done.stdout and "nothing gets through" in done.stdout, done
