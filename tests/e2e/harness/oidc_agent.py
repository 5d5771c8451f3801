"""Debian's oidc-agent: keeps a person's refresh token, and gives access tokens to programs on the command line."""

import pathlib
import shutil
import subprocess
import tempfile

from harness.server import TIMEOUT, wait_until


class OidcAgent:
    def __init__(self, issuer):
        self.issuer = issuer
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="agent-"))  # short: it has a Unix socket
        self.socket = self.home / "socket"
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home), "TMPDIR": str(self.home), "OIDC_SOCK": str(self.socket),
                            "OIDC_ENCRYPTION_PW": "of this test only"}
        self.process = None

    def __enter__(self):
        (self.home / ".oidc-agent").mkdir()
        self.process = subprocess.Popen(["oidc-agent", "--console", "--no-scheme", f"--socket-path={self.socket}"], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=open(self.home / "log", "wb"), stderr=subprocess.STDOUT)
        wait_until(lambda: self.socket.exists() or self.process.poll() is not None, "oidc-agent listens")
        assert self.process.poll() is None, self.log()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(TIMEOUT)
        shutil.rmtree(self.home, ignore_errors=True)

    def log(self):
        return (self.home / "log").read_text()

    def sign_in(self, browse, client_id, secret, redirects):
        """Make the account `test`; browse(url) plays the browser, which ends at the web server of oidc-agent."""
        command = ["oidc-gen", "test", f"--iss={self.issuer}", f"--client-id={client_id}", f"--client-secret={secret or ''}",
                   f"--redirect-uri={' '.join(redirects)}", "--scope=openid profile offline_access", "--flow=code", "--no-url-call", "--no-scheme",
                   "--confirm-default", "--prompt=none", "--pw-env"]
        with subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as gen:
            said = []
            for line in gen.stdout:
                said.append(line)
                if line.startswith(self.issuer + "/api/oidc/authorization"):
                    browse(line.strip())
            gen.wait(TIMEOUT)
        assert gen.returncode == 0, "".join(said) + self.log()

    def token(self, *options):
        """Return what `oidc-token` prints, or None if it fails."""
        done = subprocess.run(["oidc-token", *options, "test"], env=self.environment, capture_output=True, text=True, timeout=TIMEOUT, check=False)
        return done.stdout.strip() if done.returncode == 0 else None
