#!/usr/bin/python3
"""Compile Jinja templates into C: one function for each page and language, from constants and the page's values.

    compile_templates.py --templates templates --static static --output page_functions.c
                         locales/fr.po locales/en.po

Jinja's parser reads the templates.  Constructs that docs/develop/templates.md does not list are refused with file and
line.  A template whose name begins with an underscore is a part (layout, include); every other template is a page.
templates/login.html becomes page_login(out, const struct page_login *v), declared in src/web/core/pages.h.  A name that
no template sets is a member of v, so the C compiler checks names and types.  Its messages name the template (#line).
"""
import argparse
import html
import pathlib
import re
import sys

from jinja2 import Environment, TemplateSyntaxError, nodes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import c_literal  # noqa: E402
from compile_messages import PLACEHOLDER, Catalog, CatalogError  # noqa: E402
from embed_static import AssetError, read_assets  # noqa: E402

GETTEXT, NGETTEXT = ("_", "gettext"), ("ngettext",)
COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}
UNQUOTED = re.compile(r"\s[A-Za-z-]+=$")
INDENTATION = re.compile(r"^[ \t]+", re.M)
CONSTANT = re.compile(r"^[A-Z][A-Z0-9_]+$")
# Filters that end an expression, with the C call for each; {language} is replaced.
OUTPUT_FILTERS = {
    "date": "page_put_date(out, {language}, v->layout.time_format, {value});",
    "clock": "page_put_clock(out, {language}, v->layout.time_format, {value});",
    "weekday": "page_put_weekday(out, {language}, v->layout.time_format, {value});",
    "day": "page_put_day(out, {language}, v->layout.time_format, {value});",
    "percent": "buf_put_percent(out, {value});",
}
# Constructs that the Content-Security-Policy would block, and elements whose white space this compiler would change.
FORBIDDEN = (
    (re.compile(r"<style\b|\sstyle\s*=", re.I), "inline style"),
    (re.compile(r"<script\b(?![^>]*\ssrc=)|\son[a-z]+\s*=", re.I), "inline script"),
    (re.compile(r"<(pre|textarea)\b", re.I), "element whose white space matters"),
)


class TemplateError(Exception):
    """A fault in a template; the text begins with file:line."""

    def __init__(self, path, line, text):
        super().__init__(f"{path}:{line}: {text}")


class Value:
    """An expression: a constant known at compile time (is_constant, then `constant`), or C text."""

    def __init__(self, c=None, constant=None):
        self.is_constant = c is None
        self.constant = constant
        self._c = c

    @property
    def c(self):
        if not self.is_constant:
            return self._c
        if isinstance(self.constant, bool):
            return "true" if self.constant else "false"
        if isinstance(self.constant, int):
            return str(self.constant)
        if self.constant is None:
            return "(const char *)NULL"
        return f"STR({c_literal.string(self.constant)})"


def escape(text):
    """Escape text as buf_put_html does."""
    return html.escape(text, quote=False).replace('"', "&quot;").replace("'", "&#39;")


def environment():
    env = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    env.install_null_translations(newstyle=True)
    return env


class Sources:
    """The template folder.  Each file is parsed once."""

    def __init__(self, folder):
        self.folder, self.env, self.trees = pathlib.Path(folder), environment(), {}

    def shown(self, name):
        return f"{self.folder.name}/{name}"

    def tree(self, name, at=None):
        if name not in self.trees:
            try:
                text = INDENTATION.sub("", (self.folder / name).read_text("utf-8"))
                self.trees[name] = self.env.parse(text, name, name)
            except OSError as error:
                raise TemplateError(*(at or (self.shown(name), 1)), f"no template {name!r}") from error
            except TemplateSyntaxError as error:
                raise TemplateError(self.shown(name), error.lineno, error.message) from error
        return self.trees[name]


class Writer:
    """Collects lines of C.  Adjacent constant texts become one call."""

    def __init__(self):
        self.lines, self.text, self.depth = [], "", 1
        self.constant_bytes = 0

    def put_text(self, text):
        self.text += text

    def flush(self):
        if self.text:
            self.lines.append("\t" * self.depth + f"buf_put(out, STR({c_literal.string(self.text)}));")
            self.constant_bytes += len(self.text.encode())
            self.text = ""

    def put_c(self, line, at=None):
        self.flush()
        if at:
            self.lines.append(f"#line {at[1]} {c_literal.string(at[0])}")
        self.lines.append("\t" * self.depth + line)

    def open(self, line, at=None):
        self.put_c(line + " {", at)
        self.depth += 1

    def close(self, line="}"):
        self.flush()
        self.depth -= 1
        self.lines.append("\t" * self.depth + line)


