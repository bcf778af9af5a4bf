"""The IANA contacts of each ccTLD appoint its contacts: one person, several ccTLDs, several appointments."""

import csv
from collections.abc import Mapping
from datetime import date

import pytest

from radicale_tldops.roster.contact import Contact, Service
from radicale_tldops.store.read import load_cards
from tests.support import Client, World, serve
from tests.support.people import people

HEADINGS = ("name", "slot", "cctlds", "phones", "email", "appointed_by", "appointed_on", "evidence")
JANE = {
    "name": "Jane Doe",
    "slot": "1",
    "cctlds": ".ky; .gd",
    "phones": "+1 202 555 0123",
    "email": "jane.doe@nic.example",
    "appointed_by": "admin; tech",
    "appointed_on": "2023-11-05; 2024-02-29",
    "evidence": "ticket 1; ticket 2",
}
OTHERS = [
    {
        "name": person.name,
        "slot": "2",
        "cctlds": ".ky; .gd; .nl; .be; .fr",
        "email": person.login,
        "phones": person.phone,
    }
    for person in people(1)
]
SERVICES = (
    Service("ky", 1, "admin", date(2023, 11, 5), "ticket 1"),
    Service("gd", 1, "tech", date(2024, 2, 29), "ticket 2"),
)
APPOINTED = [
    "Appointed for .ky by the IANA admin contact on 2023-11-05",
    "Appointed for .gd by the IANA tech contact on 2024-02-29",
]


def write(tldops: World, *rows: Mapping[str, str]) -> None:
    """Write the membership file: these rows, and somebody else, so that no ccTLD loses its last contact."""
    with tldops.members.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADINGS)
        writer.writeheader()
        writer.writerows([*rows, *OTHERS])


def apart(**columns: tuple[str, str]) -> list[dict[str, str]]:
    """Jane with a row for each ccTLD."""
    own = {"cctlds": (".ky", ".gd"), "appointed_by": ("admin", "tech"), "appointed_on": ("2023-11-05", "2024-02-29")}
    own |= {"evidence": ("ticket 1", "ticket 2"), **columns}
    return [JANE | {name: values[number] for name, values in own.items()} for number in (0, 1)]


def appointed(card: str) -> list[str]:
    """The lines about appointments in the note of a card."""
    note = card.replace("\r\n ", "").partition("\r\nNOTE:")[2].partition("\r\n")[0]
    return [line for line in note.split("\\n") if line.startswith("Appointed")]


def shown(tldops: World) -> list[str]:
    """The lines about appointments on Jane's card."""
    (card,) = [card for card in load_cards(tldops.folder / "roster.sqlite") if "FN:Jane Doe" in card]
    return appointed(card)


@pytest.mark.parametrize("rows", [[JANE], apart()], ids=["one row", "a row for each ccTLD"])
def test_one_person_has_two_cctlds_and_two_appointers(tldops: World, rows: list[dict[str, str]]) -> None:
    """The card says for each ccTLD who appointed and when, and nothing is wrong with it; the export reads back."""
    write(tldops, *rows)
    about_jane = [found for found in tldops.do("check", "--json").json["problems"] if found["line"] <= 1 + len(rows)]
    assert {found["code"] for found in about_jane} <= {"no-out-of-band"}
    tldops.do("sync", "--yes")
    assert tldops.contacts()["Jane Doe"].services == SERVICES
    login = tldops.device("jane.doe@nic.example")
    with serve(tldops) as url:
        client = Client(url, login)
        hrefs = [href for href, card in client.cards(client.book()).items() if "FN:Jane Doe" in card]
        (card,) = [client.request("GET", href).body.decode() for href in hrefs]
        assert appointed(card) == APPOINTED
        assert "\r\nREV:2024-02-29T" in card
    file = tldops.folder / "out.csv"
    tldops.do("export", "--format", "csv", "--private", "-o", str(file))
    assert "Nothing to do" in tldops.do("sync", "--yes", str(file)).out
    before = tldops.do("export").out
    assert before.count("Jane Doe, #1, .ky/.gd") == 1


