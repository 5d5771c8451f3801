"""The pages around passkeys: without scripts, after a refusal, with fields of any size, and their notices."""

import pytest

from harness.authenticator import AT, UP, base64url_bytes
from harness.passkeys import LOGIN, NEW, SECURITY, VERIFY, KeyHolder, ids_of

SETTINGS = {"public_host": "localhost"}


@pytest.fixture(scope="module")
def owner(server):
    """A person whose only factor is a passkey."""
    return KeyHolder(server).with_passkey()


def box(page):
    return page.dom.one(data_passkey=True)


def test_sign_in_page_offers_passkeys_to_scripts_only(server):
    page = KeyHolder(server).ask(LOGIN).page
    assert box(page).has("hidden") and box(page).has("data-conditional")
    assert page.form_to("/login").one("input", name="username")["autocomplete"] == "username webauthn"
    assert "/static/passkeys." in page.html
    assert KeyHolder(server).visit("/.well-known/webauthn").status == 404, "no other origin may use these passkeys"
    assert (box(page)["data-rp-id"], box(page)["data-user-verification"], box(page)["data-passkeys"]) == ("localhost", "required", "")


def test_server_at_an_ip_address_offers_no_passkeys(make_server):
    page = KeyHolder(make_server(PUBLIC_URL="https://192.0.2.1")).visit("/login", headers={"Host": "192.0.2.1"})
    assert not page.dom.all(data_passkey=True) and "passkeys." not in page.html
    assert page.field("username")["autocomplete"] == "username"


def test_refusal_keeps_the_name_the_choice_and_the_address(server, owner):
    owner.forget().ask(LOGIN + "?next=/account/devices")
    page = owner.answer(owner.get(signature_then=lambda _: b"x"), username="Anna", remember="1")
    assert page.status == 422 and page.alerts
    assert not box(page).has("data-conditional"), "an authenticator must not answer again by itself"
    form = page.form_to("/login")
    assert form.one("input", name="username")["value"] == "Anna" and form.one("input", name="remember").has("checked")
    assert form.one("input", name="next")["value"] == "/account/devices"
    assert box(page)["data-reload"] == "/login?next=%2Faccount%2Fdevices", "not the address of the refused form"


@pytest.mark.parametrize("fields", [{}, {"credential_id": "A"}, {"client_data": "!"}, {"signature": "A" * 2000}, {"user_handle": "A" * 200}, {"auth_data": "\0"},
                                    {"client_data": "A" * 6000, "auth_data": "A" * 6000}], ids=lambda fields: "-".join(fields) or "nothing")
def test_malformed_answers_are_refused_like_wrong_ones(server, owner, fields):
    owner.forget().ask(LOGIN)
    page = owner.answer(owner.get(), **(fields or dict.fromkeys(("credential_id", "client_data", "auth_data", "signature", "user_handle"), "")))
    wrong = owner.answer(owner.get(signature_then=lambda _: b"x"))
    assert page.status == wrong.status == 422 and page.alerts == wrong.alerts


def test_form_over_the_limit_is_too_large(server, owner):
    owner.forget().ask(LOGIN)
    assert owner.answer(owner.get(), client_data="A" * 48000).status == 413


def test_second_step_without_scripts_explains_the_recovery_code(server, owner):
    owner.forget().give_password()
    page = owner.ask(VERIFY).page
    assert owner.asked.verification == "preferred", "the session has verified the password"
    plain = page.dom.one("noscript")
    assert page.heading == "Use your passkey" and box(page).has("hidden")
    assert "JavaScript" in plain.text and plain.one("input", name="recovery")
    other = owner.visit("/verify-2fa?code=1")
    assert other.heading == "Enter a recovery code" and not other.dom.all(data_passkey=True)


def test_code_is_behind_another_way_and_swaps_with_recovery(server):
    anna = KeyHolder(server).full().add_passkey()
    anna.forget().give_password("/login?next=/account/devices")
    page = anna.arrive(anna.page.location)
    assert page.dom.one("noscript").one("input", name="otp").has("data-submit-at")
    (link,) = [a["href"] for a in page.dom.all("a") if "code=1" in (a.get("href") or "")]
    page = anna.visit(link)
    assert page.heading == "Enter your code" and page.value("next") == "/account/devices"
    page = anna.verify("000000", link)
    assert (page.status, page.heading) == (422, "Enter your code"), "the answer to a wrong code asks for a code again"
    assert anna.verify(path=link).location == "/account/devices"


def test_sign_in_by_code_is_named_at_the_next_one_by_passkey(server):
    anna = KeyHolder(server).full().add_passkey()
    server.clock.advance(60)
    anna.forget().give_password()
    assert anna.verify(path="/verify-2fa?code=1").status == 303
    assert not anna.visit("/").dom.all(id="code-sign-in"), "its user knows"
    server.clock.advance(60)
    anna.forget().touch()
    notice = anna.follow().by_id("code-sign-in")
    anna.post("/account/alarm", {i["name"]: i["value"] for i in notice.all("input")})
    assert not anna.follow().dom.all(id="code-sign-in")