class Page:
    """One page in one language."""

    def __init__(self, sources, catalog, assets):
        self.sources, self.catalog, self.assets = sources, catalog, assets
        self.language = f"LANGUAGE_{catalog.language.upper()}"
        self.scopes = [{"language": Value(constant=catalog.language)}]
        self.out, self.blocks = Writer(), {}
        self.unplaced = set()  # blocks for which no ancestor template has had a place so far
        self.file, self.line, self.serial, self.including = "", 0, 0, []

    # --- places and scopes

    def at(self):
        return self.sources.shown(self.file), self.line

    def fail(self, text, node=None):
        if node is not None and node.lineno:
            self.line = node.lineno
        raise TemplateError(*self.at(), text)

    def look_up(self, name):
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def in_scope(self, names, body):
        self.scopes.append(names)
        self.statements(body)
        self.scopes.pop()

    # --- inheritance

    def compile(self, name):
        chain = [name]
        while parent := self.parent_of(chain[-1], chain):
            chain.append(parent)
        self.file = chain[-1]
        self.statements(self.sources.tree(chain[-1]).body)
        self.out.flush()
        # Reserve memory once: for all constant text, and for the values of a typical page.
        return [f"\tbuf_reserve(out, {self.out.constant_bytes + 1024});", *self.out.lines]

    def parent_of(self, name, chain):
        """Collect the blocks of a template and return the name of the template that it extends."""
        self.file, tree = name, self.sources.tree(name)
        extends = [n for n in tree.body if isinstance(n, nodes.Extends)]
        for block in tree.find_all(nodes.Block):
            self.blocks.setdefault(block.name, (name, block))
            self.unplaced.discard(block.name)
        if not extends:
            if self.unplaced:
                where, block = self.blocks[min(self.unplaced)]
                self.file = where
                self.fail(f"no template that this one extends has a block {block.name!r}", block)
            return None
        for node in tree.body:
            self.check_child(node)
        self.unplaced |= {n.name for n in tree.body if isinstance(n, nodes.Block)}
        parent = self.constant_text(extends[0].template, "extends")
        self.line = extends[0].lineno
        if parent in chain:
            self.fail(f"{parent!r} extends itself")
        self.sources.tree(parent, self.at())
        return parent

    def check_child(self, node):
        blank = isinstance(node, nodes.Output) and all(
            isinstance(n, nodes.TemplateData) and not n.data.strip() for n in node.nodes)
        if not blank and not isinstance(node, (nodes.Extends, nodes.Block)):
            self.fail("a template that extends another one may contain only blocks", node)

    # --- statements

    def statements(self, body):
        for node in body:
            self.line = node.lineno
            method = getattr(self, "do_" + type(node).__name__, None)
            if method is None:
                self.fail(f"{type(node).__name__} is not supported")
            method(node)

    def do_Output(self, node):
        for part in node.nodes:
            self.line = part.lineno or self.line
            if isinstance(part, nodes.TemplateData):
                self.data(part)
            else:
                self.check_position()
                self.put(part)

    def data(self, node):
        for pattern, what in FORBIDDEN:
            if found := pattern.search(node.data):
                self.line = node.lineno + node.data.count("\n", 0, found.end())
                self.fail(f"{what}: {found[0].strip()!r}")
        text = re.sub(r"[ \t]*\n\s*", "\n", node.data)
        if self.out.text.endswith("\n"):
            text = text.lstrip("\n")
        self.out.put_text(text)

    def check_position(self):
        tag = self.out.text[self.out.text.rfind("<") + 1:]
        if UNQUOTED.search(tag) and tag.count('"') % 2 == 0:  # within a quoted value = is an ordinary character
            self.fail("write the value of an attribute in double quotes")

    def put(self, node):
        """Compile an expression in {{ }}: a text, or a value with an output filter."""
        safe = isinstance(node, nodes.Filter) and node.name == "safe"
        if safe:
            self.no_arguments(node)
            node = node.node
        if isinstance(node, nodes.Filter) and node.name in OUTPUT_FILTERS:
            self.no_arguments(node)
            self.put_filtered(node, OUTPUT_FILTERS[node.name])
        elif self.is_call(node, GETTEXT):
            self.put_message(node, safe)
        elif self.is_call(node, NGETTEXT):
            self.put_plural(node, safe)
        else:
            self.put_value(self.value(node), safe)

    def put_filtered(self, node, template):
        self.out.put_c(template.format(language=self.language, value=self.value(node.node).c), self.at())

    def put_value(self, value, safe):
        if not value.is_constant:
            self.out.put_c(f"page_put{'_safe' if safe else ''}(out, {value.c});", self.at())
            return
        if value.constant is None or isinstance(value.constant, bool):
            self.fail(f"{value.constant} cannot be shown")
        text = str(value.constant)
        self.out.put_text(text if safe else escape(text))

    def do_If(self, node):
        opened = False
        for branch in [node, *node.elif_]:
            self.line = branch.lineno
            test = self.truth(self.value(branch.test))
            if test.is_constant and not test.constant:
                continue
            if test.is_constant:
                self.rest(opened, branch.body)
                return
            self.branch(opened, test.c, branch.body)
            opened = True
        self.rest(opened, node.else_)

    def branch(self, opened, test, body):
        if opened:
            self.out.close(f"}} else if ({test}) {{")
            self.out.depth += 1
        else:
            self.out.open(f"if ({test})", self.at())
        self.in_scope({}, body)

    def rest(self, opened, body):
        """Compile the rest of an if: its else, or a branch that is always taken."""
        if opened and body:
            self.out.close("} else {")
            self.out.depth += 1
        self.in_scope({}, body)
        if opened:
            self.out.close()

    def do_For(self, node):
        if node.test is not None or node.recursive:
            self.fail("for with if or recursive is not supported")
        if isinstance(node.iter, (nodes.List, nodes.Tuple)):
            self.for_constants(node)
        else:
            self.for_values(node)

    def for_constants(self, node):
        items = node.iter.items
        for i, item in enumerate(items):
            self.in_scope({**self.unpack(node.target, item), **loop_values(i, len(items))}, node.body)
        if not items:
            self.in_scope({}, node.else_)

    def unpack(self, target, item):
        if isinstance(target, nodes.Name):
            return {target.name: self.value(item)}
        if not isinstance(item, nodes.Tuple) or len(item.items) != len(target.items):
            self.fail("an item of the list does not fit the names of the for", item)
        return {t.name: self.value(v) for t, v in zip(target.items, item.items)}

    def for_values(self, node):
        if not isinstance(node.target, nodes.Name):
            self.fail("a for over values takes one name", node)
        items, self.serial = self.value(node.iter).c, self.serial + 1
        i, item = f"i_{self.serial}", f"item_{self.serial}"
        count = f"{items}_count"
        self.out.open(f"for (size_t {i} = 0; {i} < {count}; {i}++)", self.at())
        self.out.put_c(f"const __typeof__({items}[0]) *{item} = &{items}[{i}];", self.at())
        self.in_scope({node.target.name: Value(f"(*{item})"), "loop.index": Value(f"({i} + 1)"),
                       "loop.index0": Value(i), "loop.first": Value(f"({i} == 0)"),
                       "loop.last": Value(f"({i} + 1 == {count})"), "loop.length": Value(count)}, node.body)
        self.out.close()
        if node.else_:
            self.out.open(f"if ({count} == 0)")
            self.in_scope({}, node.else_)
            self.out.close()

    def do_Assign(self, node):
        if not isinstance(node.target, nodes.Name):
            self.fail("set takes one name")
        name = node.target.name
        if name not in self.scopes[-1] and self.look_up(name) is not None:
            self.fail(f"{name!r} has a value outside of this if, for or block, which this set would not change")
        self.scopes[-1][name] = self.value(node.node)

    def do_Block(self, node):
        file, block = self.blocks[node.name]
        if node.scoped or node.required:
            self.fail("block with scoped or required is not supported")
        self.elsewhere(file, lambda: self.in_scope({}, block.body))

    def do_Include(self, node):
        if node.ignore_missing:
            self.fail("include with ignore missing is not supported")
        name = self.constant_text(node.template, "include")
        if name in self.including:
            self.fail(f"{name!r} includes itself")
        tree = self.sources.tree(name, self.at())
        self.including.append(name)
        self.elsewhere(name, lambda: self.in_scope({}, tree.body))
        self.including.pop()

    def elsewhere(self, file, work):
        here = self.file, self.line
        self.file = file
        work()
        self.file, self.line = here

    # --- messages

    def is_call(self, node, names):
        return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in names

    def message_arguments(self, node, count):
        """Check the constant sentences of a call and return its named values."""
        if node.dyn_args or node.dyn_kwargs or len(node.args) != count:
            self.fail(f"{node.node.name} takes {count} argument{'s' if count > 1 else ''} and then named values", node)
        return {k.key: k.value for k in node.kwargs}

    def check_names(self, sentence, names, also=()):
        want = set(PLACEHOLDER.findall(sentence))
        if not want - set(also) <= set(names) <= want | set(also):
            self.fail(f"placeholders {sorted(want)}, but values {sorted(names)}")

    def translated(self, look_up, *msgids):
        try:
            return look_up(*msgids)
        except CatalogError as error:
            self.fail(str(error))

    def put_message(self, node, safe):
        values = self.message_arguments(node, 1)
        msgid = self.constant_text(node.args[0], "a sentence")
        self.check_names(msgid, values)
        self.put_pieces(self.translated(self.catalog.sentence, msgid), values, safe)

    def put_plural(self, node, safe):
        values = self.message_arguments(node, 3)
        singular, plural = (self.constant_text(n, "a sentence") for n in node.args[:2])
        self.check_names(plural, values, also=["num"])
        forms = self.translated(self.catalog.plural, singular, plural)
        number = self.value(node.args[2])
        self.serial += 1
        n = f"n_{self.serial}"
        self.out.open("", self.at())
        self.out.put_c(f"const int64_t {n} = page_number({number.c});", self.at())
        rule = re.sub(r"\bn\b", n, self.catalog.plural_formula)
        self.out.open(f"switch ((int)({rule}))")
        for i, form in enumerate(forms):
            self.out.put_c("default:" if i + 1 == len(forms) else f"case {i}:")
            self.out.depth += 1
            self.put_pieces(form, {**values, "num": Value(n)}, safe)
            self.out.put_c("break;")
            self.out.depth -= 1
        self.out.close()
        self.out.close()

    def put_pieces(self, text, values, safe):
        """Compile a translated sentence.  Its text is escaped unless safe; its values are always escaped."""
        for i, piece in enumerate(PLACEHOLDER.split(text)):
            if i % 2 == 0:
                piece = piece.replace("%%", "%")
                self.out.put_text(piece if safe else escape(piece))
            elif isinstance(values[piece], Value):
                self.put_value(values[piece], False)
            else:
                self.put(values[piece])

    # --- expressions

    def constant_text(self, node, what):
        if not isinstance(node, nodes.Const) or not isinstance(node.value, str):
            self.fail(f"{what} takes a constant text", node)
        return node.value

    def no_arguments(self, node):
        if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            self.fail(f"filter {node.name!r} takes no arguments", node)

    def truth(self, value):
        if value.is_constant:
            return Value(constant=bool(value.constant))
        return value if value.c.startswith("(!") else Value(f"page_true({value.c})")

    def value(self, node):
        self.line = node.lineno or self.line
        method = getattr(self, "value_" + type(node).__name__, None)
        if method is None:
            self.fail(f"{type(node).__name__} is not supported")
        return method(node)

    def value_Const(self, node):
        if node.value is not None and not isinstance(node.value, (str, bool, int)):
            self.fail(f"constant {node.value!r} is not supported")
        return Value(constant=node.value)

    def value_Name(self, node):
        if CONSTANT.match(node.name):
            return Value(node.name)
        return self.look_up(node.name) or Value(f"v->{node.name}")

    def value_Getattr(self, node):
        if isinstance(node.node, nodes.Name) and node.node.name == "loop":
            return self.look_up(f"loop.{node.attr}") or self.fail(f"loop.{node.attr} is not supported here")
        inner = self.value(node.node)
        if inner.is_constant:
            self.fail(f"a constant has no {node.attr!r}")
        return Value(f"{inner.c}.{node.attr}")

    def value_Not(self, node):
        inner = self.truth(self.value(node.node))
        return Value(constant=not inner.constant) if inner.is_constant else Value(f"(!{inner.c})")

    def value_And(self, node):
        return self.either(node, False, "&&")

    def value_Or(self, node):
        return self.either(node, True, "||")

    def either(self, node, decides, operator):
        """Compile `and` and `or` to a truth value; constants are decided at compile time."""
        sides = [self.truth(self.value(n)) for n in (node.left, node.right)]
        if any(s.is_constant and s.constant == decides for s in sides):
            return Value(constant=decides)
        rest = [s for s in sides if not s.is_constant]
        if len(rest) < 2:
            return rest[0] if rest else Value(constant=not decides)
        return Value(f"({sides[0].c} {operator} {sides[1].c})")

    def value_CondExpr(self, node):
        test = self.truth(self.value(node.test))
        other = self.value(node.expr2) if node.expr2 is not None else Value(constant="")
        if test.is_constant:
            return self.value(node.expr1) if test.constant else other
        return Value(f"({test.c} ? {self.value(node.expr1).c} : {other.c})")

    def value_Compare(self, node):
        if len(node.ops) != 1 or node.ops[0].op not in COMPARE:
            self.fail("only one of == != < <= > >= at a time is supported")
        operator = node.ops[0].op
        left, right = self.value(node.expr), self.value(node.ops[0].expr)
        if operator in ("eq", "ne"):
            if left.is_constant and right.is_constant:
                return Value(constant=(left.constant == right.constant) == (operator == "eq"))
            if left.is_constant:
                left, right = right, left
            return Value(f"({'!' if operator == 'ne' else ''}page_equal({left.c}, {right.c}))")
        return Value(f"(page_number({left.c}) {COMPARE[operator]} page_number({right.c}))")

    def value_Filter(self, node):
        self.no_arguments(node)
        if node.name in OUTPUT_FILTERS or node.name == "safe":
            self.fail(f"filter {node.name!r} must be the last of an expression")
        if node.name != "tr":
            self.fail(f"no filter {node.name!r}")
        inner = self.value(node.node)
        if inner.is_constant and inner.constant is not None:
            self.fail('translate a constant sentence with _("...")')
        return Value(constant="") if inner.is_constant else Value(f"message({self.language}, {inner.c})")

    def value_Call(self, node):
        if self.is_call(node, ["static"]):
            return self.static_path(node)
        if not self.is_call(node, GETTEXT):
            self.fail('only _("..."), ngettext("...", "...", n) in {{ }} and static("...") can be called')
        if self.message_arguments(node, 1):
            self.fail("a sentence with placeholders can only stand directly in {{ }}")
        msgid = self.constant_text(node.args[0], "a sentence")
        self.check_names(msgid, [])
        return Value(constant=self.translated(self.catalog.sentence, msgid).replace("%%", "%"))

    def static_path(self, node):
        self.message_arguments(node, 1)
        name = self.constant_text(node.args[0], "static")
        if name not in self.assets:
            self.fail(f"no static file {name!r}; there are {', '.join(self.assets)}")
        return Value(constant=self.assets[name])


