"""The shipped examples: nginx in front of the server, and the units of systemd."""

import http.client
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server.processes import authorization
from tests.support import DAV, JANE, JOHN, Login, World, propfind_body, serve
from tests.support.certificates import trusting
from tests.support.logs import LINE
from tests.support.nginx import CONFIG, behind_nginx
from tests.support.servers import needs


@dataclass(frozen=True)
class Behind:
    """A server behind nginx."""

    port: int
    login: Login
    certificate: Path
    log: Path

    def connect(self, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
        """Connect to nginx from an address of the loopback."""
        context = trusting(self.certificate)
        context.check_hostname = False
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=context, source_address=(source, 0)
        )


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    """nginx, as it is shipped, in front of a server that believes it."""
    world = World(tmp_path_factory.mktemp("proxy"))
    world.configure('[server]\nproxies = ["127.0.0.1"]\n')
    world.sync(JOHN, JANE)
    login = world.device("john.doe@nic.nl")
    with serve(world) as url:
        server = url.removeprefix("http://").rstrip("/")
        with behind_nginx(world.folder, server) as port:
            log = world.folder / f"server-{server.split(':')[1]}.log"
            yield Behind(port, login, world.folder / "proxy.pem", log)


def ask(behind: Behind, source: str, **headers: str) -> int:
    """Ask for the principal through nginx; returns the status."""
    connection = behind.connect(source)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers |= {"Authorization": authorization(behind.login), "Depth": "0"}
    connection.request("PROPFIND", "/", propfind_body(f"{DAV}current-user-principal"), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_the_true_peer_arrives_in_the_access_log(behind: Behind) -> None:
    """Whatever the client says of itself, nginx tells who it is, and the server believes nginx alone."""
    assert ask(behind, "127.0.0.5") == 207
    assert ask(behind, "127.0.0.6", X_Forwarded_For="203.0.113.9", X_Real_IP="203.0.113.9") == 207
    assert ask(behind, "127.0.0.7", X_Script_Name="//evil", X_Forwarded_Host="evil.example", X_Remote_User="x") == 207
    wanted = ["127.0.0.5", "127.0.0.6", "127.0.0.7"]
    # The log is written a moment after the answer.
    time.sleep(0.5)
    lines = [match for line in behind.log.read_text().splitlines() if (match := LINE.fullmatch(line))]
    assert [match["peer"] for match in lines][-3:] == wanted
    assert {match["login"] for match in lines} == {"john.doe@nic.nl"}


def test_discovery_leads_back_to_the_proxy(behind: Behind) -> None:
    """/.well-known/carddav redirects to the root of the host that the client knows (RFC 6764, 5)."""
    connection = behind.connect()
    connection.request("GET", "/.well-known/carddav")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status in (301, 302, 307, 308)
    target = answer.headers["Location"]
    assert target == "/" or re.fullmatch(rf"https://127\.0\.0\.1(:{behind.port})?/", target)


UNITS = sorted(path.name for kind in ("service", "timer") for path in CONFIG.glob(f"*.{kind}"))


@pytest.mark.parametrize("name", UNITS)
def test_each_unit_is_one_that_systemd_takes(tmp_path: Path, name: str) -> None:
    """Every line is known and well-formed; a timer has its service, and what OnFailure= names is there."""
    program = needs("systemd-analyze")
    for unit in UNITS:
        text = (CONFIG / unit).read_text().replace("/opt/tldops/bin/tldops", "/bin/true")
        (tmp_path / unit).write_text(text)
        assert set(re.findall(r"(?m)^OnFailure=(.*)", text)) <= {"tldops-failed@%n.service"}
    done = subprocess.run(
        [program, "verify", str(tmp_path / name)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "tldops" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr


def test_each_service_of_a_timer_tells_when_it_fails() -> None:
    """Nobody looks at a timer that goes wrong at night, unless it tells."""
    timed = [name.replace(".timer", ".service") for name in UNITS if name.endswith(".timer")]
    assert len(timed) == 3
    for name in timed:
        assert "\nOnFailure=tldops-failed@%n.service\n" in (CONFIG / name).read_text(), name
