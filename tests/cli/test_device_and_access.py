"""`tldops device` and `tldops access`: who may read, with what, and how that ends."""

import re
from datetime import timedelta

import pytest

from radicale_tldops.store.read import load_state
from tests.support import World
from tests.support.people import people
from tests.support.world import ANY_TIME

TEN = people(10)
ADA = "“Ada Example, #1, .nl, +31 6 12345678” ada@nic.example, ada@example.net"


def add(tldops: World, login: str, *more: str) -> dict[str, str]:
    """Issue a device password and return what `device add --json` prints."""
    shown: dict[str, str] = tldops.do("device", "add", login, "--label", "phone", "--json", *more).json
    return shown


def test_password_is_shown_once_and_kept_nowhere(tldops: World) -> None:
    """The password has at least 128 bits, and is neither in a database nor in what any other command prints."""
    tldops.sync(*TEN)
    result = tldops.do("device", "add", TEN[0].login, "--label", "Thunderbird")
    found = re.search(r"^Password: (\S+)$", result.out, re.MULTILINE)
    assert found
    password = found[1]
    assert len(set(re.sub("-", "", password))) > 8
    assert len(re.sub("-", "", password)) * 5 >= 128
    assert f"User: {TEN[0].login}" in result.out
    assert result.out.count(password) == 1
    for path in tldops.folder.glob("*.sqlite"):
        assert password.encode() not in path.read_bytes()
    for command in ("device list", "device list --json", "audit", "audit --json", "access list", "status --json"):
        assert password not in tldops.do(*command.split()).out


def test_two_devices_have_two_passwords(tldops: World) -> None:
    """Each call issues another password and another id; the label and the style are kept."""
    tldops.sync(*TEN)
    first, second = add(tldops, TEN[0].login), add(tldops, TEN[0].login, "--style", "groups")
    assert first["password"] != second["password"]
    assert first["id"] != second["id"]
    listed = tldops.do("device", "list", TEN[0].login, "--json").json
    assert [(device["id"], device["label"], device["style"]) for device in listed] == [
        (first["id"], "phone", "plain"),
        (second["id"], "phone", "groups"),
    ]


def test_addresses_are_the_configured_ones(tldops: World) -> None:
    """`[server] url` is what the member gets to type, else where `tldops serve` listens."""
    tldops.sync(*TEN)
    assert add(tldops, TEN[0].login)["url"] == "http://127.0.0.1:5232/"
    tldops.configure('[server]\nurl = "https://contacts.example.org"\n')
    assert add(tldops, TEN[0].login)["url"] == "https://contacts.example.org/"


def test_a_phone_is_never_told_the_address_of_this_machine(tldops: World) -> None:
    """Without `[server] url` the set-up of phones is left out, and what to set is said; with it everything is there."""
    tldops.sync(*TEN)
    said = tldops.do("device", "add", TEN[0].login, "--label", "iPhone").out
    assert 'in tldops.toml, in [server], for example: url = "https://contacts.example.org/"' in said
    assert not re.search("^(Apple|Android):", said, re.MULTILINE)
    tldops.configure('[server]\nurl = "https://contacts.example.org"\n')
    said = tldops.do("device", "add", TEN[0].login, "--label", "iPhone").out
    assert "server contacts.example.org, user" in said
    assert "davx5://" in said
    assert "127.0.0.1" not in said
    assert "this machine alone" not in said


@pytest.mark.parametrize("typed", ["PERSON01@NIC.Example", "ｐｅｒｓｏｎ01@nic.example", "person01@nic。example"])
def test_every_spelling_is_the_one_login(tldops: World, typed: str) -> None:
    """Case, full-width letters and the ideographic dot lead to the canonical login."""
    tldops.sync(*TEN)
    assert add(tldops, typed)["user"] == TEN[0].login


@pytest.mark.parametrize(
    "login",
    [
        "nobody@nic.example",
        "реrson01@nic.example",  # Cyrillic letters
        "person01",
        "",
        ".*",
        "person01@nic.example\n",
        "person01\x1b[31m@nic.example",
        "person01@nic.example\u2028",
        "~groups",
        "x" * 5000 + "@nic.example",
    ],
)
def test_unknown_login_gets_no_device(tldops: World, login: str) -> None:
    """Nobody on the list: exit 2, one line that a terminal can show, nothing issued."""
    tldops.sync(*TEN)
    said = tldops.refused("device", "add", login, "--label", "phone", code=2)
    assert "nobody on the list has this login" in said
    assert said.isprintable()


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "\x1b[31m", "x" * 61])
def test_label_is_one_line(tldops: World, label: str) -> None:
    """A label that would break the list of devices is wrong usage."""
    tldops.sync(*TEN)
    assert "--label" in tldops.refused("device", "add", TEN[0].login, "--label", label, code=2)


