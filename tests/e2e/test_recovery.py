"""Ten recovery codes for a lost phone: shown once, valid once, renewable; and a phone with a wrong clock."""

import itertools
import re
import threading
from urllib.parse import unquote, urlsplit

import pytest

from harness import Person, step_at
from harness.codes import code_of_step
from harness.server import wait_until
from harness.together import form_bytes, together

PATH = "/account/recovery-codes"
SAVED = PATH + "/saved"
SECURITY = "/account/security"
KINDS = {"fr": re.compile("code"), "en": re.compile("code")}


def enrolled(person):
    """Continue from the authenticator's first code to the recovery codes; return them."""
    person.full().follow()
    assert person.page.status == 200 and person.page.path == PATH
    return person.page.recovery_codes


def numbers(text):
    return [int(n) for n in re.findall(r"\d+", text)]


@pytest.fixture
def codes(alice):
    return enrolled(alice)


# Creating and showing


@pytest.mark.parametrize("language", ["fr", "en"])
def test_ten_codes_of_120_bits_are_shown_right_after_enrolment(server, language):
    person = Person(server, language=language)
    codes = enrolled(person)
    assert person.page.language == language and person.page.flashes
    assert len(codes) == len(set(codes)) == 10
    assert all(re.fullmatch("[A-Z2-7]{24}", code) for code in codes)


def test_recovery_codes_are_shown_once_and_then_only_counted(alice, codes):
    for _ in range(2):
        page = alice.visit(PATH)
        assert page.status == 200 and page.recovery_codes == []
        assert not [c for c in codes if c in page.html.replace("-", "")]
        assert 10 in numbers(page.dom.one("main").one("p", class_="soft").text)
        assert page.dom.one("main").all("time"), "and since when"


def test_a_head_request_makes_no_recovery_codes(alice):
    alice.full()
    assert alice.request("HEAD", PATH).status == 200
    assert len(alice.visit(PATH).recovery_codes) == 10, "the account had no codes yet"


def test_the_recovery_page_continues_to_the_return_url(alice):
    alice.enrolling().read_secret()
    alice.verify(path="/verify-2fa?next=%2Flogout%3Fa%3Db")
    assert alice.page.location == PATH + "?next=%2Flogout%3Fa%3Db"
    form = alice.follow().form_to(SAVED)
    assert alice.post(SAVED, {i["name"]: i["value"] for i in form.all("input", name=True)}).location == "/logout?a=b"


@pytest.mark.parametrize("path", ["//example.org", "https://example.org/", "javascript:alert(1)"])
def test_the_recovery_page_ignores_a_hostile_return_url(alice, path):
    alice.full()
    page = alice.visit(PATH + "?next=" + path)
    assert not [link for link in page.links if "example.org" in link or "javascript" in link]
    assert alice.post(SAVED, {"csrf_token": page.token}).location == "/"
    assert alice.post(SAVED, {"csrf_token": page.token, "next": path}).location == "/"


def test_continuing_requires_a_ticked_box_without_scripts_too(alice, codes):
    form = alice.page.form_to(SAVED)
    box = form.one("input", type="checkbox")
    assert box.has("required") and not box.has("checked") and not form.has("novalidate")
    assert [i["name"] for i in form.all("input", name=True)] == ["csrf_token"]
    assert alice.post(SAVED, {"csrf_token": "A" * 43}).status == 403 and alice.page.recovery_codes == []


def test_the_file_to_save_holds_the_codes_and_needs_no_script(alice, codes):
    link = alice.page.dom.one("main").one("a", download=True)
    kind, _, text = link["href"].partition(",")
    lines = unquote(text).splitlines()
    assert kind == "data:text/plain;charset=utf-8" and link["download"] == "doubletour-recovery-codes.txt"
    assert lines[:4] == ["Doubletour", alice.server.origin.replace("127.0.0.1", "localhost"), alice.name, ""]
    assert [line.replace("-", "") for line in lines[4:]] == codes


