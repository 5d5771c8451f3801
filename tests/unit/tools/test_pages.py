"""The rendered pages: well-formed, accessible, no inline script or style, each value escaped; the static files."""

import gzip
import hashlib
import html
import os
import pathlib
import re
import subprocess
import sys
from xml.etree import ElementTree

import html5lib
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e" / "harness"))

from dom import read_html  # noqa: E402

# The same text as in render_pages.c.
HOSTILE = "\"><script>alert('1')</script>&amp;<b title='x' \" onfocus=x"
FIRST_VISIT_MAX, STYLE_SHEET_MAX = 20 * 1024, 12 * 1024
ELEMENT = "{http://www.w3.org/1999/xhtml}"
TEXT_CONTRAST, EDGE_CONTRAST = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


@pytest.fixture(name="site", scope="session")
def site_(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "static").mkdir()
    subprocess.run([os.environ["RENDER_PAGES"], folder], check=True)
    return folder


PAGES = [f"{name}-{language}" for language in ("fr", "en") for name in (
    "login", "login-hostile", "register", "register-hostile", "register-closed", "setup_2fa", "setup_2fa-hostile",
    "verify_2fa", "verify_2fa-hostile", "verify_2fa_passkey", "verify_2fa_passkey-hostile", "verify_2fa_recovery", "verify_2fa_recovery-hostile", "gate_code", "gate_code-hostile", "home", "home-hostile", "home-empty", "logout", "denied", "denied-hostile", "denied-passkey", "gate_notice", "gate_notice-hostile", "error", "error-hostile", "wrong_address", "wrong_address-hostile",
    "recovery_codes", "recovery_codes-hostile", "recovery_left", "recovery_left-hostile", "account", "account-hostile",
    "security", "security-hostile", "devices", "devices-hostile", "close", "close-hostile", "setup_passkey", "setup_passkey-hostile",
    "passkey_new", "passkey_new-hostile", "passkey_create", "passkey_create-hostile", "codes", "codes-hostile", "authenticator_new", "authenticator_new-hostile",
    "authenticator_confirm", "authenticator_confirm-hostile", "authenticator_rename", "authenticator_rename-hostile", "authenticator_remove",
    "authenticator_remove-hostile",
    "client_problem", "client_problem-hostile", "client_go", "client_go-hostile", "client_post", "client_post-hostile", "client_consent", "client_consent-hostile",
    "client_select", "client_select-hostile", "client_confirm", "client_confirm-hostile", "client_refused", "client_refused-hostile",
    "end_session", "end_session-hostile", "applications", "applications-hostile", "applications-empty",
    "client_go_private", "client_consent_least", "client_confirm_factor", "client_confirm_passkey", "client_refused_passkey")]


class Tree:
    def __init__(self, path):
        self.text = path.read_text("utf-8")
        self.root = html5lib.HTMLParser(strict=True).parse(self.text)
        inert = {e for template in self.root.iter(ELEMENT + "template") for child in template for e in child.iter()}
        self.all = [e for e in self.root.iter() if isinstance(e.tag, str) and e not in inert]

    def named(self, *tags):
        return [e for e in self.all if e.tag.removeprefix(ELEMENT) in tags]

    def by_id(self, name):
        found = [e for e in self.all if e.get("id") == name]
        assert len(found) == 1, f"{len(found)} elements have the id {name!r}"
        return found[0]


@pytest.fixture(name="page", params=PAGES)
def page_(request, site):
    tree = Tree(site / f"{request.param}.html")
    tree.name = request.param
    return tree


def test_every_page_is_in_the_list(site):
    assert sorted(p.stem for p in site.glob("*.html")) == sorted(PAGES)


def test_page_has_language_title_one_heading_and_viewport(page):
    assert page.root.get("lang") == page.name[-2:]
    assert len(page.named("h1")) == 1 and "".join(page.named("h1")[0].itertext()).strip()
    assert len(page.named("title")) == 1 and page.named("title")[0].text.strip()[0] != "–"
    metas = {m.get("name"): m.get("content") for m in page.named("meta")}
    assert "width=device-width" in metas["viewport"] and metas["color-scheme"] == "light dark"


def texts(element):
    """Yield the text of an element of html5lib in document order, without scripts, styles and templates."""
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag.removeprefix(ELEMENT) not in ("script", "style", "template"):
            yield from texts(child)
        yield child.tail or ""


def local(name):
    return name.rpartition("}")[2].rpartition(":")[2]


