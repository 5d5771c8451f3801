"""Too many failed attempts in a browser: the page's message, the kept input, and the notice at the next sign-in."""

import re

from browser import authenticator, in_ways
from test_authenticators_in_a_browser import WAYS, enrolled
from test_story_in_a_browser import give_password

from harness import Person


def lockout_ends_in_page(browser):
    """Move the browser's clock: the sentence counts down, then the button works again."""
    browser.driver.execute_script("const now = Date.now; Date.now = () => now() + window.skipped; window.skipped = 0")
    before = browser.find("[role=timer]").text
    browser.wait(lambda: browser.find("[role=timer]").text != before, "the sentence counts down")
    assert re.search(r"\d", browser.find("[role=timer]").text) and browser.visible("progress")
    browser.driver.execute_script("window.skipped = 60000")
    browser.wait(browser.find("main form button:not([type=button])").is_enabled, "the button can be used again")
    assert not re.search(r"\d", browser.find("[role=timer]").text) and not browser.visible("progress")


@in_ways(WAYS[:3], WAYS[1:2])
def test_lockout_page_explains_and_reports_attempts(browse, server, language, size, scheme, javascript):
    browser = browse(language=language, size=size, scheme=scheme, javascript=javascript)
    name, uri = enrolled(browser)
    browser.log_out()
    browser.open("/login")
    for _ in range(5):
        browser.paste("username", name)
        browser.paste("password", "not the password")
        browser.submit()
    browser.look("refused", expect=[422])
    browser.paste("password", "not the password")
    browser.submit()
    browser.look("sign-in-wait", expect=[422, 429])
    # a busy machine uses some of the 30 seconds
    assert 10 <= int(re.search(r"\d+", browser.find("#problem").text)[0]) <= 30
    assert browser.find("#username").get_attribute("value") == name
    assert browser.find("main form button:not([type=button])").is_enabled() != javascript
    if javascript:
        lockout_ends_in_page(browser)

    server.clock.advance(60)
    attacker = Person(server, name, "another guess")
    attacker.give_password()
    give_password(browser, name)
    for _ in range(5):
        browser.type_code("000000")  # sent automatically, after a wrong code too
    browser.look("code-refused", expect=[422, 429])
    browser.type_code("000000")
    browser.look("code-wait", expect=[422, 429])
    if javascript:
        lockout_ends_in_page(browser)
    server.clock.advance(60)
    browser.type_code(authenticator(uri, server.clock))
    assert browser.path == "/"
    browser.look("attempts-reported")
    notice = browser.find("#alarm")
    assert "127.0.0.1" in notice.text, "the attempt in the other browser"
    assert not notice.text.strip()[0].isdigit(), "one attempt: the user's own are left out"
    if javascript:
        weekday = browser.driver.execute_script(
            "const time = document.querySelector('#alarm time');"
            "return new Intl.DateTimeFormat(document.documentElement.lang, { weekday: 'long' }).format(new Date(time.dateTime))")
        assert browser.find("#alarm time").text.startswith(weekday) and "UTC" not in notice.text, notice.text
    browser.follow("#alarm a[href*=activity]")
    browser.look("activity-of-tries")
