"""A real OpenLDAP server with TLS from a CA of the tests, on the loopback, for as long as a block lasts."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from ldap3 import Connection

from radicale_tldops.login import directory as directories
from radicale_tldops.settings import DirectorySettings
from tests.support import free_port, process

BASE = "dc=example,dc=org"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
ADMIN = f"cn=admin,{BASE}"
SERVICE = f"cn=tldops,{BASE}"
ADMIN_PASSWORD = "the administrator's password"
SERVICE_PASSWORD = "the service's own password"

_SLAPD = Path("/usr/sbin/slapd")

_ROOT = f"""\
dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: {SERVICE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: tldops
userPassword: {SERVICE_PASSWORD}
"""

# Nobody but who is bound reads anything, as in a directory that is kept well.
_CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
{tls}
{extra}
database mdb
maxsize 16777216
suffix "{base}"
rootdn "{admin}"
rootpw "{password}"
directory {folder}/data
{rules}
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
"""

_AUTHORITY = """\
[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
x509_extensions = authority
[name]
CN = Authority of the tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""

OWN_NAMES = "DNS:localhost, IP:127.0.0.1"


@dataclass(frozen=True)
class Certificate:
    """Files in PEM: a server's certificate with its key, and the CA that signed it."""

    certificate: Path
    key: Path
    authority: Path


@dataclass(frozen=True)
class Directory:
    """A running server."""

    pid: int
    port: int
    tls_port: int
    ca_file: Path
    folder: Path

    @property
    def url(self) -> str:
        """The address that speaks StartTLS."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The address that speaks TLS from the first byte."""
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def settings(self, *servers: str) -> DirectorySettings:
        """Settings to ask these servers, or this one by StartTLS, as the service account."""
        password = self.folder / "service-password"
        password.touch(0o600)
        password.write_text(f"{SERVICE_PASSWORD}\n")
        return DirectorySettings(
            servers=servers or (self.url,), ca_file=self.ca_file, bind_dn=SERVICE, password_file=password
        )

    @contextlib.contextmanager
    def administrator(self) -> Iterator[Connection]:
        """A connection that may change everything."""
        password = self.folder / "admin-password"
        password.write_text(ADMIN_PASSWORD)
        connection = directories.connect(replace(self.settings(), bind_dn=ADMIN, password_file=password))
        try:
            yield connection
        finally:
            directories.close(connection)


def person(uid: str, *mail: str, password: str = "", more: str = "") -> str:
    """An entry of a person in LDIF; `more` is further lines."""
    lines = [f"dn: uid={uid},{PEOPLE}", "objectClass: inetOrgPerson", f"uid: {uid}", f"cn: {uid}", f"sn: {uid}"]
    lines += [f"mail: {address}" for address in mail]
    lines += [f"userPassword: {password}"] if password else []
    return "\n".join([*lines, *more.splitlines()]) + "\n"


def group(name: str, *uids: str, more: str = "") -> str:
    """An entry of a groupOfNames in LDIF."""
    lines = [f"dn: cn={name},{GROUPS}", "objectClass: groupOfNames", f"cn: {name}"]
    lines += [f"member: uid={uid},{PEOPLE}" for uid in uids]
    return "\n".join([*lines, *more.splitlines()]) + "\n"


def certificate(folder: Path, names: str = OWN_NAMES, *, expired: bool = False) -> Certificate:
    """Make a CA of its own, and a certificate of it for `names`."""
    needed(shutil.which("openssl"), "openssl")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.txt").touch()
    settings = folder / "openssl.cnf"
    settings.write_text(_AUTHORITY.format(folder=folder, names=names))
    made = Certificate(folder / "server.pem", folder / "server.key", folder / "ca.pem")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", str(settings))
    _openssl("req", "-x509", *curve, "-keyout", folder / "ca.key", "-out", made.authority, "-days", "2")
    _openssl("req", "-new", *curve, "-keyout", made.key, "-out", folder / "server.csr", "-subj", "/CN=directory")
    dates = ("-startdate", "20200101000000Z", "-enddate", "20200102000000Z") if expired else ("-days", "2")
    _openssl(
        *("ca", "-batch", "-notext", "-config", settings, "-extensions", "server", *dates),
        *("-cert", made.authority, "-keyfile", folder / "ca.key"),
        *("-in", folder / "server.csr", "-out", made.certificate),
    )
    return made


@contextlib.contextmanager
def directory(
    folder: Path, *entries: str, served: Certificate | None = None, tls: bool = True, extra: str = "", rules: str = ""
) -> Iterator[Directory]:
    """Run slapd with these entries below `BASE`, each in LDIF, until the block ends.

    `served` is the certificate that it shows, one of the tests' CA else; without `tls` it knows no StartTLS and has
    no ldaps:// address. `extra` is further lines of slapd.conf, `rules` of what may be read, before the others.
    """
    needed(_SLAPD.exists(), "slapd")
    data = folder / "data"
    data.mkdir(parents=True)
    shown = served or certificate(folder / "tls")
    lines = f"TLSCertificateFile {shown.certificate}\nTLSCertificateKeyFile {shown.key}" if tls else ""
    configuration = folder / "slapd.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder, tls=lines, extra=extra, rules=rules, base=BASE, admin=ADMIN, password=ADMIN_PASSWORD
        )
    )
    content = folder / "content.ldif"
    content.write_text("\n".join((_ROOT, *entries)), encoding="utf-8")
    subprocess.run(
        [_SLAPD, "-T", "add", "-f", configuration, "-l", content], check=True, capture_output=True, timeout=60
    )
    port, tls_port = free_port(), free_port()
    addresses = f"ldap://127.0.0.1:{port}" + (f" ldaps://127.0.0.1:{tls_port}" if tls else "")
    # With -d it stays in the foreground, so that it is ended by the id of the process that was started.
    command = [str(_SLAPD), "-f", str(configuration), "-h", addresses, "-d", "0"]
    with process(command, port, folder) as pid:
        yield Directory(pid, port, tls_port, shown.authority, folder)


def needed(found: object, package: str) -> None:
    """Skip the test that needs a program that is not there; fail it where everything has to be there."""
    if found:
        return
    message = f"install the Debian package {package} to run this test"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def configuration(running: Directory, url: str) -> str:
    """The sections of tldops.toml that ask the directory."""
    settings = running.settings()
    return f"""
[server]
proxies = ["127.0.0.1"]
[ldap]
servers = ["{url}"]
ca_file = "{settings.ca_file}"
bind_dn = "{settings.bind_dn}"
password_file = "{settings.password_file}"
[auth.ldap]
people_base = "{PEOPLE}"
"""
