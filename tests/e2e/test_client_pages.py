"""The pages of OpenID Connect: a browser goes from an application to the sign-in and back."""

import json
import re
import shlex
import urllib.parse

import pytest

from harness import Person
from harness.passkeys import KeyHolder
from harness.server import Server, wait_until
from harness.visitor import LOGIN, Visitor

ENDPOINT = "/api/oidc/authorization"
CALLBACK = "https://wiki.example.org/callback"
AFTER = "https://wiki.example.org/after"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbjb7DqwJ9sQ"
SECRETS = ("state-that-no-log-has", "nonce-that-no-log-has", "hint-that-no-log-has")


@pytest.fixture(scope="module", name="server")
def server_(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("clients"), LOG_LEVEL="debug") as one:
        add(one, "wiki", CALLBACK, "--name", "Wiki", "--scopes", "openid profile email groups offline_access", "--logout", AFTER)
        add(one, "quiet", CALLBACK + "?kept=1", "--name", "Quiet", "--consent", "never")
        add(one, "phone", "app.phone:///callback", "--name", "Phone", "--consent", "never", "--public")
        yield one


def add(server, client, redirect, *options):
    made = server.command("client", "add", client, "--redirect", redirect, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout


def address(client="wiki", **parameters):
    query = {"client_id": client, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid profile", "state": SECRETS[0],
             "nonce": SECRETS[1], "code_challenge": CHALLENGE, "code_challenge_method": "S256", **parameters}
    return f"{ENDPOINT}?{urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})}"


def quiet(**parameters):
    return address("quiet", redirect_uri=CALLBACK + "?kept=1", **parameters)


def check(page):
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "strict-origin", repr(page)
    return page


def response_in(url, separator="?"):
    """Return the parameters of the response in a URL; each occurs once."""
    before, _, text = url.partition(separator)
    pairs = urllib.parse.parse_qsl(text, strict_parsing=True, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return before, dict(pairs)


def opened_url(page):
    """Return the URL that a page opens after 0 seconds, and by its link."""
    assert page.status == 200 and page.location is None, repr(page)
    refresh = page.dom.one("meta", **{"http-equiv": "refresh"})["content"]
    url = refresh.removeprefix("0; url=")
    assert page.dom.one("a", class_="primary")["href"] == url
    return url


def fields_of(page, path):
    """Return the hidden fields of the form to this path."""
    return {i["name"]: i.get("value") or "" for i in page.form_to(path).all("input", type="hidden")}


def follow(person):
    for _ in range(6):
        if person.page.status != 303 or not person.page.location.startswith("/"):
            return person.page
        person.visit(person.page.location)
    raise AssertionError(f"round in circles at {person.page!r}")


def give_password(person):
    person.post("/login", {**fields_of(person.page, "/login"), "username": person.name, "password": person.password})
    return follow(person)


def finish_sign_in(person):
    give_password(person)
    person.post("/verify-2fa", {**fields_of(person.page, "/verify-2fa"), "otp": person.fresh_code()})
    return follow(person)


def decide(person, answer, path="/api/oidc/decision"):
    """Send the form with this answer, as a browser without scripts does."""
    forms = [form for form in person.page.dom.all("form", action=path) if answer in [b.get("value") for b in form.all("button")]]
    hidden = {i["name"]: i.get("value") or "" for i in forms[0].all("input", type="hidden")}
    return person.post(path, {**hidden, "answer": answer})


# --- sign-in and return


def test_a_sign_in_at_the_address_returns_with_a_code(server):
    person = Person(server).full().forget()
    check(person.visit(quiet()))
    assert person.page.status == 200 and person.page.path.startswith(ENDPOINT)
    assert "to continue to <b>Quiet</b>" in person.page.html and "wiki.example.org" in person.page.html
    assert fields_of(person.page, "/login")["next"].startswith(ENDPOINT)
    give_password(person)
    assert "to continue to <b>Quiet</b>" in person.page.html, "the page of the second factor says it too"
    person.post("/verify-2fa", {**fields_of(person.page, "/verify-2fa"), "otp": person.fresh_code()})
    follow(person)
    before, response = response_in(opened_url(check(person.page)))
    assert before == CALLBACK and response["kept"] == "1" and response["code"].startswith("dtc_")
    assert response["state"] == SECRETS[0] and "iss" in response


def test_a_signed_in_person_returns_with_303(server):
    person = Person(server).full()
    page = check(person.visit(quiet()))
    assert page.status == 303 and page.bytes == b""
    before, response = response_in(page.location)
    assert before == CALLBACK and response["code"].startswith("dtc_")


def test_the_response_is_in_the_fragment_if_asked(server):
    person = Person(server).full()
    before, response = response_in(person.visit(quiet(response_mode="fragment")).location, "#")
    assert before == CALLBACK + "?kept=1" and response["code"].startswith("dtc_")


def test_a_private_scheme_gets_303_and_a_button_after_a_form(server):
    person = Person(server).full()
    asked = address("phone", redirect_uri="app.phone:///callback")
    assert person.visit(asked).location.startswith("app.phone:///callback?code=")
    person.forget().visit(asked)
    finish_sign_in(person)
    assert not person.page.dom.all("meta", **{"http-equiv": "refresh"})
    assert person.page.dom.one("a", class_="primary")["href"].startswith("app.phone:///callback?code=")


def test_a_head_request_makes_no_code(server):
    page = Person(server).full().request("HEAD", quiet())
    assert page.status == 303 and page.location.startswith(ENDPOINT)


# --- consent


def test_consent_names_what_the_application_will_receive(server):
    person = Person(server).full()
    page = check(person.visit(address(scope="openid profile email groups offline_access", prompt="consent")))
    assert page.status == 200 and page.heading == "Allow Wiki to use your account?"
    assert all(words in page.html for words in ("Your name and language", person.name, "Your e-mail address", "not set", "Your groups",
                                                "Access while you are away"))
    page = person.visit(address(scope="openid", prompt="consent"))
    assert "A number for your account" in page.html and "Your e-mail address" not in page.html


def test_consent_names_what_rules_give(server):
    add(server, "ruled", CALLBACK, "--name", "Ruled", "--scopes", "openid profile", "--claim", "memberOf = groups always",
        "--claim", 'role = "admin" if group staff else "user"')
    person = Person(server).full()
    assert server.command("user", "groups", person.name, "staff").returncode == 0
    page = check(person.visit(address("ruled", scope="openid")))
    assert "Your groups" in page.text and "staff" in page.text and "role" not in page.text and "A number for your account" not in page.text
    page = check(person.visit(address("ruled")))
    assert "Your groups" in page.text and 'role: "admin"' in page.text
    decide(person, "allow")
    listed = person.visit("/account/applications").text
    assert 'your name and language, your groups, role: "admin"' in " ".join(listed.split())


def test_allow_returns_a_code_and_is_remembered(server):
    person = Person(server).full()
    person.visit(address())
    before, response = response_in(opened_url(check(decide(person, "allow"))))
    assert before == CALLBACK and response["code"].startswith("dtc_")
    assert person.visit(address()).status == 303, "asked once"
    assert person.visit(address(scope="openid profile email")).status == 200, "asked for more"


def test_cancel_returns_access_denied(server):
    person = Person(server).full()
    person.visit(address())
    _, response = response_in(opened_url(check(decide(person, "cancel"))))
    assert response["error"] == "access_denied" and response["state"] == SECRETS[0] and "code" not in response


def test_cancel_on_the_sign_in_page_returns_access_denied(server):
    person = Person(server)
    person.visit(address())
    _, response = response_in(opened_url(check(decide(person, "cancel"))))
    assert response["error"] == "access_denied" and "code" not in response


def test_consent_needs_the_forms_token_and_the_shown_request(server):
    person = Person(server).full()
    person.visit(address())
    hidden = fields_of(person.page, "/api/oidc/decision")
    page = check(person.post("/api/oidc/decision", {**hidden, "csrf_token": "A" * 43, "answer": "allow"}))
    assert page.status == 403 and page.heading == "Allow Wiki to use your account?"
    changed = {**hidden, "next": hidden["next"].replace("scope=openid+profile", "scope=openid+profile+groups")}
    assert changed != hidden
    page = person.post("/api/oidc/decision", {**changed, "answer": "allow"})
    assert page.status == 200 and page.heading == "Allow Wiki to use your account?" and "Your groups" in page.html
    page = person.post("/api/oidc/decision", {**hidden, "answer": "allow"}, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert page.status == 403


def test_a_consent_form_without_a_request_redirects_home(server):
    person = Person(server).full()
    for following in ("", "/account", "https://evil.example/", "//evil.example"):
        token = person.arrive("/").token
        assert person.post("/api/oidc/decision", {"csrf_token": token, "answer": "allow", "next": following}).location == "/"


def test_a_session_that_ended_before_the_form_signs_in_at_the_address(server):
    person = Person(server).full()
    person.visit(address())
    hidden = fields_of(person.page, "/api/oidc/decision")
    Person(server, person.name, person.password)
    person.cookies.pop("doubletour")
    page = check(person.post("/api/oidc/decision", {**hidden, "answer": "allow"}))
    assert page.status == 403 and page.form_to("/login") and "to continue to <b>Wiki</b>" in page.html


# --- POST, form_post


def test_a_posted_request_redirects_to_get(server):
    person = Person(server).full()
    query = quiet().partition("?")[2]
    page = check(person.post(ENDPOINT, query, headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://wiki.example.org",
                                                       "Sec-Fetch-Site": "cross-site", "Cookie": ""}))
    assert (page.status, page.location) == (303, f"{ENDPOINT}?{query}")
    page = person.post(ENDPOINT, 'a="<>#\\é'.encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert page.location == f"{ENDPOINT}?a=%22%3C%3E%23%5C%C3%A9"


@pytest.mark.parametrize("path", [ENDPOINT, "/api/oidc/end-session"])
def test_a_long_posted_request_keeps_open_forms_valid(server, path):
    """Another site can make the browser send it, and the browser sends no cookies then."""
    person = Person(server).full().forget()
    form = person.visit("/login").form
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    page = check(person.request("POST", path, data="x=" + "a" * 9000, headers=headers, cookies={}))
    assert (page.status, page.location) == (400, None) and "Set-Cookie" not in page.headers
    hidden = {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden")}
    assert person.post("/login", {**hidden, "username": person.name, "password": person.password}).status == 303


def test_the_form_post_page_may_submit_to_the_application(server):
    person = Person(server).full()
    response = person.http.get(server.origin + quiet(response_mode="form_post", state='a&b="c"'), headers={"Cookie": f"doubletour={person.session}"},
                               allow_redirects=False, timeout=60)
    assert response.status_code == 200 and response.headers["Referrer-Policy"] == "strict-origin"
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["form-action"] == "https:" and policy["script-src"] == "'self'"
    forms = re.findall(r"<form[^>]*>", response.text)
    assert forms == [f'<form method="post" action="{CALLBACK}?kept=1" data-send>']
    assert 'name="state" value="a&amp;b=&quot;c&quot;"' in response.text and 'name="code" value="dtc_' in response.text
    assert "csrf_token" not in response.text


# --- errors


@pytest.mark.parametrize("changed, sentence", [
    ({"client": None}, "client_id is missing"),
    ({"client": "nobody"}, "No application is registered with this client ID"),
    ({"redirect_uri": None}, "redirect_uri is missing"),
    ({"redirect_uri": "http://wiki.example.org:443/callback"}, "not registered"),
    ({"state": "x" * 9000}, None),
])
def test_an_unknown_client_or_address_gets_an_error_page(server, changed, sentence):
    person = Person(server)
    page = person.visit(address(**changed))
    assert page.location is None
    if sentence is None:
        assert page.status == 414
    else:
        assert check(page).status == 400 and sentence in page.html


def test_a_parameter_twice_gets_an_error_page(server):
    page = check(Person(server).visit(address() + "&client_id=wiki"))
    assert (page.status, page.location) == (400, None) and "one parameter of the request twice" in page.html


def test_the_error_page_compares_the_addresses(server):
    page = Person(server).visit(address(redirect_uri="https://wiki.example.org:443/callback?x='$(id)'"))
    text = re.sub(r"<[^>]*>", "", page.html.replace("&#39;", "'"))
    assert "Wiki" in text and "https://wiki.example.org:443/callback?x='$(id)'" in text and CALLBACK in text
    assert "wiki.example.org<mark>:443</mark>/callback<mark>?x=" in page.html
    assert 'https://wiki.example.org<mark class="gap"></mark>/callback<mark class="gap"></mark></code>' in page.html
    command = "doubletour client set 'wiki' redirect_uris+='https://wiki.example.org:443/callback?x='\\''$(id)'\\'''"
    assert command in text


def test_the_command_of_the_error_page_registers_the_address(server):
    asked = "http://nas.example.org/callback"
    page = Person(server).visit(address("mended", redirect_uri=asked))
    assert page.status == 400
    add(server, "mended", CALLBACK)
    page = Person(server).visit(address("mended", redirect_uri=asked))
    assert "This address has no TLS" in page.text
    command = next(c.text for c in page.dom.all("code") if c.text.startswith("doubletour client set"))
    assert command == f"doubletour client set 'mended' insecure_redirect=yes redirect_uris+='{asked}'"
    done = server.command(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr
    assert Person(server).visit(address("mended", redirect_uri=asked)).status == 200, "now it asks for the password"


@pytest.mark.parametrize("asked, reason", [
    (CALLBACK + "#top", "because of the # in it"),
    ("javascript:alert(1)", "a browser could open it itself"),
    ("https://*.example.org/callback", "because of the * in its host"),
    ("https://anna@wiki.example.org/", "a user name before the host"),
    ("wiki.example.org", "not a complete, valid address"),
    pytest.param(CALLBACK + "?" + "x" * 2048, "because it is too long", id="too-long"),
])
def test_the_error_page_says_why_an_address_cannot_be_registered(server, asked, reason):
    page = check(Person(server).visit(address(redirect_uri=asked)))
    assert page.status == 400 and reason in page.text and "doubletour client set" not in page.text


def test_errors_are_sent_to_a_known_client(server):
    person = Person(server)
    before, response = response_in(check(person.visit(quiet(response_type="token"))).location)
    assert before == CALLBACK and response["error"] == "unsupported_response_type" and response["kept"] == "1"
    _, response = response_in(person.visit(quiet(prompt="none")).location)
    assert response["error"] == "login_required"


# --- a new proof: prompt, max_age


def test_prompt_login_asks_for_password_and_code(server):
    person = Person(server).full()
    person.grow_stale()
    page = check(person.visit(quiet(prompt="login")))
    hidden = fields_of(page, "/api/oidc/login")
    page = check(person.post("/api/oidc/login", {**hidden, "current": "wrong", "otp": person.fresh_code()}))
    assert page.status == 422 and not page.dom.all("input", id="otp"), "the page does not ask again for a code that was right"
    hidden = fields_of(page, "/api/oidc/login")
    page = check(person.post("/api/oidc/login", {**hidden, "current": person.password}))
    assert response_in(opened_url(page))[1]["code"].startswith("dtc_")


def test_prompt_login_needs_a_code_newer_than_the_request(server):
    person = Person(server).full()
    page = person.visit(quiet(prompt="login"))
    hidden = fields_of(page, "/api/oidc/login")
    page = person.post("/api/oidc/login", {**hidden, "current": person.password, "otp": ""})
    assert page.status == 422 and "Enter a new code." in page.html and not page.dom.all("input", id="current")
    page = person.post("/api/oidc/factor", {**fields_of(page, "/api/oidc/factor"), "otp": person.fresh_code()})
    assert response_in(opened_url(page))[1]["code"].startswith("dtc_")


def test_prompt_login_is_satisfied_by_the_sign_in_itself(server):
    person = Person(server).full().forget()
    server.clock.advance(60)
    person.visit(quiet(prompt="login"))
    finish_sign_in(person)
    assert response_in(opened_url(person.page))[1]["code"].startswith("dtc_")


@pytest.fixture(scope="module", name="local")
def local_(tmp_path_factory):
    """A server whose host may have passkeys."""
    with Server(tmp_path_factory.mktemp("local"), public_host="localhost") as one:
        add(one, "quiet", CALLBACK + "?kept=1", "--name", "Quiet", "--consent", "never")
        yield one


@pytest.fixture(name="holder")
def holder_(local):
    """A person who signed in with a passkey ten minutes ago, and has an authenticator too."""
    person = KeyHolder(local).full()
    person.add_passkey()
    local.clock.advance(600)
    assert person.forget().touch().status == 303
    local.clock.advance(600)
    return person


def test_prompt_login_takes_a_passkey_with_pin_or_fingerprint(local, holder):
    person, asked = holder, holder.ask(quiet(prompt="login"))
    local.clock.advance(31)
    page = person.post(asked.path, {**asked.hidden, "current": "", "otp": person.fresh_code()})
    assert page.status == 422, "a code does not replace the password"
    person.ask(quiet(prompt="login"))
    page = person.answer(person.get(), current="")
    assert response_in(opened_url(page))[1]["code"].startswith("dtc_")


PHR = {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": "phr"}}})}


def test_no_code_is_asked_where_only_a_passkey_is_accepted(holder):
    page = check(holder.visit(quiet(max_age="60", **PHR)))
    assert not page.dom.all("input", id="otp") and "Use a recovery code" not in page.text
    assert "Quiet requires your passkey. A code does not replace it." in page.text
    page = check(holder.post("/api/oidc/factor", fields_of(page, "/api/oidc/factor")))
    assert page.status == 422 and "Use your passkey." in page.text and not page.dom.all("input", id="otp")
    holder.ask(quiet(max_age="60", **PHR))
    assert response_in(opened_url(holder.answer(holder.get())))[1]["code"].startswith("dtc_")


def test_password_and_passkey_are_asked_without_a_code(holder):
    page = check(holder.visit(quiet(prompt="login", **PHR)))
    assert page.dom.one("input", id="current") and not page.dom.all("input", id="otp")
    page = holder.post("/api/oidc/login", {**fields_of(page, "/api/oidc/login"), "current": "wrong"})
    assert page.status == 422 and page.dom.all(data_passkey=True), "the passkey is still missing"
    holder.ask(quiet(prompt="login", **PHR))
    page = holder.answer(holder.get(), current=holder.password)
    assert response_in(opened_url(page))[1]["code"].startswith("dtc_")


def test_passkeys_of_another_host_offer_a_new_one(local, holder):
    local.sql("UPDATE passkeys SET rp_id = 'old.example.org' WHERE factor_id IN (SELECT f.id FROM factors f JOIN accounts a ON a.id = f.account_id WHERE a.name = ?)", holder.name)
    page = check(holder.visit(quiet(max_age="60", **PHR)))
    assert not page.dom.all("input", id="otp") and page.dom.one("a", href="/account/passkeys/new")


def test_max_age_asks_for_a_code_only(server):
    person = Person(server).full()
    server.clock.advance(120)
    page = check(person.visit(quiet(max_age="60")))
    assert not page.form_to("/api/oidc/factor").all("input", id="current")
    hidden = fields_of(page, "/api/oidc/factor")
    page = check(person.post("/api/oidc/factor", {**hidden, "otp": "123456"}))
    assert page.status == 422 and page.form_to("/api/oidc/factor")
    hidden = fields_of(page, "/api/oidc/factor")
    page = check(person.post("/api/oidc/factor", {**hidden, "otp": person.fresh_code()}))
    assert response_in(opened_url(page))[1]["code"].startswith("dtc_")


def test_the_link_to_a_recovery_code_keeps_the_request(server):
    person = Person(server).full()
    server.clock.advance(120)
    person.visit(quiet(max_age="60"))
    link = next(a["href"] for a in person.page.dom.all("a") if a.text == "Use a recovery code")
    page = check(person.visit(link))
    assert page.form_to("/api/oidc/factor") and "Recovery code" in page.html


def test_select_account_offers_this_account_and_another_one(server):
    person = Person(server).full()
    page = check(person.visit(quiet(prompt="select_account")))
    assert page.heading == "Choose an account" and person.name in page.html
    assert response_in(opened_url(check(decide(person, "select"))))[1]["code"].startswith("dtc_")
    person.visit(quiet(prompt="select_account"))
    hidden = fields_of(person.page, "/logout")
    page = person.post("/logout", hidden)
    assert page.status == 303 and page.location.startswith(ENDPOINT)
    person.visit(page.location)
    finish_sign_in(person)
    assert response_in(opened_url(person.page))[1]["code"].startswith("dtc_")


# --- hints, languages, limits, logs


def test_login_hint_and_ui_locales_fill_the_sign_in_page(server):
    person = Person(server, language="en")
    page = check(person.visit(address(login_hint="anna", ui_locales="fr-CA en")))
    assert page.by_id("username")["value"] == "anna" and 'lang="fr"' in page.html
    hidden = fields_of(page, "/login")
    page = person.post("/login", {**hidden, "username": "anna", "password": "wrong"})
    assert page.status == 422 and '<html lang="fr">' in page.html and "<b>Wiki</b>" in page.html
    person.visit("/language/en")
    assert '<html lang="en">' in person.visit(address(ui_locales="fr")).html, "the user's own language has precedence"


def test_the_longest_request_gets_through_the_sign_in(server):
    person = Person(server).full().forget()
    room = 8 * 1024 - len(quiet().partition("?")[2]) - len("&filler=")
    asked = quiet(filler="ab/%" * (room // 8))  # percent-encoded: "/" and "%" become three bytes
    asked += "x" * (8 * 1024 - len(asked.partition("?")[2]))
    assert len(asked.partition("?")[2]) == 8 * 1024
    page = check(person.visit(asked))
    assert page.status == 200, page.html[-300:]
    finish_sign_in(person)
    assert response_in(opened_url(person.page))[1]["code"].startswith("dtc_")
    page = check(person.visit(asked + "x"))
    assert page.status == 400 and page.location is None


@pytest.mark.parametrize("path", [ENDPOINT, "/api/oidc/end-session"])
def test_a_too_long_request_is_the_same_page_with_get_and_post(server, path):
    sentence = "The application sent a request that the server cannot read, or that is too long."
    fields = {"client_id": "wiki", "state": "x" * (8 * 1024 + 1)}
    posted = Person(server).post(path, fields, headers={"Origin": "https://wiki.example.org"})
    got = check(Person(server).visit(f"{path}?{urllib.parse.urlencode(fields)}"))
    for page in (posted, got):
        assert (page.status, page.location) == (400, None) and sentence in page.text
    french = Person(server, language="fr").post(path, {**fields, "filler": "é" * 1000}, headers={"Origin": "https://wiki.example.org"})
    assert french.status == 400 and '<html lang="fr">' in french.html
    for status, page in ((413, Person(server).post(path, {"state": "x" * 17000})), (414, Person(server).visit(f"{path}?state={'x' * 10000}"))):
        assert page.status == status and page.dom.one("h1").text in ("Form too large", "Adresse trop longue")


def test_the_language_switch_keeps_the_longest_request(server):
    person = Person(server)
    asked = quiet(filler="/%" * 1200)
    page = person.visit(asked)
    form = next(form for form in page.dom.all("form") if form["action"].startswith("/language/"))
    hidden = {i["name"]: i.get("value") for i in form.all("input", type="hidden")}
    page = person.post(form["action"], hidden)
    assert page.status == 303
    page = check(person.visit(page.location))
    assert page.status == 200 and '<html lang="fr">' in page.html and "<b>Quiet</b>" in page.html


def test_no_log_has_a_code_a_state_a_hint_or_a_query(server):
    person = Person(server).full()
    code = response_in(person.visit(quiet(login_hint=SECRETS[2])).location)[1]["code"]
    person.forget().visit(quiet(login_hint=SECRETS[2]))
    finish_sign_in(person)
    second = response_in(opened_url(person.page))[1]["code"]
    log = server.log()
    assert ENDPOINT in log
    for secret in (*SECRETS, code, second, CHALLENGE, "redirect_uri", "code_challenge"):
        assert secret not in log

# --- the end of a session


def end(**parameters):
    return "/api/oidc/end-session?" + urllib.parse.urlencode(parameters)


def test_a_logout_without_a_hint_asks_first_and_then_redirects(server):
    person = Person(server).full()
    page = check(person.visit(end(client_id="wiki", post_logout_redirect_uri=AFTER, state="s t")))
    assert page.status == 200 and "Wiki asks to sign you out here." in page.text and person.name in page.text
    page = check(person.post("/api/oidc/logout", fields_of(page, "/api/oidc/logout")))
    assert opened_url(page) in (AFTER + "?state=s%20t", AFTER + "?state=s+t") and person.session is None
    assert person.visit("/account").location.startswith("/login")


def test_staying_signed_in_changes_nothing(server):
    person = Person(server).full()
    page = person.visit(end(post_logout_redirect_uri=AFTER))
    assert page.status == 200 and "Stay signed in" in page.text
    assert person.request("HEAD", end()).status == 303
    page = person.post("/api/oidc/logout", {**fields_of(page, "/api/oidc/logout"), "csrf_token": "A" * 43})
    assert page.status == 403 and page.form_to("/api/oidc/logout")
    assert person.visit("/account").status == 200


def test_a_logout_without_an_address_redirects_to_sign_in(server):
    person = Person(server).full()
    page = person.visit(end())
    page = person.post("/api/oidc/logout", fields_of(page, "/api/oidc/logout"))
    assert (page.status, page.location) == (303, "/login") and person.session is None
    assert check(person.visit(end(client_id="wiki", post_logout_redirect_uri=AFTER))).location == AFTER, "nobody is signed in"


@pytest.mark.parametrize("parameters, sentence", [
    ({"client_id": "wiki", "post_logout_redirect_uri": AFTER + "x"}, "not registered"),
    ({"client_id": "nobody"}, "No application is registered"),
    ({"client_id": "wiki\0"}, "No application is registered"),
    ({"id_token_hint": "a.b.c", "post_logout_redirect_uri": AFTER}, "ID token that this server did not issue"),
    ({"id_token_hint": "a" * 8190}, "too long"),
])
def test_a_bad_logout_request_gets_a_page_and_ends_nothing(server, parameters, sentence):
    person = Person(server).full()
    page = check(person.visit(end(**parameters)))
    assert (page.status, page.location) == (400, None) and sentence in page.text
    assert person.visit("/account").status == 200


@pytest.mark.parametrize("make", [
    lambda asked: end(client_id="wiki", post_logout_redirect_uri=asked),
    lambda asked: address(redirect_uri=asked),
], ids=["end-session", "authorization"])
@pytest.mark.parametrize("asked", [AFTER + "\x03\nid\n", AFTER + "\x1b[201~\rid", AFTER + "\u202e", "javascript:alert(1)"])
def test_copied_commands_hold_only_registrable_addresses(server, make, asked):
    """In a copied command, a line end or Ctrl-C would start another command."""
    page = check(Person(server).visit(make(asked)))
    assert page.status == 400 and "not registered" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", page.html)
    assert "redirect_uris+=" not in page.html and "logout_uris+=" not in page.html


def test_a_logout_with_a_parameter_twice_gets_an_error_page(server):
    page = check(Person(server).visit(end(state="a") + "&state=b"))
    assert (page.status, page.location) == (400, None)


def test_a_posted_logout_redirects_to_get(server):
    page = Person(server).post("/api/oidc/end-session", {"client_id": "wiki", "state": "a b"}, headers={"Origin": "https://wiki.example.org"})
    assert (page.status, page.location) == (303, "/api/oidc/end-session?client_id=wiki&state=a+b")


# --- Account, Applications


def test_the_applications_of_an_account_are_listed_and_withdrawn(server):
    person = Person(server).full()
    assert "No applications yet" in person.visit("/account/applications").text
    person.visit(address(scope="openid profile groups"))
    decide(person, "allow")
    page = person.visit("/account/applications")
    assert "Wiki" in page.text and "your name and language, your groups" in page.text and "e-mail" not in page.text
    page = person.post("/account/applications/withdraw", fields_of(page, "/account/applications/withdraw"))
    assert (page.status, page.location) == (303, "/account/applications")
    page = person.visit("/account/applications")
    assert page.flashes == ["The access of the application was withdrawn."] and "No applications yet" in page.text
    assert person.visit(address(scope="openid profile groups")).status == 200, "it asks again"


def test_long_claims_hide_no_application(server):
    """Each application gets its share of the list; claims beyond it are counted."""
    rules = [part for n in range(30) for part in ("--claim", f'https://example.org/{"n" * 70}{n:02d} = "{"v" * 58}"')]
    person = Person(server).full()
    for n in range(6):
        add(server, f"talkative{n}", CALLBACK, *rules, "--name", f"Talkative {n}")
        person.visit(address(f"talkative{n}", scope="openid profile"))
        decide(person, "allow")
    page = person.visit("/account/applications")
    rows = [form for form in page.dom.all("form") if form["action"] == "/account/applications/withdraw"]
    assert len(rows) == 6 and all(f"Talkative {n}" in page.text for n in range(6))
    assert page.text.count(f'{"n" * 70}00: "vvv') == 6 and page.text.count(", 29 other details") == 6
    assert "more applications" not in page.text
    person.language = "fr"
    assert ", 29 autres informations" in person.visit("/account/applications").text


def events_of(person):
    """Return what the activity page says, newest first: (sentence, application or None)."""
    rows = person.visit("/account/devices").dom.one("section", **{"aria-labelledby": "activity"}).all("li")
    named = [(row.one("b").text.strip(), re.search("Application: (.*?) ·", row.text)) for row in rows]
    return [(sentence, found and found.group(1)) for sentence, found in named]


def test_the_activity_page_names_the_application(server):
    person = Person(server).full()
    person.visit(address())
    decide(person, "cancel")
    person.visit(address())
    decide(person, "allow")
    page = person.visit("/account/applications")
    person.post("/account/applications/withdraw", fields_of(page, "/account/applications/withdraw"))
    assert events_of(person)[:4] == [
        ("Permission of an application withdrawn", "Wiki"), ("Signed in to an application", "Wiki"),
        ("Permission given to an application", "Wiki"), ("Sign-in to an application cancelled", "Wiki")]
    assert {name for _, name in events_of(person)[4:]} == {None}
    person.language = "fr"
    assert "Application : Wiki" in person.visit("/account/devices").text
    rows = [row for row in audited(server, person) if row["event"].startswith("app.")]
    assert [row["client"] for row in rows] == ["wiki"] * 4
    (line,) = [line for line in server.log().splitlines() if " app.withdrawn " in line and f"account={rows[0]['account']} " in line]
    assert "client=wiki" in line and line.endswith("address=127.0.0.1")


def audited(server, person):
    done = server.command("audit", "--json", "--user", person.name)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_events_of_a_deleted_application_keep_its_id(server):
    add(server, "old.app", "https://old.example.org/callback", "--name", "<b>Old</b>", "--consent", "never")
    person = Person(server).full()
    person.visit(address("old.app", redirect_uri="https://old.example.org/callback"))
    assert events_of(person)[0] == ("Signed in to an application", "<b>Old</b>"), "the name is shown as text"
    assert server.command("client", "delete", "old.app", "--yes").returncode == 0
    assert events_of(person)[0] == ("Signed in to an application", "old.app")


def test_a_withdrawal_needs_the_forms_token_and_takes_any_id(server):
    person = Person(server).full()
    person.visit(address())
    decide(person, "allow")
    page = person.visit("/account/applications")
    fields = fields_of(page, "/account/applications/withdraw")
    page = person.post("/account/applications/withdraw", {**fields, "csrf_token": "A" * 43})
    assert page.status == 403 and "Wiki" in page.text
    for number in ("", "0", "-1", "x", "9" * 30):
        assert person.post("/account/applications/withdraw", {**fields, "id": number}).status == 303
    assert "Wiki" in person.visit("/account/applications").text


# --- tiles


def tiles(person):
    person.visit("/")
    return [(tile.one("b").text, tile["href"]) for tile in person.page.dom.all("a", class_="tile")]


def test_a_client_has_a_tile_on_the_home_page_without_a_restart(tmp_path):
    with Server(tmp_path) as server:
        person = Person(server).full()
        wait_until(lambda: tiles(person) == [], "there is no client")
        add(server, "wiki", CALLBACK, "--name", "Wiki", "--launch", "https://wiki.example.org/start")
        add(server, "silent", CALLBACK)
        wait_until(lambda: tiles(person) == [("Wiki", "https://wiki.example.org/start")], "the tile appears")
        add(server, "alpha", CALLBACK, "--name", "Alpha", "--launch", "https://alpha.example.org/")
        wait_until(lambda: [name for name, _ in tiles(person)] == ["Alpha", "Wiki"], "tiles are in the order of names")
        for client in ("wiki", "alpha"):
            assert server.command("client", "disable", client).returncode == 0
        wait_until(lambda: tiles(person) == [], "disabled clients have none")


def test_a_client_that_the_rules_file_lists_has_one_tile(tmp_path):
    server = Server(tmp_path, PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org", ACCESS_RULES="access.conf")
    (server.work / "access.conf").write_text("rules:\n  - domain: '*.example.org'\n"
                                             "applications:\n  - {name: Handbook, address: 'https://wiki.example.org'}\n")
    with server:
        person = Visitor(server).full()
        add(server, "wiki", CALLBACK, "--name", "Wiki", "--launch", "https://wiki.example.org/")
        add(server, "other", CALLBACK, "--name", "Other", "--launch", "https://other.example.org/x")
        wait_until(lambda: [name for name, _ in tiles(person)] == ["Handbook", "Other"], "the tile of the rules file stays")

# --- rules

POLICIES = """\
rules:
  - client: closed
    policy: deny
  - client: vault
    phishing_resistant: true
  - client: easy
    policy: one_factor
  - domain: '*.example.org'
"""


@pytest.fixture(scope="module", name="ruled")
def ruled_(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("ruled"), PUBLIC_URL=f"https://{LOGIN}", TRUSTED_PROXIES="127.0.0.1", GATE_DOMAINS="example.org",
                 ACCESS_RULES="access.conf")
    (one.work / "access.conf").write_text(POLICIES)
    with one:
        for client in ("closed", "vault", "easy"):
            add(one, client, CALLBACK, "--name", client.capitalize(), "--consent", "never")
        yield one


def test_a_refusal_is_a_page_whose_button_sends_access_denied(ruled):
    person = Visitor(ruled).full()
    page = check(person.visit(address("closed")))
    assert (page.status, page.location) == (403, None) and page.heading == "You don’t have access to Closed"
    assert person.name in page.text and "This application is closed to everyone." in page.text
    _, response = response_in(opened_url(check(decide(person, "cancel"))))
    assert response["error"] == "access_denied" and response["state"] == SECRETS[0]


def test_an_application_for_passkeys_says_what_to_do(ruled):
    person = Visitor(ruled).full()
    page = check(person.visit(address("vault")))
    assert page.status == 403 and page.heading == "Vault requires a passkey" and "Add a passkey" in page.text
    page = person.post("/api/oidc/factor", {"csrf_token": page.token, "next": fields_of(page, "/api/oidc/decision")["next"]})
    assert page.status == 403 and page.heading == "Vault requires a passkey"


def test_the_password_is_enough_where_the_rules_say_so(ruled):
    person = Visitor(ruled).full().forget()
    person.visit(address("easy"))
    page = check(give_password(person))
    assert response_in(opened_url(page))[1]["code"].startswith("dtc_")
    person.forget().visit(address("vault"))
    assert give_password(person).form_to("/verify-2fa"), "there it asks for the second factor"