@pytest.mark.parametrize("reason", ["", " ", "a\nb", "a\x1b[31m", "\udcff", "x" * 201])
@pytest.mark.parametrize(
    "command", ["access deny LOGIN --reason", "device revoke 00000000 --reason", "confirm LOGIN --how"]
)
def test_reasons_are_one_line(tldops: World, command: str, reason: str) -> None:
    """So is a reason: exit 2, and neither database is touched."""
    tldops.sync(*TEN)
    said = tldops.refused(*command.replace("LOGIN", TEN[0].login).split(), reason, code=2)
    assert "one line of 1 to 200 characters" in said


def test_no_device_before_the_first_sync(tldops: World) -> None:
    """Without a generation there is nobody to issue a device to: exit 2 and the command that helps."""
    tldops.do("init")
    assert "`tldops sync`" in tldops.refused("device", "add", TEN[0].login, "--label", "phone", code=2)


def test_revocation(tldops: World) -> None:
    """A revoked device is marked with the reason; the others stay valid; revoking again changes nothing."""
    tldops.sync(*TEN)
    first, _ = add(tldops, TEN[0].login), add(tldops, TEN[0].login)
    tldops.do("device", "revoke", first["id"], "--reason", "phone lost")
    assert tldops.devices(TEN[0].login) == [False, True]
    listed = tldops.do("device", "list", "--json").json
    assert listed[0]["revoked_because"] == "phone lost"
    assert "phone lost" in tldops.do("device", "list").out
    assert "revoked already" in tldops.do("device", "revoke", first["id"]).out
    assert tldops.do("device", "list", "--json").json[0]["revoked_because"] == "phone lost"


def test_unknown_device_revokes_nothing(tldops: World) -> None:
    """One wrong id among several: exit 2, and none of them is revoked."""
    tldops.sync(*TEN)
    device = add(tldops, TEN[0].login)
    assert "0badc0de" in tldops.refused("device", "revoke", device["id"], "0badc0de", code=2)
    assert tldops.devices(TEN[0].login) == [True]


def test_a_device_is_revoked_by_person_and_label(tldops: World) -> None:
    """Named by address, name or UID; where the label is nobody's, or two devices have it, nothing is revoked."""
    tldops.sync(*TEN)
    for person, label in ((TEN[0], "iPhone"), (TEN[0], "laptop"), (TEN[1], "iPhone"), (TEN[2], "tablet")):
        tldops.do("device", "add", person.login, "--label", label)
    tldops.do("device", "add", TEN[2].login, "--label", "Tablet")
    said = tldops.refused("device", "revoke", TEN[0].name, "--label", "phone", code=1)
    assert "(iPhone)" in said
    assert "(laptop)" in said
    assert "2 devices" in tldops.refused("device", "revoke", TEN[2].login, "--label", "tablet", code=1)
    tldops.refused("device", "revoke", "nobody@nic.example", "--label", "iPhone", code=1)
    tldops.do("device", "revoke", TEN[0].name, "--label", "IPHONE", "--reason", "stolen")
    assert tldops.devices(TEN[0].login) == [False, True]
    assert tldops.devices(TEN[1].login) == [True]
    assert tldops.do("audit", "--json").json[-1]["action"] == "device revoke"


