#!/usr/bin/python3
"""Make C from static files: their bytes, a gzip copy, and a URL with a digest of the content (src/web/core/assets.h).

    embed_static.py --output asset_table.c --static static
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


class AssetError(Exception):
    """A static file that cannot be embedded."""


def without_comments(css):
    return re.sub(r"/\*.*?\*/", "", css, flags=re.S)


def style_sheet(path):
    """Return the style sheet without comments, and without white space around { } ; and commas outside of strings."""
    parts = re.split(r'("[^"]*")', without_comments(path.read_text("utf-8")))
    parts[::2] = (re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", part)) for part in parts[::2])
    return "".join(parts).strip() + "\n"


class Asset:
    def __init__(self, name, data):
        suffix = pathlib.PurePath(name).suffix
        if suffix not in TYPES:
            raise AssetError(f"{name}: unknown content type of {suffix!r}")
        digest = hashlib.sha256(data).hexdigest()
        self.name, self.data, self.type = name, data, TYPES[suffix]
        self.path = f"/static/{name[:-len(suffix)]}.{digest[:DIGEST_CHARACTERS]}{suffix}"
        self.etag = f'"{digest[:32]}"'
        packed = gzip.compress(data, 9, mtime=0)
        self.gzip = packed if len(packed) < len(data) else b""


def read_assets(static):
    """Return {name: Asset}, ordered by name."""
    assets = {}
    for path in sorted(p for p in static.iterdir() if not p.name.startswith(".")):
        data = style_sheet(path).encode() if path.suffix == ".css" else path.read_bytes()
        assets[path.name] = Asset(path.name, data)
    return assets


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
    return ('/* Made by tools/embed_static.py from static/. */\n#include "web/core/assets.h"\n\n' +
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
    parser.add_argument("--static", required=True, type=pathlib.Path)
    args = parser.parse_args()
    try:
        assets = read_assets(args.static)
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
