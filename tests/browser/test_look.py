"""look.js reports each fault that it looks for, and none on a page without faults."""

import pytest
from browser import LOOK

GOOD = """<a class="skip" href="#main">Skip</a><header><nav aria-label="Places"><a class="button" href="#main">Home</a></nav></header>
<main id="main"><h1>Title</h1><label for="name">Name</label><input id="name"><button>Send</button></main><footer><a href="#">Help</a></footer>"""
STYLE = """body { color: #222; background: #fff } a, button, input { color: #222; background: #fff; border: 2px solid #555; padding: 12px }
:focus { outline: 3px solid #555 } a { display: inline-block }"""

FAULTS = [
    # (sentence, text of the page, its replacement)
    ("not exactly one h1", "<h1>Title</h1>", "<p>Title</p>"),
    ("not exactly one main", "</main>", "</main><main></main>"),
    ("a heading level is left out", "</h1>", "</h1><h3>Part</h3>"),
    ("no label", '<label for="name">Name</label>', ""),
    ("no name", "<button>Send</button>", "<button></button>"),
    ("no alternative text", "</h1>", '</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'),
    ("aria-describedby names nothing", '<input id="name">', '<input id="name" aria-describedby="hint">'),
    ("aria-controls names nothing", "<button>", '<button aria-controls="other">'),
    ("a nav without a name", ' aria-label="Places"', ""),
    ("outside of all landmarks", "<footer>", "<p>Lost</p><footer>"),
    ("more than one body > footer", "<footer>", "<footer></footer><footer>"),
    ("two elements have the id name", "</h1>", '</h1><p id="name">x</p>'),
    ("neither hidden nor an image", "Send", '<svg width="9" height="9"></svg>Send'),
    ("the name lacks the visible words", "<button>", '<button aria-label="Go">'),
    ("a state without a role", "<h1>", '<h1 aria-pressed="true">'),
    ("a message by colour alone", "</h1>", '</h1><p class="note bad">Wrong.</p>'),
    ("contrast 1", "<h1>", '<h1 style="color: #eee">'),
    ("contrast 2", "<button>", '<button style="color: #999">'),
    ("the border has too little contrast", '<input id="name">', '<input id="name" style="border-color: #ddd">'),
    ("the focus is invisible", '<input id="name">', '<input id="name" style="outline: none">'),
    ("the focus has too little contrast", '<input id="name">', '<input id="name" style="outline-color: #eee">'),
    ("covered while it has the focus", "</main>", '<p style="position: fixed; inset: 0; background: #fff">Over all</p></main>'),
    ("smaller than 24 pixels", "<button>", '<button style="padding: 0; border: 0; font-size: 12px; line-height: 1">'),
    ("the value is cut off", '<input id="name">', '<input id="name" readonly size="2" value="a long text that nobody can read">'),
    ("wider than the window when open", "</h1>", '</h1><details><summary>More of it</summary><p style="width: 2000px">x</p></details>'),
    ("wider than the window: ", "</h1>", '</h1><p style="width: 2000px">x</p>'),
]


def troubles(driver, body):
    driver.get("about:blank")
    driver.execute_script("document.documentElement.lang = 'en'; document.title = 'Title'; document.body.innerHTML = arguments[0];"
                          "document.head.append(Object.assign(document.createElement('style'), { textContent: arguments[1] }))", body, STYLE)
    return driver.execute_script(LOOK)


def test_look_accepts_a_page_without_faults(drivers):
    assert troubles(drivers(True), GOOD) == []


@pytest.mark.parametrize("sentence, text, replacement", FAULTS, ids=[case[0] for case in FAULTS])
def test_look_reports_a_fault(drivers, sentence, text, replacement):
    assert text in GOOD
    found = troubles(drivers(True), GOOD.replace(text, replacement))
    assert any(trouble.startswith(sentence) for trouble in found), found