def test_devices_stand_by_person_the_newest_first_and_the_revoked_apart(tldops: World) -> None:
    """With the name of the person above them, also for one person alone."""
    tldops.sync(*TEN)
    for number, label in enumerate(("oldest", "middle", "newest")):
        tldops.ahead = timedelta(minutes=number)
        tldops.do("device", "add", TEN[0].login, "--label", label)
    tldops.do("device", "add", TEN[1].login, "--label", "other")
    tldops.do("device", "revoke", TEN[0].login, "--label", "middle")
    lines = [line.split(" (")[0] for line in tldops.do("device", "list", TEN[0].name).out.splitlines()]
    name = f".{TEN[0].cctld} {TEN[0].name}"
    assert [line if line in (name, "Revoked:") else line.split()[-1] for line in lines] == [
        name, "newest", "oldest", "Revoked:", name, "middle",
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "revived"), [(0, True), (29, True), (31, False)])
def test_removal_suspends_the_devices(tldops: World, days: int, revived: bool) -> None:
    """The plan says how many, and coming back within the days of grace revives all but the revoked ones."""
    tldops.sync(*TEN)
    add(tldops, TEN[0].login)
    tldops.do("device", "revoke", add(tldops, TEN[0].login)["id"])
    tldops.write(*TEN[1:])
    assert f"- {TEN[0].login}: may no longer log in; suspends 1 device" in tldops.do("plan").out.splitlines()
    tldops.do("sync", "--yes")
    assert tldops.devices(TEN[0].login) == [False, False]
    assert "suspended" in tldops.do("device", "list", TEN[0].login).out
    tldops.ahead = timedelta(days=days)
    tldops.write(*TEN)
    told = "revives 1 device" if revived else "ends 1 device: away for too long"
    assert f"+ {TEN[0].login}: may log in; {told}" in tldops.do("plan").out.splitlines()
    tldops.do("sync", "--yes")
    assert TEN[0].login in tldops.logins()
    assert tldops.devices(TEN[0].login) == [revived, False]


def test_devices_end_when_the_days_of_grace_have_passed(tldops: World) -> None:
    """The next sync ends them for good, also when the clock is right again afterwards."""
    tldops.configure("[subscribers]\nleaving_grace_days = 7\n")
    tldops.sync(*TEN)
    add(tldops, TEN[0].login)
    tldops.sync(*TEN[1:])
    tldops.ahead = timedelta(days=8)
    tldops.do("sync", "--yes")
    tldops.ahead = timedelta()
    tldops.sync(*TEN)
    assert tldops.devices(TEN[0].login) == [False]


def test_changed_list_address_keeps_the_devices(tldops: World) -> None:
    """They are the person's, and the plan says so; they are listed under the old address and the new one."""
    tldops.sync(*TEN)
    add(tldops, TEN[0].login)
    tldops.write(TEN[0].line.replace(TEN[0].login, "moved@registry.example"), *(person.line for person in TEN[1:]))
    shown = tldops.do("plan").out.splitlines()
    assert f"- {TEN[0].login}: may no longer log in" in shown
    assert "+ moved@registry.example: may log in; keeps 1 device" in shown
    assert f"~ .at {TEN[0].name}  [recognised by the name within the ccTLD]" in shown
    tldops.do("sync", "--yes")
    assert tldops.devices(TEN[0].login) == tldops.devices("moved@registry.example") == [True]
    tldops.refused("device", "add", TEN[0].login, "--label", "phone", code=2)


@pytest.mark.parametrize("same", [False, True])
def test_another_name_at_the_address(tldops: World, same: bool) -> None:
    """A name that shares no word with the old one is somebody else's, who gets no device, unless somebody says so."""
    tldops.sync(*TEN)
    add(tldops, TEN[0].login)
    tldops.write(TEN[0].line.replace(TEN[0].name, "Maria Roe"), *(person.line for person in TEN[1:]))
    options = ("--same-person", TEN[0].login.upper()) if same else ()
    shown = tldops.do("plan", *options)
    assert ("ends 1 device: somebody else at this address" in shown.out) != same
    planned = tldops.do("plan", *options, "--json").json["id"]
    tldops.do("sync", *options, "--plan", planned)
    assert tldops.devices(TEN[0].login) == ([True] if same else [])
    tldops.sync(*TEN)
    if not same:
        assert [device["state"] for device in tldops.do("device", "list", "--json").json] == ["revoked"]


def test_address_that_is_somebody_elses_now(tldops: World) -> None:
    """A person who reads under another address keeps the devices; under the passed address they open nothing."""
    second = "second@nic.example"
    tldops.sync(*TEN, TEN[0].line.replace(TEN[0].login, second))
    add(tldops, second)
    add(tldops, TEN[0].login)
    tldops.write(*(person.line for person in TEN), TEN[1].line.replace(TEN[1].login, second))
    shown = tldops("plan").out
    assert "! moved-values: the list addresses of 2 people would be those of other people" in shown
    assert f"~ {second}: login changes (somebody else's now); keeps 2 devices" in shown
    tldops.force("moved-values")
    assert tldops.devices(second) == []
    assert tldops.devices(TEN[0].login) == [True, True]