def test_codes_are_not_made_for_a_page_that_another_site_opens(server):
    alice = Person(server).full()
    page = alice.visit("/account/recovery-codes", headers={"Sec-Fetch-Site": "cross-site"})
    assert page.status == 200 and not page.recovery_codes
    page = alice.visit("/account/recovery-codes", headers={"Sec-Fetch-Site": "same-origin"})
    assert page.recovery_codes, "the page makes the codes now"


def test_the_printout_names_the_account_and_the_date(alice, codes):
    facts = alice.page.dom.one("main").one("dl", class_="paper")
    assert "Doubletour" in facts.text and alice.name in facts.text and len(facts.all("time")) == 1


@pytest.mark.sqlite
def test_the_database_holds_no_recovery_code(server, codes):
    files = [p.read_bytes() for p in server.data.iterdir() if p.name.startswith("doubletour.sqlite")]
    for code in codes:
        for spelling in (code, code.lower(), "-".join(code[i : i + 4] for i in range(0, 24, 4))):
            assert not [f for f in files if spelling.encode() in f]


# Creating while the session ends


def other_browser(person):
    other = Person(person.server, person.name, person.password)
    other.secret, other.spent = person.secret, person.spent
    other.sign_in()
    return other


def made_after_the_end(server):
    """Count the codes made after the session's end: audit rows are numbered under the account's lock."""
    return server.sql("SELECT count(*) FROM audit WHERE event = 'recovery.made' AND id > "
                      "(SELECT max(id) FROM audit WHERE event IN ('session.ended', 'signout.done'))")[0][0]


@pytest.mark.parametrize("end", ["all others", "that one", "sign out"])
def test_an_ended_session_makes_no_recovery_codes(server, end):
    """Six threads request new codes while the session is ended; no codes are made after the end was acknowledged."""
    for _ in range(4):
        alice = Person(server).full()
        owner = other_browser(alice)
        alice.visit(PATH)
        renew = form_bytes(server, PATH, {"csrf_token": alice.page.token}, alice.cookies)
        over, statuses = threading.Event(), set()

        def ask():
            while not over.is_set():
                answer = together(server, [renew])[0]
                statuses.add((answer.status, urlsplit(answer.location or "").path))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        wait_until(lambda: (200, "") in statuses, "codes are made")
        if end == "sign out":
            page = alice.post("/logout", {"csrf_token": alice.page.token})
        else:
            owner.visit("/account/devices")
            number = "" if end == "all others" else owner.page.dom.one("main").one("input", name="id")["value"]
            page = owner.post("/account/sessions/end", {"csrf_token": owner.page.token, "id": number})
        assert page.status == 303
        wait_until(lambda: (303, "/login") in statuses, "the end of the session has an effect")
        over.set()
        for thread in threads:
            thread.join()
        assert made_after_the_end(server) == 0
        assert statuses <= {(200, ""), (303, "/login")}, statuses


# Used


SPELLINGS = {
    "as shown": lambda c: "-".join(c[i : i + 4] for i in range(0, 24, 4)),
    "bare": lambda c: c,
    "small": str.lower,
    "spaces": lambda c: "  " + " ".join(c[i : i + 4] for i in range(0, 24, 4)) + " ",
}


@pytest.mark.parametrize("spelling", SPELLINGS, ids=str)
def test_a_recovery_code_opens_the_account_once(server, alice, codes, spelling):
    typed = SPELLINGS[spelling](codes[3])
    alice.recover(typed)
    assert (alice.page.status, urlsplit(alice.page.location).path) == (303, SECURITY)
    assert alice.visit("/").status == 200
    other = Person(server, alice.name, alice.password)
    assert other.recover(typed).status == 422, "it is spent"
    assert other.visit("/").location == "/verify-2fa"
    assert other.recover(codes[4]).status == 303, "the next code is not spent"


@pytest.mark.parametrize("language, kind", [("fr", "authentificateur"), ("en", "authenticator")])
def test_a_used_recovery_code_is_followed_by_advice_and_a_count(server, language, kind):
    person = Person(server, language=language)
    person.recover(enrolled(person)[0])
    page = person.follow()
    assert page.path == SECURITY and len(page.flashes) == 1
    assert kind in page.flashes[0] and 9 in numbers(page.flashes[0])
    assert [link for link in page.links if "replaces=" in link]


