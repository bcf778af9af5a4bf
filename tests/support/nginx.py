"""nginx with the shipped configuration."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.certificates import new_pair
from tests.support.servers import free_port, needs, process

CONFIG = Path(__file__).parents[2] / "config"


@contextlib.contextmanager
def behind_nginx(folder: Path, server: str) -> Iterator[int]:
    """Run nginx in front of a server at this address until the block ends; gives its port, which speaks TLS.

    Its certificate is `proxy.pem` in the folder.
    """
    program = needs("nginx")
    needs("openssl")
    new_pair(folder, "proxy")
    port = free_port()
    configuration = nginx_configuration(folder, port, server)
    arguments = [program, "-e", str(folder / "nginx-error.log"), "-c", str(configuration)]
    checked = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False, timeout=30)
    assert checked.returncode == 0, checked.stderr
    with process(arguments, port, folder):
        yield port


def nginx_configuration(folder: Path, port: int, server: str) -> Path:
    """The shipped file as it is, but for ports, names of files, and what stands around it on a whole machine."""
    shipped = (CONFIG / "nginx.conf").read_text()
    for path, own in (
        ("/etc/ssl/contacts.example.org/fullchain.pem", folder / "proxy.pem"),
        ("/etc/ssl/contacts.example.org/privkey.pem", folder / "proxy.key"),
        ("/var/log/nginx/tldops.log", folder / "nginx-access.log"),
    ):
        assert path in shipped
        shipped = shipped.replace(path, str(own))
    shipped = re.sub(r"listen \[::\]:.*", "", shipped)
    shipped = shipped.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    shipped = shipped.replace("listen 443 ", f"listen 127.0.0.1:{port} ").replace("127.0.0.1:5232", server)
    own_paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx-error.log;\n"
        f"events {{}}\nhttp {{\n{own_paths}{shipped}}}\n"
    )
    return whole