def test_denial_ends_access_and_devices_and_not_the_card(tldops: World) -> None:
    """`deny` takes effect without a sync: no login, devices revoked, no new device; the card stays."""
    tldops.sync(*TEN)
    add(tldops, TEN[0].login)
    assert "1 device password revoked" in tldops.do("access", "deny", TEN[0].login, "--reason", "phone stolen").out
    assert TEN[0].login not in tldops.logins()
    assert tldops.devices(TEN[0].login) == [False]
    assert TEN[0].name in tldops.contacts()
    assert "`tldops access allow`" in tldops.refused("device", "add", TEN[0].login, "--label", "phone", code=1)
    listed = {reader["login"]: reader for reader in tldops.do("access", "list", "--json").json}
    assert listed[TEN[0].login]["denied"] == "phone stolen"
    assert "DENIED: phone stolen" in tldops.do("access", "list").out
    assert tldops.do("status", "--json").json["denied"] == [TEN[0].login]


@pytest.mark.parametrize("typed", [TEN[0].login, "SECOND@nic.example", "oob@example.net", "person  01", "UID"])
def test_denial_is_the_persons(tldops: World, typed: str) -> None:
    """By any address, in any spelling, by the name or the UID: every login ends, and each is shown."""
    second = "second@nic.example"
    more = TEN[0].line.replace(TEN[0].phone, f"{TEN[0].phone}, oob@example.net")
    tldops.sync(more, *TEN[1:], more.replace(TEN[0].login, second))
    add(tldops, TEN[0].login)
    add(tldops, second)
    state = load_state(tldops.folder / "roster.sqlite", ANY_TIME)
    uid = state.reader_uids[second]
    shown = tldops.do("access", "deny", uid if typed == "UID" else typed, "--reason", "stolen").out
    assert "2 device passwords revoked" in shown
    assert f"{TEN[0].login}, {second}" in shown
    assert not {TEN[0].login, second} & tldops.logins()
    assert tldops.devices(TEN[0].login) == tldops.devices(second) == [False, False]
    shown = tldops.do("access", "allow", uid if typed == "UID" else typed).out
    assert f"{TEN[0].login}, {second}" in shown
    assert {TEN[0].login, second} <= tldops.logins()


@pytest.mark.parametrize(
    "changed", [TEN[0].line.replace(TEN[0].login, "new@nic.example"), TEN[0].line.replace("Person", "Another")]
)
def test_denial_holds_for_later_logins(tldops: World, changed: str) -> None:
    """A new address or a new name in the file lets nobody in who is denied; also not after leaving in between."""
    tldops.sync(*TEN)
    tldops.do("access", "deny", TEN[0].login, "--reason", "stolen")
    tldops.sync(changed, *TEN[1:])
    assert len(tldops.logins()) == 9
    tldops.sync(*TEN[1:])
    tldops.sync(changed, *TEN[1:])
    assert len(tldops.logins()) == 9
    tldops.do("access", "allow", TEN[0].login)
    assert len(tldops.logins()) == 10


@pytest.mark.parametrize("command", [("deny", "--reason", "x"), ("allow",)])
@pytest.mark.parametrize("typed", ["person1@nic.example", "Person", "", "no login", "\x1b[31m", "nobody@nic.example"])
def test_nobody_is_denied_by_mistake(tldops: World, typed: str, command: tuple[str, ...]) -> None:
    """A typo, somebody on the list whom the file does not have, a control character: exit 1 in one printable line."""
    tldops.sync(*TEN)
    said = tldops.refused("access", command[0], typed, *command[1:], code=1)
    assert "Nothing was changed" in said
    assert "`tldops people TEXT` finds them by a part" in said
    assert said.isprintable()


@pytest.mark.parametrize("command", [("deny", "--reason", "x"), ("allow",)])
def test_two_people_are_not_denied_for_one(tldops: World, command: tuple[str, ...]) -> None:
    """Two of one name: exit 1, and the message has an address of each."""
    tldops.sync(*TEN, TEN[0].line.replace(TEN[0].login, "other@nic.example").replace(".at", ".nl"))
    said = tldops.refused("access", command[0], TEN[0].name, *command[1:], code=1)
    assert TEN[0].login in said
    assert "other@nic.example" in said


