"""The whole story in a browser: the QR code is read from the screen, the codes come from oathtool."""

import itertools
import os
import re
import secrets
import urllib.parse

import pytest
from browser import authenticator, in_both_languages, in_ways
from selenium.webdriver.common.keys import Keys

PASSWORD = "trombone ivre 1741 sous la pluie"
ALL_WAYS = list(itertools.product(("fr", "en"), ("desktop", "phone"), ("light", "dark"), (True, False)))
# `make test` runs these two, in which each value occurs once.
SAMPLE = [("fr", "phone", "dark", True), ("en", "desktop", "light", False)]
# .ci/run runs the half in which any three properties occur in all their combinations; the long campaign runs all.
WAYS = [way for way in ALL_WAYS if os.environ.get("TORTURE")
        or sum((way[0] == "fr", way[1] == "phone", way[2] == "dark", way[3])) % 2 == 0]


def new_name():
    return "camille." + secrets.token_hex(4)


def register(browser, name):
    browser.open("/register")
    browser.paste("username", name)
    browser.paste("password", PASSWORD)
    browser.paste("confirm", PASSWORD)
    browser.submit()
    assert browser.path == "/setup-2fa"


def enrol(browser, tmp_path):
    uri = browser.scan(tmp_path)
    browser.type_code(authenticator(uri, browser.server.clock))
    keep_codes(browser)
    return uri


def keep_codes(browser):
    """Continue from the recovery codes after the first code to the home page; return the codes."""
    assert browser.path == "/account/recovery-codes"
    codes = [e.text for e in browser.find_all("#codes code")]
    browser.find("#saved").click()
    browser.submit()
    assert browser.path == "/"
    return codes


def give_password(browser, name, password=PASSWORD):
    browser.paste("username", name)
    browser.paste("password", password)
    browser.submit()


@in_ways(WAYS, SAMPLE)
def test_a_new_user_registers_enrols_and_signs_in(browse, server, tmp_path, language, size, scheme, javascript):
    browser = browse(language=language, size=size, scheme=scheme, javascript=javascript)
    name = new_name()

    browser.open("/")
    assert browser.path == "/login"
    browser.look("login")
    browser.follow("a[href^='/register']")
    browser.look("register")

    browser.paste("username", name)
    browser.paste("password", "password1")
    browser.paste("confirm", "password1")
    browser.submit()
    browser.look("register-refused", expect=[422])
    assert browser.find("[name=username]").get_property("value") == name
    assert browser.find("[name=password]").get_property("value") == ""
    assert browser.visible(".problem")

    browser.paste("password", PASSWORD)
    browser.paste("confirm", PASSWORD)
    browser.submit()
    assert browser.path == "/setup-2fa"
    browser.look("setup")
    uri = browser.scan(tmp_path)
    parts = urllib.parse.urlsplit(uri)
    parameters = urllib.parse.parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert name in urllib.parse.unquote(parts.path)
    assert parameters["secret"] == [browser.find("#secret").get_property("value")]
    assert parameters["issuer"] == ["Doubletour"]

    right = authenticator(uri, server.clock)
    browser.type_code("000000" if right != "000000" else "111111")
    browser.look("confirm-refused", expect=[422])
    browser.type_code(authenticator(uri, server.clock))
    browser.look("recovery-codes")
    assert len(keep_codes(browser)) == 10
    browser.look("home")
    assert name in browser.text

    browser.log_out()
    assert browser.path == "/login"
    browser.look("logged-out")
    give_password(browser, name, "not my password")
    browser.look("login-refused", expect=[422])
    assert browser.find("[name=username]").get_property("value") == name
    give_password(browser, name)
    assert browser.path == "/verify-2fa"
    browser.look("code")
    server.clock.next_step()
    browser.type_code(authenticator(uri, server.clock))
    assert browser.path == "/"
    browser.look("home-again")

    browser.open("/logout")
    browser.look("log-out-question")
    browser.open("/nowhere")
    browser.look("not-found", expect=[404])


