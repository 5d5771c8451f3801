"""Passkeys in Chromium with virtual authenticators: enrolment, sign-in, step-up, refusals, signals."""

from passkey_steps import BUTTON, LIST, SAID, open_login, press, prove, refusals, refused, sign_out, signed_in
from test_authenticators_in_a_browser import enrolled
from test_story_in_a_browser import PASSWORD, give_password, keep_codes, new_name, register
from virtual_authenticator import SECURITY_KEY, passkeys

SETTINGS = {"public_host": "localhost"}
NEW_PASSWORD = "une autre phrase de plusieurs mots"


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

        # The server remembers the removed passkey.  When the server refuses it, the device deletes it.
        sign_out(browser, phone)
        assert server.command("user", "reset-2fa", name).returncode == 0
        open_login(browser, phone)
        press(browser)
        browser.look("passkey-removed", expect=[422])
        browser.wait(lambda: phone.credentials() == [], "the device forgets it")


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

        # With the same device again, the browser refuses, and the page stays.
        prove(browser)
        browser.find(BUTTON).click()
        browser.wait(lambda: browser.find(SAID).text, "a sentence")
        assert "already holds a passkey" in browser.find(SAID).text
        assert browser.driver.switch_to.active_element == browser.find(BUTTON)
        browser.look("passkey-exists")

        # Without the fingerprint the browser refuses: the page says so, and after a second attempt lists causes.
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

        # After its counter has fallen, the passkey works only after the password.  One such use ends that.
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

        # A security key without a PIN is the second step after the password.
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
