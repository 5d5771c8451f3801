"""An enrolment URI as a QR code in PNG, compared with Python's qrcode with Pillow: same level, same size.

Each program measures itself, without its start.  First Pillow reads both images: their sizes must be equal.
"""

import io
import subprocess
import tempfile
import time

import PIL.Image
import qrcode

from bench.measure import Answering, Comparison

URI = ("otpauth://totp/Example:alice%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
       "&issuer=Example&algorithm=SHA1&digits=6&period=30")
OURS, THEIRS = 500, 10  # images per round
SCALE, QUIET = 4, 4  # pixels per module, modules of margin; as in src/qr/qr.h


def their_png():
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, box_size=SCALE, border=QUIET)
    code.add_data(URI)
    out = io.BytesIO()
    code.make_image().save(out, "PNG")
    return out


def check_alike(program):
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        subprocess.run([program, URI, file.name], check=True)
        ours, theirs = PIL.Image.open(file.name), PIL.Image.open(their_png())
        if ours.size != theirs.size:
            raise SystemExit(f"bench: the images have different sizes: {ours.size}, {theirs.size}")


def their_time():
    began = time.perf_counter_ns()
    for _ in range(THEIRS):
        their_png()
    return (time.perf_counter_ns() - began) / THEIRS


def comparisons(testbed):
    program = testbed.build / "bench/bench_qr"
    check_alike(program)
    answering = Answering([program, URI])
    yield Comparison("QR code as PNG", "Python qrcode", lambda: answering.ask(str(OURS)) / OURS / 1000,
                     lambda: their_time() / 1000, unit="µs", target=0.1)
