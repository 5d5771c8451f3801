"""Roundcube from Debian's package, with PHP's own web server: it reads the settings that a preset prints."""

import os
import pathlib
import shutil
import subprocess

import requests

from harness.server import TIMEOUT, free_port, wait_until

PROGRAM = pathlib.Path("/var/lib/roundcube")
DEFAULTS = pathlib.Path("/etc/roundcube/defaults.inc.php")
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
CONFIGURATION = """\
<?php
$config['db_dsnw'] = 'sqlite:///{home}/database?mode=0600';
$config['imap_host'] = '127.0.0.1:{imap}';
$config['log_dir'] = '{home}/';
$config['temp_dir'] = '{home}/';
$config['des_key'] = 'twenty-four letters here';
$config['plugins'] = [];
"""


class Roundcube:
    """Its clock follows the server's: call `follow` after each change."""

    def __init__(self, folder, imap):
        """imap: Dovecot's port."""
        self.home, self.imap, self.port = folder, imap, free_port()
        self.clock = self.home / "clock"
        self.process = None

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, pasted):
        """pasted: the printed settings."""
        (self.home / "config").mkdir(parents=True)
        shutil.copy(DEFAULTS, self.home / "config")
        (self.home / "config" / "config.inc.php").write_text(CONFIGURATION.format(home=self.home, imap=self.imap) + pasted)
        self.clock.write_text("+0\n")
        self.process = subprocess.Popen(["php", "-S", f"127.0.0.1:{self.port}", "-t", PROGRAM], stdin=subprocess.DEVNULL,
                                        stdout=open(self.home / "out", "wb"), stderr=subprocess.STDOUT,
                                        env={**os.environ, "ROUNDCUBE_CONFIG_DIR": f"{self.home}/config", "LD_PRELOAD": str(FAKETIME),
                                             "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1"})
        wait_until(lambda: self._listens() or self.process.poll() is not None, "Roundcube listens")
        assert self.process.poll() is None, self.log()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(TIMEOUT)

    def _listens(self):
        try:
            return requests.get(self.origin + "/?_task=login", timeout=TIMEOUT).status_code == 200
        except requests.ConnectionError:
            return False

    def follow(self, clock):
        self.clock.write_text(f"{clock.offset:+.6f}\n")

    def log(self):
        return "".join(path.read_text(errors="replace") for path in [*self.home.glob("errors*"), self.home / "out"])
