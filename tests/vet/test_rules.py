"""One test for each rule on a person alone. Rules about several people are in test_people.py."""

from dataclasses import replace
from datetime import date

import pytest

from radicale_tldops.roster.contact import Phone
from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.zones.root_data import delegations
from sync.parse.records import Parsed
from sync.problems import CODES, Origin, Problem, Severity
from sync.vet import vet
from sync.vet.limits import MAX_ADDRESSES, MAX_CCTLDS, MAX_NAME, MAX_PHONES

from .entries import JOHN, RULES, TODAY, codes, found, parse_error, record, table_row, vetted, vetting_rules


def test_a_right_record_becomes_a_contact() -> None:
    """A record with which nothing is wrong becomes a contact with all that it says, and no problem."""
    result = vetted(JOHN)
    ((contact, origins),) = result.contacts
    assert contact.name == "John Doe"
    assert contact.slots == (("nl", 1),)
    assert contact.emails == ("john.doe@nic.nl", "john@oarc.net")
    assert contact.phones == (Phone("+31612345678", kind="cell", display="+31 6 12345678"),)
    assert origins == (JOHN.origin,)
    assert (result.problems, result.broken, result.unlisted) == ((), (), ())
    assert result.listed == {"john.doe@nic.nl"}


def test_a_contact_holds_the_columns() -> None:
    """What the table says beyond the name reaches the contact in its own form."""
    row = table_row(organisation="SIDN", languages="nl;en", confirmed_on="2026-01-31", pgp_fingerprint="ab" * 20)
    ((contact, _),) = vetted(row).contacts
    assert (contact.organisation, contact.languages, contact.confirmed_on) == ("SIDN", ("nl", "en"), date(2026, 1, 31))
    assert contact.pgp_fingerprint == "AB" * 20


def test_cctlds_keep_their_order_and_collapse() -> None:
    """The ccTLDs stand in the order of the input as A-labels, each once in whatever spelling it comes again."""
    ((contact, _),) = vetted(record(cctlds=("台灣", "TW", ".台湾", "xn--kpry57d", "tw"))).contacts
    assert [cctld.a_label for cctld in contact.cctlds] == ["xn--kpry57d", "tw", "xn--kprw13d"]


def test_a_slot_is_not_needed() -> None:
    """A table without slots gives contacts without a slot."""
    ((contact, _),) = vetted(record(slot=None)).contacts
    assert contact.slot is None


@pytest.mark.parametrize("field", ["listed", "out_of_band"])
def test_a_domain_that_is_nearly_a_providers_is_a_warning(field: str) -> None:
    """It names both domains, and stops nothing."""
    result = vetted(record(**{field: ("jane@gmial.com",)}))
    assert [problem.message for problem in found(result, "domain-typo")] == ["gmial.com is nearly gmail.com"]
    assert len(result.contacts) == 1


def test_a_domain_that_is_right_is_waived_for_the_address() -> None:
    """For exactly this address, however it is spelled; another one in the same domain is still named."""
    entry = record(listed=("jane@gmial.com",), out_of_band=("john@gmial.com",))
    both = vetting_rules(domain_waivers={"Jane@GMIAL.com": "hers", "john@gmial.com": "his"})
    assert "domain-typo" not in codes(vetted(entry, rules=both))
    for address in ("jane@gmial.com", "john@gmial.com", "ada@gmial.com"):
        assert "domain-typo" in codes(vetted(entry, rules=vetting_rules(domain_waivers={address: "x"})))


def test_a_name_that_is_right_is_waived_for_the_person() -> None:
    """By any address of the record; in an address such a letter stays an error."""
    entry = record(name="J\u043ehn Doe", out_of_band=("john@oarc.net",))
    waived = vetting_rules(name_waivers={"John@oarc.net": "written so"})
    assert "look-alike" not in codes(vetted(entry, rules=waived))
    assert "look-alike" in codes(vetted(entry, rules=vetting_rules(name_waivers={"jane@oarc.net": "x"})))
    assert "bad-address" in codes(vetted(replace(entry, listed=("j\u043ehn@nic.nl",)), rules=waived))


def test_a_letter_that_deceives_in_a_name_is_a_warning() -> None:
    """It is named, and the person stays."""
    result = vetted(record(name="J\u043ehn Doe"))
    (problem,) = found(result, "look-alike")
    assert "U+043E (cyrillic small letter o)" in problem.message
    assert problem.severity is Severity.WARNING
    assert len(result.contacts) == 1


