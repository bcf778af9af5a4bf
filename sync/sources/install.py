"""Puts a membership file in the place of the configured one: at once or not at all, and the old one stays beside it."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from radicale_tldops.roster.errors import InputError


@contextmanager
def staged(data: bytes, target: Path) -> Iterator[Callable[[], Path | None]]:
    """Write `data` beside the file `target`, and yield the function that puts it in its place.

    The function returns where the old file is kept, with the day of its last change in its name; None where there was
    none, or it was the same. Owner and mode are those of the old file; without one, nobody else may read the new one.

    Raises:
        InputError: the folder cannot be written, or the new file cannot get the owner of the old one.
    """
    place = Path(os.path.realpath(target))  # a link stays a link
    if place.is_symlink():
        raise InputError(f"{target}: its links lead in a circle; delete them, and put the file there.")
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with _naming(target):
            _write(draft, data, place.stat() if place.exists() else None)

        def put() -> Path | None:
            with _naming(target):
                return _put(draft, place, data)

        yield put
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Say of an error which file could not be replaced."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{target}: the new file cannot be put in its place: {error.strerror}.") from error


def _write(draft: Path, data: bytes, old: os.stat_result | None) -> None:
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        if old is not None:
            os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fchmod(file.fileno(), old.st_mode & 0o7777)
        file.flush()
        os.fsync(file.fileno())


def _put(draft: Path, place: Path, data: bytes) -> Path | None:
    kept = None
    if place.exists():
        if place.read_bytes() == data:
            return None
        kept = _keep(place)
    draft.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return kept


def _keep(place: Path) -> Path:
    """Give the file a second name, with the day of its last change, and a number where that name is taken."""
    day = datetime.fromtimestamp(place.stat().st_mtime, UTC).date().isoformat()
    number = 1
    while True:
        again = f"-{number}" if number > 1 else ""
        kept = place.with_name(f"{place.stem}.{day}{again}{place.suffix}")
        try:
            os.link(place, kept)
            return kept
        except FileExistsError:
            number += 1
