"""Run the commands of a page of docs/ in a shell, line by line, with a real server.

Absolute paths begin in a scratch folder.  Programs that would change the machine are stubs, which record their calls.
`systemctl stop doubletour`, `start doubletour` and `enable --now doubletour` stop and start the server of the test.
"""

import re
import subprocess

from harness.server import PROGRAM, ROOT, TIMEOUT

STUBS = ("chown", "install", "journalctl", "make", "nginx", "systemctl", "systemd-tmpfiles", "timedatectl", "useradd")
SUDO = '#!/bin/sh\n[ "$1" != -u ] || shift 2\nexec "$@"\n'
RECORD = '#!/bin/sh\necho "${0##*/} $*" >>"${0%/*}/../calls"\n'
ANSWERS = " --public-url https://login.example.org --proxy nginx --registration invite --admin anna --yes"
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.M | re.S)
ABSOLUTE = re.compile(r"(?<![\w.-])/(?=(?:backups|etc|run|somewhere|srv|var)/)")
SERVICE = re.compile(r"(?:sudo )?systemctl (?:enable --now|start|stop) doubletour(?:\.service)?$")


def section(page, heading):
    """Return the text of a page from a heading to the next one."""
    text = "\n" + (ROOT / "docs" / page).read_text()
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"docs/{page} has no heading {heading!r}"
    return re.split(r"^##+ ", rest, maxsplit=1, flags=re.M)[0]


def blocks(text, *kinds):
    """Return the code blocks of these kinds."""
    return [block for kind, block in BLOCK.findall(text) if kind in kinds]


def page_blocks(page, kind, begin=""):
    """Return the code blocks of a kind in a page of docs/ that begin with a text."""
    return [block for block in blocks((ROOT / "docs" / page).read_text(), kind) if block.startswith(begin)]


def lines(text):
    """Return the command lines of the code blocks, without comments."""
    found = [re.sub(r"(^|\s+)#.*", "", line.strip()) for block in blocks(text, "", "sh") for line in block.splitlines()]
    return [line for line in found if line]


class Walkthrough:
    def __init__(self, server):
        self.server = server
        self.root = server.home / "machine"
        self.bin = self.root / "bin"
        self.bin.mkdir(parents=True)
        for name in STUBS:
            self.program(name, RECORD)
        self.program("sudo", SUDO)
        (self.bin / "doubletour").symlink_to(PROGRAM)
        for folder in ("backups", "etc/doubletour", "etc/tmpfiles.d", "run/doubletour", "somewhere", "srv/old", "var/lib/doubletour"):
            (self.root / folder).mkdir(parents=True)
        self.live_in(self.root / "var/lib/doubletour")

    def live_in(self, folder, data=None):
        """Set the folder of .env, and the folder of the database and the key."""
        self.server.work, self.server.data = folder, data or folder
        self.server.environment["DATA_DIR"] = str(self.server.data)
        self.folder = folder

    def program(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def here(self, text):
        """Replace absolute paths by paths in the scratch folder, and port 5000 by the server's port."""
        return ABSOLUTE.sub(f"{self.root}/", text).replace("127.0.0.1:5000", f"127.0.0.1:{self.server.port}")

    def environment(self):
        return {**self.server.environment, "PATH": f"{self.bin}:/usr/bin:/bin"}

    def shell(self, line):
        """Run one line and return its standard output; the next line runs in the folder where this one ended."""
        script = f"{self.here(line)}\n{{ status=$?; pwd >{self.root}/folder; exit $status; }}"
        done = subprocess.run(["/bin/sh", "-c", script], cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=TIMEOUT)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.folder = (self.root / "folder").read_text().strip()
        return done.stdout

    def step(self, line):
        if SERVICE.match(line):
            return self.server.stop() if " stop " in line else self.server.start()
        if line.endswith("doubletour setup"):  # would ask its questions on a terminal
            line += ANSWERS
        if re.search(r"(?:^| )doubletour run$", line):  # would run in the foreground: start the server and stop it
            return self.server.start().stop()
        return self.shell(line)

    def follow(self, commands):
        """Run the lines in order; return the output of each."""
        return {line: self.step(line) for line in commands}

    def calls(self):
        """Return the recorded calls of the stubs."""
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []
