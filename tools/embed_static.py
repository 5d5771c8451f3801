#!/usr/bin/python3
"""Make C from static files: their bytes, a gzip copy, and a URL with a digest of the content (src/web/core/assets.h).

    embed_static.py --output asset_table.c --templates templates --static static --bootstrap bootstrap.min.css

Bootstrap comes from its Debian package.  This program removes the selectors that need a class that is absent from our
templates and scripts.  The rest of Bootstrap is unchanged.
"""
import argparse
import gzip
import hashlib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import c_literal  # noqa: E402

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}
DIGEST_CHARACTERS = 8
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
CLASS = re.compile(r"\.(-?[A-Za-z_][A-Za-z0-9_-]*)")
NESTED = ("@media", "@supports", "@layer")


class AssetError(Exception):
    """A static file that cannot be embedded."""


def words_in_use(templates, static):
    """Return every word of the templates and scripts that could be the name of a class."""
    texts = [p.read_text("utf-8") for p in [*templates.glob("*.html"), *static.glob("*.js")]]
    return {word for text in texts for word in WORD.findall(text)}


def skip_string(css, at):
    """Return the offset after the string that begins at css[at]."""
    quote, at = css[at], at + 1
    while at < len(css) and css[at] != quote:
        at += 2 if css[at] == "\\" else 1
    return at + 1


def find_any(css, at, marks):
    """Return the offset of the first of marks at or after at, outside strings and brackets."""
    depth = 0
    while at < len(css):
        if css[at] in "\"'":
            at = skip_string(css, at)
            continue
        if depth == 0 and css[at] in marks:
            return at
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(css[at], 0)
        at += 1
    raise AssetError("style sheet ends in the middle of a rule")


def block_end(css, at):
    """Return the offset of the } that closes the { at css[at]."""
    depth = 1
    while depth > 0:
        at = find_any(css, at + 1, "{}")
        depth += 1 if css[at] == "{" else -1
    return at


def selectors(prelude):
    parts, at = [], 0
    prelude += ","
    while at < len(prelude):
        end = find_any(prelude, at, ",")
        parts.append(prelude[at:end].strip())
        at = end + 1
    return parts


def kept_rule(prelude, body, words):
    """Return one rule without its unused selectors; an empty text if no selector is left."""
    if prelude.startswith(NESTED):
        inner = thin(body, words)
        return f"{prelude}{{{inner}}}" if inner else ""
    if prelude.startswith("@"):
        return f"{prelude}{{{body}}}"
    kept = [s for s in selectors(prelude) if all(name in words for name in CLASS.findall(re.sub(r"\[[^]]*\]", "", s)))]
    return f"{','.join(kept)}{{{body}}}" if kept else ""


def thin(css, words):
    """Return the style sheet without the rules for classes that are not in words."""
    out, at = [], 0
    while css[at:].strip():
        mark = find_any(css, at, "{;")
        prelude = css[at:mark].strip()
        if css[mark] == ";":
            out.append(prelude + ";")
            at = mark + 1
            continue
        end = block_end(css, mark)
        out.append(kept_rule(prelude, css[mark + 1:end], words))
        at = end + 1
    return "".join(out)


def without_comments(css):
    """Remove all comments, including sourceMappingURL, except the licence (/*!)."""
    return re.sub(r"/\*(?!!).*?\*/", "", css, flags=re.S)


def bootstrap_css(path, words):
    css = without_comments(path.read_text("utf-8")).replace('@charset "UTF-8";', "")
    licence = re.match(r"\s*(/\*!.*?\*/)", css, flags=re.S)
    notice = licence[1] if licence else ""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    return f'@charset "UTF-8";{notice}{thin(css, words)}'


def own_css(path):
    """Return our style sheet without comments and indentation; white space inside lines stays."""
    css = without_comments(path.read_text("utf-8"))
    return "\n".join(line.strip() for line in css.splitlines() if line.strip()) + "\n"


class Asset:
    def __init__(self, name, data):
        suffix = pathlib.PurePath(name).suffix
        if suffix not in TYPES:
            raise AssetError(f"{name}: no content type is known for {suffix!r}")
        digest = hashlib.sha256(data).hexdigest()
        self.name, self.data, self.type = name, data, TYPES[suffix]
        self.path = f"/static/{name[:-len(suffix)]}.{digest[:DIGEST_CHARACTERS]}{suffix}"
        self.etag = f'"{digest[:32]}"'
        packed = gzip.compress(data, 9, mtime=0)
        self.gzip = packed if len(packed) < len(data) else b""


def read_assets(templates, static, bootstrap):
    """Return {name: Asset}, ordered by name."""
    words = words_in_use(templates, static)
    assets = {"bootstrap.css": Asset("bootstrap.css", bootstrap_css(bootstrap, words).encode())}
    for path in sorted(p for p in static.iterdir() if not p.name.startswith(".")):
        data = own_css(path).encode() if path.suffix == ".css" else path.read_bytes()
        assets[path.name] = Asset(path.name, data)
    return dict(sorted(assets.items()))


def bytes_expression(name, data):
    return f"{{ (const char *){name}, sizeof({name}) }}" if data else '{ "", 0 }'


def source(assets):
    arrays, rows = [], []
    for i, asset in enumerate(assets.values()):
        arrays.append(c_literal.array(f"plain_{i}", asset.data))
        if asset.gzip:
            arrays.append(c_literal.array(f"gzip_{i}", asset.gzip))
        texts = "".join(f"STR_INIT({c_literal.string(t)}), " for t in (asset.path, asset.name, asset.type, asset.etag))
        rows.append(f"\t{{ {texts}{bytes_expression(f'plain_{i}', asset.data)}, "
                    f"{bytes_expression(f'gzip_{i}', asset.gzip)} }},\n")
    return ('/* Made by tools/embed_static.py from static/ and Bootstrap. */\n#include "web/core/assets.h"\n\n' +
            "\n".join(arrays) + "\nstatic const struct asset assets[] = {\n" + "".join(rows) + "};\n" + LOOKUP)


LOOKUP = """
const struct asset *
asset_find(str path)
{
	for (size_t i = 0; i < COUNT(assets); i++)
		if (str_equal(assets[i].path, path))
			return &assets[i];
	return NULL;
}

const struct asset *
asset_named(str name)
{
	for (size_t i = 0; i < COUNT(assets); i++)
		if (str_equal(assets[i].name, name))
			return &assets[i];
	return NULL;
}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path)
    parser.add_argument("--templates", required=True, type=pathlib.Path)
    parser.add_argument("--static", required=True, type=pathlib.Path)
    parser.add_argument("--bootstrap", required=True, type=pathlib.Path)
    args = parser.parse_args()
    try:
        assets = read_assets(args.templates, args.static, args.bootstrap)
        if args.output:
            args.output.write_text(source(assets), "utf-8")
            return 0
        for asset in assets.values():
            print(f"{len(asset.data):8} {len(asset.gzip):8}  {asset.path}")
    except (AssetError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