def test_the_parser_of_the_other_tests_reads_what_html5lib_reads(page):
    html_element = read_html(page.text).one("html")
    read = [(e.tag, {local(name): value or "" for name, value in e.attributes.items()}) for e in (html_element, *html_element.walk())]
    assert read == [(local(e.tag).lower(), {local(name).lower(): value for name, value in e.attrib.items()}) for e in page.all]
    assert html_element.one("body").text == " ".join(" ".join(texts(next(iter(page.root.iter(ELEMENT + "body"))))).split())


@pytest.mark.parametrize("bad", ["<p>", "</p>", "<p><b></p></b>", "<p a=1 A=2></p>", "<p a='x></p>", "<a <b></a>", "< p>", "<p", "<script>x", "<p a=></p>"])
def test_the_parser_of_the_other_tests_repairs_nothing(bad):
    with pytest.raises(AssertionError):
        read_html(bad)


def test_titles_are_distinct(site):
    names = ("login", "register", "setup_2fa", "verify_2fa", "home", "logout", "error", "wrong_address", "recovery_codes", "account", "security", "devices", "close", "authenticator_remove", "authenticator_rename",
             "authenticator_new", "authenticator_confirm")
    for language in ("fr", "en"):
        titles = {Tree(site / f"{name}-{language}.html").named("title")[0].text for name in names}
        assert len(titles) == len(names)


def test_page_has_no_inline_script_or_style(page):
    assert not page.named("style", "iframe", "object", "base")
    assert [s.text for s in page.named("script") if s.text or not s.get("src", "").startswith("/static/")] == []
    for element in page.all:
        assert not [name for name in element.keys() if name == "style" or name.startswith("on")], element.tag


def test_pages_load_no_external_resource(page):
    for element in page.named("script", "link", "img"):
        assert (element.get("src") or element.get("href")).startswith(("/static/", "/icons/", "/manifest.webmanifest", "data:image/png;base64,"))
    for form in own_forms(page):
        search = form.get("role") == "search"  # a search changes nothing, and can be bookmarked
        assert re.fullmatch(r"(/[a-z0-9-]+)+" if not search else "/", form.get("action"))
        assert form.get("method") == ("get" if search else "post")


def own_forms(page):
    """Return the forms that go to this server: all but the response to an application."""
    return [form for form in page.named("form") if form.get("data-send") is None]


def test_every_form_has_the_token(page):
    for form in page.named("form"):
        if form not in own_forms(page):
            assert page.name.startswith("client_post") and not [e for e in form.iter() if e.get("name") == "csrf_token"]
        elif form.get("method") == "post":
            assert [e for e in form.iter() if e.get("name") == "csrf_token" and e.get("value")]


@pytest.mark.parametrize("name", [name for name in PAGES if "hostile" in name])
def test_hostile_text_stays_text(site, name):
    page = Tree(site / f"{name}.html")
    assert not [e for e in page.named("b") if e.get("title")]
    assert HOSTILE not in page.text and html.escape(HOSTILE).replace("&#x27;", "&#39;") in page.text
    tokens = {e.get("value") for e in page.all if e.get("name") == "csrf_token"}
    assert tokens <= {HOSTILE}
    assert HOSTILE in "".join(page.named("title")[0].itertext())


def test_every_field_has_label_autocomplete_and_descriptions(page):
    labels = {label.get("for") for label in page.named("label")}
    for field in page.named("input"):
        if field.get("type") == "hidden":
            continue
        assert field.get("id") in labels
        assert field.get("autocomplete") or field.get("type") == "checkbox"  # HTML allows it on other fields only
        page.by_id(field.get("id"))
    for element in page.all:
        for name in (element.get("aria-describedby") or "").split():
            assert "".join(page.by_id(name).itertext()).strip()
        for attribute in ("aria-controls", "data-show", "data-copy", "data-result"):
            assert element.get(attribute) is None or page.by_id(element.get(attribute)) is not None
    for name in labels:
        page.by_id(name)


def test_controls_that_need_javascript_are_hidden(page):
    hidden = {inner for outer in page.all if outer.get("hidden") is not None for inner in outer.iter()}
    assert [button for button in page.named("button") if button.get("type") == "button" and button not in hidden] == []


def test_at_most_one_field_has_the_focus(page):
    assert len([e for e in page.all if e.get("autofocus") is not None]) <= 1