def loop_values(i, count):
    """Return the values of `loop` in an unrolled for."""
    values = {"index": i + 1, "index0": i, "first": i == 0, "last": i + 1 == count, "length": count}
    return {f"loop.{name}": Value(constant=value) for name, value in values.items()}


def messages_of(path):
    """Yield (line, singular, plural or None) for every sentence of one template."""
    sources = Sources(path.parent)
    for call in sources.tree(path.name).find_all(nodes.Call):
        name = call.node.name if isinstance(call.node, nodes.Name) else None
        if name in GETTEXT:
            yield call.lineno, call.args[0].value, None
        elif name in NGETTEXT:
            yield call.lineno, call.args[0].value, call.args[1].value


HEAD = """/* Made by tools/compile_templates.py from templates/. */
#include "web/core/page_runtime.h"
#include "web/core/pages.h"

"""


def compile_page(sources, name, catalogs, assets):
    """Return the C functions of one page."""
    page = pathlib.PurePath(name).stem.replace("-", "_")
    parameters = f"(struct buf *out, const struct page_{page} *v)"
    functions, rows = [], []
    for catalog in catalogs:
        lines = Page(sources, catalog, assets).compile(name)
        functions.append(f"static void\n{page}_{catalog.language}{parameters}\n{{\n" + "\n".join(lines) + "\n}\n")
        rows.append(f"[LANGUAGE_{catalog.language.upper()}] = {page}_{catalog.language}")
    functions.append(f"void\npage_{page}{parameters}\n{{\n"
                     f"\tstatic void (*const in_language[LANGUAGE_COUNT]){parameters} = {{ {', '.join(rows)} }};\n\n"
                     "\tin_language[v->layout.language](out, v);\n}\n")
    return "\n".join(functions)


def compile_folder(folder, catalogs, assets):
    """Return the whole C source."""
    sources = Sources(folder)
    pages = sorted(p.name for p in pathlib.Path(folder).glob("*.html") if not p.name.startswith("_"))
    return HEAD + "\n".join(compile_page(sources, name, catalogs, assets) for name in pages)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--templates", required=True, type=pathlib.Path)
    parser.add_argument("--static", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("catalogs", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    try:
        assets = {a.name: a.path for a in read_assets(args.static).values()}
        catalogs = [Catalog(path) for path in args.catalogs]
        args.output.write_text(compile_folder(args.templates, catalogs, assets), "utf-8")
    except (TemplateError, CatalogError, AssetError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
