#!/usr/bin/python3
"""The installed library: found by pkg-config, used from C and C++.  Prints TAP.

    installed.py BUILD     a finished build folder

The library is installed into a scratch folder.  The examples are compiled with strict warnings, linked with the shared
and with the static library, and run.  The examples of the manual pages are compiled and run too, with the shared
library.
"""

import base64
import hashlib
import hmac
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[3]
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror", "-O2"]
LANGUAGES = {"verify.c": ["gcc", "-std=c11"], "authenticator.c": ["gcc", "-std=c99"], "enrol.cpp": ["g++", "-std=c++17"]}
STANDARDS = {"gcc": ["c99", "c11", "c2x"], "g++": ["c++11", "c++17", "c++20"]}
# Only the header, and every flag.
HEADER_USER = """#include <doubletour/otp.h>
int main(void)
{
	char text[OTP_URI_SIZE];
	return (int)otp_uri_build(&OTP_URI_DEFAULT, OTP_ALLOW_SHORT_SECRET | OTP_URI_LEAVE_DEFAULTS, text, sizeof(text));
}
"""
SECRET = b"12345678901234567890"  # RFC 6238, appendix B


class Failure(Exception):
    pass


def expect(condition, *problem):
    if not condition:
        raise Failure(" ".join(str(p) for p in problem))


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **options)
    expect(done.returncode == 0, *command, "ended with", done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


class Installed:
    """A DESTDIR that the build was installed into."""

    def __init__(self, build, folder):
        run("meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", folder)
        self.folder = pathlib.Path(folder)
        self.pc = self.one("doubletour-otp.pc")
        self.prefix = self.folder / re.search(r"^prefix=/(.*)$", self.pc.read_text(), re.MULTILINE).group(1)
        self.libdir = self.pc.parent.parent

    def one(self, name):
        found = [p for p in self.folder.rglob(name) if p.is_file() and not p.is_symlink()]
        expect(len(found) == 1, name, "was installed as", found)
        return found[0]

    def flags(self, *options):
        """The output of pkg-config, with the prefix of the scratch folder."""
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.pc.parent))
        words = run("pkg-config", f"--define-variable=prefix={self.prefix}", *options, "doubletour-otp", env=environment)
        return words.split()

    def compile(self, source, static):
        program = self.folder / (source.replace(".", "-") + ("-static" if static else "-shared"))
        libraries = self.flags("--libs", "--static") if static else self.flags("--libs")
        if static:  # this library only: libcrypto and libc stay shared
            libraries = ["-Wl,-Bstatic" if l == "-ldoubletour-otp" else l for l in libraries]
            libraries.insert(libraries.index("-Wl,-Bstatic") + 1, "-ldoubletour-otp")
            libraries.insert(libraries.index("-ldoubletour-otp") + 1, "-Wl,-Bdynamic")
        run(*LANGUAGES[source], *STRICT, *self.flags("--cflags"), ROOT / "examples" / source, "-o", program, *libraries)
        return program

    def start(self, program, *arguments, text=""):
        environment = dict(os.environ, LD_LIBRARY_PATH=str(self.libdir))
        return subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False, env=environment)


def needed(program):
    """The shared libraries that a program needs."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", program))


def code_of(secret, step):
    """A second implementation of RFC 4226 s5.3."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    return f"{(struct.unpack_from('>I', digest, digest[-1] & 15)[0] & 0x7fffffff) % 10**6:06d}"


# --- the tests --------------------------------------------------------------------------------------------------------


def library_exports_the_recorded_symbols(installed):
    lines = run("nm", "-D", "--defined-only", installed.one("libdoubletour-otp.so.*")).splitlines()
    exported = sorted(line.split()[2] for line in lines)
    recorded = (ROOT / "packaging/otp.symbols").read_text().splitlines()
    expect(exported == recorded, "other than packaging/otp.symbols:", sorted(set(exported) ^ set(recorded)))


def library_is_named_after_its_interface(installed):
    dynamic = run("readelf", "-d", installed.one("libdoubletour-otp.so.*"))
    expect("soname: [libdoubletour-otp.so.0]" in dynamic, dynamic)
    expect({l.split(".so")[0] for l in needed(installed.one("libdoubletour-otp.so.*"))} <= {"libcrypto", "libc"}, dynamic)


def pkg_config_follows_the_prefix(installed):
    text = installed.pc.read_text()
    paths = re.findall(r"^(\w+dir)=(.*)$", text, re.MULTILINE)
    expect(paths and all(path.startswith("${prefix}/") for _, path in paths), paths)
    expect(f"-I{installed.prefix}/include" in installed.flags("--cflags"), installed.flags("--cflags"))
    expect(f"-L{installed.libdir}" in installed.flags("--libs"), installed.flags("--libs"))


