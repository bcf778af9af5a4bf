"""What the server logs, read as an operator's programs read it: the access log's lines, and fail2ban's addresses."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.docs.pages import ROOT
from tests.support.directory import needed

FILTER = ROOT / "config/fail2ban/filter.d/tldops.conf"

QUOTED = r'"(?:[!#-\[\]-~ ]|\\["\\bfnrt]|\\u[0-9a-f]{4})*"'
FIELD = rf"(?:[!#-\[\]-~]+|{QUOTED})"
LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) "
    rf"(?P<peer>{FIELD}) (?P<method>{FIELD}) (?P<path>{FIELD}) (?P<status>\d{{3}}) (?P<login>{FIELD}) "
    rf"(?P<device>{FIELD}) (?P<sent>\d+) (?P<ms>\d+\.\d) (?P<generation>\d+|-)"
)


def banned(lines: list[str], folder: Path) -> list[str]:
    """The addresses that fail2ban finds in these lines, one for each line in which it finds one."""
    needed(shutil.which("fail2ban-regex"), "fail2ban")
    log = folder / "tldops.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    done = subprocess.run(
        ["fail2ban-regex", "--out", "ip", str(log), str(FILTER)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout.split()
