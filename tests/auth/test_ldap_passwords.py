"""Passwords of a real directory with characters that SASLprep (RFC 4013) changes or refuses."""

import base64
import logging
from collections.abc import Iterator

import pytest
from ldap3 import Connection

from radicale_tldops.login import directory as directories
from radicale_tldops.roster.errors import ThrottledError
from tests.auth.conftest import Place
from tests.support.directory import Directory, directory, person
from tests.support.store import login

CHANGED = {
    "superscript": ("\u00c4\u00d6 \u00df\u00b2\u20ac", "\u00c4\u00d6 \u00df2\u20ac"),
    "ordinal": ("n\u00ba 1", "no 1"),
    "ligature": ("\ufb01sh", "fish"),
    "no-break space": ("two\u00a0words", "two words"),
    "soft hyphen": ("pass\u00adword", "password"),
    "decomposed": ("caf\u0065\u0301", "caf\u00e9"),
    "full width": ("\uff41\uff42\uff43", "abc"),
    "zero-width space": ("a\u200bb", "a b"),
}
"""Passwords that SASLprep changes, with what it makes of them."""

REFUSED = {
    "both directions": "wr\u0627ong",
    "Arabic in the middle": "1\u06271",
    "control": "bell\x07",
    "tab": "a\tb",
    "private use": "\ue000",
    "non-character": "x\ufdd0",
    "replacement": "x\ufffd",
    "line separator": "a\u2028b",
    "direction mark": "a\u202eb",
    "tag": "x\U000e0041",
}
"""Passwords that SASLprep refuses."""

PLAIN = {
    "letters": "correct horse",
    "emoji": "\U0001f600",
    "spaces": " in front and behind ",
    "new letter": "x\u0221",
    "a minus": "\u2212",
    "longest": "\u00e4" * 1024,
}
"""Passwords that SASLprep leaves as they are."""

TYPED = {name: typed for name, (typed, _) in CHANGED.items()} | REFUSED | PLAIN


def entries() -> Iterator[str]:
    """Entries with each password as it was typed, and with each as SASLprep makes it."""
    kept = TYPED | {f"prepared {name}": prepared for name, (_, prepared) in CHANGED.items()}
    for name, password in kept.items():
        given = base64.b64encode(password.encode()).decode()
        yield person(name.replace(" ", "-"), "jane@nic.example", more=f"userPassword:: {given}")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A directory in which each person has one of the passwords."""
    with directory(tmp_path_factory.mktemp("passwords"), *entries()) as running:
        yield running


@pytest.mark.parametrize("name", TYPED)
def test_a_right_password_lets_in_with_any_character(place: Place, there: Directory, name: str) -> None:
    """It is sent as it was typed."""
    asking = place.with_directory(there.settings(), filter="(uid={login})")
    assert asking.enter(name.replace(" ", "-"), TYPED[name]) == login("jane")


@pytest.mark.parametrize("name", CHANGED)
def test_a_right_password_lets_in_where_the_directory_keeps_it_prepared(
    place: Place, there: Directory, name: str
) -> None:
    """It is sent prepared if it is refused as it was typed."""
    asking = place.with_directory(there.settings(), filter="(uid={login})")
    assert asking.enter(f"prepared-{name.replace(' ', '-')}", CHANGED[name][0]) == login("jane")


@pytest.mark.parametrize("name", TYPED)
def test_a_wrong_password_is_wrong_whatever_its_characters(
    place: Place, there: Directory, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The same answer, log, throttle and number of binds for a known and an unknown login; others are let in."""
    binds: list[str] = []
    bind_once = directories._bind_once

    def recorded(connection: Connection, dn: str, password: str) -> int:
        binds.append(dn)
        return bind_once(connection, dn, password)

    monkeypatch.setattr(directories, "_bind_once", recorded)
    asking = place.with_directory(there.settings(), filter="(uid={login})")
    seen = []
    for typed in ("letters", "nobody"):
        binds.clear()
        caplog.clear()
        tries = [f"{number}{TYPED[name][:1000]}" for number in range(5)]
        with caplog.at_level(logging.WARNING):
            assert [asking.enter(typed, password) for password in tries] == [""] * 5
            with pytest.raises(ThrottledError):
                asking.enter(typed, f"5{TYPED[name][:1000]}")
        seen.append((len(binds), [record.getMessage().replace(typed, "LOGIN") for record in caplog.records]))
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 6
    assert "logins by LDAP fail" not in caplog.text
    assert asking.enter("emoji", TYPED["emoji"], "192.0.2.99") == login("jane")
