from concurrent.futures import ThreadPoolExecutor

import pytest

from radicale_tldops.dav.query.filters import parse_filter
from radicale_tldops.dav.query.index import CardIndex

from .cards import filter_element

JANE = """\
BEGIN:VCARD
VERSION:3.0
FN:Jane Doe (.nl SIDN)
N:Doe;Jane;;;
NICKNAME:.nl
ORG:SIDN;.nl
item1.EMAIL;TYPE=INTERNET,WORK,PREF:jane.doe@nic.example
item1.X-ABLabel:list
item2.EMAIL;TYPE=INTERNET;TYPE=HOME:jane@oob.example.com
TEL;TYPE=CELL,VOICE:+31 6 12345678
CATEGORIES:.nl,TLD-OPS
NOTE:One\\, two\\; three\\nfour \\\\ five
END:VCARD
"""
EMILE = """\
BEGIN:VCARD
VERSION:3.0
FN:Émile Straße (.fr .re)
N:Straße;Émile;;;
NICKNAME:.fr .re
EMAIL;TYPE=INTERNET,WORK:emile@nic.example.net
TEL;TYPE=VOICE:+33 1 00 00 00 00
TEL;TYPE=CELL:+33 6 00 00 00 00
CATEGORIES:.fr,.re,TLD-OPS
KEY;VALUE=uri:https://keys.example.org/emile.asc
END:VCARD
"""
ISIK = """\
BEGIN:VCARD
VERSION:3.0
FN:IŞIK Οδυσσέας (.tr)
N:IŞIK;Οδυσσέας;;;
NICKNAME:.tr
TEL:+90 212 000 00 00
CATEGORIES:.tr,TLD-OPS
NOTE:
END:VCARD
"""
BOOK = CardIndex(
    (name, card.replace("\n", "\r\n")) for name, card in (("jane", JANE), ("emile", EMILE), ("isik", ISIK))
)
EVERYBODY = ["jane", "emile", "isik"]


def found(inner: str, attributes: str = "") -> list[str]:
    """Return the hrefs that match a filter of `inner`."""
    return BOOK.matching([parse_filter(filter_element(inner, attributes))])


def text(wanted: str, match_type: str = "contains", collation: str = "default", negate: str = "no") -> str:
    attributes = f'match-type="{match_type}" collation="{collation}" negate-condition="{negate}"'
    return f"<text-match {attributes}>{wanted}</text-match>"


def prop(name: str, *inner: str, test: str = "anyof") -> str:
    return f'<prop-filter name="{name}" test="{test}">{"".join(inner)}</prop-filter>'


def param(name: str, inner: str = "") -> str:
    return f'<param-filter name="{name}">{inner}</param-filter>'


UNDEFINED = "<is-not-defined/>"


@pytest.mark.parametrize(
    ("match_type", "wanted", "expected"),
    [
        ("equals", ".FR .re", ["emile"]),
        ("equals", ".fr", []),
        ("contains", "r", ["emile", "isik"]),
        ("contains", "", EVERYBODY),
        ("starts-with", ".f", ["emile"]),
        ("starts-with", "fr", []),
        ("ends-with", "RE", ["emile"]),
        ("ends-with", ".fr", []),
        ("ends-with", "", EVERYBODY),
    ],
)
def test_match_types(match_type: str, wanted: str, expected: list[str]) -> None:
    """Equals, contains, starts-with and ends-with look where they say (RFC 6352, 10.5.4)."""
    assert found(prop("NICKNAME", text(wanted, match_type))) == expected