def test_browser_gets_all_passkeys_after_a_sign_in_by_one(server, owner):
    page = owner.forget().touch()
    signal = owner.follow().dom.one(data_signal="accepted")
    assert page.status == 303 and signal["data-rp-id"] == "localhost"
    assert ids_of(signal["data-passkeys"]) == [owner.key.newest.id] and base64url_bytes(signal["data-user-handle"]) == owner.key.newest.handle
    assert not owner.visit("/").dom.all(data_signal=True), "once"


def test_verified_user_is_not_asked_for_the_current_password(server, owner):
    owner.forget().touch()
    assert not owner.visit("/account/password").dom.all("input", name="current")
    owner.grow_stale()
    page = owner.ask("/account/password").page
    assert owner.asked.verification == "required", "the session has verified no password"
    assert page.dom.one("input", name="current") and page.dom.one("input", name="recovery"), "this account has no codes"


@pytest.mark.parametrize("language, words", [("en", "You signed in without your password"), ("fr", "sans mot de passe")])
def test_step_up_without_a_password_needs_a_passkey_that_opens_alone(server, owner, language, words):
    owner.language = language
    owner.forget().touch()
    owner.grow_stale().ask("/account/password")
    page = owner.answer(owner.get(flags=UP))
    assert page.status == 422 and words in " ".join(page.alerts), page.alerts
    owner.language = "en"


def test_step_up_without_a_password_offers_what_it_accepts(server):
    anna = KeyHolder(server).with_passkey()
    first = anna.key.newest
    strong = first.id
    anna.forget().touch()
    anna.ask_new("Key without a PIN", key="1")
    assert anna.answer(anna.create(flags=UP | AT)).status == 303
    anna.forget().touch(credential=first)
    assert ids_of(anna.follow().dom.one(data_signal="accepted")["data-passkeys"]) == [strong, anna.key.newest.id], "all"
    anna.grow_stale().ask("/account/password")
    assert anna.asked.ids == [strong]
    server.sql("UPDATE passkeys SET uv_initialized = 0 WHERE credential_id = ?", strong)
    assert not anna.arrive("/account/password").dom.all(data_challenge=True), "the field for a recovery code is left"
    assert anna.page.dom.one("input", name="recovery")
    anna.forget().give_password()
    assert len(anna.ask(VERIFY).ids) == 2


def test_sentences_name_no_code_where_there_is_a_passkey(server, owner):
    owner.forget().give_password()
    assert owner.visit("/account").location.startswith("/verify-2fa")
    assert owner.follow().flashes == ["Use your passkey to finish signing in."]
    owner.answer(owner.ask(VERIFY) and owner.get())
    owner.grow_stale()
    page = owner.send("/account/recovery-codes", {"otp": ""})
    assert page.status == 422 and "Confirm again." in page.text and box(page)["data-passkeys"]


# --- pages without a next step ----------------------------------------------------------------------------------------

def with_codes_off(server):
    """A person with two passkeys and an authenticator, whose codes do not work."""
    anna = KeyHolder(server).full()
    anna.add_passkey("Phone").add_passkey("Laptop")
    page = anna.send("/account/codes", {"off": "1", "otp": ""})
    assert page.status == 303, page.html
    return anna


def test_account_with_ten_factors_learns_why_it_gets_no_other(server):
    anna = KeyHolder(server).full()
    server.sql("INSERT INTO factors (id, account_id, kind, secret_sealed, digits, created_at_us, confirmed_at_us) SELECT -f.id - n.value, f.account_id, 'totp', "
               "f.secret_sealed, 6, 1, 1 FROM factors f JOIN accounts a ON a.id = f.account_id CROSS JOIN (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 "
               "UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) n WHERE a.name = ?", anna.name)
    for path, fields in ((NEW, {}), (NEW, {"key": "1"}), ("/account/authenticators/new", {})):
        page = anna.send(path, {"current": anna.password, "name": "Eleventh", **fields})
        assert page.status == 422 and "too many authenticators and passkeys" in page.text, (path, page)


def test_security_page_offers_no_authenticator_while_codes_are_off(server):
    anna = with_codes_off(server)
    assert not [a for a in anna.visit(SECURITY).dom.all("a") if a["href"].startswith("/account/authenticators/new")]
    page = anna.send("/account/authenticators/new", {"current": anna.password, "name": "Late"})
    assert page.status == 422 and "Codes are off" in page.text


def test_refused_removal_names_the_codes_that_are_off(server):
    anna = with_codes_off(server)
    (item,) = [b for b in anna.visit(SECURITY).dom.all("b") if b.text == "Phone"]
    page = anna.send("/account/authenticators/remove?id=" + item["id"].removeprefix("factor-"), {"otp": ""})
    assert page.status == 422 and "Switch codes on first" in page.text