@pytest.mark.parametrize("address", ["j\u043ehn@nic.nl", "john@n\u0456c.nl", "john@xn--nc-hoc.nl", "jo\ufe0fhn@nic.nl"])
def test_an_address_with_a_letter_that_deceives_is_an_error(address: str) -> None:
    """Wherever it stands, also behind an A-label; the letter is named."""
    for field in ("listed", "out_of_band"):
        result = vetted(record(**{field: (address,)}))
        (problem,) = found(result, "bad-address")
        assert problem.severity is Severity.ERROR
        assert "U+" in problem.message
        assert not result.contacts


@pytest.mark.parametrize(("label", "letter"), [("n\u043e", "U+043E"), ("\u0435\u0441", "U+0435"), ("zz", "")])
def test_a_label_that_looks_like_a_cctld_is_named_with_the_letter(label: str, letter: str) -> None:
    """Two letters of which one is Cyrillic, or both."""
    (problem,) = found(vetted(record(cctlds=(label,))), "unknown-cctld")
    assert letter in problem.message
    assert ("U+" in problem.message) == bool(letter)


def test_problems_of_parsing_are_reported_too() -> None:
    """Problems of parsing stand among the others, those of the file as well, by file and line."""
    lossy = Problem(Origin("members.txt", 4), Severity.WARNING, "lossy-export", "a letter was lost", "export it again")
    whole = Problem(Origin("members.txt", 9), Severity.WARNING, "no-final-newline", "maybe cut off", "compare")
    records = (replace(record(4), problems=(lossy,)), record(2, slot=2, phones=()))
    result = vet(Parsed("members.txt", "report", records, (whole,)), RULES, TODAY, None, {})
    assert codes(result) == ["no-phone", "lossy-export", "no-final-newline"]
    assert len(result.contacts) == 2


@pytest.mark.parametrize("label", ["example", "zz", "com", "臺灣", "nl.", "n l", "\ud800"])
def test_an_unknown_cctld_is_an_error(label: str) -> None:
    """A label that is not delegated today breaks the record, and the known ones still tie it to a person."""
    result = vetted(record(cctlds=("nl", label)))
    assert result.contacts == ()
    assert result.broken[0].cctlds == ("nl",)
    assert {"unknown-cctld", "forbidden-character"} & set(codes(result))


def test_the_configuration_says_what_is_delegated() -> None:
    """A ccTLD that is added in the configuration is none that is unknown."""
    rules = vetting_rules(delegations=delegations(add=("zz",)))
    assert "unknown-cctld" not in codes(vetted(record(cctlds=("zz",)), rules=rules))


@pytest.mark.parametrize("slot", [-1, 0, 4, 10**30])
def test_a_slot_beyond_the_limit_is_refused(slot: int) -> None:
    """Slots run from 1 to 3."""
    result = vetted(record(slot=slot))
    assert codes(result) == ["bad-slot"]
    assert result.contacts == ()


def test_the_limit_of_slots_is_a_rule() -> None:
    """With four slots the fourth is one."""
    assert vetted(record(slot=4), rules=vetting_rules(max_slot=4)).problems == ()


@pytest.mark.parametrize("address", ["john", "john@nl", "john doe@nic.nl", "john@ni_c.nl", "john@[192.0.2.1]"])
@pytest.mark.parametrize("field", ["listed", "out_of_band"])
def test_a_bad_address_is_an_error(address: str, field: str) -> None:
    """An address to which no mail goes breaks the record, wherever it stands; nobody is told half of the truth."""
    result = vetted(record(**{field: (address,)}))
    assert found(result, "bad-address")
    assert result.contacts == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        *(({"name": " "}, "no-name"), ({"cctlds": ()}, "no-cctld"), ({"listed": ()}, "no-address")),
        ({"name": "", "cctlds": ()}, "address-only"),
    ],
)
def test_what_a_record_needs(fields: dict[str, object], code: str) -> None:
    """Without a name, a ccTLD or a list address there is no contact."""
    result = vetted(record(**fields))
    assert [problem.code for problem in result.problems if problem.severity is Severity.ERROR] == [code]
    assert result.contacts == ()
    assert len(result.broken) == 1


def test_what_parsing_has_said_is_not_said_again() -> None:
    """A record that was not understood is broken, and what seems to be missing in it is no further problem."""
    result = vetted(replace(record(7, name="", slot=None, phones=()), problems=(parse_error(7, "no-slot"),)))
    assert codes(result) == ["no-slot"]
    (broken,) = result.broken
    assert broken.listed == ("person7@nic.nl",)
    assert broken.out_of_band == ("person7@oob.example",)
    assert broken.cctlds == ("nl",)


