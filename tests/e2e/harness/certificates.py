"""The tests' certificate authority.

Python 3.13 and OpenSSL 3.5 check key usage and key identifiers (RFC 5280 4.2.1).
"""

import subprocess

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
CA = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash")
SERVER = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth", "subjectKeyIdentifier=hash",
          "authorityKeyIdentifier=keyid")


class Authority:
    """Signs one certificate for all names. Paths: ca, certificate, key, and both (certificate and key in one file)."""

    def __init__(self, home, names):
        self.home = home
        self.ca, self.certificate, self.key, self.both = (home / name for name in ("ca.pem", "crt.pem", "key.pem", "both.pem"))
        (home / "ca.conf").write_text("[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\n" + "\n".join(CA) + "\n")
        self._openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=tests", "-config", home / "ca.conf", "-keyout", home / "ca.key", "-out", self.ca)
        self._openssl("req", *NEW_KEY, "-subj", f"/CN={names[0]}", "-keyout", self.key, "-out", home / "csr.pem")
        (home / "ext").write_text("\n".join((*SERVER, "subjectAltName=" + ",".join(f"DNS:{name}" for name in names))) + "\n")
        self._openssl("x509", "-req", "-in", home / "csr.pem", "-CA", self.ca, "-CAkey", home / "ca.key", "-CAcreateserial", "-days", "2",
                      "-extfile", home / "ext", "-out", self.certificate)
        self.both.write_text(self.certificate.read_text() + self.key.read_text())

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
