"""The template compiler: the output of compiled templates, and refused templates with file and line."""

import os
import pathlib
import subprocess

import pytest

import compile_templates
from compile_messages import Catalog, CatalogError

PO_HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=({rule});\\n"\n\n'
FRENCH = PO_HEAD.format(rule="n > 1") + """
msgid "Hello"
msgstr "Bonjour <vous> & \\"tous\\""

msgid "Welcome, %(name)s"
msgstr "%(name)s, soyez le bienvenu"

msgid "100%% sure"
msgstr "sûr à 100%%"

msgid "<b>%(name)s</b>"
msgstr "<i>%(name)s</i>"

msgid "%(num)s key"
msgid_plural "%(num)s keys"
msgstr[0] "%(num)s clé"
msgstr[1] "%(num)s clés"

#, fuzzy
msgid "Fuzzy"
msgstr "Flou"
"""
ENGLISH = PO_HEAD.format(rule="n != 1") + """
msgid "Hello"
msgstr "Hello"

msgid "Welcome, %(name)s"
msgstr "Welcome, %(name)s"

msgid "100%% sure"
msgstr "100%% sure"

msgid "<b>%(name)s</b>"
msgstr "<b>%(name)s</b>"

msgid "%(num)s key"
msgid_plural "%(num)s keys"
msgstr[0] "%(num)s key"
msgstr[1] "%(num)s keys"
"""
HEADER = """
#include "base/buf.h"
#include "config/config.h"
#include "ipc/terms.h"
#include <stdbool.h>
struct item { str name; int64_t count; };
"""
PAGE = """
struct page_NAME {
	struct { enum config_language language; enum time_format time_format; } layout;
	str text, empty; const char *problem, *none_given; int number; int64_t zero; bool yes, no;
	const struct item *items; size_t items_count;
};
void page_NAME(struct buf *out, const struct page_NAME *v);
"""
MAIN = """
#include "web/core/pages.h"
#include <stdio.h>
static const struct item items[] = { { { "one", 3 }, 1 }, { { "<two>", 5 }, 2 }, { { "three", 5 }, 3 } };
static err put(const struct buf *out)
{
	fwrite(out->p, 1, out->n, stdout);
	putchar(0);
	return buf_check(out);
}
int main(int argc, char **argv)
{
	struct buf out = BUF(1 << 20);
	err failed = 0;
"""
PUT_PAGE = """
	page_NAME(&out, &(struct page_NAME) { { argc > 1 ? LANGUAGE_EN : LANGUAGE_FR }, STR("a<b>&\\"'c"), STR(""),
		"The two passwords are different.", NULL, 7, 0, true, false, items, 3 });
	failed = failed ? failed : put(&out);
	buf_clear(&out);
"""
END = """
	buf_wipe(&out);
	return failed;
}
"""
ASSETS = {"app.css": "/static/app.12345678.css"}


def write_sources(folder, pages):
    """Write catalogs, the header of these pages, and a program that prints each page with a NUL after it."""
    files = {"fr.po": FRENCH, "en.po": ENGLISH, "web/core/pages.h": HEADER + "".join(PAGE.replace("NAME", page) for page in pages),
             "main.c": MAIN + "".join(PUT_PAGE.replace("NAME", page) for page in pages) + END}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@pytest.fixture(name="work")
def work_(tmp_path):
    return write_sources(tmp_path, ["page"])


def to_c(work, templates):
    """The C source of these templates; a single text is page.html."""
    folder = work / "templates"
    folder.mkdir(exist_ok=True)
    for name, text in (templates if isinstance(templates, dict) else {"page.html": templates}).items():
        (folder / name).write_text(text, "utf-8")
    return compile_templates.compile_folder(folder, [Catalog(work / "fr.po"), Catalog(work / "en.po")], ASSETS)


def cc(work, source, *arguments):
    (work / "page_functions.c").write_text(source, "utf-8")
    return subprocess.run(
        [*os.environ["TEST_CC"].split(), "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Werror", "-Wno-unused-parameter",
         *os.environ["TEST_CFLAGS"].split(), f"-I{work}", f"-I{os.environ['SOURCE_ROOT']}/src", work / "page_functions.c", *arguments],
        capture_output=True, text=True, check=False)


def shown_pages(work, templates, *language):
    """Compile and link with the project's libraries, and run: each page in French or, with "en", in English."""
    done = cc(work, to_c(work, templates), work / "main.c", os.environ["LIB_PAGES"], os.environ["LIB_BASE"], "-lcrypto", "-lpthread", "-o", work / "page")
    assert done.returncode == 0, done.stderr
    return subprocess.run([work / "page", *language], capture_output=True, check=True).stdout.decode().split("\0")[:-1]


def shown(work, templates, *language):
    return shown_pages(work, templates, *language)[0]


