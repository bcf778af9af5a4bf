"""Logins by a bind to a real directory: the right person gets in, and nobody else."""

import base64
from collections.abc import Callable
from dataclasses import replace

import pytest

from radicale_tldops.login.ldap import escape_rdn_value
from radicale_tldops.roster.errors import SettingsError, ThrottledError, UnavailableError
from radicale_tldops.roster.snapshot import Style
from radicale_tldops.settings import DirectorySettings
from tests.auth.conftest import HOME, PASSWORDS, Place
from tests.support.directory import BASE, PEOPLE, Directory, directory, person
from tests.support.ldap_answers import Answer, answering
from tests.support.store import login
from tests.support.wire import relay

TEMPLATE = f"uid={{login}},{PEOPLE}"


@pytest.mark.parametrize("secure", ["StartTLS", "LDAPS"])
@pytest.mark.parametrize("typed", ["jane", "jane@nic.example", "JANE", "Jane@NIC.example", "\uff4aane"])
def test_the_right_password_lets_in_under_every_login_that_the_filter_finds(
    place: Place, slapd: Directory, secure: str, typed: str
) -> None:
    """By what the organisation gives people as login, or by the list address."""
    asked = slapd.settings(slapd.url if secure == "StartTLS" else slapd.tls_url)
    assert place.with_directory(asked).enter(typed, PASSWORDS["jane"]) == login("jane")


def test_a_login_by_ldap_has_no_device_and_the_style_that_was_typed(asking: Place) -> None:
    """Contacts only, unless the user name ends with ~groups."""
    for user, style in (("jane", Style.PLAIN), ("jane~groups", Style.GROUPS)):
        identity = asking.gate.identify(user, PASSWORDS["jane"], HOME)
        assert identity is not None
        assert (identity.device, identity.label, identity.style) == (None, "LDAP", style)
        assert identity.principal.endswith("~groups") == (style is Style.GROUPS)


@pytest.mark.parametrize(
    ("typed", "password"),
    [
        ("jane", "wrong"), ("jane", PASSWORDS["john"]), ("jane", PASSWORDS["jane"] + " "), ("nobody", "wrong"),
        ("nobody", PASSWORDS["jane"]), ("", PASSWORDS["jane"]), ("~groups", PASSWORDS["jane"]),
        (f"uid=jane,{PEOPLE}", PASSWORDS["jane"]), ("jane@nic.example@nic.example", PASSWORDS["jane"]),
    ],
)  # fmt: skip
def test_a_wrong_password_or_login_is_nobody(asking: Place, typed: str, password: str) -> None:
    """Also one person's password under another one's login."""
    assert asking.enter(typed, password) == ""


@pytest.mark.parametrize("template", ["", TEMPLATE])
@pytest.mark.parametrize(
    "typed",
    [
        "*", "*)(uid=*", "jane*", "j*e", "jane)(mail=*", "jane)(|(uid=*", "\\2a", "jane\\", "(jane)", "jane\\29",
        "*)(objectClass=*))(&(uid=jane", "jane,ou=people", "jane+cn=jane", "jane\\,", "jane\\2c", "#6a616e65", "jane;",
        "<jane>", '"jane"', "jane=jane", ".*", "..", ".web", "a/b", "jane\x00", "jane\n", "jan\u200be", "ja\u202ene",
        "jаne", "cn=admin,dc=example,dc=org", "x" * 5000,
    ],
)  # fmt: skip
def test_what_means_something_to_a_filter_or_a_dn_means_nothing(asking: Place, template: str, typed: str) -> None:
    """Jane's password under every login that would be hers if the directory took it for a pattern, and it is nobody."""
    if template:
        asking = asking.with_directory(asking.settings.ldap, people_base="", dn_template=template)
    assert asking.enter(typed, PASSWORDS["jane"]) == ""
    assert asking.enter("jane", PASSWORDS["jane"]) == login("jane")


