"""Roundcube and Dovecot from Debian's packages, with the settings that `doubletour client add roundcube` prints.

People sign in to Roundcube, which opens their mailboxes with the access token.  Dovecot asks the introspection endpoint
whether it is valid.
"""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Person
from harness.dovecot import Dovecot
from harness.relying_party import RelyingParty, good
from harness.roundcube import Roundcube
from harness.cross_site_browser import CrossSiteBrowser

# The applications are not installed by `make test`; .ci/run installs them.
pytestmark = pytest.mark.whole
SETTINGS = {"public_host": "127.0.0.1"}  # browsers and applications use the same origin
TOKEN_LIFETIME = 360  # shorter than Roundcube's own session
numbers = itertools.count(1)


class Mail:
    """Dovecot, Roundcube, and the client that was added for both."""

    def __init__(self, server, dovecot, roundcube, added):
        self.server, self.dovecot, self.roundcube = server, dovecot, roundcube
        self.client_id, self.secret = added["client_id"], added["client_secret"]

    def person(self):
        """A person whose account has an address, written with capitals, and whose mailbox has a message."""
        person = Person(self.server).full()
        person.address = f"anna{next(numbers)}@example.org"
        assert self.server.command("user", "email", person.name, person.address.replace("anna", "Anna")).returncode == 0
        self.dovecot.deliver(person.address, f"For {person.name}")
        return person

    def sign_in(self, person):
        """Sign in to Roundcube with password and code; return the browser."""
        person.log_out()
        browser = CrossSiteBrowser(person).open(self.roundcube.origin + "/?_task=login&_action=oauth")
        assert any("/verify-2fa?" in url for url in browser.visited), browser.visited
        assert browser.url.startswith(self.roundcube.origin + "/?_task=mail"), browser.visited  # 1.6.20 adds a token
        return browser

    def list(self, browser):
        """Return Roundcube's answer to the script of the browser that lists the inbox."""
        answer = browser.http.get(self.roundcube.origin + "/?_task=mail&_action=list&_mbox=INBOX&_remote=1",
                                  headers={"X-Requested-With": "XMLHttpRequest"}, timeout=60)
        return answer.json()["exec"]

    def advance(self, seconds):
        self.server.clock.advance(seconds)
        self.roundcube.follow(self.server.clock)


