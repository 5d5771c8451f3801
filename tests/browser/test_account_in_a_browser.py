"""The pages of a user's own account in a browser."""

import pytest
from browser import authenticator, in_both_languages, in_ways
from harness import Person, Server
from selenium.webdriver.common.keys import Keys
from test_authenticators_in_a_browser import enrolled, keep_codes
from test_story_in_a_browser import PASSWORD

NEW = "une autre phrase de plusieurs mots"
DEVICES = "[aria-labelledby=devices] .rows > li"
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/7.88.1"]
WAYS = [("fr", "desktop", "dark", True), ("en", "phone", "light", True), ("fr", "narrow", "light", False), ("en", "desktop", "dark", False)]


@in_ways(WAYS, WAYS[1:2])
def test_every_account_page_works(browse, server, language, size, scheme, javascript):
    browser = browse(language=language, size=size, scheme=scheme, javascript=javascript)
    name, uri = enrolled(browser)
    keep_codes(browser)
    browser.open("/account").look("account")
    assert name in browser.text
    assert browser.find(".side [aria-current]").text
    rows = {place.location["y"] for place in browser.find_all(".side li")}
    assert len(browser.find_all(".side li")) == 5 and len(rows) == (5 if size == "desktop" else 1)
    browser.open("/account/security").look("security")

    browser.follow("main a[href='/account/profile']")
    browser.look("profile")
    menu = browser.find("header .menu")
    menu.find_element("css selector", "summary").click()
    browser.look("menu")
    if javascript:
        browser.find("header .menu a").send_keys(Keys.ESCAPE)
        assert not menu.get_property("open") and browser.driver.switch_to.active_element.tag_name == "summary"
    field = browser.find("[name=display_name]")
    field.clear()
    field.send_keys("Hélène " * 10)
    browser.submit()
    browser.look("profile-refused", expect=[422])
    assert browser.find("[name=display_name]").get_property("value").startswith("Hélène")
    field = browser.find("[name=display_name]")
    field.clear()
    field.send_keys("Hélène Å.")
    browser.submit()
    assert browser.path == "/account/profile"
    browser.look("profile-saved")
    assert "Hélène Å." in browser.open("/").heading

    browser.open("/account/password").look("password")
    browser.paste("current", "not it")
    browser.paste("password", NEW)
    browser.paste("confirm", NEW)
    browser.submit()
    browser.look("password-refused", expect=[422])
    assert browser.find("[name=password]").get_property("value") == NEW
    assert browser.visible("#strength") and browser.find_all(".strength .on")
    browser.paste("current", PASSWORD)
    browser.submit()
    assert browser.path == "/account/security"

    browser.open("/account/devices")
    assert len(browser.find_all(DEVICES)) == 1 and len(browser.find_all("main form")) == 0
    other_browser = Person(server, name, NEW, language=language)
    for agent in AGENTS:
        other_browser.forget().visit("/login", headers={"User-Agent": agent})
        fields = {"csrf_token": other_browser.page.token, "username": name, "password": NEW}
        assert other_browser.post("/login", fields, headers={"User-Agent": agent}).status == 303
    browser.open("/account/devices").look("devices")
    assert [item.text.split()[0] for item in browser.find_all(DEVICES)][1:] == ["curl", "Firefox"]
    assert len(browser.find_all("[aria-labelledby=activity] li")) >= 4
    browser.leave(browser.find(DEVICES + ":last-child button").click)
    browser.look("session-ended")
    assert len(browser.find_all(DEVICES)) == 2
    browser.leave(browser.find("[aria-labelledby=devices] .head button").click)
    assert len(browser.find_all(DEVICES)) == 1 and browser.path == "/account/devices"
    browser.open("/account").look("overview-without-others")

    server.clock.advance(6 * 60)
    browser.open("/account/profile").follow("main a[href='/account/close']")
    browser.look("close")
    browser.paste("username", "somebody-else")
    browser.paste("current", NEW)
    browser.paste("otp", authenticator(uri, server.clock))
    browser.submit()
    browser.look("close-refused", expect=[422])
    assert browser.path == "/account/close" and browser.find("#username-problem")
    browser.paste("username", name)
    browser.submit()
    assert browser.path == "/login"