def test_an_error_that_parsing_has_found_is_reported_once() -> None:
    """Where both find the same, the one of parsing stands alone."""
    entry = replace(record(7, slot=9), problems=(parse_error(7, "bad-slot"),))
    assert codes(vetted(entry)) == ["bad-slot"]


@pytest.mark.parametrize(
    ("phone", "cctld", "code"),
    [
        ("+31 123456789", "nl", "invalid-phone"),
        ("020 1234567", "nl", "assumed-region"),
        ("NOC +31 20 1234567", "nl", "phone-remark"),
    ],
)
def test_a_number_that_dials_is_kept_with_a_warning(phone: str, cctld: str, code: str) -> None:
    """What there is to say about a number is a warning and takes nobody away."""
    result = vetted(record(phones=(phone,), cctlds=(cctld,)))
    assert codes(result) == [code]
    assert result.contacts[0][0].phones[0].dialable


def test_a_national_number_is_one_of_the_first_cctld_with_numbers() -> None:
    """A national number belongs to the country of the ccTLD, the first of several that has numbers."""
    result = vetted(record(phones=("01865 000000",), cctlds=("eu", "uk", "nl")))
    assert result.contacts[0][0].phones[0].number == "+441865000000"


def test_a_number_that_is_not_understood_is_kept() -> None:
    """The text stays in the contact; without another number the person has none that dials."""
    result = vetted(record(phones=("ask the NOC",)))
    assert codes(result) == ["no-phone", "phone-not-understood"]
    assert result.contacts[0][0].phones == (Phone("ask the NOC", dialable=False),)


@pytest.mark.parametrize("phone", ["N/A", "n/a", "-", "none", "?"])
def test_a_word_for_no_number_is_said_to_be_one(phone: str) -> None:
    """It is kept like every text that does not dial, and the remedy is to leave the place empty."""
    result = vetted(record(phones=(phone,)))
    (problem,) = found(result, "phone-not-understood")
    assert "only says that there is no number" in problem.message
    assert problem.remedy == "Leave the place empty instead."
    assert result.contacts[0][0].phones == (Phone(phone, dialable=False),)


@pytest.mark.parametrize("phones", [(), ("fax: +31 20 1234567",)])
def test_somebody_without_a_number_that_dials_is_reported(phones: tuple[str, ...]) -> None:
    """No number, or a fax machine alone, is no way to call somebody."""
    result = vetted(record(phones=phones))
    assert codes(result) == ["no-phone"]
    assert len(result.contacts) == 1


@pytest.mark.parametrize("field", ["listed", "out_of_band"])
def test_a_role_address_is_reported_until_waived(field: str) -> None:
    """A role address is a warning, and none with a waiver for exactly this address, however it is spelled."""
    entry = record(**{field: ("dns-admin@role.example",)})
    assert "role-address" in codes(vetted(entry))
    assert "role-address" not in codes(vetted(entry, rules=vetting_rules(role_waivers={"DNS-Admin@Role.EXAMPLE": "x"})))
    assert "role-address" in codes(vetted(entry, rules=vetting_rules(role_waivers={"noc@role.example": "x"})))


@pytest.mark.parametrize(
    ("cctlds", "listed", "others", "reachable"),
    [
        (("nl",), ("j@nic.nl",), ("j@oarc.net",), True),
        (("nl",), ("j@nic.nl",), (), False),
        (("nl",), ("j@nic.nl",), ("j@mail.nic.nl",), False),
        (("nl",), ("j@nic.nl",), ("j@other.nl",), False),  # dies with the zone
        (("nl", "aw"), ("j@nic.nl",), ("j@nic.aw",), False),
        (("uk",), ("j@nic.uk",), ("j@other.co.uk",), False),
        (("nl",), ("j@oarc.net",), (), False),
        (("nl",), ("j@oarc.net",), ("j@mail.oarc.net",), False),
        (("nl",), ("j@nic.nl", "j@oarc.net"), (), True),  # two list addresses
        (("nl",), ("j@oarc.net", "j@nic.nl"), (), True),
        (("рф",), ("j@nic.example",), ("j@почта.рф",), False),
        (("ru",), ("j@nic.ru",), ("j@почта.рф",), True),
    ],
)
def test_an_out_of_band_address_outlives_the_zone(
    cctlds: tuple[str, ...], listed: tuple[str, ...], others: tuple[str, ...], reachable: bool
) -> None:
    """One address must be in another registrable domain than a list address, and not under a ccTLD that is served."""
    result = vetted(record(cctlds=cctlds, listed=listed, out_of_band=others))
    assert bool(found(result, "no-out-of-band")) is not reachable
    assert len(result.contacts) == 1


