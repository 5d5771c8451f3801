"""Passkeys in Chromium: algorithms, backup flags, imported keys, signals, and the sentences for calls that fail."""

import base64
import json
import uuid

import flask_bcrypt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from passkey_steps import BUTTON, LIST, SAID, open_login, press, prove, refused, says, sign_out, signed_in, with_passkey
from test_authenticators_in_a_browser import enrolled
from test_story_in_a_browser import PASSWORD, give_password, new_name
from virtual_authenticator import SECURITY_KEY, passkeys

from harness.authenticator import EDDSA, RS256, KeyPair

SETTINGS = {"public_host": "localhost"}
LARGEST = 2**32 - 1
ONLY = """
const create = navigator.credentials.create.bind(navigator.credentials);
navigator.credentials.create = (options) => {
	options.publicKey.pubKeyCredParams = options.publicKey.pubKeyCredParams.filter(({ alg }) => alg === arguments_alg);
	return create(options);
};
"""
# Lists of passkeys become their lengths, bytes become lists.
LISTEN = """
for (const kind of ["create", "get"]) {
	const call = navigator.credentials[kind].bind(navigator.credentials);
	navigator.credentials[kind] = (options) => {
		const { challenge, ...seen } = options.publicKey;
		for (const list of ["excludeCredentials", "allowCredentials"])
			if (list in seen)
				seen[list] = seen[list].length;
		if (seen.user)
			seen.user = { ...seen.user, id: [...seen.user.id] };
		sessionStorage.setItem("requested", JSON.stringify([kind, seen]));
		return call(options);
	};
}
"""


def kept(server, name, columns):
    return server.sql(f"SELECT {columns} FROM passkeys p JOIN factors f ON f.id = p.factor_id JOIN accounts a ON a.id = f.account_id WHERE a.name = ?", name)


def events(server, name, event):
    return server.sql("SELECT count(*) FROM audit WHERE event = ? AND account_id = (SELECT id FROM accounts WHERE name = ?)", event, name)[0][0]


def run(browser, script):
    return browser.driver.execute_script(script)


def requested(browser):
    """Press the button; return the kind of the call to the browser, and its options without the challenge."""
    run(browser, LISTEN)
    press(browser)
    return json.loads(run(browser, "return sessionStorage.getItem('requested')"))


MADE = {"pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-7, EDDSA, RS256)], "attestation": "none", "timeout": 300000,
        "extensions": {"credProps": True}}
PASSKEY = {"authenticatorSelection": {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}}
KEY = {"authenticatorSelection": {"authenticatorAttachment": "cross-platform", "residentKey": "discouraged", "userVerification": "discouraged"},
       "hints": ["security-key"]}


def test_pages_ask_the_browser_for_what_the_server_checks(browse):
    """PUBLIC_URL has the host; a name or a passkey of the account is in no option of a sign-in without a name."""
    browser = browse(language="en")
    name, _ = enrolled(browser)
    with passkeys(browser) as keys:
        phone = keys.add()
        prove(browser)
        kind, options = requested(browser)
        rp, user = options.pop("rp"), options.pop("user")
        assert (kind, options) == ("create", {**MADE, **PASSKEY, "excludeCredentials": 0})
        assert rp["id"] == "localhost" and rp["name"] and (user["name"], len(user["id"])) == (name, 64)
        stick = keys.add(SECURITY_KEY)
        phone.touch(False)
        prove(browser, "?key=1")
        kind, options = requested(browser)
        assert (kind, options.pop("excludeCredentials")) == ("create", 1)
        assert {k: v for k, v in options.items() if k not in ("rp", "user")} == {**MADE, **KEY}
        stick.remove()
        sign_out(browser, phone)
        assert requested(browser) == ["get", {"rpId": "localhost", "timeout": 300000, "userVerification": "required", "allowCredentials": 0}]
        sign_out(browser, phone)
        give_password(browser, name)
        assert requested(browser) == ["get", {"rpId": "localhost", "timeout": 300000, "userVerification": "preferred", "allowCredentials": 2}]


@pytest.mark.one_row
@pytest.mark.parametrize("algorithm", [EDDSA, RS256], ids=["EdDSA", "RS256"])
def test_passkey_of_each_algorithm_signs_in(browse, algorithm):
    """Chromium prefers ES256, so the page offers only the other one."""
    browser = browse()
    enrolled(browser)
    with passkeys(browser) as keys:
        phone = keys.add()
        prove(browser)
        run(browser, ONLY.replace("arguments_alg", str(algorithm)))
        press(browser)
        assert browser.path == "/account/security" and len(phone.credentials()) == 1
        sign_out(browser, phone)
        press(browser)
        assert signed_in(browser)


def test_changed_backup_flags_lock_no_user_out(browse, server):
    browser = browse(language="en")
    with passkeys(browser) as keys:
        name, phone = with_passkey(browser, keys)
        assert "on one device" in browser.find(LIST).text.lower()
        for eligible, backed_up, stored in ((True, True, (1, 1)), (True, False, (1, 0)), (False, False, (1, 0))):
            sign_out(browser, phone)
            phone.change(backupEligibility=eligible, backupState=backed_up)
            press(browser)
            assert signed_in(browser)
            assert kept(server, name, "backup_eligible, backed_up") == [stored]
        assert events(server, name, "passkey.backup-changed") == 1
        assert "synced" in browser.open("/account/security").find(LIST).text.lower()


