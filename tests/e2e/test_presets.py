"""Presets: `doubletour client add PRESET URL` registers each known application, and prints settings that parse."""

import configparser
import html.parser
import io
import json
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

from harness import Person
from harness.application import ASKING, application
from harness.relying_party import good

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # the same code with the values of each preset

NAMES = """actual argocd audiobookshelf bookstack forgejo freshrss gitea gitlab grafana hedgedoc homeassistant immich jellyfin mastodon mealie
    miniflux nextcloud outline paperless portainer proxmox roundcube vaultwarden vikunja wikijs harbor komga linkwarden memos openwebui synapse tandoor
    generic""".split()
PUBLIC = ["homeassistant"]
WITHOUT_PATH = "harbor komga linkwarden memos openwebui synapse tandoor immich proxmox paperless outline wikijs hedgedoc homeassistant mealie actual mastodon".split()
OWN_CLAIMS = {"immich": {"immich_role": "admin"}, "audiobookshelf": {"abs_role": ["user"]}, "wikijs": {"wiki_groups": ["immich-admins", "staff"]}}


@pytest.fixture(scope="module")
def anna(server):
    person = Person(server).full()
    for word, value in (("email", f"{person.name}@example.org"), ("groups", "immich-admins,staff")):
        assert server.command("user", word, person.name, value).returncode == 0
    return person


def printed(server, *arguments, status=0):
    done = server.command("client", *arguments)
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


def one(server, *arguments):
    (line,) = printed(server, *arguments, "--json").stdout.splitlines()
    return json.loads(line)


def refused(server, *arguments):
    done = server.command("client", *arguments)
    assert done.returncode == 1 and not done.stdout, (arguments, done.stdout)
    return done.stderr


def added(server, name, url, *more):
    """Add a client under a new id; return the printed object."""
    added.count = getattr(added, "count", 0) + 1
    redirect = ["--redirect", ASKING[name]] if name in ASKING else []
    return one(server, "add", name, url, "--id", f"{name}.{added.count}", *redirect, *more)


# Parsers of the printed settings: each returns all values


def strings(value):
    if isinstance(value, dict):
        return [text for one in value.values() for text in strings(one)]
    return [text for one in value for text in strings(one)] if isinstance(value, list) else [value]


def read_ini(text):
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.read_string(text)
    assert parser.sections()
    return [value for section in parser.sections() for value in parser[section].values()]


def read_env(text):
    values = []
    for line in text.splitlines():
        (assignment,) = shlex.split(line)
        name, equals, value = assignment.partition("=")
        assert re.fullmatch("[A-Z][A-Z0-9_]*", name) and equals and value, line
        values.append(value)
    return [text for value in values for text in (strings(json.loads(value)) if value.startswith("{") else [value])]


def read_yaml(text):
    values = strings(yaml.safe_load(text))
    nested = [yaml.safe_load(value) for value in values if isinstance(value, str) and value.count("\n") > 1]
    return values + strings(nested)


def read_command(text):
    words = shlex.split(text.replace("\\\n", " "))  # a shell joins these lines
    assert len(words) > 3 and "\n" not in "".join(words)
    bodies = [json.loads(word) for word in words if word.startswith("{")]
    return [part for word in words for part in (word, word.partition("=")[2])] + strings(bodies)


def read_clicks(text):
    rows = [line.partition(": ") for line in text.splitlines()]
    assert all(label and colon and value for label, colon, value in rows), text
    return [value for _, _, value in rows]


