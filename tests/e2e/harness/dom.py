"""A strict parser of HTML: a misplaced or missing end tag is an error; nothing is repaired.

Each page of each test goes through it.  Regular expressions read a page in half the time of html.parser.
tests/unit/tools/test_pages.py compares what they read with html5lib.
"""

import re
from html import unescape

NAME = r"""[^\s"'<>/=]+"""
VALUE = r""""[^"]*"|'[^']*'|[^\s"'=<>`]+"""
ATTRIBUTE = re.compile(rf"""\s+({NAME})(?:\s*=\s*({VALUE}))?""")
TOKEN = re.compile(
    rf"""(?P<text>[^<]+)|<(?P<start>[a-zA-Z]{NAME}|[a-zA-Z])(?P<attributes>(?:\s+{NAME}(?:\s*=\s*(?:{VALUE}))?)*)\s*(?P<ended>/?)>"""
    rf"""|</(?P<end>[a-zA-Z]{NAME}|[a-zA-Z])\s*>|<!--.*?-->|<![a-zA-Z][^>]*>""", re.DOTALL)
RAW = {tag: re.compile(rf".*?(?=</{tag}\s*>)", re.DOTALL | re.IGNORECASE) for tag in ("script", "style")}
VOID = set("area base br col embed hr img input link meta source track wbr".split())


class Element:
    def __init__(self, tag, attributes, parent=None):
        self.tag, self.attributes, self.parent, self.children = tag, attributes, parent, []
        self._below = None

    def __getitem__(self, name):
        return self.attributes[name]

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    def has(self, name):
        return name in self.attributes

    @property
    def classes(self):
        return (self.get("class") or "").split()

    def walk(self):
        """Return all elements below, in document order, without those of a <template>, which are inert.

        The document is complete: the list is made once.
        """
        if self._below is None:
            self._below = [e for child in self.children if isinstance(child, Element) and self.tag != "template" for e in (child, *child.walk())]
        return self._below

    def all(self, tag=None, **attributes):
        """Return all elements below with this tag and these attributes.

        Write class_ and for_ for Python's words; True means that the attribute is present.
        """
        found = self.walk() if tag is None else [e for e in self.walk() if e.tag == tag]
        for name, value in attributes.items():
            name = name.rstrip("_").replace("_", "-")
            found = [e for e in found if _fits(e, name, value)]
        return list(found)

    def one(self, tag=None, **attributes):
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} elements <{tag} {attributes}>, one was expected"
        return found[0]

    @property
    def text(self):
        """Return all the text below, with white space folded."""
        return " ".join(" ".join(self._pieces()).split())

    def _pieces(self):
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in ("script", "style", "template"):
                yield from child._pieces()


def _fits(element, name, value):
    if name == "class":
        return value in element.classes
    if value is True:
        return element.has(name)
    return element.get(name) == value


def _attributes(tag, text):
    attributes = {}
    for name, value in ATTRIBUTE.findall(text):
        name = name.lower()
        assert name not in attributes, f"<{tag}> has an attribute twice: {name}"
        attributes[name] = unescape(value[1:-1] if value[0] in "\"'" else value) if value else None
    return attributes


def _line(text, at):
    return text.count("\n", 0, at) + 1


class _Reader:
    def __init__(self, text):
        self.text = text
        self.root = self.at = Element("#document", {})

    def start(self, token):
        """Open an element; return the position behind it and behind the raw text in it."""
        tag, attributes, ended = token["start"].lower(), token["attributes"], token["ended"]
        element = Element(tag, _attributes(tag, attributes) if attributes else {}, self.at)
        self.at.children.append(element)
        if tag not in VOID and not ended:
            self.at = element
        if tag not in RAW:
            return token.end()
        raw = RAW[tag].match(self.text, token.end())
        assert raw, f"<{tag}> is never closed"
        self.at.children += [raw[0]] if raw[0] else []
        return raw.end()

    def end(self, token):
        tag = token["end"].lower()
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}> (line {_line(self.text, token.start())})"
        self.at = self.at.parent
        return token.end()

    def data(self, token):
        self.at.children.append(unescape(token[0]))
        return token.end()

    def read(self):
        # by the last group of a token that matched; None: a comment or the document type
        kinds = {"ended": self.start, "end": self.end, "text": self.data, None: re.Match.end}
        position = 0
        while position < len(self.text):
            token = TOKEN.match(self.text, position)
            assert token, f"not HTML (line {_line(self.text, position)}): {self.text[position:position + 60]!r}"
            position = kinds[token.lastgroup](token)
        assert self.at is self.root, f"<{self.at.tag}> is never closed"
        return self.root


def read_html(text):
    return _Reader(text).read()
