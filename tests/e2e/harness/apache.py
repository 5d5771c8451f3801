"""Apache with Debian's mod_auth_openidc: an application whose users sign in at the server."""

import glob
import shutil
import signal
import subprocess

from harness.server import free_port, wait_until

MODULES = "/usr/lib/apache2/modules"
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "alias", "headers", "env", "setenvif", "mime", "cgid", "auth_openidc")
CONFIGURATION = """\
ServerRoot {root}
PidFile {root}/pid
Listen 127.0.0.1:{port}
ServerName 127.0.0.1:{port}
ErrorLog {root}/error.log
LogLevel warn auth_openidc:debug
DocumentRoot {root}/www
TypesConfig /dev/null
Mutex file:{root} default
ScriptSock {root}/cgid.sock
<Directory {root}/www>
  Options +ExecCGI
  AddHandler cgi-script .cgi
</Directory>
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/app/callback
OIDCCryptoPassphrase of-this-test-only
OIDCScope "openid profile email groups offline_access"
OIDCRemoteUserClaim preferred_username
OIDCPKCEMethod S256
OIDCRefreshAccessTokenBeforeExpiry 60
OIDCInfoHook iat access_token access_token_expires id_token userinfo refresh_token session
{more}
<Location /app>
  AuthType openid-connect
  Require valid-user
</Location>
"""
SCRIPT = """#!/bin/sh
printf 'Content-Type: text/plain\\n\\nuser=%s\\ngroups=%s\\nemail=%s\\nsub=%s\\n' \\
  "$REMOTE_USER" "$OIDC_CLAIM_groups" "$OIDC_CLAIM_email" "$OIDC_CLAIM_sub"
"""


class Apache:
    def __init__(self, folder, issuer, register, more=""):
        self.root, self.issuer, self.more = folder, issuer, more
        self.port = free_port()
        self.client_id, self.secret = register(self.origin + "/app/callback")
        self.process = None

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        www = self.root / "www" / "app"
        www.mkdir(parents=True)
        (www / "who.cgi").write_text(SCRIPT)
        (www / "who.cgi").chmod(0o755)
        for folder in (self.root, self.root / "www", www):
            folder.chmod(0o755)
        text = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in LOADED)
        text += CONFIGURATION.format(root=self.root, port=self.port, issuer=self.issuer, client_id=self.client_id,
                                     secret=self.secret, more=self.more)
        (self.root / "apache.conf").write_text(text)
        self.process = subprocess.Popen([shutil.which("apache2"), "-f", self.root / "apache.conf", "-DFOREGROUND"],
                                        stdout=open(self.root / "out", "wb"), stderr=subprocess.STDOUT)
        wait_until(lambda: (self.root / "pid").exists() or self.process.poll() is not None, "Apache listens")
        assert self.process.poll() is None, (self.root / "out").read_text() + self.log()
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def log(self):
        return "".join(open(path, errors="replace").read() for path in glob.glob(f"{self.root}/*.log"))
