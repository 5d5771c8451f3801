"""People sign in to applications from Debian's packages: Apache, oidc-agent, and our programs with four libraries."""

import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.parse

import pytest
import requests

from harness import Person
from harness.apache import Apache
from harness.oidc_agent import OidcAgent
from harness.server import TIMEOUT, free_port, wait_until
from harness.cross_site_browser import CrossSiteBrowser

# The applications are not installed by `make test`; .ci/run installs them.
pytestmark = pytest.mark.whole
SETTINGS = {"public_host": "127.0.0.1"}  # browsers and applications use the same origin
PARTIES = pathlib.Path(__file__).parent / "parties"
GO_OIDC = pathlib.Path("/usr/share/gocode/src/github.com/coreos/go-oidc/oidc.go")
OMNIAUTH = list(pathlib.Path("/usr/share/rubygems-integration/all/gems").glob("*omniauth-openid-connect*"))
numbers = itertools.count(1)


def client(server, *arguments):
    """Return a function that registers an application for a redirect URI; it gives client id and secret."""
    def register(redirect):
        name = f"party-{next(numbers)}"
        done = server.command("client", "add", name, "--redirect", redirect, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        added = json.loads(done.stdout)
        return added["client_id"], added["client_secret"]
    return register


@pytest.fixture
def apache(server, tmp_path):
    def start(*arguments, more=""):
        return Apache(tmp_path, server.origin, client(server, "--scopes", "openid profile email groups offline_access", *arguments), more)
    return start


def grouped(server):
    person = Person(server).full()
    assert server.command("user", "groups", person.name, "staff,wiki").returncode == 0
    assert server.command("user", "email", person.name, "anna@example.org").returncode == 0
    return person


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_apache_signs_a_person_in(server, apache, mode):
    """Code flow with PKCE, state, nonce, `iss` and all claims; mod_auth_openidc verifies the ID token."""
    person = grouped(server)
    more = "" if mode == "query" else f"OIDCResponseMode {mode}"
    with apache(more=more) as application:
        browser = CrossSiteBrowser(person).open(application.origin + "/app/who.cgi")
        assert browser.response.status_code == 200, browser.response.text + application.log()
        assert f"user={person.name}" in browser.response.text
        assert "groups=staff,wiki" in browser.response.text and "email=anna@example.org" in browser.response.text
        assert browser.consents == 1
        again = CrossSiteBrowser(person).open(application.origin + "/app/who.cgi")
        assert again.consents == 0 and f"user={person.name}" in again.response.text, "the consent is remembered"


def test_apache_sends_an_unknown_visitor_through_password_and_code(server, apache):
    person = grouped(server)
    person.log_out()
    with apache() as application:
        browser = CrossSiteBrowser(person).open(application.origin + "/app/who.cgi")
        assert f"user={person.name}" in browser.response.text, browser.visited


def test_apache_refreshes_its_tokens(server, apache):
    """mod_auth_openidc refreshes when its access token is about to expire; the session at the application goes on."""
    person = grouped(server)
    with apache() as application:
        assert server.command("client", "set", application.client_id, "access_token=70").returncode == 0
        browser = CrossSiteBrowser(person).open(application.origin + "/app/who.cgi")
        before = browser.http.get(application.origin + "/app/callback?info=json", timeout=60).json()
        server.clock.advance(30)
        wait_until(lambda: browser.http.get(application.origin + "/app/who.cgi", timeout=60).status_code == 200, "it answers")
        after = browser.http.get(application.origin + "/app/callback?info=json&access_token_refresh_interval=0", timeout=60).json()
        assert after["access_token"] != before["access_token"] and after["refresh_token"] != before["refresh_token"]


def test_apache_ends_the_session_here_too(server, apache):
    """RP-initiated logout: Apache sends id_token_hint and post_logout_redirect_uri."""
    person = grouped(server)
    with apache() as application:
        gone = application.origin + "/gone"
        done = server.command("client", "set", application.client_id, f"logout_uris={gone}")
        assert done.returncode == 0, done.stderr
        browser = CrossSiteBrowser(person, until=gone).open(application.origin + "/app/who.cgi")
        browser.open(f"{application.origin}/app/callback?logout={urllib.parse.quote(gone, safe='')}")
        assert browser.url == gone, browser.visited
        assert person.visit("/").location.startswith("/login"), "the session has ended"


# --- oidc-agent: its web server on loopback receives the code ---------------------------------------------------------

@pytest.fixture
def agent(server):
    if not shutil.which("oidc-agent"):
        pytest.skip("this release of Debian has no package for it")
    with OidcAgent(server.origin) as started:
        yield started


def signed_in(server, agent, person, registered, redirects, *arguments):
    """Sign in with password and code, through the first redirect address whose port is free; return the client."""
    client_id, secret = client(server, "--scopes", "openid profile offline_access", *arguments)(registered)
    browser = CrossSiteBrowser(person)
    agent.sign_in(browser.open, client_id, secret, redirects)
    assert browser.consents == 1 and any("/verify-2fa?" in url for url in browser.visited), browser.visited
    return client_id


def userinfo(server, token):
    return requests.get(f"{server.origin}/api/oidc/userinfo", headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)


@pytest.mark.parametrize("arguments", [(), ("--public",)], ids=["secret", "public"])
def test_oidc_agent_gets_access_tokens(server, agent, arguments):
    person = grouped(server)
    person.log_out()
    port = free_port()
    signed_in(server, agent, person, f"http://localhost:{port}", [f"http://localhost:{port}"], *arguments)
    answer = userinfo(server, agent.token())
    assert answer.status_code == 200 and answer.json()["preferred_username"] == person.name


def test_oidc_agent_takes_another_port_when_one_is_busy(server, agent):
    """A redirect address on loopback is registered without its port (RFC 8252 s7.3)."""
    person = grouped(server)
    person.log_out()
    with socket.create_server(("127.0.0.1", 0)) as busy:
        busy_port, port = busy.getsockname()[1], free_port()
        signed_in(server, agent, person, "http://localhost", [f"http://localhost:{busy_port}", f"http://localhost:{port}"])
    assert userinfo(server, agent.token()).status_code == 200


def test_oidc_agent_refreshes_its_tokens(server, agent):
    person = grouped(server)
    person.log_out()
    port = free_port()
    client_id = signed_in(server, agent, person, f"http://localhost:{port}", [f"http://localhost:{port}"])
    first = agent.token()
    assert person.log_out().location == "/login"
    assert userinfo(server, first).status_code == 401, "the sign-out ends it"
    second = agent.token("--force-new")
    assert userinfo(server, second).status_code == 200, "offline_access outlives the session"
    server.clock.advance(3700)
    assert userinfo(server, second).status_code == 401, "it has expired"
    third = agent.token("--time=7200")
    assert userinfo(server, third).status_code == 200
    assert server.command("client", "disable", client_id).returncode == 0
    assert agent.token("--force-new") is None and userinfo(server, third).status_code == 401


# --- programs that print their address, and read the address that the browser came back to ---------------------------

BACK = "http://127.0.0.1:1/callback"  # nothing listens there: the browser stops before it


def party(server, command, person, *arguments, environment=None):
    """Run an application; return the last line that it prints."""
    client_id, secret = client(server, *arguments)(BACK)
    with subprocess.Popen([*command, server.origin, client_id, secret, BACK], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}) as process:
        url = process.stdout.readline().strip()
        assert url.startswith(server.origin), url + process.stdout.read() + process.stderr.read()
        browser = CrossSiteBrowser(person, until=BACK).open(url)
        assert browser.url.startswith(BACK), browser.visited
        said, complaints = process.communicate(browser.url + "\n", timeout=TIMEOUT)
    assert process.returncode == 0, said + complaints
    return said.strip().splitlines()[-1]


