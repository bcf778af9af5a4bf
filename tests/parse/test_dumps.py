"""The text of `dumpdb`: names without loss, and nothing that is not a dump of a list."""

import pprint

import pytest

from radicale_tldops.roster.errors import InputError
from tests.parse.reading import codes, fields, only_record, read

REGIS = ("Régis Example", 2, ("fr",), ("+33 1",), ("r@nic.example",), ())
FULL = "Régis Example, #2, .fr, +33 1"

MAILMAN = r"""[----- start pickle file -----]
<----- start object 1 ----->
{   'accept_these_nonmembers': [],
    'bounce_info': {   'o@nic.example': <bounce info for member o'neil@nic.example
        current score: 1.0
        last bounce date: (2020, 1, 1)
        >},
    'available_languages': ['en', 'fr'],
    'digest_members': {'d@nic.example': 0},
    'info': "It's {not} a 'dict' of usernames: {",
    'members': {   'j@nic.example': 0,
                   'r@nic.example': 'R@nic.example'},
    'topics': [('a', '(b', 'c{', 0)],
    'usernames': {   'j@nic.example': u'J Doe, #1, .nl, +31 1',
                     'n@nic.example': '',
                     'o@nic.example': None,
                     'r@nic.example': u'R\xe9gis Example, #2, .fr, +33 1'},
    'web_page_url': 'https://lists.example/'}
[----- end pickle file -----]
"""


def test_the_output_of_dumpdb_is_read_with_lines() -> None:
    """Names stand at their own lines; members without a name are listed; what is no literal does not matter."""
    parsed = read(MAILMAN)
    assert parsed.format == "dumpdb"
    found = {record.listed[0]: record for record in parsed.records}
    assert list(found) == [f"{letter}@nic.example" for letter in "jrd"]
    assert fields(found["r@nic.example"]) == REGIS
    assert found["r@nic.example"].origin.line == MAILMAN[: MAILMAN.index("u'R")].count("\n") + 1
    assert [codes(found[f"{letter}@nic.example"]) for letter in "jrd"] == [[], [], ["address-only"]]


def test_a_name_without_its_member_is_no_entry() -> None:
    """Who left the list may still have a name in the dump: no record, so no card and no login, but a warning."""
    parsed = read(MAILMAN)
    assert [(problem.code, problem.severity) for problem in parsed.problems] == [("not-a-member", "warning")] * 2
    assert [problem.message.rpartition(" ")[2] for problem in parsed.problems] == ["n@nic.example", "o@nic.example"]
    lines = [MAILMAN[: MAILMAN.index(f"'{letter}@nic.example': ", 600)].count("\n") + 1 for letter in "no"]
    assert [problem.origin.line for problem in parsed.problems] == lines
    assert "n@nic.example" not in [address for record in parsed.records for address in record.listed]


@pytest.mark.parametrize("lists", ["", "'members': {}, ", "'members': {}, 'digest_members': {}, "])
def test_names_alone_are_the_list(lists: str) -> None:
    """Where a dump does not say who the members are, everybody with a name is one."""
    parsed = read(f"{{{lists}'usernames': {{'r@nic.example': {FULL!r}}}}}")
    assert ([fields(record) for record in parsed.records], parsed.problems) == ([REGIS], ())


