"""A group of a real OpenLDAP server as the list: three kinds of groups, paged, and never a part of one."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ldap3 import MODIFY_DELETE, MODIFY_REPLACE, Connection

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import LdapGroupSettings
from sync.sources.group_entry import is_group, members
from sync.sources.ldap_group import LdapGroup
from sync.sources.subscribers import ListError, ListFault
from tests.support import free_port
from tests.support.directory import GROUPS, PEOPLE, SERVICE_PASSWORD, Directory, directory, group, person

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
UIDS = [f"person{number:02}" for number in range(1, 24)]
LOGINS = {f"{uid}@nic.example" for uid in UIDS}


def other_group(kind: str, name: str, attribute: str, values: list[str], more: str = "") -> str:
    """An entry of another kind of group in LDIF."""
    lines = [f"dn: cn={name},{GROUPS}", f"objectClass: {kind}", f"cn: {name}", *more.splitlines()]
    return "\n".join([*lines, *(f"{attribute}: {value}" for value in values)]) + "\n"


ENTRIES = (
    *(person(uid, f"{uid}@nic.example") for uid in UIDS),
    person("two", "Two@nic.example", "two@example.net"),
    person("dup", "dup@nic.example"),
    person("nomail"),
    person("odd", "not an address"),
    f"dn: ou=more,{PEOPLE}\nobjectClass: organizationalUnit\nou: more\n",
    f"dn: uid=dup,ou=more,{PEOPLE}\nobjectClass: inetOrgPerson\nuid: dup\ncn: dup\nsn: dup\nmail: d@nic.example\n",
    group("names", *UIDS),
    other_group("groupOfUniqueNames", "unique", "uniqueMember", [f"uid={uid},{PEOPLE}" for uid in UIDS]),
    other_group("posixGroup", "posix", "memberUid", UIDS, "gidNumber: 100"),
    other_group("posixGroup", "posix-nobody", "memberUid", [], "gidNumber: 101"),
    other_group("posixGroup", "posix-unknown", "memberUid", [UIDS[0], "nobody"], "gidNumber: 102"),
    other_group("posixGroup", "posix-twice", "memberUid", [UIDS[0], "dup"], "gidNumber: 103"),
    other_group("posixGroup", "posix-filter", "memberUid", [UIDS[0], "*)(uid=*"], "gidNumber: 104"),
    group("two", "two"),
    group("dangling", UIDS[0], "nobody"),
    group("without-mail", UIDS[0], "nomail"),
    group("odd", UIDS[0], "odd"),
    other_group("groupOfNames", "nested", "member", [f"cn=names,{GROUPS}", f"uid={UIDS[0]},{PEOPLE}"]),
    group("inner", *UIDS[1:3], more="objectClass: extensibleObject\nmail: inner@nic.example\nuid: inner"),
    other_group("groupOfNames", "nested-mail", "member", [f"cn=inner,{GROUPS}", f"uid={UIDS[0]},{PEOPLE}"]),
    f"dn: cn=unseen,{PEOPLE}\nobjectClass: posixGroup\nobjectClass: extensibleObject\ncn: unseen\ngidNumber: 106\n"
    "mail: unseen@nic.example\n",
    other_group("groupOfNames", "nested-unseen", "member", [f"cn=unseen,{PEOPLE}", f"uid={UIDS[0]},{PEOPLE}"]),
    other_group("posixGroup", "posix-nested", "memberUid", [UIDS[0], "inner"], "gidNumber: 105"),
    other_group("groupOfNames", "referred", "member", [f"uid=x,ou=away,{PEOPLE}", f"uid={UIDS[0]},{PEOPLE}"]),
    other_group("groupOfNames", "empty-dn", "member", [""]),
    other_group("groupOfNames", "spelt", "member", [f"UID=Person01 , {PEOPLE.upper()}", f"uid={UIDS[1]},{PEOPLE}"]),
)

REFERRAL = (
    f"dn: ou=away,{PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: away\n"
    "ref: ldap://ldap.example.net/ou=away,dc=example,dc=net\n"
)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A directory that gives ten entries at most, with a branch that another server holds."""
    folder = tmp_path_factory.mktemp("slapd")
    with directory(folder, *ENTRIES, REFERRAL, extra="sizelimit size.soft=10 size.hard=10") as running:
        yield running


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Directory]:
    """A directory with people and groups of every kind, and without limits."""
    with directory(tmp_path_factory.mktemp("roomy"), *ENTRIES, extra="sizelimit unlimited") as running:
        yield running