@pytest.mark.parametrize(
    ("collation", "wanted", "expected"),
    [
        ("i;unicode-casemap", "éMILE", ["emile"]),
        ("i;unicode-casemap", "e\u0301mile", ["emile"]),
        ("i;unicode-casemap", "ｊａｎｅ", ["jane"]),
        ("i;unicode-casemap", "STRASSE", []),
        ("i;unicode-casemap", "straße", ["emile"]),
        ("i;unicode-casemap", "ışık", ["isik"]),
        ("i;unicode-casemap", "işik", ["isik"]),
        ("i;unicode-casemap", "ΟΔΥΣΣΈΑΣ", ["isik"]),
        ("i;ascii-casemap", "éMILE", []),
        ("i;ascii-casemap", "ÉMILE", ["emile"]),
        ("i;ascii-casemap", "JANE", ["jane"]),
        ("i;ascii-casemap", "ışık", []),
        ("i;octet", "Jane", ["jane"]),
        ("i;octet", "jane", []),
        ("i;octet", "Émile", ["emile"]),
        ("i;octet", "E\u0301mile", []),
    ],
)
def test_collations(collation: str, wanted: str, expected: list[str]) -> None:
    """Each collation compares what its RFC says, on both sides (RFC 4790, RFC 5051)."""
    assert found(prop("FN", text(wanted, collation=collation))) == expected


def test_a_card_matches_a_negated_test_by_any_of_its_properties() -> None:
    """One e-mail address without "oob" is enough; no e-mail address at all is not (RFC 6352, 10.5.1)."""
    assert found(prop("EMAIL", text("oob", negate="yes"))) == ["jane", "emile"]
    assert found(prop("EMAIL", text("example", negate="yes"))) == []
    assert found(prop("FN", text("jane", negate="yes"))) == ["emile", "isik"]


def test_allof_in_a_prop_filter_is_about_one_property() -> None:
    """A mobile number in France and a number in France that is mobile: one TEL must pass both tests."""
    french, cell = text("+33 1", "starts-with"), param("TYPE", text("cell", "equals"))
    assert found(prop("TEL", french, cell, test="allof")) == []
    assert found(prop("TEL", text("+33 6", "starts-with"), cell, test="allof")) == ["emile"]
    assert found(prop("TEL", french, cell, test="anyof")) == ["jane", "emile"]
    assert found(prop("TEL", french, cell)) == ["jane", "emile"]


def test_test_of_the_filter() -> None:
    """The prop-filters are joined by OR, or by AND with allof (RFC 6352, 10.5)."""
    inner = prop("FN", text("e")) + prop("NICKNAME", text(".nl"))
    assert found(inner) == ["jane", "emile"]
    assert found(inner, "test='anyof'") == ["jane", "emile"]
    assert found(inner, "test='allof'") == ["jane"]


def test_empty_filters() -> None:
    """No filter, and a filter without prop-filters, match every card; an empty prop-filter asks for the property."""
    assert BOOK.matching([]) == EVERYBODY
    assert found("") == EVERYBODY
    assert found("", "test='allof'") == EVERYBODY
    assert found(prop("KEY")) == ["emile"]
    assert found(prop("KEY", test="allof")) == ["emile"]
    assert found(prop("X-UNKNOWN")) == []
    assert found(prop("note")) == ["jane", "isik"]


def test_is_not_defined() -> None:
    """The cards without the property, which is all of them for a name that no card has (RFC 6352, 10.5.3)."""
    assert found(prop("EMAIL", UNDEFINED)) == ["isik"]
    assert found(prop("FN", UNDEFINED)) == []
    assert found(prop("X-UNKNOWN", UNDEFINED)) == EVERYBODY


def test_groups() -> None:
    """A name without a group finds any group, one with a group only that one; neither minds case (RFC 6352, 10.5.1)."""
    assert found(prop("email")) == ["jane", "emile"]
    assert found(prop("ITEM1.email")) == ["jane"]
    assert found(prop("item3.EMAIL")) == []
    assert found(prop("item1.EMAIL", text("oob"))) == []
    assert found(prop("item2.EMAIL", text("oob"))) == ["jane"]
    assert found(prop("item1.EMAIL", UNDEFINED)) == ["emile", "isik"]
    assert found(prop("item2.X-ABLABEL", UNDEFINED)) == EVERYBODY
    assert found(prop("item2.EMAIL", param("TYPE", text("work")))) == []
    assert found(prop("a.item1.EMAIL")) == []