def test_reload_and_language_links_keep_the_kind_of_passkey(server):
    anna = KeyHolder(server).full()
    page = anna.ask_new(key="1").page
    assert box(page)["data-reload"] == "/account/passkeys/new?key=1"
    assert [a["href"] for a in page.dom.all("a", hreflang="fr")] == ["/language/fr?next=%2Faccount%2Fpasskeys%2Fnew%3Fkey%3D1"]


def test_passkeys_of_another_host_are_not_offered(server):
    anna = KeyHolder(server).full().add_passkey()
    server.sql("UPDATE passkeys SET rp_id = 'old.example.org' WHERE factor_id IN (SELECT f.id FROM factors f JOIN accounts a ON a.id = f.account_id WHERE a.name = ?)",
               anna.name)
    anna.forget().give_password()
    page = anna.visit(VERIFY)
    assert page.heading == "Enter your code"
    assert not [a for a in page.dom.all("a") if a["href"].split("?")[0] == VERIFY and "recovery" not in a["href"]], "the link leads back to this page"


def test_check_up_names_passkeys(server):
    anna = KeyHolder(server).with_passkey()
    (item,) = [li for li in anna.visit("/").dom.all("li") if "Only one" in li.text and "recovery" not in li.text]
    assert item.text.startswith("Only one passkey") and item.one("a")["href"] == NEW
    anna.add_passkey()
    assert "2 passkeys" in anna.visit("/").text


def test_check_up_counts_no_codes_that_are_off(server):
    assert "2 passkeys" in with_codes_off(server).visit("/").text


def test_recovery_of_an_account_of_passkeys_names_no_authenticator(server):
    anna = KeyHolder(server).with_passkey()
    code = anna.visit("/account/recovery-codes").recovery_codes[0]
    assert anna.recover(code).location == SECURITY
    page = anna.follow()
    assert page.flashes[0].startswith("You signed in with a recovery code. Replace the authenticator or passkey that you lost.")
    for page in (page, anna.visit("/")):
        assert "codes of your lost authenticator" not in page.text and "until you remove it" in page.text
        assert not [a for a in page.dom.one("main").all("a", class_="primary") if a["href"] != NEW and "/account/security" not in a["href"]]


def test_owner_of_a_copied_passkey_is_informed_at_once(server):
    anna = KeyHolder(server).with_passkey()
    assert anna.forget().touch(count=7).status == 303
    page = anna.forget().touch(count=3)
    assert page.status == 422 and "may have been copied" in page.text
    assert anna.forget().touch(count=8).status == 422 and "may have been copied" not in anna.page.text, "the counter rises again"


@pytest.mark.parametrize("language, copied, changed", [("en", "may have been copied", "password was changed"), ("fr", "peut-être été copiée", "mot de passe")])
def test_owner_of_a_copied_passkey_is_informed_at_a_step_up(server, language, copied, changed):
    """The message follows the result of the form, and comes once."""
    anna = KeyHolder(server).with_passkey()
    anna.language = language
    anna.forget().give_password()
    assert anna.touch(VERIFY, count=7).status == 303
    anna.grow_stale().ask("/account/password")
    new = "another good password 42"
    assert anna.answer(anna.get(count=3), current=anna.password, password=new, confirm=new).status == 303
    page = anna.follow()
    assert changed in page.flashes[0] and copied in " ".join(page.alerts)
    assert copied not in " ".join(anna.visit(SECURITY).alerts)


def test_owner_of_a_copied_passkey_is_informed_on_a_form_shown_again(server):
    anna = KeyHolder(server).with_passkey()
    anna.forget().give_password()
    assert anna.touch(VERIFY, count=7).status == 303
    anna.grow_stale().ask("/account/password")
    page = anna.answer(anna.get(count=3), current=anna.password, password="short", confirm="short")
    assert page.status == 422 and "may have been copied" in " ".join(page.alerts)


@pytest.mark.parametrize("language, words", [("en", "Your passkey still works"), ("fr", "fonctionne toujours")])
def test_passkey_is_named_where_codes_are_disabled(server, language, words):
    """A hundred wrong codes disable the authenticators of an account.  The server says so only after the password."""
    anna, ben = KeyHolder(server).full().add_passkey(), KeyHolder(server).full()
    for person in (anna, ben):
        person.language = language
        server.sql("UPDATE factors SET disabled_at_us = 1 WHERE kind = 'totp' AND account_id = (SELECT id FROM accounts WHERE name = ?)", person.name)
        for path in ("/verify-2fa", "/verify-2fa?code=1"):
            assert person.forget().give_password().status == 303
            page = person.visit(path)
            assert "100" in page.dom.one(class_="note").text and (words in page.text) == (person is anna)
    anna.forget().give_password(password="not the password")
    assert words not in anna.page.text
    server.delete_attempts()
    anna.give_password()
    assert anna.touch(VERIFY).status == 303