def test_members_are_compared_without_case_and_digests_count() -> None:
    """Mailman keeps the address in lower case in one dict and as written in the other."""
    parsed = read(
        f"{{'members': {{'x@nic.example': 0}}, 'digest_members': {{'R@NIC.example': 0}}, "
        f"'usernames': {{'r@nic.example': {FULL!r}, 'x@nic.example': 'X, #1, .nl'}}}}"
    )
    assert [record.listed for record in parsed.records] == [("r@nic.example",), ("x@nic.example",)]
    assert parsed.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        repr({"usernames": {"r@nic.example": FULL}}),
        repr({"usernames": {b"r@nic.example": FULL.encode()}}),
        repr({"r@nic.example": FULL}),
        f"usernames = { {'r@nic.example': FULL}!a}",
        pprint.pformat({"a": [1, {2: (3,)}], "usernames": {"r@nic.example": FULL}, "z": None}, width=20),
        "{'usernames': {'r@nic.example': u'R\\xe9gis Example, #2, .fr, +33 1',},}",
        "{u'usernames': {u'r@nic.example': u'R\\u00e9gis Example, #2, .fr, +33 1'}}",
        "{'usernames': {'r@nic.example': 'R\\xc3\\xa9gis Example, #2, .fr, +33 1'}}",
        "{'usernames': {'r@nic.example': 'R&#233;gis Example, #2, .fr, +33 1'}}",
        '{"usernames": {"r@nic.example": "=?utf-8?q?R=C3=A9gis?= Example, #2, .fr, +33 1"}}',
    ],
)
def test_every_way_to_write_the_dict_gives_the_same_record(text: str) -> None:
    """Python 2 and 3, bytes and text, wrapped strings, a prefix, encoded names."""
    record = only_record(text + "\n")
    assert fields(record) == REGIS
    assert record.problems == ()


def test_octets_of_an_unknown_charset_are_an_error_of_that_name() -> None:
    """Python 2 octets that are neither UTF-8 nor certain are not guessed at."""
    record = only_record(r"{'usernames': {'r@nic.example': 'N\xfa\xf1ez, #2, .fr, +33 1'}}")
    assert (codes(record), record.listed) == (["bad-encoding"], ("r@nic.example",))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (r"u'J\nD, #1, .nl'", "forbidden-character"),
        (r"u'J\u2028D, #1, .nl'", "forbidden-character"),
        (r"u'J\ud800D, #1, .nl'", "forbidden-character"),
        (r"'J\x00D, #1, .nl'", "forbidden-character"),
        (r"u'J\xZZ'", "bad-encoding"),
        (r"u'J\N{no such name}'", "bad-encoding"),
        (f"'{'J' * 70_000}'", "too-long"),
    ],
)
def test_what_a_string_hides_is_found(value: str, code: str) -> None:
    """Controls and broken escapes in a Python string are errors of its record."""
    record = only_record(f"{{'usernames': {{'r@nic.example': {value}}}}}")
    assert codes(record) == [code]


@pytest.mark.parametrize(
    "text",
    [
        "{'members': {'r@nic.example': 0}}",
        '{"title": "404 Not Found", "mail": "x@example.com"}',
        "{'usernames': {'r@nic.example': __import__('os')}}",
        "{'usernames': {'r@nic.example': 'a' + 'b'}}",
        "{'usernames': {'r@nic.example': 'a' 'b' f'{1}'}}",
        "{'usernames': {'r@nic.example': ['a']}}",
        "{'usernames': {'r@nic.example'}}",
        "{'usernames': {'r@nic.example': 'a'}",
        "{'usernames': {'r@nic.example': 'a",
        "{'usernames': {'r@nic.example': 'a'}} and more",
        "{'usernames': {}} # r@nic.example",
        "{'usernames': {}, 'x': 'r@nic.example'}",
        "{'usernames': " + "{" * 100_000 + "'r@nic.example'",
        "{'usernames': {'r@nic.example': " + "-" * 100_000 + "1}}",
        "{'usernames': {'r@nic.example': " + "(" * 15 + "'a'" + ")" * 15 + "}}",
    ],
)
def test_anything_but_a_whole_dump_of_names_is_refused(text: str) -> None:
    """No other expression is evaluated, however deep, and a dump that is cut off is not half a list."""
    with pytest.raises(InputError, match=r"^members\.txt:"):
        read(text)


def test_a_dump_cut_off_anywhere_is_refused() -> None:
    """At every character but the very last ones, behind the closing bracket."""
    end = MAILMAN.rindex("}")
    for length in range(1, end + 1):
        with pytest.raises(InputError):
            read(MAILMAN[:length], "dumpdb")
