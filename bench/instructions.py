#!/usr/bin/python3
"""Count the instructions of requests with valgrind, in all threads of both processes.

    bench/instructions.py [--build build/bench] [--record] [--keep FOLDER]

Other load on the machine does not change the counts.  The requests are:
- a home page and a check at the gate for a signed-in user, which web answers from its cache;
- the sign-in page, which has a new challenge for passkeys;
- a right code, and userinfo for an application: web asks the keeper, and the keeper uses the database.

Status 1 if a count is more than 10 % over that in bench/instructions.json.  --record writes that file.  --keep keeps
callgrind's files for callgrind_annotate.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from bench.rows import oidc  # noqa: E402
from bench.testbed import BEHIND_A_PROXY, get  # noqa: E402
from harness import Server  # noqa: E402
from harness.codes import code_of_step, step_at  # noqa: E402
from harness.visitor import Visitor  # noqa: E402

RECORD = ROOT / "bench/instructions.json"
MORE = 1.10  # times the recorded number
BEFORE_PASSKEYS = 33_455  # of the sign-in page
LIMITS = {"login": int(BEFORE_PASSKEYS * 1.02)}
# The threads that answer requests; the housekeeping threads do not count.
THREADS = ("loop_main", "worker_main", "channel_main")
# valgrind counts a repeated instruction once for each byte.
PLAIN_MEMSET = {"GLIBC_TUNABLES": "glibc.cpu.x86_rep_stosb_threshold=1000000000"}
COUNTED = 200
ROUNDS = 6


class Counted(Server):
    """The server in one process under valgrind."""

    def __init__(self, home, build):
        super().__init__(home, **{**BEHIND_A_PROXY, "LOG_LEVEL": "error"})
        self.program = str(build / "bench/bench_one_process")

    def spawn(self, *_):
        self.process = subprocess.Popen(
            ["valgrind", "--quiet", "--tool=callgrind", "--separate-threads=no", f"--callgrind-out-file={self.home}/counts", self.program],
            cwd=self.work, env={**self.environment, **PLAIN_MEMSET}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return self

    def _say(self, number, answer):
        self.signal(number)
        assert self.process.stdout.readline().strip() == answer

    @contextlib.contextmanager
    def counting(self, counts, name):
        """Count the instructions while the body runs, and store them in counts[name]."""
        before = set(self.home.glob("counts.*"))
        self._say(signal.SIGUSR1, "begun")
        yield
        self._say(signal.SIGUSR2, "written")
        (path,) = set(self.home.glob("counts.*")) - before
        path = path.rename(self.home / f"callgrind.{name}")
        seen = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", path], capture_output=True, text=True, check=True).stdout
        counts[name] = sum(int(n.replace(",", "")) for n, _ in re.findall(rf"^ *([\d,]+) .*:({'|'.join(THREADS)}) \[", seen, re.M))
        assert counts[name] > 0, seen

    def stop(self):
        self.signal()
        return self.process.wait()


class Keeping:
    """A persistent connection, like that of a proxy.  It sends and reads bytes without an HTTP library."""

    def __init__(self, server):
        import socket

        self.stream = socket.create_connection(("127.0.0.1", server.port)).makefile("rwb")

    def answered(self, request):
        self.stream.write(request.encode())
        self.stream.flush()
        status, length = int(self.stream.readline().split()[1]), 0
        while (line := self.stream.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.stream.read(length)
        return status


def repeated(server, counts, name, request):
    kept = Keeping(server)
    for _ in range(5):
        assert kept.answered(request) == 200
    with server.counting(counts, name):
        for _ in range(COUNTED):
            assert kept.answered(request) == 200
    counts[name] //= COUNTED


def repeated_from_cache(server, counts, name, request):
    """Count a request that web answers from its cache.

    For some seconds after a sign-in web still asks the keeper.  On a fast machine a round takes less time than that, so
    the round with the fewest instructions counts.
    """
    rounds = []
    for _ in range(ROUNDS):
        repeated(server, counts, name, request)
        rounds.append(counts[name])
    counts[name] = min(rounds)


def verified(server, counts):
    """Count the verification of one code, for a user who has just given the password.

    The second sign-in counts: the first one prepares the queries, once in each thread of the keeper.
    """
    person = Visitor(server).enrolling()
    person.read_secret()
    step = step_at(server.clock.now())
    person.verify(code_of_step(person.secret, step - 1))
    assert person.page.status == 303
    for name, counting in (("first", contextlib.nullcontext()), ("verify", server.counting(counts, "verify"))):
        person.forget().give_password()
        person.visit(person.page.location)
        fields = {i["name"]: i.get("value") or "" for i in person.page.form_to("/verify-2fa").all("input", type="hidden") if i.has("name")}
        with counting:
            person.post("/verify-2fa", {**fields, "otp": code_of_step(person.secret, step)})
        assert person.page.status == 303, (name, person.page.html)
        step += 1


def userinfo(server, counts, build, person):
    """Count userinfo, with the access token of an application."""
    command = [build / "doubletour", "client", "add", "bench", "--redirect", oidc.REDIRECT, "--scopes", "openid profile", "--consent", "never"]
    subprocess.run(command, cwd=server.work, env=server.environment, check=True, capture_output=True)
    server.sql("UPDATE oidc_secrets SET secret_hash = ?", hashlib.sha256(oidc.SECRET.encode()).digest())
    provider = oidc.Provider(None, server.port, "/api/oidc", "/api/oidc/authorization", lambda person: f"__Host-doubletour={person.session}")
    token = provider.sign_in(person, "bench", oidc.PROFILE)["access_token"]
    repeated(server, counts, "userinfo", get("/api/oidc/userinfo", Authorization=f"Bearer {token}"))


def count(build, keep):
    counts = {}
    with tempfile.TemporaryDirectory(prefix="doubletour-instructions-") as home, Counted(home, build) as server:
        person = Visitor(server).full()
        url = "https://wiki.example.org/page?x=1"
        assert person.follow_to("/gate?rd=" + url.replace("?", "%3F").replace("=", "%3D")) == url
        repeated_from_cache(server, counts, "home", get("/", cookie=f"__Host-doubletour={person.session}"))
        repeated_from_cache(server, counts, "check", get("/api/authz/auth-request", cookie=f"__Secure-gate={person.cookie_for(url)}", X_Original_URL=url, X_Original_Method="GET",
                                              X_Forwarded_For="192.0.2.7"))
        repeated(server, counts, "login", get("/login", cookie="__Host-doubletour-form=" + "a" * 24))
        userinfo(server, counts, build, person)
        verified(server, counts)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            for path in pathlib.Path(home).glob("callgrind.*"):
                shutil.copy(path, keep)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/bench")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    counts = count(options.build.resolve(), options.keep)
    if options.record:
        RECORD.write_text(json.dumps(counts, indent=2) + "\n")
    recorded, failed = json.loads(RECORD.read_text()), 0
    for name, n in counts.items():
        over = n > min(recorded[name] * MORE, LIMITS.get(name, n))
        failed += over
        print(f"{'not ok' if over else 'ok'} - {name}: {n:,} instructions, {n / recorded[name] - 1:+.1%} compared with the record")
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