def test_param_filters() -> None:
    """A parameter exists, does not, or has a value that matches, in whichever way its values are listed."""
    assert found(prop("TEL", param("type"))) == ["jane", "emile"]
    assert found(prop("TEL", param("TYPE", UNDEFINED))) == ["isik"]
    assert found(prop("EMAIL", param("TYPE", text("work", "equals")))) == ["jane", "emile"]
    assert found(prop("EMAIL", param("TYPE", text("home", "equals")))) == ["jane"]
    assert found(prop("EMAIL", param("TYPE", text("INTERNET,WORK")))) == []
    assert found(prop("EMAIL", param("TYPE", text("home", collation="i;octet")))) == []


def test_a_negated_param_filter_passes_where_no_value_matches() -> None:
    """TYPE not WORK: the parameter is there, and WORK is none of its values (RFC 6352, 10.5.2)."""
    assert found(prop("EMAIL", param("TYPE", text("work", negate="yes")))) == ["jane"]
    assert found(prop("TEL", param("TYPE", text("cell", negate="yes")))) == ["emile"]
    assert found(prop("EMAIL", param("X-NONE", text("work", negate="yes")))) == []


def test_each_value_of_a_list_is_matched_by_itself() -> None:
    """CATEGORIES equals .re where it is one of the values; a negated test passes where none matches (10.5.4)."""
    assert found(prop("CATEGORIES", text(".re", "equals"))) == ["emile"]
    assert found(prop("CATEGORIES", text("tld-ops", "equals"))) == EVERYBODY
    assert found(prop("CATEGORIES", text("TLD", "starts-with"))) == EVERYBODY
    assert found(prop("CATEGORIES", text(".fr", "ends-with"))) == ["emile"]
    assert found(prop("CATEGORIES", text(".fr,.re", "contains"))) == []
    assert found(prop("CATEGORIES", text(".nl", "equals", negate="yes"))) == ["emile", "isik"]
    assert found(prop("CATEGORIES", text(".fr", "equals"), text("TLD-OPS", "equals"), test="allof")) == ["emile"]
    assert found(prop("NICKNAME", text(".fr .re", "equals"))) == ["emile"]


def test_values_are_matched_whole_and_unescaped() -> None:
    """Structured values are one text, in which escapes stand for what they mean."""
    assert found(prop("N", text("doe;jane;;;", "equals"))) == ["jane"]
    assert found(prop("NOTE", text("One, two; three\nfour \\ five", "equals"))) == ["jane"]
    assert found(prop("NOTE", text("", "equals"))) == ["isik"]


def test_several_filters_must_all_match() -> None:
    """`matching` takes the intersection of its filters."""
    filters = [parse_filter(filter_element(prop("TEL", text(number)))) for number in ("+3", "6 1")]
    assert BOOK.matching(filters) == ["jane"]


def test_an_empty_book_has_no_matches() -> None:
    """Every kind of filter works on no cards."""
    empty = CardIndex([])
    assert empty.matching([]) == []
    for inner in ("", prop("FN"), prop("FN", UNDEFINED), prop("FN", text("a"), param("TYPE"), test="allof")):
        assert empty.matching([parse_filter(filter_element(inner))]) == []


def test_names_that_clients_invent_are_not_remembered() -> None:
    """The answer to a filter on a name that no card has is the same each time and leaves nothing behind."""
    index = CardIndex([("jane", JANE)])
    before = set(vars(index)["_columns"])
    for number in range(50):
        assert index.matching([parse_filter(filter_element(prop(f"X-{number}", text("x"))))]) == []
    assert set(vars(index)["_columns"]) == before
    assert "FN" in before


def test_readers_at_once_get_the_same_answers() -> None:
    """Threads that meet a fresh index together all see every match."""
    wanted = [parse_filter(filter_element(prop("EMAIL", text("example"), param("TYPE", text("work")))))]
    cards = [(f"{number}", EMILE) for number in range(200)]
    for _ in range(5):
        index = CardIndex(cards)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(index.matching, [wanted] * 16))
        assert answers == [[href for href, _ in cards]] * 16