CONTRACT = [
    # page, id, attributes that browsers and password managers depend on
    ("login", "username", {"name": "username", "autocomplete": "username webauthn", "autofocus": ""}),
    ("login", "password", {"name": "password", "autocomplete": "current-password", "type": "password"}),
    ("login-hostile", "username", {"value": HOSTILE}),
    ("login-hostile", "password", {"autofocus": ""}),
    ("register", "username", {"name": "username", "autocomplete": "username", "aria-describedby": "username-hint"}),
    ("register", "password", {"name": "password", "autocomplete": "new-password", "type": "password"}),
    ("register", "confirm", {"name": "confirm", "autocomplete": "new-password", "type": "password"}),
    ("register-hostile", "username", {"aria-invalid": "true", "aria-describedby": "username-problem", "value": HOSTILE}),
    ("register-hostile", "confirm", {"aria-invalid": "true", "aria-describedby": "confirm-problem"}),
    ("setup_2fa", "otp", {"name": "otp", "inputmode": "numeric", "data-submit-at": "6"}),
    ("setup_2fa", "secret", {"readonly": "", "value": "DRM2W75M27SWEVQCXAODLPRSJYU2TEIV"}),
    ("verify_2fa", "otp", {"name": "otp", "autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": "", "pattern": None}),
    ("verify_2fa-hostile", "otp", {"aria-invalid": "true", "aria-describedby": "otp-problem", "data-submit-at": "6"}),
    ("verify_2fa_recovery", "otp", {"name": "otp", "autocomplete": "off", "inputmode": None, "aria-describedby": "otp-hint", "data-submit-at": None}),
    ("gate_code-hostile", "otp", {"inputmode": "numeric", "autocomplete": "one-time-code", "aria-describedby": "otp-problem", "data-submit-at": "6"}),
    ("authenticator_confirm", "otp", {"inputmode": "numeric", "autocomplete": "one-time-code", "data-submit-at": "6"}),
    ("authenticator_remove-hostile", "otp", {"name": "otp", "inputmode": "numeric", "aria-invalid": "true"}),
    ("recovery_codes", "saved", {"type": "checkbox", "required": "", "name": None}),
]


@pytest.mark.parametrize("name,identity,attributes", CONTRACT)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_elements_have_their_public_attributes(site, name, identity, attributes, language):
    element = Tree(site / f"{name}-{language}.html").by_id(identity)
    assert {k: element.get(k) for k in attributes} == attributes


def test_qr_code_is_an_inline_png_of_stated_size(site):
    qr = Tree(site / "setup_2fa-fr.html").by_id("qr")
    assert qr.get("src").startswith("data:image/png;base64,iVBORw0KGgo") and qr.get("alt")
    assert (qr.get("width"), qr.get("height")) == ("282", "282")


def test_qr_code_is_last_and_the_link_of_the_phone_first(site):
    marks = ("otpauth:", 'id="secret"', 'id="otp"', 'id="qr"')
    for page in ("setup_2fa", "authenticator_confirm"):
        text = (site / f"{page}-en.html").read_text("utf-8")
        assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


@pytest.mark.parametrize("language, kinds", [
    ("fr", ("Code à 6 chiffres de votre application d’authentification", "Code de secours")),
    ("en", ("6-digit code from your authenticator app", "Recovery code"))])
def test_the_inert_field_of_a_form_is_of_the_other_kind(site, language, kinds):
    page = Tree(site / f"authenticator_remove-hostile-{language}.html")
    labels = {label.get("for"): "".join(label.itertext()) for label in page.named("label")}
    template = page.by_id("otp-other")
    assert page.by_id("otp").get("class") == "input code" and labels["otp"] == kinds[0]
    assert [label.text for label in template.iter(ELEMENT + "label")] == [kinds[1]]
    assert [e.get("value") for e in template.iter(ELEMENT + "input") if e.get("name") == "recovery"] == ["1"]


def test_closed_registration_shows_no_form(site):
    assert not Tree(site / "register-closed-fr.html").named("form")


def test_log_out_is_a_form_shown_when_signed_in_only(site):
    def ways_out(name):
        return [f for f in Tree(site / f"{name}-fr.html").named("form") if f.get("action") == "/logout"]
    assert len(ways_out("home")) == 1 and not ways_out("login")


# --- static files ---------------------------------------------------------------------------------------------------

def test_first_visit_is_small(site):
    files = [p for p in (site / "static").iterdir() if p.suffix == ".gz"]
    total = sum(p.stat().st_size for p in files) + len(gzip.compress((site / "login-fr.html").read_bytes()))
    assert len(files) == 4 and total <= FIRST_VISIT_MAX


def test_style_sheet_is_small(site):
    assert next((site / "static").glob("app.*.css")).stat().st_size <= STYLE_SHEET_MAX