def pkg_config_names_libcrypto_to_static_users_only(installed):
    expect("-lcrypto" not in installed.flags("--libs"), installed.flags("--libs"))
    expect("-lcrypto" in installed.flags("--libs", "--static"), installed.flags("--libs", "--static"))


def manual_has_a_page_for_each_function(installed):
    pages = list(installed.folder.rglob("man3/*.3"))
    expect(len(pages) > 30, "only", len(pages), "pages")
    for page in pages:
        first = page.read_text().splitlines()[0]
        if first.startswith(".so "):
            expect((page.parent.parent / first[4:]).is_file(), page.name, "points to", first[4:])


def program_links_the_static_library(installed):
    linked = needed(installed.one("bin/doubletour"))
    expect(not any("doubletour" in name for name in linked), linked)


def header_compiles_in_every_standard(installed):
    for compiler, standards in STANDARDS.items():
        source = installed.folder / f"header-{compiler}{'.cpp' if compiler == 'g++' else '.c'}"
        source.write_text(HEADER_USER)
        for standard in standards:
            run(compiler, f"-std={standard}", *STRICT, "-Wundef", "-fsyntax-only", *installed.flags("--cflags"), source)


def compilers_warn_about_an_ignored_status(installed):
    header = (ROOT / "include/doubletour/otp.h").read_text()
    expect(not re.search(r"^enum otp_status otp_", header, re.MULTILINE), "a function without OTP_MUST_USE")
    for compiler, standards in STANDARDS.items():
        source = installed.folder / f"ignored-{compiler}{'.cpp' if compiler == 'g++' else '.c'}"
        source.write_text(HEADER_USER.replace("return (int)otp", "otp").replace(";\n}", ";\n\treturn 0;\n}"))
        command = [compiler, f"-std={standards[0]}", "-c", "-o", "/dev/null", *installed.flags("--cflags"), source]
        done = subprocess.run([*command, "-Werror"], capture_output=True, text=True, check=False)
        expect(done.returncode != 0 and "-Werror=unused-result" in done.stderr, compiler, done.stderr)
        run(*command)


