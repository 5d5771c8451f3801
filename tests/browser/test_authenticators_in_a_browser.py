"""Recovery codes and authenticators in a browser: seen, typed, copied, saved and printed."""

import re

import pytest
from browser import authenticator, in_both_languages, in_ways
from test_story_in_a_browser import PASSWORD, give_password, keep_codes, new_name, permit

from harness import Person

LIST = "/account/security"
NEW = "/account/authenticators/new"
CONFIRM = "/account/authenticators/confirm"
AUTHENTICATORS = "[aria-labelledby=authenticators] .rows > li"
CODES = "/account/recovery-codes"
# Each pair of language, size, scheme and scripts occurs at least once.
WAYS = [("fr", "desktop", "light", True), ("en", "phone", "dark", True), ("fr", "narrow", "dark", False),
        ("en", "desktop", "dark", False), ("fr", "phone", "light", False), ("en", "narrow", "light", True)]


def enrolled(browser):
    """Open the recovery codes as a new user; return name and otpauth URI.

    test_story_in_a_browser.py tests the steps before that page.
    """
    person = Person(browser.server, new_name(), PASSWORD, browser.language).full()
    browser.take_over(person.cookies)
    browser.open(CODES)
    assert browser.path == CODES
    return person.name, f"otpauth://totp/Doubletour:x?secret={person.secret}"


def shown_codes(browser):
    return [e.text for e in browser.find_all("#codes code")]


def type_recovery(browser, code):
    browser.type("otp", code)
    browser.submit()


def choose(browser, what):
    """Open the menu of the second authenticator, and choose one of its links."""
    item = browser.find_all(AUTHENTICATORS)[1]
    menu = item.find_element("css selector", "summary")
    before = menu.rect
    menu.click()
    assert menu.rect == before, "the button stays under the pointer"
    browser.look("menu")
    browser.leave(item.find_element("css selector", f"a[href*='/{what}?']").click)


@in_ways(WAYS, WAYS[2:3])
def test_a_lost_phone_and_a_new_one(browse, server, tmp_path, language, size, scheme, javascript):
    browser = browse(language=language, size=size, scheme=scheme, javascript=javascript)
    name, _ = enrolled(browser)
    browser.look("recovery-codes")
    codes = keep_codes(browser)
    assert len(set(codes)) == 10
    browser.open(CODES).look("recovery-codes-left")
    browser.log_out()

    give_password(browser, name)
    browser.follow("main a[href*='recovery=1']")
    browser.look("lost-phone")
    type_recovery(browser, "ABCD-EFGH-IJKL-MNOP-QRST-UVWX")
    browser.look("recovery-refused", expect=[422])
    assert browser.find("[name=otp]").get_attribute("autocomplete") == "off", "still the field for a recovery code"
    field = browser.type("otp", codes[0].lower())
    if javascript:
        assert browser.driver.execute_script("return arguments[0].scrollWidth <= arguments[0].clientWidth", field) or size == "narrow"
    browser.submit()
    assert browser.path == LIST
    browser.look("recovered")
    assert "9" in browser.find(".note").text

    assert len(browser.visible(".primary")) == 1
    browser.follow("a.primary[href*='replaces=']")
    browser.look("replace")
    browser.paste("name", "Téléphone neuf")
    browser.paste("current", "not my password")
    browser.submit()
    browser.look("replace-refused", expect=[422])
    assert browser.find("[name=name]").get_property("value") == "Téléphone neuf"
    browser.paste("current", PASSWORD)
    browser.submit()
    assert browser.path == CONFIRM
    browser.look("replace-confirm")
    uri = browser.scan(tmp_path)
    browser.type_code(authenticator(uri, server.clock))
    assert browser.path == LIST and "Téléphone neuf" in browser.text
    browser.look("replaced")

    browser.log_out()
    give_password(browser, name)
    server.clock.next_step()
    browser.type_code(authenticator(uri, server.clock))
    assert browser.path == "/"


