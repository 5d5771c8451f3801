"""Passkeys in Chromium with virtual authenticators: enrolment, sign-in, step-up, refusals, signals."""

from test_authenticators_in_a_browser import enrolled
from test_story_in_a_browser import PASSWORD, give_password, keep_codes, new_name, register
from virtual_authenticator import SECURITY_KEY, passkeys

SETTINGS = {"public_host": "localhost"}
BUTTON = "[data-passkey] [data-call]"
SAID = "[data-passkey] [role=status]"
LIST = "[aria-labelledby=passkeys] .rows > li"
NEW_PASSWORD = "une autre phrase de plusieurs mots"


def press(browser):
    """Press the page's button for passkeys; the answer loads another page."""
    browser.leave(browser.find(BUTTON).click)


def signed_in(browser):
    return browser.path == "/"


def open_login(browser, phone):
    """Open the sign-in page while the authenticator is not touched, so that the suggestion waits.

    After a change of the clock, the page has no button until the server has the key of that minute.
    """
    phone.touch(False)
    browser.wait(lambda: browser.open("/login").visible(BUTTON), "the button for passkeys")
    phone.touch(True)


def sign_out(browser, phone):
    phone.touch(False)
    browser.open("/account")
    browser.log_out()
    assert browser.path == "/login"
    phone.touch(True)


def prove(browser, key=""):
    """Continue to the page that makes a passkey.  It asks for the password, unless a device has verified its user."""
    browser.open("/account/passkeys/new" + key)
    for _ in browser.find_all("[name=current]"):
        browser.paste("current", PASSWORD)
    browser.submit()


def refusals(server, name):
    return server.sql("SELECT reason FROM audit WHERE event = 'passkey.refused' AND account_id = (SELECT id FROM accounts WHERE name = ?) ORDER BY id", name)


def test_passkey_replaces_password_and_code(browse, server):
    browser = browse(language="fr")
    name = new_name()
    with passkeys(browser) as keys:
        phone = keys.add()
        register(browser, name)
        browser.follow("a[href^='/setup-passkey']")
        browser.look("setup-passkey")
        press(browser)
        keep_codes(browser)
        assert phone.only["rpId"] == "localhost" and phone.only["userName"] == name
        browser.open("/account/security").look("security-passkeys")
        assert len(browser.find_all(LIST)) == 1

        sign_out(browser, phone)
        browser.look("login-passkeys")
        assert browser.find("#username").get_attribute("autocomplete") == "username webauthn"
        press(browser)
        browser.look("passkey-signed-in")
        assert signed_in(browser)

        browser.open("/account")
        browser.log_out()  # the sign-in page gets the suggestion's answer at once
        browser.wait(lambda: signed_in(browser), "the suggestion signs in")

        sign_out(browser, phone)
        give_password(browser, name)
        assert browser.path == "/verify-2fa"
        browser.look("verify-passkey")
        press(browser)
        assert signed_in(browser)

        server.clock.advance(6 * 60)
        browser.open("/account/password").look("password-passkey")
        browser.paste("password", NEW_PASSWORD)
        browser.paste("confirm", NEW_PASSWORD)
        press(browser)
        assert browser.path == "/account/security"
        assert refusals(server, name) == []

        # The server remembers what it removed, and the device forgets it after a refusal.
        sign_out(browser, phone)
        assert server.command("user", "reset-2fa", name).returncode == 0
        open_login(browser, phone)
        press(browser)
        browser.look("passkey-removed", expect=[422])
        browser.wait(lambda: phone.credentials() == [], "the device forgets it")


def refused(browser, words, name):
    """Press the button; the server refuses.  The page says why, and does not call the authenticator again by itself."""
    before = len(refusals(browser.server, name))
    press(browser)
    browser.look("passkey-refused", expect=[422])
    assert browser.path == "/login/passkey" and words in browser.find(".problem, .note.bad").text
    assert not browser.find_all("[data-conditional]")
    assert len(refusals(browser.server, name)) == before + 1


def test_refused_passkeys_are_explained_and_lock_no_user_out(browse, server):
    browser = browse(language="en")
    name, _ = enrolled(browser)
    with passkeys(browser) as keys:
        phone = keys.add()
        browser.open("/account/passkeys/new").look("passkey-new")
        browser.paste("name", "Laptop")
        browser.paste("current", PASSWORD)
        browser.submit()
        browser.look("passkey-create")
        press(browser)
        assert browser.path == "/account/security" and "Laptop" in browser.find(LIST).text

        # The same device again: the browser refuses, and the page stays.
        prove(browser)
        browser.find(BUTTON).click()
        browser.wait(lambda: browser.find(SAID).text, "a sentence")
        assert "already holds a passkey" in browser.find(SAID).text
        assert browser.driver.switch_to.active_element == browser.find(BUTTON)
        browser.look("passkey-exists")

        # The fingerprint is not given: the browser's own refusal, then its causes.
        sign_out(browser, phone)
        phone.verify_user(False)
        for words in ("Your browser sent no passkey.", "Perhaps this device"):
            browser.find(BUTTON).click()
            browser.wait(lambda: words in browser.find(SAID).text, words)
        browser.look("passkey-cancelled")
        phone.verify_user(True)

        phone.override(isBogusSignature=True)
        refused(browser, "", name)
        open_login(browser, phone)
        phone.override(isBadUV=True)
        refused(browser, "password", name)
        open_login(browser, phone)
        phone.override()
        press(browser)
        assert signed_in(browser)

        # The counter falls: the passkey needs the password, until its user is verified after the password.
        sign_out(browser, phone)
        phone.change(signCount=0)
        refused(browser, "password", name)
        phone.change(signCount=1000)
        open_login(browser, phone)
        refused(browser, "password", name)
        open_login(browser, phone)
        give_password(browser, name)
        press(browser)
        assert signed_in(browser)
        sign_out(browser, phone)
        press(browser)
        assert signed_in(browser)

        # A security key, which knows no PIN, beside the password.
        stick = keys.add(SECURITY_KEY)
        phone.touch(False)
        prove(browser, "?key=1")
        press(browser)
        assert len(browser.find_all(LIST)) == 2 and len(stick.credentials()) == 1
        browser.log_out()
        give_password(browser, name)
        press(browser)
        assert signed_in(browser)

        # A removed passkey disappears from the device, because the page says which ones are left.
        (laptop,) = [b.get_attribute("id") for b in browser.open("/account/security").find_all(LIST + " b") if b.text == "Laptop"]
        browser.open("/account/authenticators/remove?id=" + laptop.removeprefix("factor-"))
        browser.submit()
        assert len(browser.find_all(LIST)) == 1
        browser.wait(lambda: phone.credentials() == [], "the device forgets it")