class Form(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.values, self.open = [], []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.values += [value for _, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read_html(text):
    form = Form()
    form.feed(text)
    form.close()
    assert not form.open
    return form.values


def read_quoted(text):
    return re.findall(r"'([^'\n]*)'", text)


def read_ruby(text):
    if shutil.which("ruby"):
        subprocess.run(["ruby", "-c"], input="gitlab_rails = {}\n" + text, text=True, check=True, stdout=subprocess.DEVNULL)
    assert all(text.count(a) == text.count(b) for a, b in ("{}", "[]")) and text.count("'") % 2 == 0
    return read_quoted(text)


def read_php(text):
    if shutil.which("php"):
        subprocess.run(["php", "-l"], input="<?php\n" + text, text=True, check=True, stdout=subprocess.DEVNULL)
    assert all(re.fullmatch(r"\$config\['\w+'\] = ('[^']*'|\['\w+'\]|true|false);", line) for line in text.splitlines())
    return read_quoted(text)


def read_text(text):
    assert len(re.findall(r" \{$", text, re.M)) == len(re.findall(r"^ *\}$", text, re.M)), "each block of settings ends"
    rows = [line.partition(" = ") for line in io.StringIO(text) if not re.search(r"[{}]$", line)]
    assert all(equals for _, equals, _ in rows)
    return [value.strip() for _, _, value in rows]


PARSERS = {"ini": read_ini, "env": read_env, "yaml": read_yaml, "command": read_command, "clicks": read_clicks, "html": read_html, "ruby": read_ruby,
           "php": read_php, "text": read_text}


# Every preset


@pytest.mark.parametrize("name", NAMES)
def test_a_person_signs_in_after_one_command(server, anna, name):
    """The application sends PKCE only if its preset requires it."""
    party = application(server, name)
    without = {"code_challenge": None, "code_challenge_method": None} if party.shown["pkce"] == "optional" else {}
    request = party.request(**without)
    tokens = party.sign_in(anna, request)
    assert tokens["scope"] == party.scope and ("refresh_token" in tokens) == ("offline_access" in party.scope or party.shown["refresh_session"])
    claims = {**tokens["claims"], **good(party.userinfo(tokens["access_token"]))}
    assert claims["preferred_username"] == anna.name
    assert (claims.get("email_verified") is True) == ("email" in party.shown["scopes"])
    assert claims.get("groups") == (["immich-admins", "staff"] if "groups" in party.shown["scopes"] else None)
    assert {claim: claims.get(claim) for claim in OWN_CLAIMS.get(name, {})} == OWN_CLAIMS.get(name, {})


def test_the_list_has_every_application(server):
    rows = [json.loads(line) for line in printed(server, "presets", "--json").stdout.splitlines()]
    assert sorted(row["preset"] for row in rows) == sorted(NAMES)
    assert [(row["preset"], row["description"]) for row in rows if not row["maintained"]] == [("jellyfin", "plugin SSO-Auth")]
    text = printed(server, "presets").stdout
    assert "jellyfin        Jellyfin (plugin SSO-Auth), not maintained\n" in text and len(text.splitlines()) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_printed_settings_parse_and_hold_the_values(server, name):
    """A real parser reads each block, and finds the client id, the secret and the issuer as whole values."""
    client = added(server, name, "https://app.example.org/")
    values = [str(value) for block in client["settings"] for value in PARSERS[block["kind"]](block["text"])]
    assert client["client_id"] in values
    assert any(value.startswith(client["issuer"]) for value in values)
    assert (client["client_secret"] in values) == (name not in PUBLIC)
    assert not re.search("@[A-Z_]+@", json.dumps(client))


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_text_has_the_secret_once(server, name):
    redirect = ["--redirect", ASKING[name]] if name in ASKING else []
    done = printed(server, "add", name, "https://app.example.org", *redirect)
    secrets = re.findall(r"[A-Za-z0-9_-]{43}", done.stdout)
    random = 1 if name == "freshrss" else 0  # its own crypto key
    assert len(secrets) == len(set(secrets)) == (0 if name in PUBLIC else 1) + random
    blocks = one(server, "settings", name)
    again = printed(server, "settings", name).stdout
    assert not [secret for secret in secrets if secret in again]
    # ready to paste: the text has the lines of each block, with the secret instead of its word
    for block in blocks["settings"]:
        assert block["text"] in again
    without = done.stdout
    for secret, word in zip(secrets, ["SECRET", "RANDOM"]):
        without = without.replace(secret, word)
    assert without.strip() == again.strip()


@pytest.mark.parametrize("name", NAMES)
def test_each_client_has_what_its_application_needs(server, name):
    client = one(server, "show", added(server, name, "https://app.example.org")["client_id"])
    assert client["redirect_uris"] and all(re.match(r"https://app\.example\.org|app\.immich:///", uri) for uri in client["redirect_uris"])
    assert "openid" in client["scopes"] and client["preset"] == name and client["launch_url"].startswith("https://app.example.org/")
    assert client["public"] == (name in PUBLIC) and client["id_token_alg"] == "RS256"
    assert len(set(client["redirect_uris"])) == len(client["redirect_uris"])
    if name not in ASKING:
        shown = one(server, "presets", name, "https://app.example.org")
        assert all(client[setting] == value for setting, value in shown.items() if setting in client and setting != "preset"), shown


@pytest.mark.parametrize("name", NAMES)
def test_urls_may_have_a_path_and_end_in_a_slash(server, name):
    plain = one(server, "presets", name, "https://app.example.org:8443" if name != "hedgedoc" else "https://app.example.org")
    slash = one(server, "presets", name, "https://App.example.org:8443//" if name != "hedgedoc" else "https://App.example.org/")
    assert slash == plain
    if name in WITHOUT_PATH:
        assert "has a path" in refused(server, "add", name, "https://app.example.org/sub", "--redirect", "https://app.example.org/x")
        return
    client = one(server, "show", added(server, name, "https://app.example.org/sub/dir/")["client_id"])
    if name not in ASKING:
        assert all(re.match(r"https://app\.example\.org(:443)?/sub/dir\b", uri) for uri in client["redirect_uris"])
    assert client["launch_url"].startswith("https://app.example.org/sub/dir/")


@pytest.mark.parametrize("url, word", [
    ("app.example.org", "is not the address of an application, such as https://grafana.example.org."),
    ("ftp://app.example.org", "is not the address"), ("https://", "is not the address"), ("https://a b.example.org", "is not the address"),
    ("https://app.example.org:0", "is not the address"), ("https://app.example.org:99999", "is not the address"),
    ("https://*.example.org", "is not the address"), ("https://anna:QvZx77@app.example.org", "The address is not the address"),
    ("http://app.example.org", "has no TLS"), ("http://192.168.1.5:3000", "has no TLS"),
    ("https://app.example.org/?x=1", "has a query or a fragment"), ("https://app.example.org/#x", "has a query or a fragment"),
    ("https://app.example.org/a//b", "empty segment"), ("https://app.example.org/../b", "dot segment"),
    ("https://app.example.org/a'b", "other characters"), ('https://app.example.org/a"b', "other characters"), ("https://app.example.org/%41", "other characters"),
    ("https://app.example.org/\x1b[2J", "other characters"),
])
def test_an_unsuitable_url_is_refused(server, url, word):
    error = refused(server, "add", "grafana", url, "--id", "unsuitable")
    assert word in error and "QvZx77" not in error and "\x1b" not in error
    assert server.command("client", "show", "unsuitable").returncode == 1


def test_http_is_for_home_networks_and_this_machine(server):
    client = added(server, "immich", "http://immich.home.arpa:2283", "--insecure-redirect")
    assert one(server, "show", client["client_id"])["redirect_uris"][0] == "http://immich.home.arpa:2283/auth/login"
    client = added(server, "hedgedoc", "http://localhost")
    (block,) = client["settings"]
    assert "CMD_PROTOCOL_USESSL=false\n" in block["text"]
    jellyfin = added(server, "jellyfin", "http://127.0.0.1:8096")
    assert "Scheme Override: http\n" in jellyfin["settings"][0]["text"]


@pytest.mark.parametrize("name, url, uris", [
    ("proxmox", "https://pve.example.org:8006", ["https://pve.example.org:8006"]),
    ("proxmox", "https://pve.example.org:443", ["https://pve.example.org", "https://pve.example.org:8006"]),
    ("freshrss", "https://rss.example.org", ["https://rss.example.org/i/oidc/", "https://rss.example.org:443/i/oidc/"]),
    ("freshrss", "https://rss.example.org:8443", ["https://rss.example.org:8443/i/oidc/"]),
    ("freshrss", "https://[2001:db8::1]", ["https://[2001:db8::1]/i/oidc/", "https://[2001:db8::1]:443/i/oidc/"]),
])
def test_redirect_uris_keep_the_port_of_the_url(server, name, url, uris):
    assert one(server, "show", added(server, name, url)["client_id"])["redirect_uris"] == uris
    assert one(server, "presets", name, url)["redirect_uris"] == uris


def test_options_go_before_the_preset(server):
    client = added(server, "grafana", "https://app.example.org", "--scopes", "openid email", "--pkce", "optional", "--name", "Figures",
                   "--redirect", "https://other.example.org/cb")
    shown = one(server, "show", client["client_id"])
    assert shown["scopes"] == ["openid", "email"] and shown["pkce"] == "optional" and shown["name"] == "Figures"
    assert shown["redirect_uris"] == ["https://other.example.org/cb"] and shown["logout_uris"] == ["https://app.example.org/login"]


def test_a_preset_that_cannot_know_the_redirect_uri_says_where_it_is(server):
    error = refused(server, "add", "wikijs", "https://app.example.org")
    assert "copy the Callback URL at the end of that page" in error and "--redirect" in error
    assert "with --redirect" in refused(server, "add", "generic", "https://app.example.org")


def test_names_of_clients_are_those_of_applications(server):
    assert one(server, "show", added(server, "paperless", "https://app.example.org")["client_id"])["name"] == "Paperless-ngx"
    client = added(server, "generic", "https://app.example.org")["client_id"]
    assert one(server, "show", client)["name"] == client


def test_an_unknown_preset_is_named(server):
    assert "There is no preset graphana." in refused(server, "add", "graphana", "https://app.example.org")
    assert "grafana is a preset.  Give the address" in refused(server, "add", "grafana")
    done = printed(server, "presets", "grafanna", status=2)
    assert 'Did you mean "grafana"?' in done.stderr


def test_settings_are_printed_again_after_changes(server):
    name = added(server, "jellyfin", "https://app.example.org/sub")["client_id"]
    printed(server, "set", name, "launch_url=")  # the redirect URI still has the address
    assert "https://app.example.org/sub/sso/OID/start/doubletour" in printed(server, "settings", name).stdout
    printed(server, "set", name, "redirect_uris=https://app.example.org/other")
    assert "The address of the application is not in its settings any more." in refused(server, "settings", name)
    assert "https://moved.example.org/sso/OID/start" in printed(server, "settings", name, "https://moved.example.org").stdout
    printed(server, "add", "plain-1", "--redirect", "https://app.example.org/cb")
    assert "was not made from a preset" in refused(server, "settings", "plain-1")
    assert "no client" in refused(server, "settings", "nobody").lower()


def test_the_random_text_of_freshrss_is_new_each_time(server):
    keys = {re.search("CRYPTO_KEY=(.*)", added(server, "freshrss", "https://app.example.org")["settings"][0]["text"])[1] for _ in range(3)}
    assert len(keys) == 3 and all(len(key) == 43 for key in keys)


def test_unmaintained_and_unverified_facts_are_printed(server):
    text = printed(server, "presets", "jellyfin").stdout
    assert "Not maintained:\n- The author of the plugin archived it" in text and "\nNot verified:\n- " in text
    assert "\nNotes:\n- " in text and "Not maintained" not in printed(server, "presets", "gitea").stdout
    old, maintained = one(server, "presets", "jellyfin"), one(server, "presets", "gitea")
    assert (old["maintained"], maintained["maintained"], maintained["unmaintained"]) == (False, True, [])
    assert old["unmaintained"][0].startswith("The author of the plugin archived it") and old["description"] == "plugin SSO-Auth"
    assert one(server, "presets", "wikijs")["redirect_uri_help"].startswith("Wiki.js itself chooses the redirect URI.")