@pytest.fixture(scope="module")
def mail(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    dovecot = Dovecot()
    roundcube = Roundcube(folder, dovecot.port)
    done = server.command("client", "add", "roundcube", roundcube.origin, "--access-token", str(TOKEN_LIFETIME), "--json")
    assert done.returncode == 0, done.stderr
    added = json.loads(done.stdout)
    php, *blocks = added["settings"]
    with dovecot.start(blocks, added["client_secret"]), roundcube.start(php["text"]):
        yield Mail(server, dovecot, roundcube, added)


FAILED, ENDED = "Connection to storage server failed", "Your session is invalid or expired"


def test_roundcube_opens_the_mailbox_of_the_person(mail):
    person = mail.person()
    browser = mail.sign_in(person)
    assert browser.consents == 1 and f"For {person.name}" in mail.list(browser), mail.dovecot.log() + mail.roundcube.log()
    again = CrossSiteBrowser(person).open(mail.roundcube.origin + "/?_task=login&_action=oauth")
    assert again.consents == 0 and f"For {person.name}" in mail.list(again), "the consent is remembered"


def test_roundcube_refreshes_an_expired_access_token(mail):
    person = mail.person()
    browser = mail.sign_in(person)
    mail.server.clock.advance(TOKEN_LIFETIME + 1)
    assert FAILED in mail.list(browser), "Roundcube's clock has not moved"
    mail.advance(0)
    assert f"For {person.name}" in mail.list(browser)


def test_a_sign_out_closes_the_mailbox(mail):
    """With offline_access, the refresh token outlives the session."""
    person = mail.person()
    browser = mail.sign_in(person)
    assert person.log_out().location == "/login"
    assert FAILED in mail.list(browser)
    mail.advance(TOKEN_LIFETIME + 1)
    assert f"For {person.name}" in mail.list(browser)


def test_a_session_bound_refresh_token_ends_with_it(mail):
    command = ["client", "set", mail.client_id]
    assert mail.server.command(*command, "scopes=openid profile email", "refresh_session=yes").returncode == 0
    person = mail.person()
    browser = mail.sign_in(person)
    mail.advance(TOKEN_LIFETIME + 1)
    assert f"For {person.name}" in mail.list(browser), "it works until the session ends"
    assert person.log_out().location == "/login"
    assert FAILED in mail.list(browser)
    mail.advance(TOKEN_LIFETIME + 1)
    mail.list(browser)
    assert ENDED in mail.list(browser)
    assert mail.server.command(*command, "scopes=openid profile email offline_access", "refresh_session=no").returncode == 0


def test_a_disabled_account_loses_mailbox_and_mail_session(mail):
    person = mail.person()
    browser = mail.sign_in(person)
    assert mail.server.command("user", "disable", person.name).returncode == 0
    assert FAILED in mail.list(browser)
    mail.advance(TOKEN_LIFETIME + 1)
    mail.list(browser)
    assert ENDED in mail.list(browser)


# --- Dovecot alone ----------------------------------------------------------------------------------------------------

def tokens_of(mail, person, scope="openid profile email offline_access", client=None):
    client_id, secret, redirect = client or (mail.client_id, mail.secret, mail.roundcube.origin + "/index.php/login/oauth")
    return RelyingParty(mail.server, client_id, secret, redirect_uri=redirect, scope=scope).sign_in(person)


def other_client(server):
    name, redirect = f"other-{next(numbers)}", "https://other.example.org/callback"
    done = server.command("client", "add", name, "--redirect", redirect, "--scopes", "openid profile email offline_access", "--json")
    return name, json.loads(done.stdout)["client_secret"], redirect


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_dovecot_accepts_only_access_tokens_of_its_client(mail, mechanism):
    person, other = mail.person(), mail.person()
    tokens, foreign = tokens_of(mail, person), tokens_of(mail, person, client=other_client(mail.server))
    nameless = tokens_of(mail, person, scope="openid profile")
    wrong = {"another person's mailbox": tokens["access_token"], "another client": foreign["access_token"], "no scope email": nameless["access_token"],
             "refresh token": tokens["refresh_token"], "ID token": tokens["id_token"], "cut": tokens["access_token"][:-1],
             "another parameter": tokens["access_token"] + "&token_type_hint=refresh_token", "secret": mail.secret, "nothing": ""}

    def opened(case):
        return mail.dovecot.opens(other.address if case == "another person's mailbox" else person.address, wrong[case], mechanism)

    with ThreadPoolExecutor(len(wrong)) as pool:  # Dovecot answers refusals after half a second
        assert [case for case, opens in zip(wrong, pool.map(opened, wrong)) if opens] == []
    assert mail.dovecot.opens(person.address, tokens["access_token"], mechanism)


@pytest.mark.parametrize("end", ["revocation", "sign-out", "expiry", "disabled client", "another address"])
def test_dovecot_refuses_a_token_that_has_ended(mail, end):
    person = mail.person()
    tokens = tokens_of(mail, person)
    party = RelyingParty(mail.server, mail.client_id, mail.secret, redirect_uri=mail.roundcube.origin + "/index.php/login/oauth")
    assert mail.dovecot.opens(person.address, tokens["access_token"])
    ways = {"revocation": lambda: good(party.revoke(tokens["access_token"])),
            "sign-out": person.log_out,
            "expiry": lambda: mail.advance(TOKEN_LIFETIME + 1),
            "disabled client": lambda: mail.server.command("client", "disable", mail.client_id),
            "another address": lambda: mail.server.command("user", "email", person.name, "moved@example.org")}
    ways[end]()
    assert not mail.dovecot.opens(person.address, tokens["access_token"])
    mail.server.command("client", "enable", mail.client_id)


def test_dovecot_with_a_wrong_secret_opens_no_mailbox(mail):
    person = mail.person()
    tokens = tokens_of(mail, person)
    blocks = json.loads(mail.server.command("client", "settings", mail.client_id, "--json").stdout)["settings"][1:]
    with Dovecot().start(blocks, "wrong") as dovecot:
        assert not dovecot.opens(person.address, tokens["access_token"])
    assert mail.dovecot.opens(person.address, tokens["access_token"])
