"""An application with Debian's python3-social-auth-core, the library of Django's and Flask's social sign-ins.

    party.py ISSUER CLIENT_ID SECRET REDIRECT_URI

It prints the address that the browser opens, reads the address that the browser came back to, and prints the claims.
"""

import json
import sys
import urllib.parse

from social_core.backends.open_id_connect import OpenIdConnectAuth
from social_core.strategy import BaseStrategy

ISSUER, CLIENT_ID, SECRET, BACK = sys.argv[1:]
SETTINGS = {"SOCIAL_AUTH_OIDC_OIDC_ENDPOINT": ISSUER, "SOCIAL_AUTH_OIDC_KEY": CLIENT_ID, "SOCIAL_AUTH_OIDC_SECRET": SECRET,
            "SOCIAL_AUTH_OIDC_SCOPE": ["groups"],
            "SOCIAL_AUTH_OIDC_JWT_DECODE_OPTIONS": {"verify_iat": False}}  # the test moves the server's clock


class Nonces:
    """The nonces that an application keeps in its database."""

    kept = []

    @classmethod
    def store(cls, url, nonce):
        nonce.id = url, nonce.handle
        cls.kept.append(nonce)

    @classmethod
    def get(cls, server_url, handle):
        return [nonce for nonce in cls.kept if nonce.id == (server_url, handle)]

    @classmethod
    def remove(cls, ids):
        cls.kept = [nonce for nonce in cls.kept if nonce.id not in ids]


class Storage:
    association = Nonces


class Strategy(BaseStrategy):
    """A web framework's side of the library, for one browser."""

    session, query = {}, {}

    def get_setting(self, name):
        return SETTINGS[name]

    def request_data(self, merge=True):
        return self.query

    def session_get(self, name, default=None):
        return self.session.get(name, default)

    def session_set(self, name, value):
        self.session[name] = value

    def build_absolute_uri(self, path=None):
        return path

    def redirect(self, url):
        return url

    def authenticate(self, *_, **arguments):
        return arguments["response"]


print(OpenIdConnectAuth(Strategy(Storage), BACK).start(), flush=True)
Strategy.query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sys.stdin.readline().strip()).query))
backend = OpenIdConnectAuth(Strategy(Storage), BACK)
userinfo = backend.complete()
assert not Nonces.kept and backend.id_token["sub"] == userinfo["sub"]
print(json.dumps({**userinfo, "details": backend.get_user_details(userinfo)}))