def test_next_is_kept_through_a_recovery_code(alice, codes):
    alice.forget().give_password("/login?next=%2Flogout")
    alice.verify(codes[0], path=alice.page.location)
    assert alice.page.location == SECURITY + "?next=%2Flogout"
    assert "/logout" in [a["href"] for a in alice.follow().dom.one("main").all("a", href=True)]


WRONG = ["{0}A", "{1}", "{2}", "", "-", "A" * 24, "0" * 4000, "A" * 4000, "{3}\x00", "é" * 24, "{3}{3}", "' OR 1=1 --"]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_codes_of_other_accounts_open_no_session(server, alice, codes, wrong):
    codes_of_bob = enrolled(Person(server))
    typed = wrong.format(codes[0], codes[0][:23], codes_of_bob[0], codes[1])
    page = alice.recover(typed) if typed else alice.forget().give_password() and alice.send("/verify-2fa", {"otp": ""})
    assert page.status in (400, 422), page
    if page.status == 422:
        assert page.errors["otp"] and page.value("otp") == ""
    assert alice.visit("/").location == "/verify-2fa"
    assert alice.verify(codes[0]).status == 303


def test_a_refused_recovery_code_has_its_own_sentences(alice, codes):
    """In the field for recovery codes, and in the field for codes, which accepts them too."""
    used = codes[0]
    alice.forget().give_password()
    assert alice.send("/verify-2fa", {"otp": used}).status == 303
    for field in ("/verify-2fa", "/verify-2fa?recovery=1"):
        alice.forget().give_password()
        for typed, sentence in ((used, "This recovery code has already been used. Use another one."), ("ABCD" * 6, "This recovery code is wrong. Check it, or try another one.")):
            page = alice.send(field, {"otp": typed})
            assert page.status == 422 and page.errors["otp"] == sentence, (field, typed)


def test_an_enrolling_session_cannot_use_a_recovery_code(server, alice, codes):
    """Another account that is enrolling: these codes belong to the first account, and the second has none."""
    other = Person(server).enrolling()
    other.read_secret()
    assert other.verify(codes[0]).status == 422
    assert other.visit("/").location == "/setup-2fa"


def test_one_of_64_parallel_recovery_codes_is_accepted(server, alice, codes):
    people = [Person(server, alice.name, alice.password) for _ in range(64)]
    for person in people:
        person.give_password()
        person.arrive("/verify-2fa")
    answers = together(server, [form_bytes(server, "/verify-2fa", {"csrf_token": p.page.token, "otp": codes[5]}, p.cookies) for p in people])
    statuses = [a.status for a in answers]
    assert statuses.count(303) == 1 and set(statuses) <= {303, 422, 429}, statuses
    server.delete_attempts()
    alice.recover(codes[6])
    assert 8 in numbers(alice.follow().flashes[0])


# Renewed


def test_new_recovery_codes_void_the_old_ones_after_a_warning(alice, codes):
    page = alice.visit(PATH)
    assert [note for note in page.form.all(class_="note") if note.text], "the warning is before the button"
    page = alice.send(PATH)
    new = page.recovery_codes
    assert page.status == 200 and len(new) == 10 and not set(new) & set(codes)
    assert alice.recover(codes[0]).status == 422
    assert alice.recover(new[0]).status == 303


def test_a_proof_older_than_five_minutes_must_be_renewed(alice, codes):
    assert not alice.visit(PATH).dom.all("input", name="otp"), "a fresh proof needs no field"
    alice.grow_stale()
    page = alice.visit(PATH)
    assert page.field("otp")["autocomplete"] == "one-time-code"
    for otp, sentence in (("", "minute"), ("000000", "wrong")):
        page = alice.send(PATH, {"otp": otp})
        assert page.status == 422 and sentence in page.errors["otp"] and not page.recovery_codes
    page = alice.send(PATH, {"otp": alice.fresh_code()})
    assert page.status == 200 and len(page.recovery_codes) == 10
    assert len(alice.send(PATH).recovery_codes) == 10, "the page does not ask for a code again for five minutes"


