#!/usr/bin/python3
"""What qr_png writes is read back by a scanner (zbarimg).    Use: test_qr.py PROGRAM"""
import pathlib
import subprocess
import sys
import tempfile

TEXTS = [
    ('an otpauth URI', 'otpauth://totp/Doubletour:helene?secret=DRM2W75M27SWEVQCXAODLPRSJYU2TEIV&issuer=Doubletour'
                       '&algorithm=SHA1&digits=6&period=30'),
    ('one byte', 'x'),
    ('a long one', 'https://example.org/' + 'a' * 900),
    ('what is not ASCII', 'Fermé à double tour – ça va ? 🔑'),
]


def write(program, text):
    return subprocess.run([program], input=text.encode(), capture_output=True)


def scan(png):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'qr.png')
        path.write_bytes(png)
        out = subprocess.run(['zbarimg', '--raw', '-q', '--oneshot', str(path)], capture_output=True)
        return out.stdout.decode().removesuffix('\n')


def main(program):
    print(f'1..{len(TEXTS) + 3}')
    number = 0
    for why, text in TEXTS:
        number += 1
        done = write(program, text)
        good = done.returncode == 0 and scan(done.stdout) == text
        print('ok' if good else 'not ok', number, f'a scanner reads back {why}')
    print('ok' if write(program, '').returncode == 3 else 'not ok', number + 1, 'an empty text is refused')
    print('ok' if write(program, 'a' * 2049).returncode == 3 else 'not ok', number + 2, 'a text over the maximum is refused')
    size = len(write(program, TEXTS[0][1]).stdout)
    print('ok' if size < 1500 else 'not ok', number + 3, f'the PNG of an otpauth URI is small: {size} bytes')


main(*sys.argv[1:])
