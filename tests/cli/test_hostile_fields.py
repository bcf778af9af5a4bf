"""Hostile text in the fields of a membership file: refused with its line, or kept as mere text."""

import pytest
import vobject

from tests.support import World
from tests.support.people import lines, people

FORTY = people(40)
NEW = people(41)[40]
AS_TEXT = "".join(f"{line}\n" for line in lines(FORTY))
AS_CSV = "name,slot,cctlds,phones,email,note\r\n" + "".join(
    f"{person.name},{person.slot},.{person.cctld},{person.phone},{person.login},knows {person.number} things\r\n"
    for person in FORTY
)


@pytest.fixture
def synced(tldops: World) -> World:
    """A store with forty people."""
    tldops.sync(*FORTY)
    return tldops


CHARACTERS = {
    "CR": "\r",
    "NEL": "\x85",
    "U+2028": "\u2028",
    "U+2029": "\u2029",
    "VT": "\x0b",
    "FF": "\x0c",
    "NUL": "\0",
    "ESC": "\x1b[31m",
    "DEL": "\x7f",
    "U+FFFE": "\ufffe",
    "a mark that turns the direction": "\u202e",
}


@pytest.mark.parametrize("character", CHARACTERS)
def test_control_characters_in_any_field_are_refused(synced: World, character: str) -> None:
    """In name, telephone and address of a line: an error with file and line, in printable output, nothing applied."""
    for field in (NEW.name, NEW.phone, NEW.login):
        hostile = NEW.line.replace(field, field[:4] + CHARACTERS[character] + field[4:])
        synced.members.write_text(AS_TEXT + hostile + "\n", newline="")
        checked = synced("check")
        assert checked.code == 1
        assert f"{synced.members}:41: error: " in checked.out
        assert all(line.isprintable() for line in checked.out.splitlines())
        before = synced.data()
        assert synced("sync", "--yes").code == 1
        assert synced.data() == before


@pytest.mark.parametrize("character", [*CHARACTERS, "LF"])
@pytest.mark.parametrize("column", ["name", "cctlds", "phones", "email", "note"])
def test_control_characters_in_any_cell_are_refused(synced: World, character: str, column: str) -> None:
    """The same in a cell of a table; a line feed only separates where a cell may hold several values."""
    values = {
        "name": NEW.name,
        "slot": "1",
        "cctlds": f".{NEW.cctld}",
        "phones": NEW.phone,
        "email": NEW.login,
        "note": "some note",
    }
    char = {**CHARACTERS, "LF": "\n"}[character]
    values[column] = values[column][:2] + char + values[column][2:]
    row = ",".join(f'"{value}"' for value in values.values())
    synced.members.write_text(AS_CSV + row + "\r\n", newline="")
    checked = synced("check")
    if character == "LF" and column == "phones":
        assert "[phone-not-understood]" in checked.out
        return
    if column == "cctlds" and character == "a mark that turns the direction":
        return  # it is pasted with right-to-left labels and taken away there
    assert checked.code == 1
    assert f"{synced.members}:42: error: " in checked.out
    assert synced("sync", "--yes").code == 1
    assert NEW.name not in synced.contacts()


def test_quotes_semicolons_and_colons_add_nothing_to_a_card(tldops: World) -> None:
    """Separators of vCard in every free field stay text: no property and no parameter that was not there before."""
    evil = 'x":;X-EVIL=1:TEL;TYPE=HOME:+1\\nX-EVIL:1\\,'
    quoted = evil.replace('"', '""')
    columns = "name,slot,cctlds,phones,email,organisation,role,evidence,note"
    row = ",".join(
        f'"{value}"' for value in (f"Ada {quoted}", 1, ".nl", "+31 6 12345678", "ada@nic.example", *[quoted] * 4)
    )
    plain = "Ada Example,1,.nl,+31 6 12345678,ada@nic.example,a,b,f,g"
    cards = []
    for line in (plain, row):
        tldops.members.write_text(f"{columns}\n{line}\n")
        assert tldops("check").code == 0
        tldops.do("sync", "--yes")
        (card,) = vobject.readComponents(tldops.do("export", "--format", "vcf").out)
        cards.append(card)
    shapes = [sorted((field.name, sorted(field.params)) for field in card.getChildren()) for card in cards]
    assert shapes[0] == shapes[1]
    assert [getattr(number, "value", None) for number in cards[1].contents["tel"]] == ["+31 6 12345678"]


@pytest.mark.parametrize(
    "row",
    [
        "Ada " + "x" * 1_000_000 + ",1,.nl,,ada@nic.example,",
        "Ada Example,1,.nl," + ";".join(f"+31 6 {n:08}" for n in range(10_000)) + ",ada@nic.example,",
        "Ada Example,1," + ";".join([".nl"] * 10_000) + ",,ada@nic.example,",
        "Ada Example,1,.nl,," + ";".join(f"ada{n}@nic.example" for n in range(3_000)) + ",",
        "Ada Example,1,.nl,,ada@nic.example," + "x" * 60_000,
        "Ada Example,1,.nl,,ada@nic.example,e" + "\u0301" * 30_000,
        "Ada Example,99999999999999999999,.nl,,ada@nic.example,",
        "Ada Example,1,.nl,,ada@" + "nic." * 5000 + "example,",
    ],
    ids=["name", "phones", "cctlds", "addresses", "note", "marks", "slot", "domain"],
)
def test_oversized_fields_hit_a_limit(synced: World, row: str) -> None:
    """A field of a megabyte, thousands of values: an error with the line, in a bounded message, nothing applied."""
    synced.members.write_text(AS_CSV + row + "\r\n", newline="")
    checked = synced("check")
    assert checked.code == 1
    assert f"{synced.members}:42: error: " in checked.out
    assert max(map(len, checked.out.splitlines())) < 2000
    assert synced("sync", "--yes").code == 1
    assert "Ada Example" not in synced.contacts()


NUMBERS = {
    "plain": "+31 6 12345678",
    "no-break spaces": "+31\u00a06\u00a01234\u00a05678",
    "another hyphen": "+31\u20116\u20111234\u20115678",
    "brackets": "+31 [6] 1234 5678",
    "underscores": "+31_6_1234_5678",
    "colons": "+31:6:1234:5678",
    "another alphabet": "+٣١ ٦ ١٢٣٤٥٦٧٨",
    "invisible": "+31\u200b6\u200b12\u200b34\u200b56\u200b78",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_no_message_of_a_sync_holds_a_telephone_number(tldops: World, number: str) -> None:
    """Whatever is wrong with an entry, and wherever in it a number stands: no more than six of its digits are shown."""
    forms = (
        '"Ada Doe, #1, .nl, {}" <a@nic.example>',
        '"Bea Doe, #2, .nl {}" <b@nic.example>',
        '"Cleo Doe, #3, .nl, {} c@nic.example" <c@nic.example>',
        '"Dora Doe, #{}, .de" <d@nic.example>',
        '"Elif Doe, #2, .de, {}" <{}@nic.example>',
        '"Fay Doe #3 .de {}" <f@nic.example>',
        '"Gwen {} Doe, #3, .be" <g@nic.example>',
    )
    tldops.write(*(form.replace("{}", NUMBERS[number]) for form in forms))
    result = tldops("sync", "--yes")
    assert result.code == 1
    shown = [line for line in (result.out + result.err).splitlines() if line.startswith(str(tldops.members))]
    assert len(shown) >= 4
    for line in shown:
        told = line.removeprefix(str(tldops.members)).replace("\\xa0", "").replace("\\u200b", "")
        assert sum(map(str.isdigit, told)) <= 8, line  # the number of the line and a slot come on top of the six