def test_a_login_of_metacharacters_is_found_by_its_own_name(
    place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Escaped, and not thrown away: people with strange logins get in, by filter and by template."""
    names = ("doe, jane", "a+b=c", "star*(1)", "back\\slash", "#first", "o'neil", "müller", '"quoted"', "a;b<c>")
    # In LDIF, what is not plain is base64.
    entries = [
        f"dn: uid={escape_rdn_value(name)},{PEOPLE}\nobjectClass: inetOrgPerson\ncn: x\nsn: x\n"
        f"uid:: {base64.b64encode(name.encode()).decode()}\n"
        f"mail: jane@nic.example\nuserPassword: {PASSWORDS['jane']}\n"
        for name in names
    ]
    with directory(tmp_path_factory.mktemp("strange"), *entries) as running:
        by_filter = place.with_directory(running.settings(), filter="(uid={login})")
        by_template = place.with_directory(running.settings(), people_base="", dn_template=TEMPLATE)
        for name in names:
            assert by_filter.enter(name, PASSWORDS["jane"]) == login("jane"), name
            assert by_template.enter(name, PASSWORDS["jane"]) == login("jane"), name


def test_a_template_names_the_entry_without_a_service_account(place: Place, slapd: Directory) -> None:
    """The person's own bind reads the addresses; nothing but the template is needed."""
    asked = replace(slapd.settings(), bind_dn="", password_file=None)
    there = place.with_directory(asked, people_base="", dn_template=TEMPLATE)
    assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
    assert there.enter("jane", "wrong") == ""
    assert there.enter("nobody", PASSWORDS["jane"]) == ""


def test_two_entries_are_nobody(asking: Place) -> None:
    """Both have the same address and the same password: the directory does not say who that is."""
    assert asking.enter("twin@nic.example", PASSWORDS["twin"]) == ""
    assert asking.enter("twin1", PASSWORDS["twin"]) == login("twin")


def test_a_right_password_of_somebody_who_is_not_on_the_list_is_nobody(asking: Place) -> None:
    """Whatever proves who somebody is: the gate is the list. Once on it, the same password lets in at once."""
    assert asking.enter("zoe", PASSWORDS["zoe"]) == ""
    asking.apply(put=["zoe"])
    assert asking.enter("zoe", PASSWORDS["zoe"]) == login("zoe")


def test_every_address_of_an_entry_counts(asking: Place) -> None:
    """John's first address at the directory is not on the list, his second is."""
    assert asking.enter("john", PASSWORDS["john"]) == login("john")


def test_who_is_on_the_list_under_two_addresses_is_the_one_that_was_typed(asking: Place) -> None:
    """And otherwise always the same one."""
    assert asking.enter("mara.other@nic.example", PASSWORDS["mara"]) == login("mara.other")
    assert asking.enter("mara@nic.example", PASSWORDS["mara"]) == login("mara")
    assert {asking.enter("mara", PASSWORDS["mara"]) for _ in range(3)} == {login("mara.other")}


def test_one_denied_address_shuts_out_the_person(asking: Place) -> None:
    """It is one password for all of them, and a denial may be because that was stolen."""
    asking.deny("mara.other")
    for typed in ("mara", "mara@nic.example", "mara.other@nic.example"):
        assert asking.enter(typed, PASSWORDS["mara"]) == ""


@pytest.mark.parametrize("password", ["", " ", "\t\n", "\x00", "jane\x00", "jane\ud800", "x" * 1025, "x" * 40_000])
def test_what_can_be_no_password_never_reaches_the_network(place: Place, slapd: Directory, password: str) -> None:
    """A bind with an empty password succeeds, as nobody (RFC 4513, 5.1.2): it must never be made."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        assert there.enter("jane", password) == ""
        assert wire.connections == 0


@pytest.mark.parametrize(
    "change",
    [
        str, str.upper, str.title, lambda text: text.replace("-", " "), lambda text: f" {text}\n",
        lambda text: text.replace("-", ""), lambda text: text.replace("-", "").upper(),
        lambda text: text.replace("-", "\u2013"), lambda text: text.replace("-", "\u2011"),
        lambda text: text[:3] + "\u00ad" + text[3:], lambda text: text.replace("-", "\u00a0"),
        lambda text: "".join(chr(ord(char) + 0xFEE0) for char in text),
    ],
)  # fmt: skip
def test_a_device_password_is_known_in_every_spelling_and_never_reaches_the_network(
    place: Place, slapd: Directory, change: Callable[[str], str]
) -> None:
    """Its owner gets in with or without dashes, in any case; under another login it opens nothing."""
    password = place.device("jane")
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        for typed in ("jane@nic.example", "john@nic.example", "jane"):
            wanted = login("jane") if typed == "jane@nic.example" else ""
            assert there.enter(typed, change(password)) == wanted
        assert wire.connections == 0


def test_a_device_password_that_was_typed_wrong_does_not_reach_the_network(place: Place, slapd: Directory) -> None:
    """Such as with the letter "o", which no device password has."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        for typed in ("ooooo-11111-22222-33333-44444-55555", "OOOOO 11111 22222 33333 44444 55555"):
            assert there.enter("jane@nic.example", typed) == ""
        assert wire.connections == 0


@pytest.mark.parametrize(
    "password",
    [
        "7seven-ants-rest-near-the-warm-lake", "x" * 31, "abcdefghjkmnpqrstvwxyzabcdefgl", "0" * 29,
        "12345-67890-12345-67890-12345", "correct horse battery staple",
    ],
)  # fmt: skip
def test_another_password_is_taken_for_no_device_password(
    place: Place, tmp_path_factory: pytest.TempPathFactory, password: str
) -> None:
    """A password of the directory that is as long, or has dashes, lets in."""
    jane = person("jane", "jane@nic.example", password=password)
    with directory(tmp_path_factory.mktemp("long"), jane) as running:
        assert place.with_directory(running.settings()).enter("jane", password) == login("jane")


def test_both_ways_in_stand_side_by_side(asking: Place) -> None:
    """The device password and the directory's, for the same login."""
    password = asking.device("jane")
    assert asking.enter("jane@nic.example", password) == login("jane")
    assert asking.enter("jane@nic.example", PASSWORDS["jane"]) == login("jane")


def test_a_proof_is_kept_for_its_time_and_no_longer(place: Place, slapd: Directory) -> None:
    """Within it no connection is made; a wrong password is wrong all the same."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        for _ in range(3):
            assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        assert wire.connections == 1
        assert there.enter("jane", "wrong") == ""
        assert wire.connections == 2
        there.clock.now += 301
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        assert wire.connections == 3


def test_a_kept_proof_ends_with_the_reader(place: Place, slapd: Directory) -> None:
    """Removed, denied, or removed and back again while she did not ask: the directory is asked anew."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        there.apply(remove=["jane"])
        assert there.enter("jane", PASSWORDS["jane"]) == ""
        there.apply(put=["jane"])
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        assert wire.connections == 3
        # Others ask meanwhile; she does not.
        for put, remove in ((), ("jane",)), (("jane",), ()):
            there.apply(put, remove)
            assert there.enter("john", "") == ""
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        assert wire.connections == 4
        # Denied, and allowed again, while she does not ask.
        there.deny("jane")
        assert there.enter("john", "") == ""
        there.allow("jane")
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
        assert wire.connections == 5
        there.deny("jane")
        assert there.enter("jane", PASSWORDS["jane"]) == ""


def test_the_same_wrong_password_is_no_new_guess(place: Place, slapd: Directory) -> None:
    """A phone with an old password neither loads the directory nor locks out the laptop beside it."""
    with relay(slapd.port) as wire:
        there = place.with_directory(slapd.settings(wire.url))
        for _ in range(50):
            assert there.enter("jane", "last year's password") == ""
        assert wire.connections == 1
        for _ in range(20):
            there.clock.now += 61
            assert there.enter("jane", "last year's password") == ""
        assert wire.connections == 21
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")


def test_a_guesser_is_stopped_and_locks_nobody_out(place: Place, slapd: Directory) -> None:
    """Elsewhere the right password works on, by LDAP and by device; where the guesses come from, the device's does."""
    device = place.device("jane")
    there = place.with_directory(slapd.settings())
    for number in range(5):
        assert there.enter("jane", f"guess {number}", "203.0.113.5") == ""
    for password in ("guess 6", PASSWORDS["jane"]):
        with pytest.raises(ThrottledError) as caught:
            there.enter("jane", password, "203.0.113.5")
        assert 0 < caught.value.retry_after <= 300
    assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
    # It is kept now, and may not be guessed at the faster for it.
    with pytest.raises(ThrottledError):
        there.enter("jane", PASSWORDS["jane"], "203.0.113.5")
    assert there.enter("jane@nic.example", device, "203.0.113.5") == login("jane")
    there.clock.now += 301
    assert there.enter("jane", PASSWORDS["jane"], "203.0.113.5") == login("jane")


def test_referrals_are_not_followed(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where another server is said to know more, no password goes there."""
    with relay(1) as elsewhere:
        referral = (
            f"dn: ou=more,{PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: more\n"
            f"ref: ldap://127.0.0.1:{elsewhere.port}/ou=more,{PEOPLE}\n"
        )
        jane = person("jane", "jane@nic.example", password=PASSWORDS["jane"])
        with directory(tmp_path_factory.mktemp("referring"), jane, referral) as running:
            there = place.with_directory(running.settings())
            assert there.enter("jane", PASSWORDS["jane"]) == login("jane")
            assert there.enter("nobody", PASSWORDS["jane"]) == ""
        assert elsewhere.connections == 0


@pytest.mark.parametrize("code", [1, 10, 51, 52, 80])
def test_an_entry_that_cannot_be_checked_keeps_nobody_else_out(place: Place, code: int) -> None:
    """An error, a referral, busy, unavailable, other: that login gets 503, and the directory is asked for the next."""
    jane = {f"uid=jane,{PEOPLE}": {"mail": ["jane@nic.example"]}}
    with answering(lambda *_: Answer(jane), lambda dn: code if "away" in dn else 0) as server:
        asked = DirectorySettings(servers=(server.url,), start_tls=False)
        there = place.with_directory(asked, people_base="", dn_template=TEMPLATE)
        for _ in range(3):
            with pytest.raises(UnavailableError):
                there.enter("away", PASSWORDS["jane"])
        assert there.enter("jane", PASSWORDS["jane"]) == login("jane")


@pytest.mark.parametrize("change", [{"people_base": "", "filter": "(uid={login})"}, {"dn_template": TEMPLATE}])
def test_settings_that_do_not_say_how_people_are_found_are_refused(
    place: Place, slapd: Directory, change: dict[str, str]
) -> None:
    """Neither way, or both: a message at the start, and no surprise at the first login."""
    with pytest.raises(SettingsError, match="people_base"):
        place.with_directory(slapd.settings(), **change)


def test_logins_by_ldap_need_a_server(place: Place) -> None:
    """[auth.ldap] without [ldap] is a message at the start, too."""
    with pytest.raises(SettingsError, match="servers"):
        place.with_directory(DirectorySettings())


def test_a_base_that_does_not_exist_is_the_operators_fault_and_nobodys_wrong_password(
    place: Place, slapd: Directory
) -> None:
    """The answer is not no, so that no phone forgets its password."""
    there = place.with_directory(slapd.settings(), people_base=f"ou=nowhere,{BASE}")
    with pytest.raises(UnavailableError):
        there.enter("jane", PASSWORDS["jane"])