@pytest.mark.parametrize(
    ("columns", "services"),
    [
        ({"appointed_by": "Admin", "appointed_on": "2023-11-05", "evidence": "a; b; c"}, ("admin", "admin", "a; b; c")),
        ({"appointed_by": "admin\ntech", "appointed_on": "05.11.2023;31.12.2023"}, ("admin", "tech", "")),
        ({"appointed_by": "admin;", "appointed_on": "2023-11-05; "}, ("admin", "", "")),
        ({"appointed_by": "; tech", "appointed_on": ""}, ("", "tech", "")),
    ],
)
def test_one_value_is_for_all_and_one_for_each_is_in_their_order(
    tldops: World, columns: dict[str, str], services: tuple[str, str, str]
) -> None:
    """An empty place says nothing of its ccTLD; evidence is free text where its parts are not as many."""
    write(tldops, JANE | {"evidence": "", **columns})
    tldops.do("sync", "--yes")
    found = tldops.contacts()["Jane Doe"].services
    assert [service.appointed_by for service in found] == list(services[:2])
    assert {service.evidence for service in found} == {services[2]}
    file = tldops.folder / "out.csv"
    tldops.do("export", "--format", "csv", "--private", "-o", str(file))
    assert "Nothing to do" in tldops.do("sync", "--yes", str(file)).out


def test_what_is_missing_or_wrong_is_said_of_its_cctld(tldops: World) -> None:
    """Too many values are not used; two values for one ccTLD are a contradiction."""
    write(tldops, JANE | {"appointed_by": "admin;", "evidence": "ticket 1"})
    (problem,) = [found for found in tldops.do("check", "--json").json["problems"] if found["code"] == "not-vetted"][:1]
    assert problem["message"] == "Jane Doe: appointed_by missing for .gd"
    tldops.do("sync", "--yes")
    write(tldops, JANE | {"appointed_by": "admin; tech; tech"})
    found = {found["code"]: found["message"] for found in tldops.do("check", "--json").json["problems"]}
    assert found["bad-column"] == "appointed_by: 3 values for 2 ccTLDs; they are not used"
    assert "[kept-value]" in tldops("plan").out
    tldops.do("sync", "--yes")
    assert [service.appointed_by for service in tldops.contacts()["Jane Doe"].services] == ["admin", ""]
    write(tldops, *apart(cctlds=(".ky", ".ky")))
    errors = [found for found in tldops("check", "--json").json["problems"] if found["code"] == "conflicting-column"]
    assert {found["message"].rpartition(" in ")[2] for found in errors} == {
        "appointed_by for .ky",
        "appointed_on for .ky",
    }


def moved(**columns: str) -> dict[str, str]:
    """Jane, who is at .be now."""
    return JANE | {"cctlds": ".be", "appointed_by": "admin", "appointed_on": "2023-11-05", "evidence": "", **columns}


def test_who_moves_leaves_the_appointment_behind(tldops: World) -> None:
    """The card does not claim it for the new ccTLD, also at the next sync, until the file gives another one."""
    write(tldops, moved(cctlds=".nl"))
    tldops.do("sync", "--yes")
    assert shown(tldops) == ["Appointed for .nl by the IANA admin contact on 2023-11-05"]
    write(tldops, moved())
    said = tldops.do("plan").out
    assert "Jane Doe now serves .be, and the file gives the appointment for another ccTLD: admin 2023-11-05" in said
    assert "appointed by: .nl admin -> none" in said
    tldops.do("sync", "--yes")
    assert shown(tldops) == []
    again = tldops.do("sync", "--yes").out
    assert ("Nothing to do" in again, "[appointment-left]" in again) == (True, True)
    write(tldops, moved(phones="+1 202 555 0124", appointed_on="in May"))
    tldops.do("sync", "--yes")
    assert shown(tldops) == []
    write(tldops, moved(phones="+1 202 555 0124"))
    tldops.do("sync", "--yes")
    assert shown(tldops) == []
    write(tldops, moved(phones="+1 202 555 0124", appointed_on="2026-01-02"))
    assert "appointment-left" not in tldops.do("sync", "--yes").out
    assert shown(tldops) == ["Appointed for .be by the IANA admin contact on 2026-01-02"]


