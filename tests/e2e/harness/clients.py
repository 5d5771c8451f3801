"""Acts as an application (client of OpenID Connect): sends codes and credentials to the token endpoint."""

import base64
import hashlib
import http.client
import json
import urllib.parse

REDIRECT = "https://app.example.org/callback"


def token_request(server, fields, basic=None):
    """POST a form to the token endpoint; return the status and the answer."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if basic:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/api/oidc/token", urllib.parse.urlencode(fields), headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def accepts(server, client_id, secret, basic=True):
    """Does the server accept these credentials?  The code is wrong in any case."""
    fields = {"grant_type": "authorization_code", "code": "dtc_" + "x" * 43, "redirect_uri": REDIRECT, "code_verifier": "v" * 43}
    if not basic:
        fields.update(client_id=client_id, client_secret=secret)
    status, answer = token_request(server, fields, (client_id, secret) if basic else None)
    assert (status, answer["error"]) in {(400, "invalid_grant"), (401, "invalid_client")}, (status, answer)
    return status == 400


def code_flow(server, person, client, redirect=REDIRECT):
    """Sign in to an application without a consent page; return the claims of the ID token and of userinfo."""
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {"client_id": client["client_id"], "redirect_uri": redirect, "response_type": "code", "state": "s",
             "scope": "openid profile email groups", "code_challenge": challenge, "code_challenge_method": "S256"}
    answer = person.visit("/api/oidc/authorization?" + urllib.parse.urlencode(query))
    assert answer.status == 303, answer.html
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
    status, tokens = token_request(server, fields, (client["client_id"], client["client_secret"]))
    assert status == 200, tokens
    payload = tokens["id_token"].split(".")[1]
    id_token = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/api/oidc/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
    return id_token, json.loads(connection.getresponse().read())