@pytest.mark.parametrize(
    ("confirmed", "stale"),
    [("2025-03-31", False), ("2025-03-30", True), ("2026-03-31", False), ("", True), ("1999-01-01", True)],
)
def test_an_entry_is_stale_after_twelve_months(confirmed: str, stale: bool) -> None:
    """Stale is what was confirmed more than twelve months ago, or never, where the table has the column."""
    result = vetted(table_row(confirmed_on=confirmed))
    assert codes(result) == ["stale"] * stale
    assert len(result.contacts) == 1


def test_months_end_where_the_month_ends() -> None:
    """One month before 31 March is the last day of February."""
    rules = vetting_rules(stale_after_months=1)
    assert codes(vetted(table_row(confirmed_on="2026-02-28"), rules=rules)) == []
    assert codes(vetted(table_row(confirmed_on="2026-02-27"), rules=rules)) == ["stale"]
    assert codes(vetted(table_row(confirmed_on="0001-01-01"), rules=vetting_rules(stale_after_months=99_999))) == []


def test_appointment_is_asked_for_where_the_table_has_it() -> None:
    """A column of the appointment that exists and is empty is a warning; one that does not exist is none."""
    empty = table_row(appointed_by="", appointed_on="2020-01-01", evidence="")
    result = vetted(empty)
    assert codes(result) == ["not-vetted"]
    assert "appointed_by, evidence" in result.problems[0].message
    assert len(result.contacts) == 1
    assert codes(vetted(table_row(appointed_by="tech", appointed_on="2020-01-01", evidence="mail of 1 May"))) == []
    assert codes(vetted(record())) == []


def test_appointment_can_be_required() -> None:
    """Where it is required, nobody without an appointment becomes a contact, whether or not there is a column."""
    rules = vetting_rules(require_appointment=True)
    whole = {"appointed_by": "admin", "appointed_on": "2020-01-01", "evidence": "mail of 1 May"}
    parts = [{name: text for name, text in whole.items() if name != missing} for missing in whole]
    entries = [table_row(**columns) for columns in (*parts, {**whole, "evidence": ""}, {**whole, "evidence": "n/a"})]
    for entry in (record(), table_row(appointed_by=""), table_row(appointed_by="the minister"), *entries):
        result = vetted(entry, rules=rules)
        assert found(result, "not-vetted")[0].severity is Severity.ERROR
        assert result.contacts == ()
        assert len(result.broken) == 1
    message = found(vetted(table_row(appointed_by="admin"), rules=rules), "not-vetted")[0].message
    assert message.endswith("appointed_on, evidence missing")
    assert len(vetted(table_row(**whole), rules=rules).contacts) == 1


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        *(("appointed_on", "yesterday", "bad-date"), ("appointed_on", "2027-01-01", "future-date")),
        *(("timezone", "CET", "bad-column"), ("pgp_url", "http://nic.example/", "bad-column")),
    ],
)
def test_a_column_of_the_wrong_form_is_a_warning(column: str, text: str, code: str) -> None:
    """The person stays, the value does not."""
    result = vetted(table_row(**{column: text}))
    assert code in codes(result)
    assert not getattr(result.contacts[0][0], column)


@pytest.mark.parametrize("char", ["\r", "\n", "\t", "\x00", "\x85", "\u2028", "\x0b", "\ufffe", "\ud800", "\x7f"])
@pytest.mark.parametrize("field", ["name", "cctlds", "phones", "listed", "out_of_band", "note", "organisation"])
def test_a_forbidden_character_is_refused_in_every_field(field: str, char: str) -> None:
    """What no card may hold breaks the record wherever it stands, and the quotation of it is printable."""
    text = f"nl{char}"
    if field in ("note", "organisation"):
        result = vetted(table_row(**{field: text}))
    else:
        result = vetted(record(**{field: text if field == "name" else (text,)}))
    (problem,) = found(result, "forbidden-character")
    assert problem.text.isprintable()
    assert result.contacts == ()
    assert char not in result.broken[0].name


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x" * (MAX_NAME + 1)},
        {"phones": ("1" * 10_000,)},
        {"phones": tuple(f"+31 6 1234{n:04}" for n in range(MAX_PHONES + 1))},
        {"listed": tuple(f"j{n}@nic.nl" for n in range(MAX_ADDRESSES + 1))},
        {"cctlds": ("nl",) * (MAX_CCTLDS + 1)},
        {"columns": {"note": "x" * 1_000_000}},
        {"columns": {"role": "x" * 1_001}},
    ],
    ids=["name", "phone", "phones", "addresses", "ccTLDs", "note", "role"],
)
def test_what_is_too_long_is_refused(fields: dict[str, object]) -> None:
    """A field or list beyond any real entry breaks the record."""
    result = vetted(record(**fields))
    assert found(result, "too-long")
    assert result.contacts == ()


