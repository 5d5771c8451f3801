"""OpenID Connect in Chromium: a person comes from an application, and returns to it, with and without scripts."""

import contextlib
import http.server
import threading
import urllib.parse

import pytest
from browser import in_both_languages

from harness import Person

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbjb7DqwJ9sQ"


# A page of the application.  In a popup it reports to the page that opened it, as libraries for single-page
# applications do.
PAGE = b"""<!doctype html><title>Wiki</title><link rel=icon href=data:,><h1>The wiki</h1>
<script>
var answers = []
addEventListener("message", (event) => answers.push(event.data))
if (window.opener) opener.postMessage(location.search, location.origin)
</script>"""


class Application:
    """An application on another origin: it records how the browser returns."""

    def __init__(self):
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if self.path.startswith("/callback"):
                    seen.append((self.command, self.path, body, self.headers.get("Referer")))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(PAGE)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.callback = f"http://127.0.0.1:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def returned(self, browser):
        """Wait for the browser; return the method, the parameters of the response and the Referer of its last visit."""
        browser.wait(lambda: self.seen and browser.heading == "The wiki", f"the application's page after {browser.path}")
        method, path, body, referer = self.seen.pop()
        return method, dict(urllib.parse.parse_qsl(body if method == "POST" else path.partition("?")[2])), referer


@pytest.fixture(name="application")
def application_():
    one = Application()
    yield one
    one.close()


@pytest.fixture(name="wiki")
def wiki_(server, application):
    """Register the application under a new client id, and return the id."""
    client = f"wiki-{urllib.parse.urlsplit(application.callback).port}"
    made = server.command("client", "add", client, "--redirect", application.callback, "--name", "Wiki",
                          "--scopes", "openid profile email groups offline_access")
    assert made.returncode == 0, made.stderr
    return client


def address(client, application, **parameters):
    return "/api/oidc/authorization?" + urllib.parse.urlencode({
        "client_id": client, "redirect_uri": application.callback, "response_type": "code", "scope": "openid profile email groups offline_access",
        "state": 'a "b" & c', "code_challenge": CHALLENGE, "code_challenge_method": "S256", **parameters})


def sign_in(browser, person):
    browser.paste("username", person.name)
    browser.paste("password", person.password)
    browser.submit()
    browser.type_code(person.fresh_code())


def press(browser, selector):
    button = browser.find(selector)
    browser.wait(button.is_enabled, "the button")  # app.js: data-calm
    button.click()


def press_allow(browser):
    press(browser, "button[value=allow]")


@pytest.mark.one_row
@in_both_languages
def test_a_person_signs_in_allows_and_returns(browse, server, application, wiki, language, javascript):
    person = Person(server).full().forget()
    browser = browse(javascript, language=language)
    browser.open(address(wiki, application))
    assert browser.path.startswith("/api/oidc/authorization?") and "Wiki" in browser.text
    browser.look("client-sign-in")
    sign_in(browser, person)
    assert "Wiki" in browser.heading and person.name in browser.text
    browser.wait(browser.find("button[value=allow]").is_enabled, "the button")
    browser.look("client-consent")
    press_allow(browser)
    method, response, referer = application.returned(browser)
    assert method == "GET" and response["code"].startswith("dtc_") and response["state"] == 'a "b" & c'
    assert referer == browser.origin + "/", "the application learns the origin, and no address"
    browser.check_console()

    # now the browser is signed in and the consent is known: no page is shown
    browser.driver.get(browser.origin + address(wiki, application))
    assert application.returned(browser)[1]["code"].startswith("dtc_")


HELD = "window.held = []; window.setTimeout = (run) => held.push(run)"


def test_allow_ignores_the_second_click_of_a_double_click(browse, server, application, wiki):
    """The button works a moment after the page appeared or got the focus.  The test decides when it is over."""
    browser = browse()
    browser.take_over(Person(server).full().cookies)
    script = browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=HELD)["identifier"]
    try:
        browser.open(address(wiki, application))
    finally:
        browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    allow, run = browser.find("button[value=allow]"), "held.splice(0).forEach((run) => run())"
    assert not allow.is_enabled() and browser.find("button[value=cancel]").is_enabled()
    browser.driver.execute_script(run)
    assert allow.is_enabled()
    browser.driver.execute_script("dispatchEvent(new Event('focus'))")
    assert not allow.is_enabled()
    browser.driver.execute_script(run)
    allow.click()
    assert application.returned(browser)[1]["code"].startswith("dtc_")


@pytest.mark.one_row
@in_both_languages
def test_cancel_returns_without_a_code(browse, server, application, wiki, language, javascript):
    browser = browse(javascript, language=language)
    browser.open(address(wiki, application))
    browser.find("button[value=cancel]").click()
    assert application.returned(browser)[1]["error"] == "access_denied"
    browser.take_over(Person(server).full().cookies)
    browser.open(address(wiki, application))
    browser.find("button[value=cancel]").click()
    assert application.returned(browser)[1]["error"] == "access_denied"
    browser.check_console()


