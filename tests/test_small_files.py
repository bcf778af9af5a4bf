"""Files that the settings name: passwords of other systems, and the settings themselves."""

import os
from pathlib import Path

import pytest

from radicale_tldops.login.directory import service_password
from radicale_tldops.login.passwords import read_password
from radicale_tldops.roster.errors import DirectoryError, SettingsError
from radicale_tldops.settings import DirectorySettings
from radicale_tldops.settings.file import MAX_BYTES, load

SECRET = "the Secret pass-wörd"


@pytest.mark.parametrize("content", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n", f"\ufeff{SECRET}\n"])
def test_the_line_of_the_file_is_the_password(tmp_path: Path, content: str) -> None:
    """Without the line end, and without the byte order mark that some editors write."""
    file = tmp_path / "password"
    file.write_bytes(content.encode())
    assert read_password(file, "bind_dn") == SECRET


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no password"),
        (b"  \n", "holds no password"),
        (b"\xef\xbb\xbf\n", "holds no password"),
        (b"Secret\nSecret\n", "more than one line"),
        (b"Secret\0", "holds no password"),
        (b"Secret\xff", "not UTF-8"),
        (b"Secret" * 1000, "more than 4096 bytes"),
    ],
)
def test_what_is_no_password_is_refused_without_showing_it(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names the file and the reason; for the directory it is an error of the directory's kind."""
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as caught:
        read_password(file, "bind_dn")
    assert str(file) in str(caught.value)
    assert "Secret" not in str(caught.value)
    with pytest.raises(DirectoryError, match=said):
        service_password(DirectorySettings(bind_dn="cn=tldops", password_file=file))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe that nobody writes to would be read for ever; a folder, a device and nothing at all are refused, too."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null"), tmp_path / "nowhere"):
        with pytest.raises(SettingsError, match="cannot read the password of bind_dn"):
            read_password(path, "bind_dn")
        with pytest.raises(SettingsError, match="cannot read the configuration"):
            load(path)


def test_a_configuration_of_a_megabyte_is_no_configuration(tmp_path: Path) -> None:
    """A wrong file that is named by mistake is not read into memory."""
    (tmp_path / "tldops.toml").write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="more than 1000000 bytes"):
        load(tmp_path / "tldops.toml")


def test_without_a_file_there_is_no_password() -> None:
    """The message names what to set."""
    with pytest.raises(SettingsError, match="set password_file"):
        read_password(None, "bind_dn")
