"""The administrator's logo and colour: files of the pages, refused files, the manifest, the icon of phones."""

import os
import re
import signal

import pytest
import requests
from PIL import Image

from harness import Person, Server
from harness.server import wait_until

pytestmark = pytest.mark.without_postgres

LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><style>@media (prefers-color-scheme: dark){.a{fill:#fff}}</style>
<path class="a" d="M0 0h8v8z"/></svg>"""
SCRIPT = b'<svg xmlns="http://www.w3.org/2000/svg">\n<script>alert(1)</script></svg>'
LIGHT, DARK = "#0b5cad", "#7db4f0"


@pytest.fixture(scope="module")
def branded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("branded")
    (folder / "logo.svg").write_bytes(LOGO)
    with Server(folder / "server", BRAND_LOGO=folder / "logo.svg", BRAND_ACCENT=f"{LIGHT},{DARK}", APP_NAME='Example "& Sons"') as server:
        yield server


def get(server, path, **headers):
    return requests.get(server.origin + path, headers=headers, allow_redirects=False, timeout=30)


def links(page):
    """Return {rel: [href]} of the head of a page."""
    found = {}
    for link in page.dom.all("link"):
        found.setdefault(link["rel"], []).append(link["href"])
    return found


def test_pages_show_the_logo_and_the_colour(branded):
    page = Person(branded).visit("/login")
    logo = page.dom.one("img", **{"class": "logo"})["src"]
    assert re.fullmatch(r"/static/logo\.[0-9a-f]{8}\.svg", logo) and not page.dom.all("svg", **{"class": "mark"})
    assert links(page)["icon"] == [logo] and "apple-touch-icon" not in links(page)
    assert get(branded, logo).content == LOGO and get(branded, "/favicon.ico").headers["Location"] == logo
    sheets = links(page)["stylesheet"]
    assert [name.split(".")[0] for name in sheets][-2:] == ["/static/app", "/static/brand"], "the rule for the colour is last"
    css = get(branded, sheets[-1])
    assert css.headers["Content-Type"] == "text/css; charset=utf-8"
    assert css.text == (f":root{{--brass:{LIGHT};--link:{LIGHT}}}"
                        f"@media (prefers-color-scheme:dark){{:root{{--brass:{DARK};--link:{DARK};--primary:{DARK}}}}}\n.entry{{background-image:none}}\n")


def test_the_logo_cannot_run_scripts(branded):
    logo = get(branded, Person(branded).visit("/login").dom.one("img", **{"class": "logo"})["src"])
    assert logo.headers["Content-Type"] == "image/svg+xml" and logo.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict((part.strip() + " ").split(" ", 1) for part in logo.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"].strip() == "'none'" and "script-src" not in policy and policy["sandbox"] == ""
    assert logo.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_manifest_has_name_and_icons(branded, server):
    page = Person(server).visit("/login")
    ours, theirs = get(server, "/manifest.webmanifest"), get(branded, "/manifest.webmanifest")
    assert ours.headers["Content-Type"] == theirs.headers["Content-Type"] == "application/manifest+json"
    assert links(page)["manifest"] == ["/manifest.webmanifest"] and "manifest-src 'self'" in page.headers["Content-Security-Policy"]
    assert (ours.json()["name"], theirs.json()["name"]) == ("Doubletour", 'Example "& Sons"')
    assert ours.json()["start_url"] == "/"
    for icon in ours.json()["icons"] + theirs.json()["icons"]:
        reply = get(branded if "logo" in icon["src"] else server, icon["src"])
        assert (reply.status_code, reply.headers["Content-Type"]) == (200, icon["type"])
    assert [icon["sizes"] for icon in ours.json()["icons"]] == ["any", "180x180"]


def test_phones_get_an_icon_of_180_pixels(server):
    page = Person(server).visit("/login")
    icon = get(server, links(page)["apple-touch-icon"][0])
    assert icon.headers["Content-Type"] == "image/png" and len(icon.content) < 4096
    assert icon.content[16:24] == bytes((0, 0, 0, 180, 0, 0, 0, 180))
    assert [meta["content"] for meta in page.dom.all("meta", name="theme-color")] == ["#f6f3ec", "#0d131f"]


@pytest.mark.parametrize("width, height, touches", [(180, 180, True), (512, 512, True), (179, 179, False), (360, 180, False)])
def test_phones_get_a_square_png_logo(make_server, tmp_path, width, height, touches):
    Image.new("RGB", (width, height), LIGHT).save(tmp_path / "logo.png")
    page = Person(make_server(BRAND_LOGO=tmp_path / "logo.png")).visit("/login")
    logo = page.dom.one("img", **{"class": "logo"})["src"]
    assert links(page)["icon"] == [logo] and links(page).get("apple-touch-icon", []) == [logo] * touches


REFUSED = [  # setting, file, text of the setting, part of the message, why
    ("BRAND_LOGO", SCRIPT, None, 'has the element "script" on line 2, which is not allowed.', "a script"),
    ("BRAND_LOGO", b"\0" * 10_000_000, None, "is longer than 262144 bytes.", "10 MB"),
    ("BRAND_LOGO", b"GIF89a", None, "is neither an SVG nor a PNG.", "another kind of file"),
    ("BRAND_LOGO", None, "/nonexistent/logo.svg", "cannot be opened: No such file or directory.", "no file"),
    ("BRAND_LOGO", None, "/dev/zero", "is a device.  Name a regular file.", "an endless file"),
    ("BRAND_ACCENT", None, "#ffff00", "have 1.03:1, and texts need 4.5:1.  Choose a darker colour.", "yellow on white"),
    ("BRAND_ACCENT", None, f"{LIGHT},{LIGHT}", "a colour of the dark pages, have 2.21:1", "a dark colour on dark pages"),
    ("BRAND_ACCENT", None, "red", 'must be a colour like #0b5cad', "a name"),
]


@pytest.mark.parametrize("setting,content,value,message,why", REFUSED, ids=[row[-1] for row in REFUSED])
def test_a_bad_brand_is_refused_at_the_start(make_server, tmp_path, setting, content, value, message, why):
    if content is not None:
        (tmp_path / "logo").write_bytes(content)
    server = make_server(start=False, **{setting: value or tmp_path / "logo"})
    for command in (("config", "check"), ("run",)):
        done = server.command(*command)
        assert done.returncode == 78 and message in done.stderr and f"doubletour: {setting}" in done.stderr
    assert not server.data.exists(), "the start changed nothing"


@pytest.mark.whole
def test_a_new_web_process_survives_a_logo_that_became_bad(make_server, tmp_path):
    (tmp_path / "logo.svg").write_bytes(LOGO)
    server = make_server(BRAND_LOGO=tmp_path / "logo.svg")
    (tmp_path / "logo.svg").write_bytes(SCRIPT)
    old = server.web_pid()
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: server.web_pid() not in (0, old) and server.serves(), "a new web process serves")
    page = Person(server).visit("/login")
    assert page.dom.all("svg", **{"class": "mark"}) and not page.dom.all("img", **{"class": "logo"})
    assert 'brand.refused why="' in server.log() and "script" in server.log()
