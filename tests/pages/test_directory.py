"""What the directory shows of everybody, and what it never shows: pure, from a snapshot to HTML."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

from radicale_tldops.pages.copies import google_csv, outlook_csv
from radicale_tldops.pages.directory import copy_page, directory_page, everybody, heading_of, sections_of
from radicale_tldops.roster.contact import Contact, Phone, Service
from radicale_tldops.roster.reach import CallingCodes, Countries, zone_of
from radicale_tldops.roster.snapshot import Card, Reader, Snapshot, Style, make_book
from radicale_tldops.settings import CardSettings
from radicale_tldops.zones.countries import countries_of

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
KNOWN = Countries({"nl": "Netherlands", "xn--p1ai": "Russia"}, CallingCodes({"31": ["nl"], "7": ["kz", "ru", "su"]}))
READER = Reader("jane@nic.nl", "abc", "Jane Doe", 1)
JANE = Contact(
    "Jane Doe",
    (Service("nl", 1, "admin", date(2020, 1, 2)), Service("xn--p1ai", 2)),
    ("jane@nic.nl",),
    ("jane@oob.example",),
    (Phone("+31612345678", kind="cell", display="+31 6 12345678"), Phone("ask 123", dialable=False)),
    organisation="SIDN",
    timezone="Asia/Kolkata",
    signal="https://signal.me/#p/+31612345678",
    whatsapp="+31 6 12345678",
    matrix="@jane:matrix.example.me",
    confirmed_on=date(2026, 3, 1),
    note="private words",
)


def snapshot_of(*contacts: Contact) -> Snapshot:
    """A generation of these people."""
    cards = [
        Card(f"{number}.vcf", str(number), f"BEGIN:VCARD {number}\r\n", "e", 1, NOW, contact.to_json())
        for number, contact in enumerate(contacts)
    ]
    book = make_book(Style.PLAIN, "line", cards, {}, {1: NOW})
    return Snapshot("line", 7, NOW, book, book, {READER.login: READER}, frozenset())


def shown(*contacts: Contact, down: tuple[str, ...] = ()) -> str:
    """The part of the page that holds everybody."""
    return everybody(sections_of(snapshot_of(*contacts), KNOWN, NOW), down)


class Text(HTMLParser):
    """The text of a page, its links, and which elements stay open."""

    VOID = ("meta", "link", "input")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.links, self.open = "", list[str](), list[str]()
        self.elements = list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements += [tag, *(f"{tag} {name}" for name, _ in attrs)]
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, which has to be the last one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


def test_every_way_to_reach_somebody_is_a_link_that_works_without_a_website() -> None:
    """Under each ccTLD, with the country; the links of messengers open the app, and not signal.me or wa.me."""
    page = Text(shown(JANE))
    assert page.text.count("Jane Doe") == 2
    assert (".nl Netherlands" in page.text, ".рф Russia" in page.text) == (True, True)
    assert page.links[: len(page.links) // 2] == [
        "tel:+31612345678",
        "sgnl://signal.me/#p/+31612345678",
        "whatsapp://send?phone=31612345678",
        "matrix:u/jane:matrix.example.me",
        "mailto:jane@nic.nl",
        "mailto:jane@oob.example",
    ]
    assert "as written ask 123" in page.text
    assert "Asia/Kolkata (UTC+5:30)" in page.text
    assert "Last confirmed 2026-03-01" in page.text
    assert "Appointed by the admin contact, 2020-01-02" in page.text
    assert "private words" not in page.text


def test_a_number_is_read_from_left_to_right() -> None:
    """Also in a page of Arabic or Hebrew names."""
    assert '<bdi dir="ltr">+31 6 12345678</bdi>' in shown(JANE)
    assert "<bdi>Jane Doe</bdi>" in shown(JANE)


def test_what_fails_with_a_zone_is_marked_and_comes_last() -> None:
    """An address under it fails, a number of its country may; the rest comes first, in its order."""
    (section,) = re.findall(r'<section id="nl".*?</section>', shown(JANE, down=("nl", "me")), re.DOTALL)
    marked = re.findall(r'<li[^>]*?(?: class="(\w+)")?><span class="kind">([^<]*)</span>.*?</li>', section)
    assert marked == [
        ("", "Phone, as written"),
        ("", "Mail, out of band"),
        ("may", "Mobile"),
        ("may", "Signal"),
        ("may", "WhatsApp"),
        ("fails", "Matrix"),
        ("fails", "Mail"),
    ]
    assert "<em> fails with .nl</em>" in section
    assert "<em> may fail with .nl</em>" in section
    assert "class=" not in re.sub('class="(kind|more|clock)"', "", shown(JANE))


def test_the_zone_of_a_domain() -> None:
    """Two letters or an IDN label: other top-level domains belong to no ccTLD."""
    assert zone_of("mail.NIC.nl.") == ("nl",)
    assert zone_of("почта.рф") == ("xn--p1ai",)
    assert (zone_of("example.org"), zone_of(""), zone_of("x..\u00e9" + "a" * 70)) == ((), (), ())
    assert countries_of().codes.of("+4420") == ("gb", "uk", "gg", "im", "je")
    assert countries_of().codes.of("020") == ()


def test_a_search_looks_at_all_that_people_type() -> None:
    """Name and organisation without accents, both forms of the ccTLD, the country, addresses; digits of numbers."""
    people = sections_of(
        snapshot_of(Contact("Régis Łukasz", JANE.services, ("r@nic.nl",), phones=JANE.phones)), KNOWN, NOW
    )
    entry = people[0].entries[0]
    for part in ("regis lukasz", ".nl", ".рф", ".xn--p1ai", "netherlands", "r@nic.nl"):
        assert part in entry.find, part
    assert entry.digits == "31612345678 123"
    assert [section.labels for section in people] == ["nl nl", "xn--p1ai рф"]


HOSTILE = Contact(
    "<script>alert(1)</script>\"'\u202e",
    (Service("nl", 1),),
    ('"><img src=x onerror=alert(1)>@nic.nl',),
    phones=(Phone('"><script>', dialable=False),),
    organisation="</article></main><h1>",
    role="=cmd|' /C calc'!A0",
    signal="javascript:alert(1)",
    matrix="javascript:alert(1)//:x",
    pgp_url="javascript:alert(1)",
    card_note="{{ 7 * 7 }}",
    timezone="../../etc/passwd",
)


def test_hostile_values_are_inert() -> None:
    """They stay text: no element, attribute or link of their own comes of them."""
    page, clean = Text(shown(HOSTILE)), Text(shown(JANE))
    assert page.open == []
    assert set(page.elements) <= {*clean.elements, "p"}
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert [link.partition(":")[0] for link in page.links] == ["mailto"]
    for table in (google_csv(snapshot_of(HOSTILE)), outlook_csv(snapshot_of(HOSTILE))):
        assert "\n=" not in table
        assert ",=" not in table
        assert "'=cmd" in table


def test_a_copy_is_one_file_and_always_the_same() -> None:
    """It loads nothing, says for whom and of when it is, and its policy allows nothing but what is in it."""
    pages = {copy_page(snapshot_of(JANE), KNOWN, CardSettings(), READER) for _ in range(2)}
    (page,) = pages
    text = Text(page)
    assert text.open == []
    assert not {"link", "img", "iframe"} & {*text.elements}
    assert "script src" not in text.elements
    assert "Jane Doe (jane@nic.nl)" in text.text
    assert "2026-07-01" in text.text
    assert re.search(r"\b\d{4} \d{4} \d{4}\b", text.text)
    assert "TLP:AMBER" in text.text
    assert "/.web/" not in page.replace('action="/.web/"', "")
    other = copy_page(snapshot_of(JANE), KNOWN, CardSettings(), Reader("x@nic.nl", "d", "", 1))
    assert "made for <b><bdi>x@nic.nl</bdi></b>" in other


def test_the_digits_are_those_of_the_generation() -> None:
    """Twelve of them, in groups that two people read to one another."""
    heading = heading_of(snapshot_of(JANE), "TLD-OPS", "TLP:RED")
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", heading.digits)
    assert heading_of(snapshot_of(HOSTILE, JANE), "", "").digits != heading.digits
    page = "".join(directory_page(heading, "Jane", shown(JANE)))
    assert page.count("TLP:RED") >= 2
    assert heading.digits in page


def test_programs_without_carddav_get_their_own_columns() -> None:
    """The name with the ccTLDs in it, every number and address, and what has no column in the notes."""
    google, outlook = google_csv(snapshot_of(JANE)).splitlines(), outlook_csv(snapshot_of(JANE)).splitlines()
    assert google[0].startswith("First Name,Nickname,Organization Name")
    assert "Jane Doe (.nl .рф SIDN),.nl .рф,SIDN" in google[1]
    assert "Mobile,+31 6 12345678" in google[1]
    assert "E-mail 2 Address" in outlook[0]
    assert "jane@nic.nl,jane@oob.example,,+31 6 12345678" in outlook[1]
    for row in (google[1], outlook[1]):
        assert "Signal: https://signal.me/#p/+31612345678; WhatsApp: +31 6 12345678" in row
        assert "ask 123" in row
        assert "last confirmed 2026-03-01" in row
        assert "private words" not in row