def verify_accepts_right_and_refuses_wrong_codes(installed, program):
    text = base64.b32encode(SECRET).decode()
    step = int(time.time()) // 30
    near = {code_of(SECRET, step + i) for i in range(-3, 4)}
    wrong = next(c for c in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777") if c not in near)
    code = code_of(SECRET, step)
    # typed text, exit status, why
    cases = [
        (code, 0, "the current code"),
        (f"{code[:3]} {code[3:]}", 0, "grouped, as apps show it"),
        (wrong, 1, "a code of a distant step"),
        (code[:5], 1, "one digit too few"),
    ]
    for typed, status, why in cases:
        done = installed.start(program, text=f"{text}\n{typed}\n")
        expect(done.returncode == status, why, "ended with", done.returncode, done.stdout, done.stderr)
    expect(installed.start(program, text="JBSW!\n123456\n").returncode == 1, "a broken secret was taken")


def enrol_prints_a_uri(installed, program):
    done = installed.start(program, "alice@example.org")
    uri = urllib.parse.urlsplit(done.stdout.strip())
    query = dict(urllib.parse.parse_qsl(uri.query))
    expect(done.returncode == 0, done.returncode, done.stderr)
    expect((uri.scheme, uri.netloc) == ("otpauth", "totp"), done.stdout)
    expect(urllib.parse.unquote(uri.path) == "/Example:alice@example.org", uri.path)
    expect(len(base64.b32decode(query["secret"])) == 20 and query["issuer"] == "Example", query)
    expect(installed.start(program, "alice@example.org").stdout != done.stdout, "the same secret twice")
    expect("/Example:two%3Aparts?" in installed.start(program, "two:parts").stdout, "a colon in a name was not escaped")
    expect(installed.start(program, "two\nlines").returncode == 1, "a line end in a name was taken")


def authenticator_prints_a_code_of_each_kind(installed, program):
    text = base64.b32encode(SECRET).decode()
    uris = [f"otpauth://totp/Shop:ann?secret={text}", f"otpauth://hotp/token?secret={text}&counter=7", f"otpauth://steam/gamer?secret={text}"]
    step = int(time.time()) // 30
    done = installed.start(program, text="\r\n".join(uris) + "\n")
    expect(done.returncode == 0, done.returncode, done.stderr)
    totp, hotp, steam = done.stdout.splitlines()
    expect(totp in {f"{code_of(SECRET, step + i)}  Shop: ann" for i in range(2)}, totp)
    expect(hotp == "162583  token", hotp)  # RFC 4226, appendix D
    expect(re.fullmatch("[2-9B-Y]{5}  gamer", steam), steam)
    done = installed.start(program, text=f"otpauth://totp/a?secret=1\n{uris[1]}\n")
    expect(done.returncode == 1 and "base32" in done.stderr and done.stdout == "162583  token\n", done)


def migration_uri(secret):
    """An export of Google Authenticator with one account: the fields of docs/reference/otp-library.md."""
    account = b"\n" + bytes([len(secret)]) + secret + b"\x12\x05alice" + b"\x1a\x07Example" + b"\x20\x01\x28\x01\x30\x02"
    payload = b"\n" + bytes([len(account)]) + account + b"\x10\x01\x18\x01"
    return "otpauth-migration://offline?data=" + urllib.parse.quote(base64.b64encode(payload).decode())


def manual_blocks(page):
    """The program in the section EXAMPLES, and the output that the page shows after it."""
    section = (ROOT / "man" / page).read_text().split(".Sh EXAMPLES\n")[1].split("\n.Sh ")[0]
    blocks = re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", section, re.MULTILINE | re.DOTALL)
    return [block.replace(r"\e", "\\") for block in blocks]


# The manual page, the example's input, and the output where the page does not show it.
MANUAL_EXAMPLES = [
    ("doubletour-otp.3", lambda: base64.b32encode(SECRET).decode() + "\n" + code_of(SECRET, int(time.time()) // 30) + "\n", "right\n"),
    ("otp_base32.3", str, None),
    ("otp_hotp.3", str, None),
    ("otp_key.3", str, r"[A-Z2-7]{32}\n"),
    ("otp_migration.3", lambda: migration_uri(SECRET) + "\n", "Example: alice\n"),
    ("otp_totp.3", str, None),
    ("otp_uri.3", str, r"otpauth://totp/Example:alice%40example\.org\?secret=\w{32}&.*\nExample: alice@example\.org\n"),
]


def manual_example_runs(page, text, output):
    def test(installed):
        program, *shown = manual_blocks(page)
        source = installed.folder / f"{page}.c"
        source.write_text(program)
        run("gcc", "-std=gnu11", *STRICT, *installed.flags("--cflags"), source, "-o", source.with_suffix(""), *installed.flags("--libs"))
        done = installed.start(source.with_suffix(""), text=text())
        expect(done.returncode == 0, done.returncode, done.stdout, done.stderr)
        expect(re.fullmatch(output or re.escape(shown[0]), done.stdout), "the program printed", repr(done.stdout))

    test.__name__ = f"the example of {page} compiles and prints what the page says"
    return test


def manual_pages_are_all_listed(_):
    pages = sorted(p.name for p in (ROOT / "man").glob("*.3"))
    expect(pages == sorted(page for page, _, _ in MANUAL_EXAMPLES), pages)


RUNS = {"verify.c": verify_accepts_right_and_refuses_wrong_codes, "authenticator.c": authenticator_prints_a_code_of_each_kind,
        "enrol.cpp": enrol_prints_a_uri}


def example_runs(source, static):
    def test(installed):
        program = installed.compile(source, static)
        linked = any(name == "libdoubletour-otp.so.0" for name in needed(program))
        expect(linked != static, "linked with", needed(program))
        RUNS[source](installed, program)

    test.__name__ = f"{source} compiles and runs with the {'static' if static else 'shared'} library"
    return test


def main():
    tests = [library_exports_the_recorded_symbols, library_is_named_after_its_interface, pkg_config_follows_the_prefix,
             pkg_config_names_libcrypto_to_static_users_only, manual_has_a_page_for_each_function,
             program_links_the_static_library, manual_pages_are_all_listed, header_compiles_in_every_standard,
             compilers_warn_about_an_ignored_status]
    tests += [example_runs(source, static) for source in LANGUAGES for static in (False, True)]
    tests += [manual_example_runs(*example) for example in MANUAL_EXAMPLES]
    failed = 0
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory(prefix="otp-installed-") as folder:
        installed = Installed(sys.argv[1], folder)
        for number, test in enumerate(tests, 1):
            name = test.__name__.replace("_", " ")
            try:
                test(installed)
                print(f"ok {number} - {name}")
            except Failure as problem:
                failed += 1
                print(f"not ok {number} - {name}")
                print("\n".join(f"# {line}" for line in str(problem).splitlines()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
