#!/usr/bin/python3
"""A scanner (zbarimg) reads each form of the codes that src/qr writes.  Prints TAP.

    test_qr.py PROGRAM     PROGRAM is built from write.c: "PROGRAM 4" writes a PNG of 4 pixels per module,
                           "PROGRAM 'fit 280'" one for a page
"""

import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

URI = (
    "otpauth://totp/Doubletour:helene?secret=DRM2W75M27SWEVQCXAODLPRSJYU2TEIV&issuer=Doubletour"
    "&algorithm=SHA1&digits=6&period=30"
)
TEXTS = [
    ("an otpauth URI", URI),
    ("one byte", "x"),
    ("a long text", "https://example.org/" + "a" * 900),
    ("the longest text", "https://example.org/" + "a" * 2028),
    ("a text that is not ASCII", "Fermé à double tour – ça va ? 🔑"),
]
ERR_INVALID, ERR_TOO_LONG = 2, 3  # the numbers in src/base/err.h


def write(program, form, text):
    return subprocess.run([program, form], input=text.encode(), capture_output=True)


def scan(image, suffix):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "qr" + suffix)
        path.write_bytes(image)
        done = subprocess.run(["zbarimg", "--raw", "-q", "--oneshot", str(path)], capture_output=True)
        return done.stdout.decode().removesuffix("\n")


def scan_modules(rows, scale=4):
    """Scan an image of these rows of booleans; true is black."""
    lines = [b"".join((b"\0" if black else b"\xff") * scale for black in row) for row in rows for _ in range(scale)]
    return scan(b"P5 %d %d 255\n" % (len(lines[0]), len(lines)) + b"".join(lines), ".pgm")


def png_head(image):
    """Width, height, bits per pixel and colour type (0: greyscale); PNG specification, 11.2.2."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n" and image[12:16] == b"IHDR"
    return struct.unpack(">IIBB", image[16:26])


def svg_modules(text):
    """The drawing's black bars as rows of modules."""
    root = xml.etree.ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
    left, top, width, height = map(int, root.get("viewBox").split())
    assert (left, top) == (0, 0) and width == height
    ground, bars = root
    assert ground.get("d") == f"M0 0h{width}v{height}H0z" and ground.get("fill") == "#fff"
    rows = [[False] * width for _ in range(height)]
    drawn = re.findall(r"M(\d+) (\d+)\.5h(\d+)", bars.get("d"))
    assert "".join(f"M{x} {y}.5h{n}" for x, y, n in drawn) == bars.get("d")
    for x, y, n in (map(int, bar) for bar in drawn):
        rows[y][x : x + n] = [True] * n
    return rows


def terminal_modules(text, drawn_is_black):
    upper, lower = {"▀": 1, "█": 1, " ": 0, "▄": 0}, {"▀": 0, "█": 1, " ": 0, "▄": 1}
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    return [[bool(half[c]) == drawn_is_black for c in line] for line in lines for half in (upper, lower)]


def quiet(rows):
    """Are the four modules along every side white?"""
    side = len(rows[0])
    return not any(rows[y][x] for y in range(side) for x in range(side)
                   if min(x, y) < 4 or max(x, y) >= side - 4)


def checks(program):
    for why, text in TEXTS:
        done = write(program, "4", text)
        yield f"a scanner reads back {why}", done.returncode == 0 and scan(done.stdout, ".png") == text
    for scale in "1", "2", "3", "10":
        image = write(program, scale, URI).stdout
        yield f"the PNG has {scale} pixels a module", png_head(image) == (57 * int(scale), 57 * int(scale), 1, 0)
        if scale != "1":  # too small for the scanner
            yield f"a scanner reads {scale} pixels a module", scan(image, ".png") == URI
    # an application's name of 64 bytes and a user name of 40 characters, percent-encoded
    longest = "otpauth://totp/{0}:{1}?secret=DRM2W75M27SWEVQCXAODLPRSJYU2TEIV&issuer={0}".format("%C3%A9" * 32, "a" + "%40" * 38 + "a")
    for why, text, side in ("an otpauth URI", URI, 4 * 57), ("the longest names", longest, 3 * 101), ("one byte", "x", 9 * 29):
        image = write(program, "fit 280", text).stdout
        yield f"the PNG of a page for {why} has {side} pixels", png_head(image) == (side, side, 1, 0)
        yield f"a scanner reads the PNG of a page for {why}", scan(image, ".png") == text
    size = len(write(program, "4", URI).stdout)
    yield f"the PNG of an otpauth URI is small: {size} bytes", size < 1200

    for why, text in TEXTS:
        rows = svg_modules(write(program, "svg", text).stdout.decode())
        yield f"a scanner reads the SVG of {why}", scan_modules(rows) == text and quiet(rows)
    for form, drawn_is_black in ("dark", False), ("light", True):
        rows = terminal_modules(write(program, form, URI).stdout.decode(), drawn_is_black)
        yield f"a scanner reads the blocks of a {form} terminal", scan_modules(rows) == URI and quiet(rows)

    for form in "4", "svg", "dark":
        yield f"{form}: an empty text is refused", write(program, form, "").returncode == ERR_TOO_LONG
        yield f"{form}: a text over the maximum is refused", write(program, form, "a" * 2049).returncode == ERR_TOO_LONG
    yield "a scale of 0 is refused", write(program, "0", URI).returncode == ERR_INVALID
    yield "the greatest image is written", write(program, "143", URI).returncode == 0  # 57 × 143 = 8151
    yield "an image over the maximum is refused", write(program, "144", URI).returncode == ERR_INVALID


def main(program):
    failed = 0
    number = 0
    for number, (name, good) in enumerate(checks(program), 1):
        failed += not good
        print("ok" if good else "not ok", number, "-", name, flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