@pytest.fixture(scope="session")
def go_party(tmp_path_factory):
    """The application with go-oidc, compiled with Debian's packages."""
    if not GO_OIDC.exists():
        pytest.skip("this release of Debian has no package for it")
    out = tmp_path_factory.mktemp("go")
    done = subprocess.run(["go", "build", "-o", out / "party", PARTIES / "party.go"], capture_output=True, text=True, check=False,
                          env={**os.environ, "GOPATH": "/usr/share/gocode", "GO111MODULE": "off", "GOCACHE": str(out / "cache"), "GOFLAGS": ""})
    assert done.returncode == 0, done.stderr
    return out / "party"


@pytest.mark.parametrize("narrowed", ["", "client_secret_basic", "client_secret_post"])
def test_go_oidc_signs_a_person_in(server, go_party, narrowed):
    """x/oauth2 tries Basic first and then the body, with the same code."""
    person = grouped(server)
    arguments = ["--pkce", "optional", *(["--auth-method", narrowed] if narrowed else [])]
    claims = json.loads(party(server, [go_party], person, *arguments))
    assert claims["preferred_username"] == person.name and claims["groups"] == ["staff", "wiki"]


@pytest.mark.skipif(not OMNIAUTH, reason="this release of Debian has no package for it")
def test_omniauth_signs_a_person_in(server):
    """Its key set reader fails on any key of an unknown type, so the set has RSA keys only."""
    person = grouped(server)
    told = json.loads(party(server, ["ruby", PARTIES / "party.rb"], person, "--pkce", "optional"))
    assert told["info"]["nickname"] == person.name and told["info"]["email"] == "anna@example.org"
    assert told["raw"]["groups"] == ["staff", "wiki"] and told["uid"] == told["raw"]["sub"]


def test_social_auth_signs_a_person_in(server):
    """It sends no PKCE, and stores the nonce itself."""
    person = grouped(server)
    told = json.loads(party(server, ["/usr/bin/python3", PARTIES / "party.py"], person, "--pkce", "optional"))
    assert told["details"]["username"] == told["details"]["fullname"] == person.name
    assert told["details"]["email"] == "anna@example.org" and told["groups"] == ["staff", "wiki"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_signs_a_person_in(server, method):
    from authlib.common.security import generate_token
    from authlib.integrations.requests_client import OAuth2Session
    from authlib.jose import JsonWebKey, jwt
    from authlib.oidc.core import CodeIDToken

    person = grouped(server)
    client_id, secret = client(server)(BACK)
    metadata = requests.get(f"{server.origin}/.well-known/openid-configuration", timeout=TIMEOUT).json()
    verifier = generate_token(48)
    session = OAuth2Session(client_id, secret, scope="openid profile groups", redirect_uri=BACK, code_challenge_method="S256",
                            token_endpoint_auth_method=method)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6")
    browser = CrossSiteBrowser(person, until=BACK).open(url)
    token = session.fetch_token(metadata["token_endpoint"], authorization_response=browser.url, state=state, code_verifier=verifier)
    keys = requests.get(metadata["jwks_uri"], timeout=TIMEOUT).json()
    claims = jwt.decode(token["id_token"], JsonWebKey.import_key_set(keys), claims_cls=CodeIDToken,
                        claims_options={"iss": {"essential": True, "value": server.origin}, "aud": {"essential": True, "value": client_id}},
                        claims_params={"nonce": "n-0S6", "client_id": client_id, "access_token": token["access_token"]})
    claims.validate(now=int(server.clock.now()))
    assert claims["preferred_username"] == person.name
    assert session.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]
