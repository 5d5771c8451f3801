"""Dovecot from Debian's package: IMAP on loopback, with the settings for OAuth 2.0 that a preset prints.

Dovecot 2.3 (Debian 12) reads the settings for OAuth 2.0 from a second file, Dovecot 2.4 (Debian 13) from the main file.
"""

import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from harness.memory import memory_folder
from harness.server import TIMEOUT, free_port, wait_until

# Settings of both versions.  As after the installation, users can sign in with a password too; the file has none.
COMMON = """\
base_dir = {home}/run
log_path = {home}/log
protocols = imap
ssl = no
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
first_valid_gid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    {address} = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
auth_failure_delay = 0
"""
VERSION_23 = """\
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = {home}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
"""
VERSION_24 = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
state_dir = {home}/run
auth_allow_cleartext = yes
mail_driver = maildir
mail_home = {home}/mail/%{{user}}
mail_path = %{{home}}
mail_uid = {uid}
mail_gid = {gid}
passdb passwd-file {{
  passwd_file_path = {home}/users
}}
userdb static {{
}}
"""


def version():
    """Return the version as words, for instance ["2", "3", "19"]; Debian 12 has 2.3, Debian 13 has 2.4."""
    return subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True).stdout.split()[0].split(".")


class Dovecot:
    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="dovecot-", dir=memory_folder()))  # short: it has Unix sockets
        self.port = free_port()
        # Dovecot opens no mailbox as root.
        self.mail = pwd.getpwnam("mail") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.process = None

    def _settings(self, printed):
        """Return all settings.  As root, Dovecot uses the users of Debian's package; otherwise there is one user."""
        internal, login = ("dovecot", "dovenull") if os.geteuid() == 0 else (self.mail.pw_name, self.mail.pw_name)
        old = version()[1] == "3"
        text = ("" if old else VERSION_24) + COMMON + (VERSION_23 if old else "")
        text = text.format(home=self.home, internal=internal, group=grp.getgrgid(pwd.getpwnam(internal).pw_gid).gr_name, login=login,
                           uid=self.mail.pw_uid, gid=self.mail.pw_gid, port=self.port, address="address" if old else "listen")
        (self.home / "users").touch()
        (self.home / "mail").mkdir()
        os.chown(self.home / "mail", self.mail.pw_uid, self.mail.pw_gid)
        return text + self._pasted(printed, old)

    def _pasted(self, printed, old):
        """Return the preset's settings for this version.  The second file of 2.3 is in this folder."""
        text = ""
        for where, block in printed.items():
            if ("2.3" if old else "2.4") not in where:
                continue
            if ".ext" in where.split(",")[0]:
                (self.home / "dovecot-oauth2.conf.ext").write_text(block)
                (self.home / "dovecot-oauth2.conf.ext").chmod(0o600)
            else:
                text += block.replace("/etc/dovecot/", f"{self.home}/")
        return text

    def start(self, blocks, secret):
        """blocks: those of the preset, with `where` and `text`; secret: the client's, for the word SECRET."""
        printed = {block["where"]: block["text"].replace("SECRET", secret) for block in blocks}
        self.home.chmod(0o755)
        (self.home / "dovecot.conf").write_text(self._settings(printed))
        self.process = subprocess.Popen([shutil.which("dovecot") or "/usr/sbin/dovecot", "-F", "-c", self.home / "dovecot.conf"],
                                        stdin=subprocess.DEVNULL, stdout=open(self.home / "out", "wb"), stderr=subprocess.STDOUT)
        wait_until(lambda: self._listens() or self.process.poll() is not None, "Dovecot listens")
        assert self.process.poll() is None, self.log()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(TIMEOUT)
        shutil.rmtree(self.home, ignore_errors=True)

    def _listens(self):
        try:
            imaplib.IMAP4("127.0.0.1", self.port, timeout=TIMEOUT).logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True

    def log(self):
        return "".join(path.read_text(errors="replace") for path in (self.home / "out", self.home / "log") if path.exists())

    def deliver(self, user, subject):
        """Put a message into the mailbox of this user."""
        maildir = self.home / "mail" / user
        for folder in (maildir, *(maildir / name for name in ("cur", "new", "tmp"))):
            folder.mkdir()
            os.chown(folder, self.mail.pw_uid, self.mail.pw_gid)
        (maildir / "new" / "1.1.host").write_text(f"From: ben@example.org\nTo: {user}\nSubject: {subject}\n\nHello\n")
        os.chown(maildir / "new" / "1.1.host", self.mail.pw_uid, self.mail.pw_gid)

    def opens(self, user, token, mechanism="XOAUTH2"):
        """Does this access token open the mailbox of this user?"""
        said = f"user={user}\1auth=Bearer {token}\1\1" if mechanism == "XOAUTH2" else f"n,a={user},\1auth=Bearer {token}\1\1"
        imap = imaplib.IMAP4("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            # after a refusal Dovecot sends the reason, and waits for an empty line
            answers = iter([said.encode(), b""])
            return imap.authenticate(mechanism, lambda _: next(answers))[0] == "OK" and imap.select("INBOX")[0] == "OK"
        except imaplib.IMAP4.error:
            return False
        finally:
            imap.shutdown()