SHOWN = [
    # (why, template, output)
    ("text of a str is escaped", "{{ text }}", "a&lt;b&gt;&amp;&quot;&#39;c"),
    ("text is escaped in an attribute", '<i title="{{ text }}">', '<i title="a&lt;b&gt;&amp;&quot;&#39;c">'),
    ("text marked safe is not escaped", "{{ text|safe }}", "a<b>&\"'c"),
    ("the compiler escapes constants", "{{ \"<\" }}{{ \"<\"|safe }}", "&lt;<"),
    ("numbers", "{{ number }} {{ zero }} {{ 42 }}", "7 0 42"),
    ("percent-encoding", "{{ text|percent }}", "a%3Cb%3E%26%22%27c"),
    ("a date is a time element", "{{ zero|date }}",
     '<time datetime="1970-01-01T00:00:00Z" title="1970-01-01 00:00:00 UTC">1er\u00a0janvier 1970 à 0\u00a0h\u00a000\u00a0UTC</time>'),
    ("a msgid shown in the page's language", "{{ problem|tr }}", "Les deux mots de passe sont différents."),
    ("a NULL msgid is an empty text", "[{{ none_given|tr }}]", "[]"),
    ("static files", '{{ static("app.css") }}', "/static/app.12345678.css"),
    ("if takes empty values as false", "{% if empty %}a{% elif none_given %}b{% elif zero %}c{% elif no %}d{% else %}e{% endif %}", "e"),
    ("if takes the first true branch", "{% if empty %}a{% elif text %}b{% elif yes %}c{% endif %}", "b"),
    ("if with a constant", "{% if none %}a{% elif true %}b{% else %}c{% endif %}", "b"),
    ("if, then a constant", "{% if no %}a{% elif true %}b{% else %}c{% endif %}", "b"),
    ("and, or, not", "{{ 'y' if (yes and not no) or no else 'n' }}{{ 'y' if no or not yes else 'n' }}", "yn"),
    ("and with a constant", "{{ 'y' if yes and true else 'n' }}{{ 'y' if yes and '' else 'n' }}", "yn"),
    ("comparison of texts", "{{ 'y' if text == 'a' else 'n' }}{{ 'y' if text != 'a' else 'n' }}", "ny"),
    ("comparison of numbers", "{{ 'y' if number == 7 else 'n' }}{{ 'y' if 8 <= number else 'n' }}{{ 'y' if number > zero else 'n' }}",
     "yny"),
    ("a constant of C", "{{ 'fr' if layout.language == LANGUAGE_FR else 'en' }}", "fr"),
    ("for over values", "{% for i in items %}{{ loop.index }}{{ i.name }}{{ i.count }}{{ ', ' if not loop.last }}{% endfor %}",
     "1one1, 2&lt;two&gt;2, 3three3"),
    ("for over constants", "{% for a, b in [('x', 1), ('y', 2)] %}{{ a }}{{ b }}{{ '-' if loop.first }}{% endfor %}", "x1-y2"),
    ("for in for", "{% for i in items %}{% for j in items %}{{ i.count }}{{ j.count }} {% endfor %}{% endfor %}",
     "11 12 13 21 22 23 31 32 33 "),
    ("for over nothing", "{% for i in [] %}a{% else %}b{% endfor %}", "b"),
    ("set", "{% set a = text %}{% set b = 'x' %}{{ a }}{{ b }}{% set b = number %}{{ b }}", "a&lt;b&gt;&amp;&quot;&#39;cx7"),
    ("a set in an if is local", "{% if yes %}{% set text = 'x' %}{{ text }}{% endif %}{{ text }}", "xa&lt;b&gt;&amp;&quot;&#39;c"),
    ("a sentence is escaped", '{{ _("Hello") }}', "Bonjour &lt;vous&gt; &amp; &quot;tous&quot;"),
    ("a sentence with a value, in the translation's order", '{{ _("Welcome, %(name)s", name=text) }}',
     "a&lt;b&gt;&amp;&quot;&#39;c, soyez le bienvenu"),
    ("a value stays escaped in a safe sentence", '{{ _("<b>%(name)s</b>", name=text)|safe }}',
     "<i>a&lt;b&gt;&amp;&quot;&#39;c</i>"),
    ("a doubled per cent is one", '{{ _("100%% sure") }}', "sûr à 100%"),
    ("a date in a sentence", '{{ _("Welcome, %(name)s", name=zero|date) }}',
     '<time datetime="1970-01-01T00:00:00Z" title="1970-01-01 00:00:00 UTC">1er\u00a0janvier 1970 à 0\u00a0h\u00a000\u00a0UTC</time>, soyez le bienvenu'),
    ("plural: 0 takes the singular in French", '{{ ngettext("%(num)s key", "%(num)s keys", zero) }}', "0 clé"),
    ("plural: 7", '{{ ngettext("%(num)s key", "%(num)s keys", number) }}', "7 clés"),
    ("trans block", "{% trans name=text %}Welcome, {{ name }}{% endtrans %}", "a&lt;b&gt;&amp;&quot;&#39;c, soyez le bienvenu"),
    ("lines of white space become one line end", "<p>\n\n   {% if yes %}\n   <b>\n   {% endif %}\n   </p>", "<p>\n<b>\n</p>"),
    ("C escapes: quotes, trigraphs, digits after octal", '"\\??/é1', '"\\??/é1'),
]