def test_a_new_appointment_may_come_with_the_move_or_look_like_the_old_one(tldops: World) -> None:
    """What the file gives anew counts at once. After the cells were empty, anything does."""
    write(tldops, moved(cctlds=".nl"))
    tldops.do("sync", "--yes")
    write(tldops, moved(cctlds=".fr", appointed_by="tech", appointed_on="2026-01-02"))
    tldops.do("sync", "--yes")
    assert shown(tldops) == ["Appointed for .fr by the IANA tech contact on 2026-01-02"]
    columns = {"appointed_by": "tech", "appointed_on": "2026-01-02"}
    for cells in (columns, dict.fromkeys(columns, ""), columns):
        write(tldops, moved(**cells))
        tldops.do("sync", "--yes")
    assert shown(tldops) == ["Appointed for .be by the IANA tech contact on 2026-01-02"]


def test_a_further_cctld_shares_the_appointment_of_its_row(tldops: World) -> None:
    """Nothing was left: the file says that the value is for all ccTLDs of the row."""
    write(tldops, moved(cctlds=".nl"))
    tldops.do("sync", "--yes")
    write(tldops, moved(cctlds=".nl; .be"))
    assert "appointment-left" not in tldops.do("sync", "--yes").out
    assert shown(tldops) == ["Appointed for .nl .be by the IANA admin contact of each on 2023-11-05"]


def test_where_appointments_are_required_a_move_without_one_is_held(tldops: World) -> None:
    """The person stays at the old ccTLD until the file says who appointed for the new one."""
    everybody = {"appointed_by": "admin", "appointed_on": "2020-01-01", "evidence": "x"}
    tldops.configure("[vetting]\nrequire_appointment = true\n")
    OTHERS[0] |= everybody
    try:
        write(tldops, moved(cctlds=".nl", evidence="x"))
        tldops.do("sync", "--yes")
        write(tldops, moved(evidence="x"))
        assert "1 error" in tldops.refused("sync", "--yes", code=1)
        assert tldops("sync", "--yes", "--quarantine").code == 0
        assert shown(tldops) == ["Appointed for .nl by the IANA admin contact on 2023-11-05"]
    finally:
        for name in everybody:
            del OTHERS[0][name]


def test_an_appointment_of_an_older_version_is_that_for_all_cctlds() -> None:
    """The roster kept one for each person: it is read as one for each of the person's ccTLDs."""
    text = '{"name":"Jane","slots":[["ky",1],["gd",null]],"listed":["jane@nic.example"],"appointed_by":"admin"'
    contact = Contact.from_json(text + ',"appointed_on":"2023-11-05"}')
    day = date(2023, 11, 5)
    assert contact.services == (Service("ky", 1, "admin", day), Service("gd", None, "admin", day))
    assert Contact.from_json(contact.to_json()) == contact


def test_a_fourth_contact_is_one_message(tldops: World) -> None:
    """It names all four with their lines and slots, and what can be done; everybody stays as they are."""
    four = people(12)[::4]
    rows = [f'"{p.name}, #{number}, .ky, {p.phone}" <{p.login}>' for number, p in enumerate(four, 1)]
    tldops.sync(*rows)
    fourth = '"Dora Example, #3, .ky, +1 202 555 0188" <dora@nic.example>'
    tldops.write(*rows, fourth)
    checked = tldops("check", "--json")
    errors = [found for found in checked.json["problems"] if found["severity"] == "error"]
    assert (checked.code, [found["code"] for found in errors]) == (1, ["too-many-contacts"])
    message = errors[0]["message"]
    assert all(f"{p.name} (line {number}), #{number}" in message for number, p in enumerate(four, 1))
    assert message.endswith("; Dora Example (line 4), #3")
    assert "Ask the ccTLD which 3 stay." in errors[0]["remedy"]
    assert "vetting.max_per_cctld" in errors[0]["remedy"]
    assert tldops("sync", "--yes", "--quarantine").code == 0
    assert set(tldops.contacts()) == {p.name for p in four}
