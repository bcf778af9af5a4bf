"""Reading a file as one version, whatever is odd about it."""

import os
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import InputError
from sync.sources.membership_file import read


def test_a_date_beyond_the_calendar_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some file systems keep dates of any year; when the file is of nobody knows, it can be no newer than another."""
    path = tmp_path / "members.txt"
    path.write_text("john@oarc.net\n")
    real = os.fstat

    def far(descriptor: int) -> os.stat_result:
        values = list(real(descriptor))
        return os.stat_result((*values[:7], 0, 99_999_999_999_999, 0), {"st_mtime": 99_999_999_999_999.0})

    monkeypatch.setattr(os, "fstat", far)
    monkeypatch.setattr("sync.sources.membership_file._state", lambda status: ())
    with pytest.raises(InputError, match="time of change"):
        read(path, "membership")
