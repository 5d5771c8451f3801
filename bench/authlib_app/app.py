"""An OpenID Connect provider made with Authlib, Flask and SQLAlchemy, as Authlib's documentation shows one.

    python3 app.py     creates the database, the clients and the person
    gunicorn app:app   serves /authorize (the person is signed in), /token and /userinfo
"""

import os
import pathlib
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.integrations.sqla_oauth2 import (OAuth2AuthorizationCodeMixin, OAuth2ClientMixin, OAuth2TokenMixin, create_bearer_token_validator,
                                              create_query_client_func, create_save_token_func)
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"], SQLALCHEMY_TRACK_MODIFICATIONS=False, OAUTH2_REFRESH_TOKEN_GENERATOR=True)
db = SQLAlchemy(app)
# Keys are loaded once: loading one takes longer than signing.
KEYS = {algorithm: JsonWebKey.import_key(pathlib.Path(os.environ["KEYS"], algorithm).read_text(), {"kty": kind}) for algorithm, kind in (("RS256", "RSA"), ("ES256", "EC"))}


class Person(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40), unique=True)

    def get_user_id(self):
        return self.id


class Client(db.Model, OAuth2ClientMixin):
    id = db.Column(db.Integer, primary_key=True)


class Code(db.Model, OAuth2AuthorizationCodeMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("person.id"))


class Token(db.Model, OAuth2TokenMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("person.id"))


def claims(person):
    return UserInfo(sub=str(person.id), name=person.name, preferred_username=person.name)


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

    def save_authorization_code(self, code, request):
        db.session.add(Code(code=code, client_id=request.client.client_id, redirect_uri=request.redirect_uri, scope=request.scope, user_id=request.user.id,
                            nonce=request.data.get("nonce"), code_challenge=request.data.get("code_challenge"),
                            code_challenge_method=request.data.get("code_challenge_method")))
        db.session.commit()

    def query_authorization_code(self, code, client):
        found = Code.query.filter_by(code=code, client_id=client.client_id).first()
        return found if found and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code):
        db.session.delete(authorization_code)
        db.session.commit()

    def authenticate_user(self, authorization_code):
        return db.session.get(Person, authorization_code.user_id)


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = Token.query.filter_by(refresh_token=refresh_token).first()
        return found if found and not found.is_revoked() else None

    def authenticate_user(self, credential):
        return db.session.get(Person, credential.user_id)

    def revoke_old_credential(self, credential):
        credential.refresh_token_revoked_at = int(time.time())
        db.session.add(credential)
        db.session.commit()


class IdToken(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return Code.query.filter_by(client_id=request.client_id, nonce=nonce).first() is not None

    def get_jwt_config(self, grant):
        algorithm = "ES256" if grant.request.client.client_id == "bench-es256" else "RS256"
        return {"key": KEYS[algorithm], "alg": algorithm, "iss": "https://login.example.org", "exp": 3600}

    def generate_user_info(self, user, scope):
        return claims(user)


server = AuthorizationServer(app, query_client=create_query_client_func(db.session, Client), save_token=create_save_token_func(db.session, Token))
server.register_grant(CodeGrant, [CodeChallenge(required=True), IdToken(require_nonce=False)])
server.register_grant(RefreshGrant)
protected = ResourceProtector()
protected.register_token_validator(create_bearer_token_validator(db.session, Token)())


@app.get("/authorize")
def authorize():
    return server.create_authorization_response(grant_user=db.session.get(Person, 1))


@app.post("/token")
def token():
    return server.create_token_response()


@app.get("/userinfo")
@protected("openid")
def userinfo():
    return jsonify(claims(db.session.get(Person, current_token.user_id)))


if __name__ == "__main__":
    with app.app_context():
        db.create_all()
        db.session.add(Person(id=1, name="person.1"))
        for name, grant_types in (("bench", ["authorization_code"]), ("bench-es256", ["authorization_code"]),
                                  ("bench-refresh", ["authorization_code", "refresh_token"])):
            client = Client(client_id=name, client_secret="bench-secret", client_id_issued_at=int(time.time()))
            client.set_client_metadata({"redirect_uris": ["https://app.example.org/callback"], "scope": "openid profile offline_access", "grant_types": grant_types,
                                        "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post"})
            db.session.add(client)
        db.session.commit()
