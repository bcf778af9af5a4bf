"""Spellings of distinguished names: one name has one key, two names have two."""

import pytest

from sync.sources.dn import dn_key


@pytest.mark.parametrize(
    ("written", "other"),
    [
        (r"cn=Doe\, Jane,dc=example,dc=org", r"cn=Doe\2C Jane,dc=example,dc=org"),
        (r"cn=Doe\, Jane,dc=example,dc=org", 'cn="Doe, Jane",dc=example,dc=org'),
        ("cn=J\u00f6rg,dc=example", r"cn=J\C3\B6rg,dc=example"),
        ("cn=J\u00f6rg,dc=example", r"cn=J\c3\b6rg,dc=example"),
        ("cn=J\u00f6rg,dc=example", "cn=Jo\u0308rg,dc=example"),
        ("cn=Jane Doe,dc=example", "CN = jane  DOE , DC=Example"),
        ("cn=Jane Doe,dc=example", r"cn=\ Jane Doe\ ,dc=example"),
        ("cn=Jane,dc=example", "cn=Jane;dc=example"),
        ("cn=Jane+uid=jd,dc=example", "uid=jd+cn=Jane,dc=example"),
        ("cn=Jane+uid=jd,dc=example", "UID=JD + CN=jane,dc=example"),
        ("cn=C# = fun,dc=example", r"cn=C\23 \3D fun,dc=example"),
        (r"cn=a\\b,dc=example", r"cn=a\5Cb,dc=example"),
        (r"cn=a\+b,dc=example", r"cn=a\2bb,dc=example"),
        ("cn=Jane,dc=example", "2.5.4.3=Jane,0.9.2342.19200300.100.1.25=example"),
        ("cn=Jane,dc=example", "OID.2.5.4.3=Jane,domainComponent=example"),
        ("cn=Hi,dc=example", "cn=#04024869,dc=example"),
        ("cn=Stra\u00dfe", "cn=STRASSE"),
        ("cn=\ufb01sh", "cn=fish"),
    ],
)
def test_two_spellings_of_one_name(written: str, other: str) -> None:
    """RFC 4514: escapes, quotes, separators; RFC 4518: case, spaces and Unicode forms."""
    assert dn_key(written) == dn_key(other)


@pytest.mark.parametrize(
    ("written", "other"),
    [
        (r"cn=Doe\, Jane,dc=example", "cn=Doe,cn=Jane,dc=example"),
        (r"cn=Doe\, Jane,dc=example", "cn=Doe Jane,dc=example"),
        ("cn=Jane,ou=a,dc=example", "ou=a,cn=Jane,dc=example"),
        ("cn=Jane,ou=a,dc=example", "cn=Jane+ou=a,dc=example"),
        ("cn=Jane,dc=example", "sn=Jane,dc=example"),
        ("cn=Jane,dc=example", "cn=Jane,dc=example,dc=org"),
        ("cn=J\u00f6rg,dc=example", "cn=Jorg,dc=example"),
        ("cn=Hi,dc=example", r"cn=\#04024869,dc=example"),
        ("cn=JaneDoe", "cn=Jane Doe"),
        (r"cn=a\2C,dc=example", r"cn=a\\2C,dc=example"),
    ],
)
def test_two_names_are_two(written: str, other: str) -> None:
    """What differs in a value, a type, the order or the number of parts."""
    assert dn_key(written) != dn_key(other)


@pytest.mark.parametrize("text", ["", "jane", "cn", 'cn="open,dc=example', "cn=Jane,,dc=example", "cn=a\\", "a,cn=b"])
def test_what_is_no_dn_is_equal_to_itself_alone(text: str) -> None:
    """Such as a uid that `ignore` names."""
    assert dn_key(text) == text
