"""`doubletour client doctor URL`: compares the request of a small local application with the registered client."""

import http.server
import json
import subprocess
import threading
import urllib.parse

import pytest

pytestmark = pytest.mark.without_postgres

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B
CALLBACK = "https://wiki.example.org/callback"
REQUEST = {"client_id": "wiki", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid profile", "state": "x", "nonce": "n",
           "code_challenge": CHALLENGE, "code_challenge_method": "S256"}


class Application(http.server.ThreadingHTTPServer):
    """Answers each path with the status and headers that a test has set."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = {}, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def redirect(self, path, location, *cookies, status=302):
        self.answers[path] = (status, [("Location", location), *(("Set-Cookie", cookie) for cookie in cookies)])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, self.headers))
        status, headers = self.server.answers.get(self.path.partition("?")[0], (404, []))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def application():
    one = Application()
    yield one
    one.shutdown()
    one.server_close()


@pytest.fixture(scope="module")
def clients(server):
    """Add the client that fits REQUEST, and variants of it."""
    for name, *options in (["wiki"], ["lax", "--pkce", "optional"], ["phone", "--public"], ["gone"]):
        done = server.command("client", "add", name, "--redirect", CALLBACK, "--scopes", "openid profile", *options)
        assert done.returncode == 0, done.stderr
    assert server.command("client", "disable", "gone").returncode == 0
    return server


def issuer(server):
    """Return the issuer: without PUBLIC_URL, it is the address of this machine."""
    return f"http://localhost:{server.port}"


def endpoint(server, **changes):
    """Return the URL to which the application redirects; None leaves a parameter out."""
    parameters = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
    return f"{issuer(server)}/api/oidc/authorization?{urllib.parse.urlencode(parameters)}"


def doctor(server, url, status):
    done = server.command("client", "doctor", url)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout


def findings(server, url, status):
    done = server.command("client", "doctor", url, "--json")
    assert done.returncode == status, (done.stdout, done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def difference(server, **changes):
    """Return the only difference that the doctor finds."""
    (found,) = [row for row in findings(server, endpoint(server, **changes), 1) if row["state"] == "differs"]
    return found


# From the address to the request


def test_a_request_that_fits_has_no_difference(clients, application):
    application.redirect("/login", "/oauth?next=/")
    application.redirect("/oauth", endpoint(clients), status=303)
    text = doctor(clients, application.url("/login"), 0)
    assert text.endswith("Nothing differs.\n") and "DIFFERS" not in text and f"good     redirect_uri   {CALLBACK}\n" in text
    assert [path for path, _ in application.requests] == ["/login", "/oauth?next=/"]


def test_the_doctor_does_not_ask_the_authorization_endpoint(clients, application):
    before = clients.sql("SELECT count(*) FROM sessions")
    log = clients.log()
    application.redirect("/login", endpoint(clients))
    doctor(clients, application.url("/login"), 0)
    doctor(clients, endpoint(clients), 0)  # the address that a browser reached
    assert clients.sql("SELECT count(*) FROM sessions") == before and clients.log() == log


@pytest.mark.parametrize("location, path", [("/next", "/next"), ("next", "/a/next"), ("?x=1", "/a/login?x=1"), ("//127.0.0.1:PORT/next", "/next"),
                                            ("/next?a=b c", "/next?a=b%20c"), ("/next#part", "/next"), ("/[x]{y}", "/[x]{y}")])
def test_relative_addresses_are_resolved(clients, application, location, path):
    application.redirect("/a/login", location.replace("PORT", str(application.server_port)))
    doctor(clients, application.url("/a/login"), 1)
    assert application.requests[1][0] == path


def test_cookies_return_to_their_origin_only(clients, application):
    other = Application()
    application.redirect("/login", other.url("/away"), "a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/", "b=2; Secure", "a=3")
    other.redirect("/away", application.url("/back"), "c=4")
    application.redirect("/back", endpoint(clients))
    doctor(clients, application.url("/login"), 0)
    other.shutdown()
    other.server_close()
    assert [headers["Cookie"] for _, headers in application.requests] == [None, "a=3; b=2"]
    assert [headers["Cookie"] for _, headers in other.requests] == [None]


def test_ten_redirects_are_followed(clients, application):
    for number in range(9):
        application.redirect(f"/{number}", f"/{number + 1}")
    application.redirect("/9", endpoint(clients))
    doctor(clients, application.url("/0"), 0)
    application.redirect("/9", "/10")
    application.redirect("/10", endpoint(clients))
    assert "redirects more than 10 times" in doctor(clients, application.url("/0"), 1)
    assert len(application.requests) == 10 + 11


def test_a_redirect_loop_ends(clients, application):
    application.redirect("/login", "/login")
    assert "redirects more than 10 times" in doctor(clients, application.url("/login"), 1)


@pytest.mark.parametrize("location, words", [
    ("http://wiki.example.org/login", "which has no TLS"), ("http://localhost:x@wiki.example.org/", "which has no TLS"), ("app.immich:///oauth", "not a web page"), ("javascript:alert(1)", "not a web page"),
    ("file:///etc/passwd", "not a web page"), ("https://127.0.0.1:1/x", "cannot be reached"),
])
def test_other_addresses_are_not_followed(clients, application, location, words):
    application.redirect("/login", location)
    (found,) = findings(clients, application.url("/login"), 1)
    assert words in found["finding"] and found["state"] == "differs"


def test_an_application_elsewhere_sends_no_request_to_this_machine(clients, application, tmp_path):
    """A program that replaces curl answers for the application."""
    curl = tmp_path / "curl"
    curl.write_text(f"#!/bin/sh\necho \"$@\" >>{tmp_path}/asked\nprintf 'HTTP/1.1 302 Found\\r\\nLocation: {application.url('/local')}\\r\\n\\r\\n'\n")
    curl.chmod(0o755)
    done = clients.command("client", "doctor", "https://wiki.example.org/login", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == 1 and "was not followed" in done.stdout, (done.stdout, done.stderr)
    assert len((tmp_path / "asked").read_text().splitlines()) == 1


def test_a_page_without_a_redirect_is_named(clients, application):
    application.answers["/login"] = (200, [])
    assert "/login answers 200 and redirects no further." in doctor(clients, application.url("/login"), 1)
    assert "answers 404" in doctor(clients, application.url("/other"), 1)


def test_another_path_of_this_server_is_named(clients, application):
    for path in ("/oauth/authorize", "/api/oidc/authorization/", "//api/oidc/authorization"):
        application.redirect("/login", f"{issuer(clients)}{path}?client_id=wiki")
        (found,) = findings(clients, application.url("/login"), 1)
        assert f"{path}." in found["finding"] and f"is {issuer(clients)}/api/oidc/authorization." in found["finding"] and found["what"] == "endpoint"


@pytest.mark.parametrize("url", ["wiki.example.org/login", "ftp://wiki.example.org/", "/login", "--ca"])
def test_a_url_that_cannot_be_followed_is_refused(clients, url):
    done = clients.command("client", "doctor", url)
    assert done.returncode in (1, 2) and not done.stdout and done.stderr


def test_control_bytes_reach_no_terminal(clients, application):
    application.redirect("/login", endpoint(clients, client_id="\x1b[2J", scope="openid \x1b[2J"))
    assert "\x1b" not in doctor(clients, application.url("/login"), 1)


# The comparison


def test_an_unknown_client_is_named(clients):
    found = difference(clients, client_id="wikki")
    assert "There is no client wikki." in found["finding"] and found["command"] == "doubletour client list"
    assert "has no client_id" in difference(clients, client_id=None)["finding"]


def test_a_disabled_client_is_named(clients):
    found = difference(clients, client_id="gone")
    assert "is disabled" in found["finding"] and found["command"] == "doubletour client enable gone"


@pytest.mark.parametrize("asked, parts", [
    ("https://wiki.example.org/callback/", "the path."), ("https://wiki.example.org:8443/callback", "the port."),
    ("https://wiki.example.net/callback", "the host."), ("https://www.example.org/oauth", "the host and the path."),
    ("https://wiki.example.org:443/callback", "the port."),
])
def test_a_redirect_uri_that_is_not_registered_can_be_registered(clients, asked, parts):
    found = difference(clients, redirect_uri=asked)
    assert f"asks for {asked}, which is not registered.  {CALLBACK} is.  They differ in {parts}" in found["finding"]
    assert found["command"] == f"doubletour client set wiki 'redirect_uris+={asked}'"


def test_http_in_place_of_https_is_explained(clients):
    found = difference(clients, redirect_uri="http://wiki.example.org/callback")
    assert "They differ in the scheme." in found["finding"] and "X-Forwarded-Proto" in found["finding"] and "In a home network only" in found["finding"]
    assert found["command"] == "doubletour client set wiki 'insecure_redirect=yes' 'redirect_uris+=http://wiki.example.org/callback'"


@pytest.mark.parametrize("asked", ["javascript:alert(1)", "https://wiki.example.org/callback#x", "https://*.example.org/callback"])
def test_a_redirect_uri_that_cannot_be_registered_has_no_command(clients, asked):
    found = difference(clients, redirect_uri=asked)
    assert "It cannot be registered" in found["finding"] and found["command"] == ""


def test_a_quote_cannot_leave_the_printed_command(clients):
    assert difference(clients, redirect_uri="https://wiki.example.org/';reboot;'")["command"] == ""


def test_a_missing_redirect_uri_is_named(clients):
    assert "has no redirect_uri" in difference(clients, redirect_uri=None)["finding"]


def test_scopes_are_compared(clients):
    found = difference(clients, scope="openid groups email")
    assert "asks for email groups, which this client may not have" in found["finding"]
    assert found["command"] == "doubletour client set wiki 'scopes=openid profile email groups'"
    assert "has no openid" in difference(clients, scope="profile")["finding"]
    notes = [row["finding"] for row in findings(clients, endpoint(clients, scope="openid user:email"), 0) if row["state"] == "note"]
    assert notes == ["Unknown here, and left out: user:email", "Allowed, but the application does not ask for it: profile"]


def test_missing_pkce_is_named(clients):
    without = {"code_challenge": None, "code_challenge_method": None}
    found = difference(clients, **without)
    assert found["command"] == "doubletour client set wiki 'pkce=optional'" and found["what"] == "PKCE"
    assert difference(clients, client_id="phone", **without)["command"] == ""
    notes = [row for row in findings(clients, endpoint(clients, client_id="lax", **without), 0) if row["state"] == "note"]
    assert len(notes) == 1 and "may go without" in notes[0]["finding"]


def test_pkce_that_could_be_required_is_noted(clients):
    (note,) = [row for row in findings(clients, endpoint(clients, client_id="lax"), 0) if row["state"] == "note"]
    assert note["command"] == "doubletour client set lax 'pkce=required'"


def test_the_method_plain_is_named(clients):
    assert "method plain." in difference(clients, code_challenge_method=None)["finding"]
    assert "method S512." in difference(clients, code_challenge_method="S512")["finding"]


def test_another_response_type_is_named(clients):
    assert 'asks for "id_token".  Only code is supported' in difference(clients, response_type="id_token")["finding"]


def test_other_faults_of_the_request_are_named_as_the_server_does(clients):
    assert "code_challenge is not" in difference(clients, code_challenge="short")["finding"]
    assert "request_uri" in difference(clients, request_uri="urn:x")["finding"]
    assert "max_age is not" in difference(clients, max_age="soon")["finding"]
    twice = endpoint(clients) + "&state=y"
    assert "occurs twice" in findings(clients, twice, 1)[0]["finding"]
    assert "malformed" in findings(clients, endpoint(clients) + "&x=%zz", 1)[0]["finding"]


@pytest.mark.parametrize("changes", [{"redirect_uri": CALLBACK + "/", "scope": "openid groups", "code_challenge": None}])
def test_the_printed_commands_correct_all_differences(clients, changes):
    """A shell runs the commands as they are printed."""
    clients.command("client", "add", "mended", "--redirect", CALLBACK, "--scopes", "openid profile")
    url = endpoint(clients, client_id="mended", **changes)
    commands = [row["command"] for row in findings(clients, url, 1) if row["state"] == "differs"]
    assert len(commands) == 3
    for command in commands:
        words = subprocess.run(["sh", "-c", command.replace("doubletour", "printf '%s\\n'", 1)], capture_output=True, text=True, check=True).stdout
        assert clients.command(*words.splitlines()).returncode == 0
    assert doctor(clients, url, 0).endswith("Nothing differs.\n")


def test_requests_of_real_applications_are_read(clients):
    """Vikunja and Portainer do not encode URIs and scopes; Wiki.js repeats openid; Proxmox sends JSON as state."""
    plain = (f"{issuer(clients)}/api/oidc/authorization?client_id=lax&redirect_uri={CALLBACK}&response_type=code&scope=openid profile openid"
             '&state={"csrf_token":"a","realm":"b"}')
    assert doctor(clients, plain, 0).endswith("Nothing differs.\n")