@pytest.mark.one_row
@in_both_languages
def test_a_second_authenticator_is_added_renamed_and_removed(browse, server, tmp_path, language, javascript):
    browser = browse(language=language, javascript=javascript)
    _, first = enrolled(browser)
    browser.open(LIST).look("one")
    browser.follow("main a[href$='/authenticators/new']")
    browser.paste("name", "Tablet")
    browser.paste("current", PASSWORD)
    browser.submit()
    uri = browser.scan(tmp_path)
    server.clock.next_step()
    browser.type_code(authenticator(uri, server.clock))
    browser.look("two")

    choose(browser, "rename")
    browser.look("rename")
    browser.type("name", "x" * 41)
    browser.submit()
    browser.look("rename-refused", expect=[422])
    assert browser.visible(".problem") and browser.find("input[name=name]").get_property("value") == "x" * 41
    browser.type("name", "Ma tablette")
    browser.submit()
    assert browser.path == LIST and "Ma tablette" in browser.text

    server.clock.advance(6 * 60)
    browser.open(LIST)
    choose(browser, "remove")
    browser.look("remove")
    browser.type("otp", "000000")
    browser.submit()
    browser.look("remove-refused", expect=[422])
    browser.type("otp", authenticator(first, server.clock))
    browser.submit()
    assert browser.path == LIST and "Ma tablette" not in browser.text
    browser.look("removed")


# Typed text is kept when the proof has expired


@pytest.mark.one_row
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
def test_a_stale_proof_adds_a_code_field_to_the_form(browse, server, javascript):
    browser = browse(javascript=javascript)
    _, uri = enrolled(browser)
    browser.open(NEW)
    server.clock.advance(6 * 60)
    browser.paste("name", "Tablet")
    browser.paste("current", PASSWORD)
    browser.submit()
    browser.look("step-up", expect=[422])
    assert [browser.find(f"[name={n}]").get_property("value") for n in ("name", "current", "otp")] == ["Tablet", PASSWORD, ""]
    assert browser.find("[name=current]").get_attribute("type") == "password"
    browser.type_code(authenticator(uri, server.clock))
    assert browser.path == CONFIRM


# Copy, save, print


@pytest.fixture
def at_codes(browse):
    browser = browse()
    enrolled(browser)
    yield browser
    browser.cdp("Browser.resetPermissions")


def test_copy_button_copies_the_shown_codes(at_codes):
    browser = at_codes
    permit(browser, "clipboard-write", "granted")
    permit(browser, "clipboard-read", "granted")
    browser.find("[data-copy=codes]").click()
    browser.wait(lambda: browser.find("#copy-result").text, "the button shows the result")
    copied = browser.find("#copy-result").text
    pasted = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], e => arguments[0]('' + e))")
    assert pasted.split() == shown_codes(browser)

    browser.driver.execute_script("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))")
    browser.find("[data-copy=codes]").click()
    browser.wait(lambda: browser.find("#copy-result").text not in ("", copied), "another sentence after a failure")
    selected = browser.driver.execute_script("return getSelection().toString()")
    assert selected.split() == shown_codes(browser), "all are selected, to be copied by hand"
    assert browser.find("#copy-result").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
def test_recovery_codes_are_saved_as_a_file(browse, tmp_path, javascript):
    browser = browse(javascript=javascript)
    name, _ = enrolled(browser)
    codes = shown_codes(browser)
    folder = tmp_path / "saved"
    folder.mkdir()
    browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    browser.find("main a[download]").click()
    browser.wait(lambda: (folder / "doubletour-recovery-codes.txt").exists(), "the file is saved")
    lines = (folder / "doubletour-recovery-codes.txt").read_text().split()
    assert lines == ["Doubletour", browser.origin, name, *codes]
    assert browser.path == CODES and shown_codes(browser) == codes, "the codes are still there"


def test_the_printout_has_codes_server_and_date_only(at_codes):
    browser = at_codes
    codes = shown_codes(browser)
    browser.driver.execute_script("window.print = () => { window.printed = true; }")
    browser.find("[data-print]").click()
    assert browser.driver.execute_script("return window.printed") is True
    browser.cdp("Emulation.setEmulatedMedia", media="print")
    browser.picture("printed")
    seen = browser.find("body").text.split("\n")
    assert [line for line in seen if re.fullmatch("[A-Z2-7-]{29}", line)] == codes
    rest = [line for line in seen if line and line not in codes]
    rest = " ".join(line for line in rest if not re.fullmatch(r"\d+", line))
    assert re.search(r"Server\W+Doubletour.* http://localhost:\d+.*User name\W+camille.*Made on.*\d{4}", rest), rest
    assert not re.search("Copy|Print|Continue|Français|saved", rest), rest
    browser.cdp("Emulation.setEmulatedMedia", media="")


def test_buttons_that_need_scripts_are_hidden_without_scripts(browse):
    browser = browse(javascript=False)
    enrolled(browser)
    assert not browser.visible("main button[type=button]")
    assert browser.visible("main a[download]")
    button = browser.find("main form button")
    button.click()
    assert browser.path == CODES and shown_codes(browser), "the box must be ticked first"
    browser.find("#saved").click()
    browser.submit()
    assert browser.path == "/"