def test_a_recovery_code_refreshes_the_proof(alice, codes):
    alice.grow_stale()
    new = alice.send(PATH, {"otp": codes[0]}).recovery_codes
    assert len(new) == 10


@pytest.mark.parametrize("otp", ["12345", "x" * 4000, "\u202e123456", "123\x00456"])
def test_malformed_input_in_the_proof_field_renews_nothing(alice, codes, otp):
    alice.grow_stale()
    page = alice.send(PATH, {"otp": otp})
    assert page.status in (400, 422) and not page.recovery_codes
    assert alice.recover(codes[0]).status == 303


def test_a_spent_code_does_not_refresh_the_proof(alice, codes):
    used = alice.used_code()
    alice.grow_stale()
    assert alice.send(PATH, {"otp": used}).status == 422


def test_a_cross_site_form_renews_no_code(server, alice, codes):
    token = alice.visit(PATH).token
    cross_site = {"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}
    answers = [
        alice.post(PATH, {}),
        alice.post(PATH, {"csrf_token": "A" * 43}),
        alice.post(PATH, {"csrf_token": Person(server).full().arrive("/").token}),
        alice.post(PATH, {"csrf_token": token}, headers=cross_site),
    ]
    for page in answers:
        assert page.status == 403 and page.alerts and not page.recovery_codes
    assert alice.recover(codes[0]).status == 303


# Counted


def test_three_or_fewer_codes_are_announced_on_the_overview(server, alice, codes):
    def banner():
        return [item.text for item in alice.visit("/account").dom.one("section", aria_labelledby="checkup").all("li")
                if PATH in [a["href"] for a in item.all("a")]]

    for used, left in zip(codes[:8], itertools.count(9, -1)):
        alice.recover(used)
        told = banner()
        assert len(told) == (1 if left <= 3 else 0), left
        assert all(left in numbers(sentence) for sentence in told)


def test_an_account_without_recovery_codes_is_warned(alice):
    alice.full()
    assert "No recovery codes left" in alice.visit("/account").text
    assert PATH in alice.page.links


def test_the_recovery_page_needs_a_full_session(server, alice):
    assert alice.visit(PATH).location.startswith("/login")
    assert alice.pending().visit(PATH).location.startswith("/verify-2fa")
    other = Person(server).enrolling()
    assert other.visit(PATH).location.startswith("/setup-2fa")


# A phone with a wrong clock


def wrong_twice(person, steps):
    """Send two codes in a row from a phone with a wrong clock, in one sign-in."""
    server = person.server
    person.forget().give_password()
    server.clock.to_step(max(person.spent, step_at(server.clock.now())) + 8)
    pages = [person.verify(code_of_step(person.secret, step_at(server.clock.now()) + steps))]
    server.clock.next_step()
    pages.append(person.verify(code_of_step(person.secret, step_at(server.clock.now()) + steps)))
    return pages


DRIFTS = [
    ("en", 6, "3 minutes ahead"),
    ("en", -6, "3 minutes behind"),
    ("fr", 6, "avance d’environ 3 minutes"),
    ("fr", -6, "retarde d’environ 3 minutes"),
    ("fr", 2, "avance d’environ 1 minute."),
    ("en", 2, "1 minute ahead"),
    ("en", 18, "9 minutes ahead"),
]


@pytest.mark.parametrize("language, steps, sentence", DRIFTS)
def test_two_codes_that_fit_one_wrong_clock_are_refused_and_explained(server, language, steps, sentence):
    person = Person(server, language=language).full()
    first, second = wrong_twice(person, steps)
    assert (first.status, second.status) == (422, 422)
    assert sentence.replace("\u00a0", " ") not in first.errors["otp"].replace("\u00a0", " ")
    assert sentence.replace("\u00a0", " ") in second.errors["otp"].replace("\u00a0", " ")
    assert person.visit("/").location == "/verify-2fa"
    assert person.verify().status == 303, "the right code signs in"


def test_codes_that_fit_no_clock_are_not_explained(alice):
    alice.full()
    first, second = wrong_twice(alice, 60)
    assert first.errors["otp"] == second.errors["otp"]
