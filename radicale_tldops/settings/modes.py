"""Who may read and write the files of an installation. `judge` holds the rules, and `look` is the one place that looks.

| file | its group | others |
|---|---|---|
| the roster database, its folder, the configuration, keys, password files | may read | nothing |
| the members database, and its folder where that is another one | may read and write | nothing |
| the desk database | nothing | nothing |

Each belongs to root, to the user of this process, or to the owner of the roster's folder. The right to enter a folder
does not count: what is in it has a mode of its own.
"""

import os
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from radicale_tldops.settings import Settings

_VERBS = {0o4: "read", 0o2: "write", 0o6: "read and write"}
_READS, _SHARES = 0o40, 0o60
"""What the group of most files may do, and that of the members database."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """A file or folder that others may read or write, or that somebody else owns."""

    path: Path
    wrong: str
    remedy: str

    def __str__(self) -> str:
        """Return what is wrong, and the command that corrects it."""
        return f"{self.path}: {self.wrong}. Correct it: {self.remedy}"


def judge(path: Path, mode: int, owner: int, owners: Sequence[int], allowed: int) -> Exposure | None:
    """Return what is wrong with a file of this mode and owner, or None.

    It should belong to one of `owners`; `allowed` are the bits that its group may have.
    """
    wrong, remedy, quoted = [], [], shlex.quote(str(path))
    if owner not in owners:
        wrong.append(f"it belongs to user {owner}")
        remedy.append(f"chown {owners[0]} {quoted}")
    others, group = mode & 0o006, mode & 0o060 & ~allowed
    if others:
        wrong.append(f"others may {_VERBS[others]} it")
    if group:
        wrong.append(f"its group may {_VERBS[group >> 3]} it")
    if others or group:
        private = stat.S_IMODE(mode) & ~(group | (0o007 if others else 0))
        remedy.append(f"chmod {private:04o} {quoted}")
    if not wrong:
        return None
    found = f"mode {stat.S_IMODE(mode):04o}, {' and '.join(wrong)}"
    own = ", or give the databases a folder of their own" if stat.S_ISDIR(mode) else ""
    return Exposure(path, found, f"{' && '.join(remedy)}{own}")


def look(settings: Settings) -> tuple[Exposure, ...]:
    """Return what is wrong now. What is missing, no file, or cannot be looked at, is left to those who need it."""
    roster, members, desk = (
        path.absolute() for path in (settings.store.roster, settings.store.members, settings.store.desk_file)
    )
    passwords = (
        settings.ldap.password_file,
        settings.subscribers.mailman3.password_file,
        settings.mail.password_file,
    )
    found: dict[Path, os.stat_result] = {}
    for path in filter(None, (roster, members, desk, settings.path, settings.server.tls_key, *passwords)):
        with suppress(OSError):
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                found[path.absolute()] = status
                if path in (roster, members, desk):
                    found[path.parent] = path.parent.stat()
    if settings.store.strict_modes:
        # Before a command makes databases in a folder that is open to others.
        for folder in (roster.parent, members.parent, desk.parent):
            with suppress(OSError):
                found[folder] = folder.stat()
    owners = (found[roster.parent].st_uid if roster.parent in found else 0, os.geteuid(), 0)
    shared = {members, members.parent} - {roster.parent}
    allowed = {**dict.fromkeys(shared, _SHARES), desk: 0}
    judged = [
        judge(path, status.st_mode, status.st_uid, owners, allowed.get(path, _READS)) for path, status in found.items()
    ]
    return tuple(exposure for exposure in judged if exposure is not None)