@pytest.mark.one_row
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
def test_every_form_works_from_the_keyboard(browse, server, tmp_path, javascript):
    browser = browse(javascript=javascript)
    name = new_name()
    browser.open("/register")
    browser.paste("username", name)
    browser.paste("password", PASSWORD)
    browser.paste("confirm", PASSWORD)
    browser.enter("[name=confirm]")
    assert browser.path == "/setup-2fa"
    uri = browser.scan(tmp_path)
    field = browser.find("[name=otp]")
    if javascript:
        browser.leave(lambda: field.send_keys(authenticator(uri, server.clock)))
    else:
        field.send_keys(authenticator(uri, server.clock))
        browser.enter("[name=otp]")
    assert browser.path == "/account/recovery-codes"
    browser.find("#saved").send_keys(Keys.SPACE)
    browser.enter("main form button.primary")
    assert browser.path == "/"


def test_first_tab_stop_is_the_skip_link(browse):
    browser = browse().open("/login")
    focused = browser.driver.execute_script("return document.activeElement.tagName")
    assert focused in ("BODY", "INPUT"), "the focus is on the first field, or on none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_colour_scheme(browse, scheme):
    browser = browse(scheme=scheme).open("/login")
    screen = browser.screen()
    corner = screen.getpixel((2, screen.height - 3))
    assert (sum(corner) > 3 * 128) == (scheme == "light"), corner


@pytest.mark.one_row
@in_both_languages
def test_pages_fit_the_narrowest_phone(browse, tmp_path, language, javascript):
    browser = browse(size="narrow", language=language, javascript=javascript)
    browser.open("/login").look("login")
    register(browser, "a-name-that-is-rather-long." + secrets.token_hex(4))
    browser.look("setup")
    enrol(browser, tmp_path)
    browser.look("home")


def test_the_language_switch_works_on_every_page_and_stays_there(browse):
    browser = browse(language="en")

    def switch(language):
        browser.leave(browser.visible(f"footer a[href^='/language/{language}']")[0].click)
        browser.language = language

    browser.open("/login?next=%2Faccount")
    browser.paste("username", "Camille")
    browser.paste("password", PASSWORD)
    switch("fr")
    values = [browser.find(f"[name={name}]").get_attribute("value") for name in ("username", "password", "next")]
    assert values == ["Camille", "", "/account"], "the user name and the query are kept"
    assert browser.driver.execute_script("return JSON.stringify(sessionStorage)") == "{}"
    switch("en")
    assert browser.find("[name=username]").get_attribute("value") == "Camille"
    register(browser, new_name())
    assert browser.driver.execute_script("return sessionStorage.length") == 0
    for path in ("/setup-2fa", "/verify-2fa"):
        browser.open(path)
        for language in ("fr", "en"):
            switch(language)
            assert browser.path.split("?")[0] == path
            browser.look()


# Functions of the scripts


def live_text(browser):
    return " ".join(e.text for e in browser.find_all("[aria-live], [role=status]") if e.text)


def copy_button(browser):
    buttons = [b for b in browser.visible("main button") if re.search("cop", b.text + (b.get_attribute("class") or "") + (b.get_attribute("id") or ""), re.I)]
    assert len(buttons) == 1
    return buttons[0]


def permit(browser, name, setting):
    browser.cdp("Browser.setPermission", origin=browser.origin, permission={"name": name}, setting=setting)


@pytest.fixture
def at_setup(browse):
    browser = browse()
    register(browser, new_name())
    browser.open("/setup-2fa")
    yield browser
    browser.cdp("Browser.resetPermissions")


def test_the_copy_button_copies_and_says_so(at_setup):
    permit(at_setup, "clipboard-write", "granted")
    permit(at_setup, "clipboard-read", "granted")
    before = live_text(at_setup)
    copy_button(at_setup).click()
    at_setup.wait(lambda: live_text(at_setup) != before, "the button shows the result")
    assert live_text(at_setup)
    pasted = at_setup.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0], e => arguments[0]('' + e))")
    assert pasted == at_setup.find("#secret").get_property("value")


REFUSALS = {
    "forbidden": "navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))",
    "missing": "Object.defineProperty(navigator, 'clipboard', { value: undefined })",
}