def test_who_is_not_on_the_list_gets_no_card() -> None:
    """With a list, a person without any subscribed address is reported and kept apart, and is not broken."""
    on, off = record(1), record(2, slot=2)
    result = vetted(on, off, subscribers=frozenset({"person1@nic.nl"}))
    assert [contact.name for contact, _ in result.contacts] == ["Person 1"]
    assert [contact.name for contact, _ in result.unlisted] == ["Person 2"]
    assert codes(result) == ["not-on-list"]
    assert result.broken == ()


def test_a_person_is_on_the_list_under_any_address() -> None:
    """The out-of-band address counts, in any spelling."""
    entry = record(out_of_band=("Person1@OOB.example",))
    assert vetted(entry, subscribers=frozenset({"person1@oob.example"})).problems == ()
    assert vetted(entry, subscribers=None).problems == ()
    assert codes(vetted(entry, subscribers=frozenset())) == ["not-on-list"]


def test_a_reader_who_is_no_ssc_is_no_problem() -> None:
    """The record of a configured reader is neither a problem nor a contact, but its address is on the list."""
    bare = replace(record(1, name="", slot=None, cctlds=()), problems=(parse_error(1, "address-only"),))
    named = replace(record(2, name="Secretariat, ccNSO", slot=None, cctlds=()), problems=(parse_error(2, "no-slot"),))
    readers = {"person1@nic.nl": "secretariat", "PERSON2@NIC.NL": "secretariat"}
    result = vetted(bare, named, readers=readers)
    assert (result.contacts, result.broken, result.problems) == ((), (), ())
    assert result.listed == {"person1@nic.nl", "person2@nic.nl"}
    assert codes(vetted(bare, named)) == ["address-only", "no-slot"]


def test_a_reader_who_is_an_ssc_has_a_card() -> None:
    """Who claims a slot or a ccTLD is vetted like everybody, also when named as a reader."""
    assert len(vetted(record(), readers={"person1@nic.nl": "board"}).contacts) == 1
    assert codes(vetted(record(name=""), readers={"person1@nic.nl": "board"})) == ["no-name"]


def test_every_list_address_is_listed() -> None:
    """`listed` has the list addresses of all records, also of broken ones, and no out-of-band address."""
    broken = replace(record(2, name=""), problems=(parse_error(2),))
    unknown = record(3, cctlds=("example",), listed=("MAX@Example.DE", "not an address"))
    assert vetted(record(1), broken, unknown).listed == {"person1@nic.nl", "person2@nic.nl", "max@example.de"}


def test_problems_quote_the_input_as_one_printable_line() -> None:
    """Whatever the input is, a problem can be shown on a terminal."""
    result = vetted(record(phones=("\u202e+31 6 bad",), cctlds=("\u202ezz",), listed=("\u202ejohn@nic.nl",)))
    assert len(result.problems) >= 3
    for problem in result.problems:
        assert f"{problem.message}{problem.text}{problem.remedy}".isprintable()


def test_every_code_has_its_row() -> None:
    """Every code of vetting has a severity, a meaning and a remedy, each a sentence."""
    for name, code in CODES.items():
        assert name == name.lower()
        assert code.meaning
        assert not code.meaning.endswith(".")
        assert code.remedy.endswith(".")


@pytest.mark.parametrize(
    "rules",
    [
        {"max_slot": 0},
        {"max_per_cctld": 0},
        {"stale_after_months": -1},
        {"role_waivers": {"nobody": "why"}},
        {"name_waivers": {"": "why"}},
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: dict[str, object]) -> None:
    """A limit below one, or a waiver for what is no address, is the operator's mistake."""
    with pytest.raises(SettingsError):
        vetting_rules(**rules)
