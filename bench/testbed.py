"""The environment of a measurement: folders and programs on loopback, all removed or stopped at its end."""

import contextlib
import functools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness import Server  # noqa: E402
from harness.server import free_port, wait_until  # noqa: E402
from harness.visitor import LOGIN  # noqa: E402

CONNECTIONS, SECONDS = 64, 1
KEY = "7c1e0f52d3b94a6895e2a1c7f0b38d46"  # for all our servers
BEHIND_A_PROXY = {"PUBLIC_URL": f"https://{LOGIN}", "TRUSTED_PROXIES": "127.0.0.1", "GATE_DOMAINS": "example.org", "SECRET_KEY": KEY, "REGISTRATION": "open",
                  "SESSION_IDLE": "24h", "LOG_LEVEL": "warning"}


class Loaded:
    """wrk's figures of one load."""

    def __init__(self, text):
        figures = json.loads(text[text.rindex("\n{"):])
        if figures["refused"] or figures["broken"] or not figures["requests"]:
            raise SystemExit(f"bench: a request failed or got an error: {text}")
        self.rate = figures["requests"] / figures["us"] * 1e6
        self.p50_ms, self.p99_ms = figures["p50_us"] / 1000, figures["p99_us"] / 1000
        self.bytes_each = figures["bytes"] / figures["requests"]


def get(path, host=LOGIN, cookie="", **more):
    """Return a browser's request; more: further header fields, with _ instead of -."""
    fields = {"Host": host, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
              "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language": "en-US,en;q=0.5", "Cookie": cookie,
              **{name.replace("_", "-"): value for name, value in more.items()}}
    return f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value) + "\r\n"


def post(path, body, cookie="", **more):
    head = get(path, cookie=cookie, Content_Type="application/x-www-form-urlencoded", Content_Length=str(len(body)), **more)
    return "POST" + head[3:] + body


class Testbed(contextlib.ExitStack):
    def __init__(self, build):
        super().__init__()
        self.build = build

    def __enter__(self):
        super().__enter__()
        self._take_home()
        return self

    def _take_home(self, inside=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="doubletour-bench-", dir=inside))
        self.callback(shutil.rmtree, self.home, True)

    def in_memory(self):
        """Put the files of all later programs into memory, so that other load on the disk affects no figure."""
        self._take_home("/dev/shm")

    # Programs

    def server(self, name="ours", **settings):
        """Start our server as it is installed, without test hooks.

        It expects a proxy; the bench plays the proxy.  It logs only warnings, like the other programs.
        """
        server = Server(self.home / name, **{**BEHIND_A_PROXY, **settings})
        server.program = str(self.build / "doubletour")
        self.callback(server.end)
        return server.start()

    def process(self, command, port, what, **more):
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, **more)
        self.callback(end, process)
        wait_until(lambda: process.poll() is not None or listens(port), f"{what} listens")
        if process.poll() is not None:
            raise SystemExit(f"bench: {what} ended with {process.returncode}")
        return process

    def nginx(self, answer):
        """Start nginx with one worker for each processor and no log; answer: its server block.  Returns its port."""
        home, port = pathlib.Path(tempfile.mkdtemp(dir=self.home)), free_port()
        folders = "".join(f"{kind}_temp_path {home}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        (home / "conf").write_text(
            f"daemon off; {user} worker_processes {os.cpu_count()}; pid {home}/pid; error_log {home}/error; events {{ worker_connections 4096; }}\n"
            f"http {{ access_log off; {folders} sendfile on; tcp_nopush on; open_file_cache max=100; keepalive_requests 1000000000;\n"
            f"server {{ listen 127.0.0.1:{port}; {answer} }} }}\n")
        self.process(["/usr/sbin/nginx", "-p", home, "-e", home / "error", "-c", home / "conf"], port, "nginx")
        return port

    def nginx_file(self, size):
        """Start nginx with one file of that size as the answer to every path.  Returns its port."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.home))
        os.chmod(folder, 0o755)
        (folder / "page.html").write_bytes(b"x" * size)
        return self.nginx(f"root {folder}; default_type text/html; location / {{ try_files /page.html =404; }}")

    def flask(self):
        """Start the application of bench/flask_app under gunicorn with two workers.  Returns its port."""
        home, port = pathlib.Path(tempfile.mkdtemp(dir=self.home)), free_port()
        environment = {"PATH": "/usr/bin:/bin", "SECRET_KEY": os.urandom(32).hex(), "DATABASE_URL": f"sqlite:///{home}/db.sqlite", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(["/usr/bin/python3", "app.py"], cwd=ROOT / "bench/flask_app", env=environment, check=True)
        with open(home / "log", "wb") as log:
            self.process(["/usr/bin/gunicorn", "--workers", 2, "--bind", f"127.0.0.1:{port}", "--worker-tmp-dir", home, "app:app"], port, "gunicorn",
                         cwd=ROOT / "bench/flask_app", env=environment, stdout=log, stderr=log)
        return port

    def glewlwyd(self):
        """Start Glewlwyd with its package's schema and settings, except port, folder and log.  Returns its port."""
        home, port = pathlib.Path(tempfile.mkdtemp(dir=self.home)), free_port()
        schema = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3").read_text()
        subprocess.run(["sqlite3", home / "db"], input=schema, text=True, check=True)
        import gzip
        text = gzip.open("/usr/share/doc/glewlwyd/glewlwyd.conf.sample.gz", "rt").read()
        for old, new in (("port=4593\n", f'port={port}\nbind_address="127.0.0.1"\n'), ("/var/cache/glewlwyd/glewlwyd.db", str(home / "db")),
                         ('log_level="INFO"', 'log_level="NONE"'), ("cookie_secure=1", "cookie_secure=0")):
            if old not in text:
                raise SystemExit(f"bench: glewlwyd's sample settings have no {old!r}")
            text = text.replace(old, new)
        (home / "conf").write_text(text)
        with open(home / "log", "wb") as log:
            self.process(["glewlwyd", f"--config-file={home}/conf"], port, "glewlwyd", stdout=log, stderr=log)
        return port

    # Loads

    @functools.cache
    def requests_file(self, requests):
        file, path = tempfile.mkstemp(dir=self.home)
        with open(file, "w", newline="") as out:
            out.write("\n%%\n".join(requests))
        return path

    def load(self, port, *requests, connections=CONNECTIONS, seconds=SECONDS, pattern=None):
        """Send these requests in turn, as fast as they are answered; with a pattern as bench/flow.lua says."""
        script = ["bench/load.lua"] if pattern is None else ["bench/flow.lua", pattern]
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", ROOT / script[0], f"http://127.0.0.1:{port}/", "--",
                               self.requests_file(requests), *script[1:]], capture_output=True, text=True, check=True)
        return Loaded(done.stdout)

    def rate(self, port, *requests, **more):
        return lambda: self.load(port, *requests, **more).rate

    def p99_ms(self, port, *requests, **more):
        """Return a function that measures the p99 of the latency in milliseconds."""
        return lambda: self.load(port, *requests, **more).p99_ms


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