@pytest.mark.one_row
@pytest.mark.parametrize("refusal", list(REFUSALS))
def test_the_copy_button_reports_a_failure(at_setup, refusal):
    script = at_setup.cdp("Page.addScriptToEvaluateOnNewDocument", source=REFUSALS[refusal])
    try:
        at_setup.open("/setup-2fa")
        before = live_text(at_setup)
        buttons = [b for b in at_setup.visible("main button") if re.search("cop", b.text + (b.get_attribute("id") or ""), re.I)]
        if not buttons:
            return  # hiding a button that cannot work is correct too
        buttons[0].click()
        at_setup.wait(lambda: live_text(at_setup) != before, "the button shows the result")
        refused = live_text(at_setup)
    finally:
        at_setup.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])
    at_setup.open("/setup-2fa")
    permit(at_setup, "clipboard-write", "granted")
    copy_button(at_setup).click()
    at_setup.wait(lambda: live_text(at_setup) not in (before, ""), "the button shows the result")
    assert live_text(at_setup) != refused, "success and failure have different sentences"


def test_the_copy_button_reports_a_denied_permission(at_setup):
    permit(at_setup, "clipboard-write", "granted")
    permit(at_setup, "clipboard-read", "granted")
    copy_button(at_setup).click()
    at_setup.wait(lambda: live_text(at_setup), "the button shows the result")
    copied = live_text(at_setup)
    at_setup.open("/setup-2fa")
    permit(at_setup, "clipboard-write", "denied")
    copy_button(at_setup).click()
    at_setup.wait(lambda: live_text(at_setup), "the button shows the result")
    assert live_text(at_setup) != copied


def test_buttons_that_need_scripts_are_hidden_without_scripts(browse):
    browser = browse(javascript=False)
    register(browser, new_name())
    assert not [b for b in browser.visible("main button") if b.get_attribute("type") == "button"]
    browser.open("/logout")
    browser.log_out()
    browser.open("/register")
    assert not [b for b in browser.visible("main button") if b.get_attribute("type") == "button"]


def test_six_digits_send_the_form_and_five_do_not(browse, server, tmp_path):
    browser = browse()
    register(browser, new_name())
    uri = browser.scan(tmp_path)
    browser.open("/verify-2fa")
    code = authenticator(uri, server.clock)
    field = browser.type("otp", code[:5])
    browser.driver.execute_script("document.documentElement.dataset.left = 'yes'")
    browser.driver.execute_async_script("setTimeout(arguments[0], 300)")
    assert browser.driver.execute_script("return document.documentElement.dataset.left") == "yes"
    browser.leave(lambda: field.send_keys(code[5]))
    assert browser.path == "/account/recovery-codes"


def test_no_way_of_typing_sends_a_code_twice(browse, server, tmp_path):
    browser = browse()
    register(browser, new_name())
    code = authenticator(browser.scan(tmp_path), server.clock)
    browser.driver.execute_script("window.sent = 0; addEventListener('submit', e => { if (!e.defaultPrevented) sent++; e.preventDefault(); })")
    field = browser.find("main input[name=otp]")
    field.send_keys(code + "12")
    field.send_keys(Keys.BACKSPACE * 2 + Keys.ENTER)
    browser.find("main form button.primary").click()
    assert browser.driver.execute_script("return sent") == 1
    field.send_keys(Keys.BACKSPACE + ("1" if code[5] != "1" else "2"))
    assert browser.driver.execute_script("return sent") == 2, "another code is another attempt"
    browser.driver.execute_script("dispatchEvent(new PageTransitionEvent('pageshow'))")
    browser.find("main form button.primary").click()
    assert browser.driver.execute_script("return sent") == 3, "after the back button too"


PASTED = [  # (what is on the clipboard around the six digits, is it sent?)
    ("{0} {1}", True), ("\t{0}\u00a0{1}\r\n", True), ("\u200b{0}\u2060{1}\ufeff", True), ("{0}-{1}", True), ("{0}\u2013{1}", True),
    ("{0}.{1}", False), ("{0}{1}{1}", False), ("x" * 10000, False), (" " * 10000 + "{0}{1}" + "\n" * 10000, True), ("{0}{1}" * 2000, False)]