def modify(connection: Connection, dn: str, attribute: str, how: str, value: str) -> bool:
    """Change one value of an entry."""
    return bool(connection.modify(dn, {attribute: [(how, [value])]}))  # type: ignore[no-untyped-call]


def source(slapd: Directory, name: str, page_size: int = 500, **more: object) -> LdapGroup:
    """A group as the list, asked with StartTLS; `more` are settings of [ldap] or [subscribers.ldap]."""
    asked: dict[str, Any] = {"group": f"cn={name},{GROUPS}", "people_base": PEOPLE} | more
    own = {key: asked.pop(key) for key in ("group", "people_base", "ignore") if key in asked}
    return LdapGroup(replace(slapd.settings(), **asked), LdapGroupSettings(**own), NOW, page_size)


def fault(asked: LdapGroup) -> ListError:
    """Return what a fetch that must fail says; the password is not in it."""
    with pytest.raises(ListError) as caught:
        asked.fetch()
    assert SERVICE_PASSWORD not in str(caught.value)
    assert str(caught.value).isprintable()
    return caught.value


@pytest.mark.parametrize("page_size", [1, 7, 23, 500])
@pytest.mark.parametrize("base", [PEOPLE, ""], ids=["in pages", "one by one"])
@pytest.mark.parametrize("kind", ["names", "unique", "posix"])
def test_the_three_kinds_of_groups(roomy: Directory, kind: str, base: str, page_size: int) -> None:
    """groupOfNames, groupOfUniqueNames and posixGroup give the same people, however many a page holds."""
    asked = source(roomy, kind, people_base=base, page_size=page_size)
    if kind == "posix" and not base:
        with pytest.raises(SettingsError, match="people_base"):
            asked.fetch()
        return
    found = asked.fetch()
    assert found.logins == LOGINS
    assert {subscriber.name for subscriber in found.people} == set(UIDS)
    assert all(subscriber.entry.endswith(PEOPLE) for subscriber in found.people)


def test_every_address_of_a_member_is_on_the_list(roomy: Directory) -> None:
    """Both stand under one entry, so that they are known to be one person's."""
    found = source(roomy, "two").fetch()
    assert {(subscriber.login, subscriber.address) for subscriber in found.people} == {
        ("two@nic.example", "Two@nic.example"),
        ("two@example.net", "two@example.net"),
    }
    assert len({subscriber.entry for subscriber in found.people}) == 1


def test_the_mail_attribute_can_be_another_one(roomy: Directory) -> None:
    """What counts is the attribute that is set: here nobody has it, and the message names it."""
    assert "mobile" in str(fault(source(roomy, "names", mail_attribute="mobile")))
    assert source(roomy, "names", mail_attribute="MAIL").fetch().logins == LOGINS