@pytest.fixture(name="all_shown", scope="module")
def all_shown_(tmp_path_factory):
    """The output of each template of SHOWN, from one program, because a compiler run for each would take too long."""
    names = [f"case_{number}" for number in range(len(SHOWN))]
    work = write_sources(tmp_path_factory.mktemp("shown"), names)
    pages = shown_pages(work, {f"{name}.html": case[1] for name, case in zip(names, SHOWN)})
    return dict(zip(names, pages))


@pytest.mark.parametrize("number", range(len(SHOWN)), ids=[case[0] for case in SHOWN])
def test_a_template_renders(all_shown, number):
    why, _, expected = SHOWN[number]
    assert all_shown[f"case_{number}"] == expected, why


def test_the_language_comes_from_the_layout(work):
    template = '{{ language }}: {{ ngettext("%(num)s key", "%(num)s keys", zero) }}'
    assert shown(work, template) == "fr: 0 clé"
    assert shown(work, template, "en") == "en: 0 keys"


def test_extends_fills_blocks_and_include_inserts_a_template(work):
    assert shown(work, {
        "page.html": '{% extends "_middle.html" %}\n{% block one %}1{{ number }}{% endblock %}\n',
        "_middle.html": '{% extends "_base.html" %}{% block two %}2{% include "_part.html" %}{% endblock %}',
        "_base.html": "{% set a = text %}[{% block one %}x{% endblock %}|{% block two %}y{% endblock %}|{% block three %}z{% endblock %}]",
        "_part.html": "{{ number }}",
    }) == "[17|27|z]"


def test_a_template_between_page_and_base_may_add_blocks(work):
    assert shown(work, {
        "page.html": '{% extends "_middle.html" %}{% block new %}1{% endblock %}',
        "_middle.html": '{% extends "_base.html" %}{% block one %}[{% block new %}x{% endblock %}]{% endblock %}',
        "_base.html": "({% block one %}{% endblock %})",
    }) == "([1])"


def test_constant_text_is_written_by_one_call(work):
    source = to_c(work, '<a>{{ _("Hello") }}{{ static("app.css") }}{% for a in ["x", "y"] %}{{ a }}{% endfor %}{% if true %}z{% endif %}')
    assert source.count("buf_put(out") == 2  # one per language


REFUSED = [
    # (why, template, line, a part of the message)
    ("syntax", "\n{% if %}", 2, "Expected an expression"),
    ("an unclosed block", "{% if yes %}\n\n", 1, "Unexpected end of template"),
    ("macro", "\n\n{% macro m() %}{% endmacro %}", 3, "Macro is not supported"),
    ("unknown filter", "\n{{ text|upper }}", 2, "'upper'"),
    ("filter with arguments", "\n{{ text|safe(1) }}", 2, "takes no arguments"),
    ("unknown call", "\n{{ range(3) }}", 2, "can be called"),
    ("sum", "\n{{ number + 1 }}", 2, "Add is not supported"),
    ("index", "\n{{ items[0] }}", 2, "Getitem is not supported"),
    ("test", "\n{% if text is defined %}{% endif %}", 2, "Test is not supported"),
    ("chain of comparisons", "\n{{ 'a' if 1 < number < 3 }}", 2, "only one of =="),
    ("none as output", "\n{{ none }}", 2, "cannot be shown"),
    ("fraction", "\n{{ 1.5 }}", 2, "1.5"),
    ("sentence without translation", '\n{{ _("Goodbye") }}', 2, "fr.po: missing translation: 'Goodbye'"),
    ("fuzzy sentence", '\n{{ _("Fuzzy") }}', 2, "fuzzy: 'Fuzzy'"),
    ("sentence that is not a constant", "\n{{ _(text) }}", 2, "constant text"),
    ("value missing for a placeholder", '\n{{ _("Welcome, %(name)s") }}', 2, "placeholders ['name'], but values []"),
    ("value without placeholder", '\n{{ _("Hello", name=text) }}', 2, "placeholders [], but values ['name']"),
    ("sentence with a value in a set", '\n{% set a = _("Welcome, %(name)s", name=text) %}', 2, "directly in {{ }}"),
    ("other plural", '\n{{ ngettext("%(num)s key", "many %(num)s", number) }}', 2, "plural of"),
    ("unknown static file", '\n{{ static("app.png") }}', 2, "no static file 'app.png'; there are app.css"),
    ("unknown include", '\n{% include "_none.html" %}', 2, "no template '_none.html'"),
    ("include of itself", '\n{% include "page.html" %}', 2, "includes itself"),
    ("value of an attribute without quotes", "\n<a href={{ text }}>", 2, "double quotes"),
    ("inline style", '\n<p\n style="color: red">', 3, "inline style"),
    ("inline script", "\n\n<script>1</script>", 3, "inline script"),
    ("event attribute", '\n<p onclick="x">', 2, "inline script"),
    ("element that keeps white space", "\n<pre>x</pre>", 2, "white space"),
    ("safe inside an expression", "\n{{ (text|safe)|tr }}", 2, "must be the last of an expression"),
    ("tr of a constant", '\n{{ "Hello"|tr }}', 2, '_("...")'),
    ("set over an outer set", "{% set a = 1 %}{% if yes %}\n{% set a = 2 %}{% endif %}", 2, "'a' has a value outside"),
    ("for over pairs of another length", "\n{% for a, b in [('x',)] %}{% endfor %}", 2, "does not fit"),
    ("for with condition", "\n{% for i in items if i.count %}{% endfor %}", 2, "for with if"),
]


