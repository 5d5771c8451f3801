"""Virtual authenticators of Chromium, through the domain WebAuthn of its DevTools protocol.

    with passkeys(browser) as keys:
        phone = keys.add()                  # built in, with resident keys and a fingerprint
        stick = keys.add(SECURITY_KEY)      # U2F: no resident keys, no PIN
        ...
        phone.change(signCount=0)

The page's host must be `localhost` or have TLS: browsers make no passkeys for 127.0.0.1.
"""

import base64
import contextlib

BUILT_IN = {"protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True}
SECURITY_KEY = {"protocol": "u2f", "transport": "usb", "automaticPresenceSimulation": True}


@contextlib.contextmanager
def passkeys(browser):
    """Virtual authenticators in place of real ones, until the block ends."""
    browser.cdp("WebAuthn.enable", enableUI=False)
    try:
        yield Authenticators(browser)
    finally:
        browser.cdp("WebAuthn.disable")


class Authenticators:
    def __init__(self, browser):
        self.browser = browser

    def add(self, options=BUILT_IN, **different):
        made = self.browser.cdp("WebAuthn.addVirtualAuthenticator", options={**options, **different})
        return VirtualAuthenticator(self.browser, made["authenticatorId"])


class VirtualAuthenticator:
    def __init__(self, browser, number):
        self.browser, self.number = browser, number

    def _cdp(self, command, **parameters):
        return self.browser.cdp("WebAuthn." + command, authenticatorId=self.number, **parameters)

    def remove(self):
        self._cdp("removeVirtualAuthenticator")

    def credentials(self):
        """Return the credentials as the protocol has them: credentialId, rpId, userHandle, signCount and others."""
        return self._cdp("getCredentials")["credentials"]

    @property
    def only(self):
        """Return the one credential."""
        (one,) = self.credentials()
        return one

    def change(self, **properties):
        """Change the one credential: signCount, backupEligibility or backupState."""
        self._cdp("setCredentialProperties", credentialId=self.only["credentialId"], **properties)

    def override(self, **bits):
        """Make later answers wrong: isBogusSignature, isBadUV, isBadUP.  Without an argument: right again."""
        self._cdp("setResponseOverrideBits", **{"isBogusSignature": False, "isBadUV": False, "isBadUP": False, **bits})

    def verify_user(self, verified):
        """Does the person give the PIN or the fingerprint?"""
        self._cdp("setUserVerified", isUserVerified=verified)

    def touch(self, enabled):
        """True: the authenticator is touched at once.  False: calls of the page wait."""
        self._cdp("setAutomaticPresenceSimulation", enabled=enabled)

    def put(self, private_key, **credential):
        """Add a credential with this key (PKCS #8): rpId, userHandle, signCount, isResidentCredential and others."""
        credential = {"credentialId": b"x" * 16, "isResidentCredential": True, "signCount": 0, "privateKey": private_key, **credential}
        encoded = {name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in credential.items()}
        self._cdp("addCredential", credential=encoded)

    def take(self, credential_id):
        self._cdp("removeCredential", credentialId=credential_id)