def test_another_spelling_of_a_dn_is_the_same_entry(roomy: Directory) -> None:
    """Case and spaces in DNs mean nothing."""
    assert source(roomy, "spelt").fetch().logins == {f"{uid}@nic.example" for uid in UIDS[:2]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dangling", f"uid=nobody,{PEOPLE}"),
        ("without-mail", f"uid=nomail,{PEOPLE}"),
        ("nested", f"cn=names,{GROUPS}"),
        ("nested-mail", f"cn=inner,{GROUPS}: this member of cn=nested-mail,{GROUPS} is a group, and groups"),
        ("nested-unseen", f"cn=unseen,{PEOPLE}: this member of cn=nested-unseen,{GROUPS} is a group, and groups"),
        ("odd", "not an address"),
        ("posix-unknown", "no entry has the uid 'nobody'"),
        ("posix-twice", "2 entries have the uid 'dup'"),
        ("posix-filter", "no entry has the uid '*)(uid=*'"),
    ],
)
def test_a_member_who_cannot_be_read_is_named_and_stops_it(roomy: Directory, name: str, said: str) -> None:
    """Never a shorter list: the message names the member, by DN or uid."""
    found = fault(source(roomy, name))
    assert found.fault is ListFault.ANSWER
    assert said in str(found)


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        ("dangling", f"UID=nobody, {PEOPLE}"),
        ("without-mail", f"uid=nomail,{PEOPLE}"),
        ("nested", f"cn=names,{GROUPS}"),
        ("nested-mail", f"cn=inner,{GROUPS}"),
        ("nested-unseen", f"cn=unseen,{PEOPLE}"),
        ("posix-unknown", "nobody"),
    ],
)
def test_who_is_nobody_can_be_named(roomy: Directory, name: str, ignored: str) -> None:
    """A placeholder is put up with by name alone; whoever is ignored and alone leaves an empty list."""
    asked = source(roomy, name, ignore=(ignored,))
    assert asked.fetch().logins == {f"{UIDS[0]}@nic.example"}
    everybody = tuple(f"uid={uid},{PEOPLE}" for uid in UIDS)
    assert fault(source(roomy, "names", ignore=everybody)).fault is ListFault.EMPTY


@pytest.mark.parametrize("base", [f"{PEOPLE}", "", "dc=example,dc=org"])
def test_a_group_with_an_address_is_nobody_in_the_group(roomy: Directory, base: str) -> None:
    """However it is found: its own members would be missing from the list, without a sign of it."""
    assert "is a group, and groups" in str(fault(source(roomy, "nested-mail", people_base=base)))
    if base == "dc=example,dc=org":
        assert "is a group, and groups" in str(fault(source(roomy, "posix-nested", people_base=base)))


@pytest.mark.parametrize(
    ("attributes", "wanted"),
    [
        ({"objectclass": [b"top", b"person", b"organizationalPerson", b"user"]}, False),
        ({"objectclass": [b"account", b"posixAccount"]}, False),
        ({"objectclass": [b"inetOrgPerson", b"posixGroup"], "member": []}, False),
        ({"objectclass": [b"inetOrgPerson", b"posixGroup"], "memberuid": [b"ada"]}, True),
        ({"objectclass": [b"top", b"group"]}, True),
        ({"objectclass": [b"GroupOfUniqueNames"]}, True),
        ({"objectclass": [b"top"], "member;range=0-1499": [b"cn=a"], "member": []}, True),
        ({"objectclass": [b"nisMailAlias"], "rfc822mailmember": [b"ada@nic.example"]}, True),
    ],
)
def test_what_is_a_group(attributes: dict[str, list[bytes]], wanted: bool) -> None:
    """By its object classes, or by having members; of a person's own group of a Unix system the person is known."""
    assert is_group(attributes) is wanted


def test_a_member_of_unseen_kind_stops_it(tmp_path: Path) -> None:
    """Where the service account may not read object classes, nobody can tell a group from a person."""
    hidden = f'access to dn.children="{PEOPLE}" attrs=objectClass by users search by * none'
    entries = (person("ada", "ada@nic.example"), group("g", "ada"))
    with directory(tmp_path / "slapd", *entries, rules=hidden) as here:
        assert "objectClass" in str(fault(source(here, "g")))


@pytest.mark.parametrize("name", ["posix-nobody", "empty-dn"])
def test_an_empty_group_is_never_taken_for_nobody(roomy: Directory, name: str) -> None:
    """Nobody in the group, or an empty DN alone, which is how a groupOfNames is emptied."""
    assert fault(source(roomy, name)).fault is ListFault.EMPTY


