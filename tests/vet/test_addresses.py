import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from radicale_tldops.roster.errors import InputError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.role_address import is_role
from radicale_tldops.zones.root_data import delegations
from sync.vet.addresses import normalise_address

DELEGATED = delegations()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("john.doe@nic.nl", "john.doe@nic.nl"),
        (" MAX@Example.DE ", "MAX@example.de"),
        ("r@nic.example", "r@nic.example"),
        ("r@nic.test", "r@nic.test"),
        ("r@example.com", "r@example.com"),
        ("r@oarc.net", "r@oarc.net"),
        ("r@почта.рф", "r@xn--80a1acny.xn--p1ai"),
        ("r@XN--80A1ACNY.xn--p1ai", "r@xn--80a1acny.xn--p1ai"),
        ("дон@nic.example", "дон@nic.example"),
        ("r@nic。example", "r@nic.example"),
        ("o'brien+tld@nic.example", "o'brien+tld@nic.example"),
    ],
)
def test_an_address_keeps_its_local_part_and_gets_a_labels(text: str, kept: str) -> None:
    """The local part stays as written, the domain becomes lower case and A-labels; reserved domains pass."""
    assert normalise_address(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "john", "@nic.nl", "john@", "john@nl", "john@nic..nl", "a@b@nic.nl", "john@[192.0.2.1]"),
        "john@192.0.2.1",
        *("john doe@nic.nl", '"john doe"@nic.nl', "john@nic.nl, jane@nic.nl", "John <john@nic.nl>"),
        "john@ni_c.nl",
        *("john@nic.nl\n", "jo\u200bhn@nic.nl", "john@xn--zz.nl", "x" * 65 + "@nic.nl"),
        "j@" + "x" * 64 + ".nl",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Anything but one plain address with a domain gives the project's own error; no part of it is dropped."""
    with pytest.raises(InputError):
        normalise_address(text)


@given(st.one_of(st.text(), st.emails(), st.from_regex(r"[^@]{1,10}@[^@]{1,10}\.(nl|рф|example)", fullmatch=True)))
def test_an_address_is_normalised_or_refused(text: str) -> None:
    """Normalising is idempotent, keeps the canonical login, and raises nothing but `InputError`."""
    try:
        address = normalise_address(text)
    except InputError:
        return
    assert normalise_address(address) == address
    assert canonical_login(address) == canonical_login(text.strip(" ")) != ""
    assert address.rpartition("@")[2].isascii()


@given(
    st.from_regex(r"[A-Za-z0-9]{1,5}[._+-]?[A-Za-z0-9]{1,60}@[A-Za-z0-9.-]{1,30}\.(nl|NL|org|example)", fullmatch=True)
)
def test_a_plain_address_is_what_the_validator_makes_of_it(text: str) -> None:
    """The short way for plain addresses gives the same answer as the library."""
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        with pytest.raises(InputError):
            normalise_address(text)
    else:
        assert normalise_address(text) == f"{valid.local_part}@{valid.ascii_domain.lower()}"


@pytest.mark.parametrize(
    "local",
    [
        *("noc", "NOC", "admin", "security", "hostmaster", "abuse", "info", "support", "postmaster"),
        *("cert", "csirt", "soc"),
        *("tech", "dns", "registry", "noc1", "dns-admin", "security.team", "nic_admin", "dnsadmin"),
        "hostmaster+list",
        *("whois", "domains", "domain", "nl-noc", "noc.nl", "noc_рф", "dns.nl-admin", "noc-registry"),
        *("tld-ops", "tldops", "24-7.noc", "ｎｏｃ", "on.call", "help-desk", "duty-manager.ops"),
    ],
)
def test_a_role_is_a_role(local: str) -> None:
    """Words for a role are recognised alone, numbered, tagged, compound, and in any case or width."""
    assert is_role(f"{local}@nic.example", DELEGATED)


@pytest.mark.parametrize(
    "local",
    [
        *("john.doe", "jd", "so", "ns", "it", "jo", "sec", "nic", "max.security", "admin.smith"),
        *("noc.jane", "jane+noc", "nl", "nl.uk", "jd-noc", "noc.jd", "nlnoc.jane", "other-noc", "jane.nl"),
        *("webber", "dnsmith", "abusema", "desk", "on", "007", "-", "", "operat", "дон", "john.tech1"),
    ],
)
def test_a_person_is_no_role(local: str) -> None:
    """Initials, names, names next to a word, words that only resemble a role, and no words at all are no role."""
    assert not is_role(f"{local}@nic.example", DELEGATED)


def test_a_label_of_the_domain_beside_a_role_is_no_name() -> None:
    """The registry's own name says no more than the domain does; alone, and in another domain, it is no role."""
    assert is_role("sidn-noc@sidn.example", DELEGATED)
    assert is_role("noc.sidn@mail.SIDN.example", DELEGATED)
    assert not is_role("sidn@sidn.example", DELEGATED)
    assert not is_role("sidn-noc@nic.example", DELEGATED)


@given(st.text())
def test_any_text_is_a_role_or_not(text: str) -> None:
    """Any text has an answer, and digits and tags never change it."""
    if "+" not in text and "@" not in text and len(text) < 50:
        assert is_role(f"{text}@nic.example", DELEGATED) == is_role(f"{text}1+tag@nic.example", DELEGATED)
    else:
        assert is_role(text, DELEGATED) in (True, False)