def test_reader_who_is_no_ssc_is_denied_by_login(tldops: World) -> None:
    """There is no person behind it."""
    tldops.configure('[readers]\n"secretariat@icann.example" = "ccNSO secretariat"\n')
    tldops.sync(*TEN)
    tldops.do("access", "deny", "secretariat@icann.example", "--reason", "x")
    assert "secretariat@icann.example" not in tldops.logins()
    tldops.do("access", "allow", "Secretariat@ICANN.example")
    assert "secretariat@icann.example" in tldops.logins()


def test_denial_outlives_sync_rollback_and_restore(tldops: World) -> None:
    """Neither a sync, a rollback, nor a backup from before the denial brings the login back."""
    tldops.sync(*TEN)
    backup = tldops.folder / "backup"
    tldops.do("backup", str(backup))
    tldops.do("access", "deny", TEN[0].login, "--reason", "phone stolen")
    tldops.sync(*TEN[:9])
    assert TEN[0].login not in tldops.logins()
    tldops.do("rollback", "1", "--yes")
    assert TEN[0].login not in tldops.logins()
    tldops.do("restore", str(backup), "--yes")
    assert TEN[0].login not in tldops.logins()
    assert tldops.do("status", "--json").json["denied"] == [TEN[0].login]
    tldops.do("sync", "--yes")
    assert TEN[0].login not in tldops.logins()


def test_denial_of_somebody_who_left_and_returns(tldops: World) -> None:
    """Leaving the list and coming back does not wash a denial off."""
    tldops.sync(*TEN)
    tldops.do("access", "deny", TEN[0].login, "--reason", "phone stolen")
    tldops.sync(*TEN[1:])
    listed = {reader["login"]: reader["reason"] for reader in tldops.do("access", "list", "--json").json}
    assert listed[TEN[0].login] == "not on the list"
    tldops.sync(*TEN)
    assert TEN[0].login not in tldops.logins()


def test_allow_gives_the_login_back_and_not_the_devices(tldops: World) -> None:
    """After `allow` the login may read again, revoked passwords stay revoked, and a second `allow` is an error."""
    tldops.sync(*TEN)
    add(tldops, TEN[0].login)
    tldops.do("access", "deny", TEN[0].login, "--reason", "phone stolen")
    tldops.do("access", "allow", TEN[0].login)
    assert TEN[0].login in tldops.logins()
    assert tldops.devices(TEN[0].login) == [False]
    assert "is not denied" in tldops.refused("access", "allow", TEN[0].login, code=1)
    tldops.do("access", "deny", TEN[0].login, "--reason", "x")
    tldops.sync(*TEN[1:])
    assert "not on the list" in tldops.do("access", "allow", TEN[0].login).out


def test_every_listed_address_is_a_login(tldops: World) -> None:
    """A person is on the list under any address of the record; without a separate list, under the list addresses."""
    tldops.sync(ADA)
    assert tldops.logins() == {"ada@nic.example"}
    (tldops.folder / "list.txt").write_text("ada@example.net\nada@nic.example\n")
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    tldops.do("sync", "--yes")
    assert tldops.logins() == {"ada@nic.example", "ada@example.net"}
    (tldops.folder / "list.txt").write_text("ada@example.net\n")
    tldops.do("sync", "--yes")
    assert tldops.logins() == {"ada@example.net"}


def test_configured_readers_have_a_reason_and_no_card(tldops: World) -> None:
    """A reader who is no SSC logs in with the reason shown; off the list, there is a warning and no login."""
    tldops.configure('[readers]\n"secretariat@icann.example" = "ccNSO secretariat"\n')
    tldops.sync(*TEN)
    listed = {reader["login"]: reader["reason"] for reader in tldops.do("access", "list", "--json").json}
    assert listed["secretariat@icann.example"] == "ccNSO secretariat"
    assert len(tldops.contacts()) == 10
    (tldops.folder / "list.txt").write_text("".join(f"{person.login}\n" for person in TEN))
    tldops.configure('[readers]\n"secretariat@icann.example" = "ccNSO secretariat"\n[subscribers]\nfile = "list.txt"\n')
    shown = tldops.do("sync", "--yes", "--json").json
    assert [problem["code"] for problem in shown["plan"]["problems"] if "secretariat" in problem["message"]] == [
        "reader-not-listed"
    ]
    assert "secretariat@icann.example" not in tldops.logins()