@pytest.mark.parametrize("why,template,line,part", REFUSED, ids=[case[0] for case in REFUSED])
def test_template_is_refused_with_file_and_line(work, why, template, line, part):
    with pytest.raises(compile_templates.TemplateError) as refused:
        to_c(work, template)
    assert str(refused.value).startswith(f"templates/page.html:{line}: "), why
    assert part in str(refused.value), why


CHILD = [
    ("text outside of blocks", '{% extends "_base.html" %}\nlost', "page.html:2", "may contain only blocks"),
    ("block missing in the parent", '{% extends "_base.html" %}\n{% block on %}{% endblock %}', "page.html:2", "block 'on'"),
    ("extends in a cycle", '{% extends "page.html" %}', "page.html:1", "extends itself"),
]


@pytest.mark.parametrize("why,template,place,part", CHILD, ids=[case[0] for case in CHILD])
def test_child_template_is_refused(work, why, template, place, part):
    with pytest.raises(compile_templates.TemplateError) as refused:
        to_c(work, {"_base.html": "{% block one %}{% endblock %}", "page.html": template})
    assert str(refused.value).startswith(f"templates/{place}: ") and part in str(refused.value), why


def test_a_fault_in_an_include_names_the_include(work):
    with pytest.raises(compile_templates.TemplateError, match=r"^templates/_part.html:2: "):
        to_c(work, {"page.html": 'x{% include "_part.html" %}', "_part.html": "\n{{ 1.5 }}"})


NO_C = [
    # (why, template, line, a part of the compiler's message)
    ("misspelt name", "\n\n{{ txet }}", 3, "txet"),
    ("misspelt member", "\n{{ layout.langage }}", 2, "langage"),
    ("truth value as output", "\n{{ yes }}", 2, "_Generic"),
    ("a number made safe", "\n{{ number|safe }}", 2, "_Generic"),
    ("a msgid made safe", "\n{{ problem|safe }}", 2, "_Generic"),
    ("text translated as if it were a msgid", "\n{{ text|tr }}", 2, "incompatible type"),
    ("a text as date", "\n{{ text|date }}", 2, "incompatible type"),
    ("a msgid in an address", "\n{{ problem|percent }}", 2, "incompatible type"),
    ("a text compared with a number", "\n{{ 'a' if text == 1 }}", 2, "incompatible type"),
    ("texts in order", "\n{{ 'a' if text < 'b' }}", 2, "_Generic"),
    ("for over a value that is not a list", "\n{% for i in text %}{{ i.name }}{% endfor %}", 2, "text_count"),
]


@pytest.mark.parametrize("why,template,line,part", NO_C, ids=[case[0] for case in NO_C])
def test_a_wrong_name_or_type_fails_with_the_templates_line(work, why, template, line, part):
    done = cc(work, to_c(work, template), "-fsyntax-only")
    assert done.returncode != 0, why
    assert f"templates/page.html:{line}:" in done.stderr and part in done.stderr, done.stderr


@pytest.mark.parametrize("rule", ["", "nplurals=2; plural=system(0);", "plural=n"])
def test_a_catalog_with_an_invalid_plural_rule_is_refused(tmp_path, rule):
    path = tmp_path / "fr.po"
    path.write_text(f'msgid ""\nmsgstr "Plural-Forms: {rule}\\n"\n', "utf-8")
    with pytest.raises(CatalogError, match="Plural-Forms"):
        Catalog(path)