def test_no_such_group(roomy: Directory) -> None:
    """Neither under a wrong name nor, unseen, for whoever may not read it."""
    assert fault(source(roomy, "nowhere")).fault is ListFault.UNKNOWN
    assert fault(source(roomy, "names", bind_dn="", password_file=None)).fault in (ListFault.UNKNOWN, ListFault.REFUSED)
    with pytest.raises(SettingsError, match="has no `group`"):
        source(roomy, "names", group="").fetch()


def test_the_size_limit_stops_it(slapd: Directory) -> None:
    """A directory that gives no more than ten entries gives no list of twenty-three, in however small pages."""
    for page_size in (5, 500):
        found = fault(source(slapd, "posix", page_size=page_size))
        assert found.fault is ListFault.CUT_OFF
        assert "size limit" in str(found)


def test_a_referral_stops_it(slapd: Directory) -> None:
    """What another server holds is a part that is missing, whether a member or a branch of the people."""
    assert fault(source(slapd, "referred", people_base="")).fault is ListFault.CUT_OFF
    assert "refers to another server" in str(fault(source(slapd, "referred", people_base="")))
    assert fault(source(slapd, "posix-twice")).fault is ListFault.CUT_OFF


def test_members_of_every_attribute_count_once() -> None:
    """One group may use two attributes; a uniqueMember may have a bit string behind it (RFC 4517, 3.3.21)."""
    attributes = {
        "member": [b"uid=a,dc=x", b"UID=A, dc=x"],
        "uniquemember": [b"uid=b,dc=x#'0101'B", b"uid=a,dc=x"],
        "memberuid": [b"c", b"c", b"d"],
    }
    dns, uids = members(attributes)
    assert [dn.lower().replace(" ", "") for dn in dns] == ["uid=a,dc=x", "uid=b,dc=x"]
    assert uids == ["c", "d"]
    with pytest.raises(ListError, match="UTF-8"):
        members({"member": [b"uid=\xff,dc=x"]})


def test_a_directory_that_cannot_be_asked(slapd: Directory, tmp_path: Path) -> None:
    """No server, a wrong password, a certificate of somebody else: each is told, none means nobody."""
    wrong = tmp_path / "wrong"
    wrong.write_text("not it")
    away = f"ldap://127.0.0.1:{free_port()}"
    for change in ({"servers": (away,)}, {"password_file": wrong}, {"ca_file": None}):
        assert fault(source(slapd, "names", **change)).fault is ListFault.UNREACHABLE
    assert "not it" not in str(fault(source(slapd, "names", password_file=wrong)))


def test_a_directory_that_says_nothing(slapd: Directory) -> None:
    """A server that takes the connection and never answers costs the time-out, and is told as one."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = f"ldap://127.0.0.1:{hole.getsockname()[1]}"
        assert fault(source(slapd, "names", servers=(url,))).fault is ListFault.TIMEOUT


def test_the_next_server_is_asked_when_one_is_away(roomy: Directory) -> None:
    """In order, and by either kind of TLS."""
    away = f"ldap://127.0.0.1:{free_port()}"
    for here in (roomy.url, roomy.tls_url):
        assert source(roomy, "names", servers=(away, here)).fetch().logins == LOGINS


def test_the_digest_changes_with_who_is_in_the_group_alone(tmp_path: Path) -> None:
    """A new name in the directory is no change; somebody less is."""
    with directory(tmp_path / "slapd", *(person(uid, f"{uid}@nic.example") for uid in UIDS), group("g", *UIDS)) as here:
        group_there = source(here, "g")
        before = group_there.fetch().source
        with here.administrator() as connection:
            assert modify(connection, f"uid={UIDS[0]},{PEOPLE}", "cn", MODIFY_REPLACE, "Other")
            assert group_there.fetch().source == before
            assert modify(connection, f"cn=g,{GROUPS}", "member", MODIFY_DELETE, f"uid={UIDS[0]},{PEOPLE}")
        found = group_there.fetch()
        assert found.logins == LOGINS - {f"{UIDS[0]}@nic.example"}
        assert found.source.sha256 != before.sha256