def test_every_icon_used_is_in_the_sprite(site):
    sprite = next((site / "static").glob("icons.*.svg"))
    symbols = {e.get("id") for e in ElementTree.parse(sprite).iter() if e.tag.endswith("}symbol")}
    used = set()
    for path in site.glob("*.html"):
        for element in Tree(path).all:
            if element.tag.endswith("}use"):
                address, _, name = (element.get("href") or element.get("{http://www.w3.org/1999/xlink}href")).partition("#")
                assert address == f"/static/{sprite.name}"
                used.add(name)
    assert used and used <= symbols


def test_static_files_are_named_by_content_and_compressed(site):
    for path in (site / "static").iterdir():
        if path.suffix == ".gz":
            assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()
        else:
            assert path.name.split(".")[1] == hashlib.sha256(path.read_bytes()).hexdigest()[:8]


def test_style_sheets_load_nothing(site):
    for path in (site / "static").glob("*.css"):
        text = path.read_text("utf-8")
        assert "sourceMappingURL" not in text and "@import" not in text
        assert [u for u in re.findall(r"url\((.{12})", text) if "data:image/" not in u] == []


def test_icon_is_xml(site):
    ElementTree.parse(next((site / "static").glob("favicon.*.svg")))


# --- contrast -------------------------------------------------------------------------------------------------------

def palettes():
    """The values of app.css: [light, dark]."""
    css = (pathlib.Path(os.environ["SOURCE_ROOT"]) / "static/app.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, flags=re.S)[:2]
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block)) for block in blocks]


def luminance(colour):
    """Relative luminance (WCAG 2.2, definitions)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [(text, ground, TEXT_CONTRAST) for text in ("ink", "soft", "link") for ground in ("card", "paper", "sunk")]
PAIRS += [(tone, "card", TEXT_CONTRAST) for tone in ("good", "warn", "bad", "info", "plum", "brass")]
PAIRS += [("on-primary", "primary", TEXT_CONTRAST)]
PAIRS += [("edge", "card", EDGE_CONTRAST), ("brass", "card", EDGE_CONTRAST), ("brass", "paper", EDGE_CONTRAST)]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("front,ground,least", PAIRS)
def test_colours_have_enough_contrast(scheme, front, ground, least):
    palette = palettes()[scheme]
    assert contrast(palette[front], palette[ground]) >= least


def test_contrast_of_black_on_white_is_21():
    assert round(contrast("#000", "#ffffff"), 2) == 21


# --- the brand ------------------------------------------------------------------------------------------------------

def accent_grounds():
    """{scheme: [(token, colour)]} of src/config/accent.c."""
    text = (pathlib.Path(os.environ["SOURCE_ROOT"]) / "src/config/accent.c").read_text("utf-8")
    light, dark = text.split('"dark"', 1)
    row = re.compile(r"0x(..), 0x(..), 0x(..) \} \}, \d+, \d+ \}, */\* --([a-z-]+)")
    return {name: [(token, f"#{r}{g}{b}") for r, g, b, token in row.findall(rows)] for name, rows in (("light", light), ("dark", dark))}


def test_the_accent_is_checked_on_the_colours_of_the_style_sheet():
    light, dark = palettes()
    grounds = accent_grounds()
    assert (len(grounds["light"]), len(grounds["dark"])) == (4, 6)
    for palette, scheme in ((light, "light"), (dark, "dark")):
        assert [(token, short_as_long(palette[token])) for token, _ in grounds[scheme]] == grounds[scheme]


def short_as_long(colour):
    return colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_logo_replaces_mark_and_icons(site, language):
    page = Tree(site / f"login-hostile-{language}.html")
    links = {e.get("rel"): e.get("href") for e in page.named("link")}
    assert [e.get("src") for e in page.named("img")] == [links["icon"]] == ["/static/" + HOSTILE]
    assert links["stylesheet"] == "/static/" + HOSTILE and "apple-touch-icon" not in links
    assert "mark" not in [e.get("class") for e in page.all]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_of_other_hosts_have_the_accent(site, language):
    page = Tree(site / f"gate_notice-{language}.html")
    sheets = [e.get("href") for e in page.named("link") if e.get("rel") == "stylesheet"]
    assert sheets[-1] == "/static/brand.css"


def test_theme_colours_are_those_of_the_style_sheet(page):
    colours = [e.get("content") for e in page.named("meta") if e.get("name") == "theme-color"]
    assert colours == [palette["paper"] for palette in palettes()]


def test_the_icon_of_phones_is_drawn_from_the_mark():
    static = pathlib.Path(os.environ["SOURCE_ROOT"]) / "static"
    digest = hashlib.sha256((static / "favicon.svg").read_bytes()).hexdigest()
    assert b"favicon.svg " + digest.encode() in (static / "touch.png").read_bytes(), "run tools/touch_icon"