def test_pages_keep_their_states_in_forced_colours(browse):
    """Forced colours replace the tones, so the current place and the primary button need another mark."""
    browser = browse()
    enrolled(browser)
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "forced-colors", "value": "active"}])
    browser.open("/account/security").look("security-forced")
    browser.find(".rows .menu summary").click()
    browser.look("menu-forced")
    assert browser.find(".side [aria-current]").value_of_css_property("outline-style") == "solid"
    browser.open("/account/password").look("password-forced")
    browser.paste("password", "password1")
    browser.submit()
    browser.look("password-refused-forced", expect=[422])
    colours = browser.driver.execute_script("""
        const colour = (element) => getComputedStyle(element).backgroundColor;
        const [main, cancel] = document.querySelectorAll("main form .button:not(.plain)");
        return [colour(main), colour(cancel), ...[...document.querySelectorAll(".strength i")].map(colour)];""")
    assert colours[0] != colours[1] and colours[2] != colours[3] == colours[5], colours


@pytest.mark.parametrize("zone, days", [("UTC", [1, 2]), ("Asia/Tokyo", [2, 1])])
def test_activity_is_grouped_by_the_days_of_the_browsers_zone(browse, server, zone, days):
    """13:00, 16:00 UTC of one day and 2:00 of the next: in Tokyo the second one belongs to the next day."""
    browser = browse(language="en")
    name, _ = enrolled(browser)
    (number,), = server.sql("SELECT id FROM accounts WHERE name = ?", name)
    server.sql("DELETE FROM audit WHERE account_id = ?", number)
    today = int(server.clock.now()) // 86400 * 86400
    for hours in (13 - 48, 16 - 48, 2 - 24):
        server.sql("INSERT INTO audit (at_us, event, outcome, reason, account_id, address, agent, request_id) VALUES (?, 'prove.passed', 'passed', 'asked', ?, '', '', '')",
                   (today + hours * 3600) * 1_000_000, number)
    browser.cdp("Emulation.setTimezoneOverride", timezoneId=zone)
    try:
        browser.open("/account/devices")
        groups = browser.find_all("[data-today] ol")
        assert [len(group.find_elements("css selector", "li")) for group in groups] == days
        assert len(browser.find_all("[data-today] h3")) == 2
        assert "UTC" not in browser.find("[data-today] time").text
    finally:
        browser.cdp("Emulation.setTimezoneOverride", timezoneId="")


@pytest.mark.one_row
@in_both_languages
def test_an_administrators_link_sets_up_an_account(browse, server, language, javascript):
    browser = browse(language=language, javascript=javascript)
    name = f"linked-{language}-{javascript}".lower()
    link = server.command("user", "add", name).stdout.strip()
    browser.open("/" + link.split("/", 3)[3]).look("set-password")
    assert name in browser.text
    browser.paste("password", "court")
    browser.paste("confirm", "court")
    browser.submit()
    browser.look("set-password-refused", expect=[422])
    browser.paste("password", NEW)
    browser.paste("confirm", NEW)
    browser.submit()
    assert browser.path == "/setup-2fa"
    browser.open("/" + link.split("/", 3)[3]).look("link-dead", expect=[404])
    assert not browser.find_all("main form")


@pytest.mark.one_row
@pytest.mark.parametrize("language", ["fr", "en"])
def test_registration_takes_an_invitation(browse, tmp_path_factory, language):
    with Server(tmp_path_factory.mktemp("inviting"), REGISTRATION="invite") as inviting:
        browser = browse(language=language, size="phone", server=inviting)
        browser.open("/register").look("invitation-missing", expect=[403])
        assert not browser.find_all("main form")
        link = "/" + inviting.command("invite").stdout.strip().split("/", 3)[3]
        browser.open(link).look("invitation")
        other = "en" if language == "fr" else "fr"
        browser.follow(f"footer a[hreflang={other}]")
        assert browser.path == link and browser.find("html").get_attribute("lang") == other
        browser.follow(f"footer a[hreflang={language}]")
        browser.paste("username", "invited-" + language)
        browser.paste("password", NEW)
        browser.paste("confirm", NEW)
        browser.submit()
        assert browser.path == "/setup-2fa"