def test_answer_without_a_present_user_is_refused(browse, server):
    browser = browse(language="en")
    with passkeys(browser) as keys:
        name, phone = with_passkey(browser, keys)
        sign_out(browser, phone)
        phone.override(isBadUP=True)
        refused(browser, "not accepted", name)
        open_login(browser, phone)
        phone.override()
        press(browser)
        assert signed_in(browser)


def test_imported_passkey_with_a_long_id_signs_in(browse, server, tmp_path):
    """Chromium holds a passkey of another server: 600 bytes of id, another user handle, a counter near its end."""
    browser = browse()
    name, private, credential_id = new_name(), ec.generate_private_key(ec.SECP256R1()), bytes(range(200)) * 3
    (tmp_path / "users.yml").write_text(f"users:\n  {name}:\n    password: '{flask_bcrypt.generate_password_hash(PASSWORD, 4).decode()}'\n")
    (tmp_path / "webauthn.yml").write_text(
        f"webauthn_credentials:\n- rpid: localhost\n  username: {name}\n  description: Old key\n  kid: {base64.b64encode(credential_id).decode()}\n"
        f"  aaguid: {uuid.UUID(int=0)}\n  transports: [internal]\n  sign_count: {LARGEST - 6}\n  backup_eligible: false\n  backup_state: false\n"
        f"  public_key: {base64.b64encode(KeyPair(private=private).cose()).decode()}\n")
    report = server.command("import", "authelia", str(tmp_path / "users.yml"), "--webauthn", str(tmp_path / "webauthn.yml"))
    assert report.returncode == 0 and "1 passkey was imported" in report.stdout, report
    with passkeys(browser) as keys:
        phone = keys.add()
        phone.put(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), credentialId=credential_id, rpId="localhost",
                  userHandle=b"handle of the other server", signCount=LARGEST - 6)
        phone.touch(False)
        browser.open("/login")
        give_password(browser, name)
        phone.touch(True)
        press(browser)
        assert signed_in(browser)
        sign_out(browser, phone)
        press(browser)
        assert signed_in(browser), "it signs in alone, with its own handle"
    assert kept(server, name, "sign_count > 4294967289, uv_initialized") == [(1, 1)]


def test_device_learns_a_new_display_name(browse):
    browser = browse(language="en")
    with passkeys(browser) as keys:
        _, phone = with_passkey(browser, keys)
        browser.open("/account/profile")
        browser.paste("display_name", "Camille the second")
        browser.submit()
        browser.wait(lambda: phone.only.get("userDisplayName") == "Camille the second", "the device shows the new name")


def test_failed_calls_are_explained(browse):
    """The browser refuses another host, and other errors.  A missing API is such an error."""
    browser = browse(language="en")
    with passkeys(browser) as keys:
        _, phone = with_passkey(browser, keys)
        sign_out(browser, phone)
        run(browser, f"document.querySelector('{BUTTON}').closest('[data-passkey]').dataset.rpId = 'example.org'")
        says(browser, "Passkeys work only at http://localhost:")
        assert browser.driver.switch_to.active_element == browser.find(BUTTON)
        run(browser, f"document.querySelector('{BUTTON}').closest('[data-passkey]').dataset.challenge = '*'")
        says(browser, "cannot create a passkey that this server accepts")
        open_login(browser, phone)
        run(browser, "Object.defineProperty(navigator, 'credentials', { value: undefined })")
        says(browser, "cannot create a passkey that this server accepts")
        assert browser.path == "/login"


def test_button_replaces_the_waiting_suggestion_silently(browse):
    """Two calls at once are an error of the browser, so the page ends the first one."""
    browser = browse(language="en")
    with passkeys(browser) as keys:
        _, phone = with_passkey(browser, keys)
        sign_out(browser, phone)
        phone.touch(False)
        browser.find(BUTTON).click()
        browser.find(BUTTON).click()
        assert browser.find(SAID).text == ""
        phone.touch(True)
        press(browser)
        assert signed_in(browser)


def test_sign_in_page_asks_again_when_it_is_shown_again(browse):
    browser = browse()
    with passkeys(browser) as keys:
        _, phone = with_passkey(browser, keys)
        sign_out(browser, phone)
        phone.touch(False)
        open_login(browser, phone)
        phone.touch(False)
        browser.open("/register")
        phone.touch(True)
        browser.driver.back()
        browser.wait(lambda: signed_in(browser), "the suggestion signs in")


def test_old_page_gets_a_new_challenge_unless_something_was_typed(browse):
    """A challenge is valid for ten minutes; the page loads again after eight, when it is seen."""
    browser = browse()
    with passkeys(browser) as keys:
        _, phone = with_passkey(browser, keys)
        phone.touch(False)
        browser.open("/account")
        browser.log_out()
        later = "const now = Date.now(); Date.now = () => now + 9 * 60 * 1000; window.dispatchEvent(new Event('visibilitychange'))"
        browser.paste("username", "camille")
        run(browser, later)
        assert browser.find("[name=username]").get_property("value") == "camille"
        browser.open("/login")
        browser.leave(lambda: run(browser, later))
        assert browser.path == "/login" and browser.visible(BUTTON)
