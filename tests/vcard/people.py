"""The people of these tests: a few by hand, and a strategy for all that a card must be able to hold."""

from datetime import date

from hypothesis import settings
from hypothesis import strategies as st

from radicale_tldops.roster.contact import Contact, Phone, Service, serving

# The time that one example takes is no property of a card.
UNTIMED = settings(deadline=None)

LABELS = ("nl", "fr", "re", "aw", "vn", "xn--p1ai", "xn--wgbh1c", "xn--kprw13d")

JANE = Contact(
    name="Jane Doe",
    services=serving(("nl", 1)),
    listed=("jane.doe@nic.nl",),
    out_of_band=("jane@example.com",),
    phones=(Phone("+31612345678", kind="cell", display="+31 6 12345678"),),
    organisation="SIDN",
)

REGIS = Contact(
    name="Régis van der Example",
    services=tuple(
        Service(label, slot, "admin", date(2024, 3, 1), "ticket 4711")
        for label, slot in (("fr", 2), ("re", 2), ("xn--p1ai", 1), ("aw", None))
    ),
    listed=("regis@nic.fr", "r.example@example.org"),
    out_of_band=("regis@example.com", "регис@пример.рф"),
    phones=(
        Phone("+504 235 4141/42/43", dialable=False),
        Phone("+33100000001", kind="fax", display="+33 1 00 00 00 01"),
        Phone("+33100000000", kind="voice", display="+33 1 00 00 00 00"),
        Phone("+33600000000", kind="cell", display="+33 6 00 00 00 00"),
        Phone("+18095350111;ext=2141", kind="voice", display="+1 809-535-0111 ext. 2141"),
        Phone("+33100000002", kind="pager", display="+33 1 00 00 00 02"),
    ),
    organisation='Example; "Registre", S\\A',
    role="Responsable; sécurité, résilience",
    languages=("fr", "en"),
    timezone="Europe/Paris",
    signal="+33 6 00 00 00 00",
    whatsapp="+33600000000",
    matrix="@regis:matrix.example",
    pgp_fingerprint="0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567",
    pgp_url="https://keys.example/lookup?a=1,2;b=é",
    confirmed_on=date(2025, 6, 30),
    note="Ask for the duty officer",
    card_note="Second line of defence;\nnot at night, please \\n",
)

LI = Contact(
    name="山田 太郎",
    services=(Service("xn--kprw13d", None, "tech", date(2019, 12, 31)),),
    listed=("li@example.net",),
    phones=(Phone("+886200000000;ext=126", display="+886 2 0000 0000 ext. 126"),),
    card_note="緊急時には、まずこの番号に電話してください。つながらない場合は、帯域外のアドレスに書いてください。",
)

JOHN = Contact(
    name="Doe, Jr., John", services=serving(("us", 1), ("um", 1)), listed=("john@nic.example",), matrix="john"
)

# What XML, or some parser's idea of a line, cannot take; every other character must pass through a card.
_NONCHARACTERS = "".join(chr(plane + low) for plane in range(0, 0x110000, 0x10000) for low in (0xFFFE, 0xFFFF))
_CHARACTERS = st.characters(
    exclude_categories=["Cc", "Cs", "Zl", "Zp"],
    exclude_characters=_NONCHARACTERS + "".join(map(chr, range(0xFDD0, 0xFDF0))),
)
# Weighted towards what has a meaning in vCards and URIs, and towards characters of every length in UTF-8.
_AWKWARD = st.sampled_from(",;:\\\"'=^nN \u00a0.%/#@+-é\u0301ßЖع漢\u200d👩\ufeff")


def texts(min_size: int = 0, max_size: int = 60) -> st.SearchStrategy[str]:
    """Give any text of one line that a card must be able to hold."""
    return st.text(_AWKWARD | _CHARACTERS, min_size=min_size, max_size=max_size)


def filled(max_size: int = 60) -> st.SearchStrategy[str]:
    """Give any such text that is not blank."""
    return texts(1, max_size).filter(lambda text: bool(text.strip()))


def phones() -> st.SearchStrategy[Phone]:
    """Give telephone numbers, understood or not, with a display that agrees with the number or does not."""
    e164 = st.from_regex(r"\+[1-9][0-9]{4,14}", fullmatch=True)
    number = st.builds("{}{}".format, e164, st.just("") | st.from_regex(r";ext=[0-9]{1,6}", fullmatch=True))
    spaced = st.builds(
        lambda number, at: Phone(number, display=f"{number[:at]} {number[at:].replace(';ext=', ' ext. ')}"),
        *(number, st.integers(2, 4)),
    )
    kinds = st.sampled_from(["cell", "voice", "fax", "pager"])
    return spaced | st.builds(Phone, number | filled(20), st.booleans(), kinds, filled(20))


def addresses() -> st.SearchStrategy[tuple[str, ...]]:
    """Give addresses, some of them under a served ccTLD, some of them no addresses at all."""
    domains = st.sampled_from(["nic.nl", "nic.fr", "example.com", "ПРИМЕР.РФ"]) | filled(20)
    made = st.builds(lambda local, domain: f"{local}@{domain}", filled(20), domains)
    return st.lists(made, max_size=3).map(tuple)


def services() -> st.SearchStrategy[tuple[Service, ...]]:
    """Give one to five different ccTLDs, each with a slot or none, and perhaps an appointment."""
    service = st.builds(
        Service,
        cctld=st.sampled_from(LABELS),
        slot=st.sampled_from([None, 1, 2, 3]),
        appointed_by=st.sampled_from(["", "admin", "tech"]) | texts(),
        appointed_on=st.none() | st.dates(),
    )
    return st.lists(service, min_size=1, max_size=5, unique_by=lambda service: service.cctld).map(tuple)


def contacts() -> st.SearchStrategy[Contact]:
    """Give contacts with anything in any field that is not refused."""
    days = st.none() | st.dates()
    urls = texts() | texts().map("https://keys.example/".__add__)
    return st.builds(
        Contact,
        name=filled() | filled(400),
        services=services(),
        listed=addresses(),
        out_of_band=addresses(),
        phones=st.lists(phones(), max_size=4).map(tuple),
        organisation=texts(),
        role=texts(),
        languages=st.lists(filled(8), max_size=3).map(tuple),
        timezone=texts(max_size=20),
        signal=texts(max_size=20),
        whatsapp=texts(max_size=20),
        matrix=texts(max_size=20) | st.just("@regis:matrix.example:8448"),
        pgp_fingerprint=texts(),
        pgp_url=urls,
        confirmed_on=days,
        not_confirmed_since=days,
        not_on_list_since=days,
        card_note=st.lists(texts(), max_size=4).map("\n".join),
    )
