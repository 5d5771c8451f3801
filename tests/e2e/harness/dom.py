"""A strict parser of HTML: a misplaced or missing end tag is an error; nothing is repaired."""

from html.parser import HTMLParser

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


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("#document", {})

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, dict(attributes), self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}> (line {self.getpos()[0]})"
        self.at = self.at.parent

    def handle_data(self, data):
        self.at.children.append(data)


def read_html(text):
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root
