"""Steps of tests with passkeys in Chromium: press the button, sign out, step up, add a passkey, be refused."""

from test_authenticators_in_a_browser import enrolled
from test_story_in_a_browser import PASSWORD

BUTTON = "[data-passkey] [data-call]"
SAID = "[data-passkey] [role=status]"
LIST = "[aria-labelledby=passkeys] .rows > li"


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


def with_passkey(browser, keys, **different):
    """Add a passkey to a new account; return the account's name and the authenticator."""
    name, _ = enrolled(browser)
    phone = keys.add(**different)
    prove(browser)
    press(browser)
    assert browser.path == "/account/security"
    return name, phone


def says(browser, words):
    """Press the button; the page stays, and says these words."""
    browser.find(BUTTON).click()
    browser.wait(lambda: words in browser.find(SAID).text, words)


def refused(browser, words, name):
    """Press the button; the server refuses.  The page says why, and does not call the authenticator again by itself."""
    before = len(refusals(browser.server, name))
    press(browser)
    browser.look("passkey-refused", expect=[422])
    assert browser.path == "/login/passkey" and words in browser.find(".problem, .note.bad").text
    assert not browser.find_all("[data-conditional]")
    assert len(refusals(browser.server, name)) == before + 1