def test_back_button_does_not_show_the_codes_again(at_codes):
    codes = keep_codes(at_codes)
    at_codes.driver.back()
    at_codes.wait(lambda: at_codes.driver.execute_script("return document.readyState") == "complete")
    assert not [code for code in codes if code in at_codes.driver.page_source]


# The field for a code


def still_here(browser):
    """Has no form been sent since the mark was set?"""
    return browser.driver.execute_script("return document.documentElement.dataset.left") == "yes"


def test_the_code_field_sends_at_the_accounts_own_digits(browse, server):
    browser = browse()
    name, uri = enrolled(browser)
    codes = keep_codes(browser)
    browser.log_out()
    server.sql("UPDATE factors SET digits = 8 WHERE account_id = (SELECT id FROM accounts WHERE name = ?)", name)
    give_password(browser, name)
    assert "8" in browser.find("label[for=otp]").text
    browser.leave(lambda: browser.type("otp", "00000000"))
    browser.look("eight-digits-refused", expect=[422])

    # after the error, after a recovery code in the same field, and after six digits of eight
    browser.driver.execute_script("document.documentElement.dataset.left = 'yes'")
    for text in (codes[0], "000000"):
        field = browser.type("otp", text)
        assert field.get_property("value") == text and still_here(browser), "nothing is cut off, nothing is sent"
    browser.type("otp", "0000000")
    assert still_here(browser)
    browser.leave(lambda: browser.find("[name=otp]").send_keys("0"))
    browser.check_console([422])

    # another account in the same browser, whose codes have six digits
    browser.log_out()
    other = Person(server, new_name(), PASSWORD).full()
    give_password(browser, other.name)
    server.clock.next_step()
    browser.type_code(other.fresh_code())
    assert browser.path == "/"


def test_a_form_swaps_its_code_field_and_keeps_typed_values(browse, server):
    browser = browse()
    _, uri = enrolled(browser)
    codes = keep_codes(browser)
    server.clock.advance(6 * 60)
    browser.open(NEW)
    browser.paste("name", "Tablet")
    browser.driver.execute_script("document.documentElement.dataset.left = 'yes'")
    browser.type("otp", authenticator(uri, server.clock))
    assert still_here(browser), "the password is missing"
    for label, kind in (("Recovery code", "off"), ("6-digit code", "one-time-code"), ("Recovery code", "off")):
        browser.find("a[data-swap]").click()
        field = browser.driver.switch_to.active_element
        assert (field.get_attribute("name"), field.get_attribute("autocomplete")) == ("otp", kind)
        assert label in browser.find("label[for=otp]").text
    browser.look("swapped")
    browser.paste("current", PASSWORD)
    assert still_here(browser) and browser.find("[name=name]").get_property("value") == "Tablet"
    type_recovery(browser, "ABCD-EFGH-IJKL-MNOP-QRST-UVWX")
    browser.look("swapped-refused", expect=[422])
    assert browser.find("[name=otp]").get_attribute("autocomplete") == "off"
    type_recovery(browser, codes[0])
    assert browser.path == CONFIRM


# Times


ZONES = [("Europe/Paris", "fr"), ("America/New_York", "en"), ("Asia/Kolkata", "en"), ("UTC", "fr")]


@pytest.mark.parametrize("zone, language", ZONES, ids=[z for z, _ in ZONES])
def test_times_are_shown_in_the_browsers_zone(browse, zone, language):
    browser = browse(language=language)
    enrolled(browser)
    browser.cdp("Emulation.setTimezoneOverride", timezoneId=zone)
    try:
        browser.open(LIST)
        element = browser.find("time")
        instant = element.get_attribute("datetime")
        local = browser.driver.execute_script(
            "return new Intl.DateTimeFormat('en-GB', { timeZone: arguments[1], hour: 'numeric', minute: '2-digit', day: 'numeric' })"
            ".formatToParts(new Date(arguments[0])).filter(p => p.type !== 'literal').map(p => Number(p.value))", instant, zone)
        day, hour, minute = local
        shown = [int(n) for n in re.findall(r"\d+", element.text)]
        assert (shown[0], shown[2], shown[3]) == (day, hour, minute), element.text
        assert "UTC" not in element.text
        assert element.get_attribute("title") == instant.replace("T", " ").replace("Z", " UTC")
    finally:
        browser.cdp("Emulation.setTimezoneOverride", timezoneId="")


def test_times_are_shown_in_utc_without_scripts(browse):
    browser = browse(javascript=False)
    enrolled(browser)
    browser.open(LIST)
    assert browser.find("time").text.endswith("UTC")