@pytest.mark.one_row
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
def test_form_post_is_sent_by_the_script_or_by_its_button(browse, server, application, wiki, javascript):
    browser = browse(javascript)
    browser.take_over(Person(server).full().cookies)
    browser.open(address(wiki, application, response_mode="form_post"))
    press_allow(browser)
    if not javascript:
        browser.wait(lambda: browser.find_all("form[data-send]"), "the page with the form")
        browser.look("client-form-post")
        browser.find("form[data-send] button").click()
    method, response, _ = application.returned(browser)
    assert method == "POST" and response["code"].startswith("dtc_") and response["state"] == 'a "b" & c'
    browser.check_console()


@pytest.mark.one_row
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "noscript"])
def test_prompt_login_asks_for_password_and_code(browse, server, application, wiki, javascript):
    person = Person(server).full()
    browser = browse(javascript)
    browser.take_over(person.cookies)
    browser.open(address(wiki, application, scope="openid", prompt="login"))
    browser.look("client-login")
    browser.paste("current", person.password)
    browser.type_code(person.fresh_code())
    browser.look()
    press_allow(browser)
    assert application.returned(browser)[1]["code"].startswith("dtc_")
    browser.check_console()


@contextlib.contextmanager
def popup(browser, application, path):
    """Let a page of the application open this path of the server in a popup, and go on there."""
    driver = browser.driver
    driver.get(application.callback.replace("/callback", "/"))
    first = driver.current_window_handle
    driver.execute_script("window.popup = window.open(arguments[0], 'login', 'width=500,height=700')", browser.origin + path)
    browser.wait(lambda: len(driver.window_handles) == 2, "the popup")
    driver.switch_to.window(next(handle for handle in driver.window_handles if handle != first))
    # Without windows, a popup would get the focus at each click.
    browser.cdp("Emulation.setFocusEmulationEnabled", enabled=True)
    try:
        yield first
    finally:
        for handle in set(driver.window_handles) - {first}:
            driver.switch_to.window(handle)
            driver.close()
        driver.switch_to.window(first)


def answer_to(browser, first):
    """Return the parameters of the response that the popup's last page reported to its opener."""
    browser.driver.switch_to.window(first)
    answers = browser.wait(lambda: browser.driver.execute_script("return answers"), "a message to the opener")
    return dict(urllib.parse.parse_qsl(answers[0][1:]))


def allow(browser, application):
    press_allow(browser)
    application.returned(browser)


def test_a_sign_in_in_a_popup_reports_to_its_opener(browse, server, application, wiki):
    person, browser = Person(server).full().forget(), browse()
    with popup(browser, application, address(wiki, application)) as first:
        browser.follow("footer a[hreflang]")
        sign_in(browser, person)
        allow(browser, application)
        assert answer_to(browser, first)["code"].startswith("dtc_")
        assert browser.driver.execute_script("return popup.closed") is False


def test_an_enrolment_in_a_popup_reports_to_its_opener(browse, server, application, wiki):
    person, browser = Person(server).enrolling().forget(), browse()
    with popup(browser, application, address(wiki, application)) as first:
        browser.paste("username", person.name)
        browser.paste("password", person.password)
        browser.submit()
        person.secret = browser.find("#secret").get_property("value")
        browser.type_code(person.fresh_code())
        browser.find("#saved").click()
        browser.submit()
        allow(browser, application)
        assert answer_to(browser, first)["code"].startswith("dtc_")


def test_a_sign_out_in_a_popup_reports_to_its_opener(browse, server, application, wiki):
    assert server.command("client", "set", wiki, f"logout_uris={application.callback}").returncode == 0
    browser = browse()
    browser.take_over(Person(server).full().cookies)
    with popup(browser, application, "/api/oidc/end-session?" + urllib.parse.urlencode(
            {"client_id": wiki, "post_logout_redirect_uri": application.callback, "state": "out"})) as first:
        press(browser, "form[action='/api/oidc/logout'] button")
        application.returned(browser)
        assert answer_to(browser, first) == {"state": "out"}


def test_a_wrong_return_address_is_shown_and_not_followed(browse, application, wiki):
    browser = browse()
    browser.open(address(wiki, application, redirect_uri=application.callback.replace("/callback", "/other")))
    assert "other" in browser.find("mark").text and "doubletour client set" in browser.text
    browser.look("client-problem", expect=[400])
    assert application.seen == []


def test_the_account_lists_the_application_and_withdraws(browse, server, application, wiki):
    browser = browse(size="phone")
    browser.take_over(Person(server).full().cookies)
    browser.open(address(wiki, application))
    press_allow(browser)
    application.returned(browser)
    browser.open("/account/applications")
    browser.look("account-applications")
    assert "Wiki" in browser.find("main").text
    browser.submit()
    assert "Wiki" not in browser.find("main").text
    browser.look("account-applications-none")