def test_codes_are_pasted_with_any_space_around_them(browse, server, tmp_path):
    browser = browse()
    register(browser, new_name())
    code = authenticator(browser.scan(tmp_path), server.clock)
    browser.driver.execute_script("window.sent = []; addEventListener('submit', e => { e.preventDefault(); sent.push(e.target.otp.value); })")
    for text, is_sent in PASTED:
        browser.driver.execute_script("""
            window.sent = []; dispatchEvent(new PageTransitionEvent('pageshow'));
            const field = document.querySelector('main input[name=otp]'), data = new DataTransfer();
            data.setData('text/plain', arguments[0]); field.value = ''; field.focus();
            field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
            """, text.format(code[:3], code[3:]))
        assert browser.driver.execute_script("return sent") == ([code] if is_sent else []), text[:20]
        assert browser.driver.execute_script("return document.querySelector('[name=otp]').value.length") <= 64
    browser.driver.execute_script("document.querySelector('[name=otp]').value = ''")
    browser.leave(lambda: browser.find("main input[name=otp]").send_keys(code) or browser.driver.execute_script("document.querySelector('main form').submit()"))
    assert browser.path == "/account/recovery-codes"


def test_a_password_can_be_shown_and_hidden_again(browse):
    browser = browse().open("/login")
    field = browser.paste("password", PASSWORD)
    buttons = [e for e in browser.visible("main button[data-show]")]
    assert len(buttons) == 1
    assert field.get_attribute("type") == "password"
    buttons[0].click()
    assert field.get_attribute("type") == "text" and field.get_property("value") == PASSWORD
    buttons[0].click()
    assert field.get_attribute("type") == "password"


def test_back_button_after_log_out_shows_no_session_data(browse, tmp_path):
    browser = browse()
    name = new_name()
    register(browser, name)
    enrol(browser, tmp_path)
    browser.log_out()
    browser.driver.back()
    browser.wait(lambda: browser.driver.execute_script("return document.readyState") == "complete")
    assert browser.path.split("?")[0] == "/login" and name not in browser.text


def test_back_button_after_enrolment_does_not_show_the_secret(browse, tmp_path):
    browser = browse()
    register(browser, new_name())
    secret = browser.find("#secret").get_property("value")
    enrol(browser, tmp_path)
    for _ in range(3):
        browser.driver.back()
        browser.wait(lambda: browser.driver.execute_script("return document.readyState") == "complete")
        assert secret not in browser.driver.page_source


# An invited person


class Counted:
    """A browser that counts what a person does: clicks, and fields that the person fills in."""

    def __init__(self, browser):
        self.browser, self.clicks, self.fields = browser, 0, 0

    def click(self, selector):
        self.clicks += 1
        self.browser.leave(self.browser.visible(selector)[0].click)

    def tick(self, selector):
        self.clicks += 1
        self.browser.find(selector).click()

    def fill(self, name, text):
        self.fields += 1
        self.browser.paste(name, text)


@pytest.mark.parametrize("scene", [True, pytest.param(False, marks=pytest.mark.whole)], ids=["javascript", "plain"], indirect=True)
def test_an_invited_person_reaches_the_wiki(scene):
    """From the link to the wiki: at most 9 clicks and 5 fields."""
    proxy, browser = scene
    person = Counted(browser)
    added = proxy.server.command("user", "add", "camille")
    assert added.returncode == 0, added.stderr
    person.clicks += 1  # the link in a message
    browser.driver.get(re.search(r"https://\S+", added.stdout)[0])
    browser.look("invited")
    person.fill("password", PASSWORD)
    person.fill("confirm", PASSWORD)
    person.click("main form button:not([type=button])")
    assert browser.path == "/setup-2fa"
    code = authenticator(f"otpauth://totp/x?secret={browser.find('#secret').get_attribute('value')}", browser.server.clock)
    if not browser.find_all("main input[name=otp]"):
        person.click("main a[href^='/verify-2fa']")
    if browser.javascript:
        browser.leave(lambda: person.fill("otp", code))
    else:
        person.fill("otp", code)
        person.click("main form button:not([type=button])")
    assert browser.path == "/account/recovery-codes" and len(browser.find_all("#codes code")) == 10
    for box in browser.visible("main input[type=checkbox]"):
        person.tick(f"#{box.get_attribute('id')}")
    person.click("main .go, main .primary")
    assert browser.path == "/" and browser.heading == "Your applications"
    browser.look("home-of-an-invited-person")
    (wiki,) = [tile for tile in browser.visible(".tile") if "Wiki" in tile.text]
    person.clicks += 1
    wiki.click()
    browser.wait(lambda: browser.driver.current_url == proxy.public("wiki.example.org") + "/" and browser.find_all("pre"), "the wiki")
    assert '"camille"' in browser.text.replace("'", '"')
    assert person.clicks <= 9 and person.fields <= 5, (person.clicks, person.fields)
