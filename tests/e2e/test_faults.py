"""Every handler while calls of either process fail: no failure grants access, and the next request is served."""


import pytest
import requests

from harness.authenticator import base64url
from harness.passkeys import ADD, LOGIN, SETUP, VERIFY, KeyHolder
from harness.server import wait_until
from harness.torture import LONG, scaled

# Frequent calls: every Nth one fails in turn; in the long campaign every one.
STEPS = {"memory": scaled(9, 1), "send": 1, "receive": 1, "clock": 1, "random": 1, "write": scaled(5, 1), "sync": 1, "read": 1, "query": 1}
BACK = 30  # seconds
UNANSWERED = 10  # seconds until a request counts as unanswered: a server that receives nothing sends no reply


class Story:
    """Prepares a person for a request; the request, right or wrong; the states that a wrong request must not grant."""

    def __init__(self, name, prepare, act, gained):
        self.name, self.prepare, self.act, self.gained = name, prepare, act, gained

    def __repr__(self):
        return self.name


def fields_of(person, path, **fields):
    return {"csrf_token": person.arrive(path).token, **fields}


def ready_to_sign_in(person):
    person.full().forget()
    person.form = fields_of(person, "/login", username=person.name, password=person.password)


def ready_to_verify(person):
    person.pending()
    person.form = fields_of(person, "/verify-2fa", otp=person.fresh_code())


def ready_to_confirm(person):
    person.enrolling().read_secret()
    person.form = fields_of(person, "/verify-2fa", otp=person.fresh_code())


def ready_to_register(person):
    person.form = fields_of(person, "/register", username=person.name, password=person.password, confirm=person.password)


def ready_to_change(person):
    person.full()
    person.form = fields_of(person, "/account/password", current=person.password, password="trombone sobre 1742", confirm="trombone sobre 1742")


def ready_to_enrol_a_passkey(person):
    person.enrolling().ask(SETUP)
    person.form = {**person.asked.hidden, **person.create().fields()}


def ready_to_touch(person):
    person.with_passkey().forget().ask(LOGIN)
    person.form = {**person.asked.hidden, **person.get().fields()}


def ready_to_touch_after_the_password(person):
    person.with_passkey().forget().give_password()
    person.ask(VERIFY)
    person.form = {**person.asked.hidden, **person.get().fields()}


def ready_to_add_a_passkey(person):
    person.full().ask_new()
    person.form = {**person.asked.hidden, **person.create().fields()}


def state_of(person):
    """Return where / redirects this person's cookies.  A web process that is about to exit may have answered before."""

    def look():
        try:
            page = person.visit("/")
        except requests.RequestException:
            return None
        return "full" if page.status == 200 else page.location.split("?")[0] if page.status == 303 else None

    return wait_until(look, "the server answers", BACK)


STORIES = [
    Story("sign-in", ready_to_sign_in, ("/login", {"password": "wrong password"}), ("/verify-2fa", "full")),
    Story("code", ready_to_verify, ("/verify-2fa", {"otp": "000000"}), ("full",)),
    Story("confirmation", ready_to_confirm, ("/verify-2fa", {"otp": "000000"}), ("full",)),
    Story("registration", ready_to_register, ("/register", {"confirm": "another one"}), ("/setup-2fa", "full")),
    Story("new password", ready_to_change, ("/account/password", {"current": "wrong password"}), ()),
]
PASSKEY_STORIES = [
    Story("passkey", ready_to_touch, (LOGIN + "/passkey", {"signature": base64url(b"wrong")}), ("full",)),
    Story("passkey after the password", ready_to_touch_after_the_password, (VERIFY + "/passkey", {"signature": base64url(b"wrong")}), ("full",)),
    Story("first passkey", ready_to_enrol_a_passkey, (SETUP, {"attestation": base64url(b"wrong")}), ("full",)),
    Story("another passkey", ready_to_add_a_passkey, (ADD, {"attestation": base64url(b"wrong")}), ()),
]


def act(person, story, wrong):
    """Return the status; 0 for a connection that ended, or for the short 503 of a process without memory for a page."""
    path, changes = story.act
    try:
        return person.post(path, {**person.form, **(changes if wrong else {})}, timeout=UNANSWERED).status
    except (requests.RequestException, KeyError):  # KeyError: a header of every page is missing
        return 0


def prepared(server, story):
    """Return a person at the form.  The previous failure may have ended a process that is being replaced now."""
    def begin():
        person = KeyHolder(server)
        try:
            story.prepare(person)
        except requests.ConnectionError:
            return None
        return person

    return wait_until(begin, f"{story} begins", BACK)


def one_try(server, kind, nth, lasting, story, wrong):
    person = prepared(server, story)
    server.faults.set(kind, nth, lasting)
    status = act(person, story, wrong)
    failed = server.faults.clear(kind)
    wait_until(server.serves, f"it serves again after {kind} {nth} in {story}", BACK)
    person.http.close()
    state = state_of(person)
    if wrong:
        assert state not in story.gained, f"{story}, {kind} {nth}: wrong, and {state}"
        assert status in (0, 200, 403, 422, 429, 503), status
    elif status == 303:
        assert state in story.gained or not story.gained, f"{story}, {kind} {nth}: passed, and then {state}"
    else:
        assert status in (0, 503), f"{story}, {kind} {nth}: {status}"
    return failed


def cases(stories, marks=()):
    """Return the cases.  A case has one failing call, or all calls fail from then on.

    The long campaign has each kind of call with each story; otherwise each kind has about two stories.
    """
    return [pytest.param(kind, story, lasting, marks=marks, id=f"{kind}-{story}-{'all' if lasting else 'one'}")
            for k, kind in enumerate(sorted(STEPS)) for s, story in enumerate(stories) for lasting in (False, True) if LONG or (k + s) % 5 == 3 * lasting]


@pytest.mark.parametrize("kind, story, lasting", [*cases(STORIES), *cases(PASSKEY_STORIES, pytest.mark.whole)])
def test_faults_grant_no_sign_in_and_the_next_request_works(make_server, kind, story, lasting):
    server = make_server(public_host="localhost")
    nth, failures = 1, 0
    while True:
        failed = one_try(server, kind, nth, lasting, story, wrong=False)
        failed += one_try(server, kind, nth, lasting, story, wrong=True)
        failures += failed
        if failed == 0:
            break
        nth += STEPS[kind]
        assert nth < 3000, "the calls do not end"
    assert server.whole()
    if kind in ("memory", "send", "receive", "query") or (kind in ("write", "sync") and not server.on_postgres()):
        assert failures > 0
