"""A large group of Active Directory, which comes in parts: read whole, or not at all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from radicale_tldops.login import directory as directories
from radicale_tldops.settings import DirectorySettings, LdapGroupSettings
from sync.sources.ldap_group import LdapGroup
from sync.sources.subscribers import ListError, Subscribers
from tests.support.ldap_answers import Answer, Answering, answering

GROUP = "cn=tld-ops,dc=example,dc=org"
PEOPLE = {
    f"cn=p{number},dc=example,dc=org": {"objectClass": ["person"], "cn": [f"P {number}"], "mail": [f"p{number}@nic.nl"]}
    for number in range(7)
}
DNS = list(PEOPLE)


def of_group(**parts: Sequence[str]) -> Answer:
    """The entry of the group with these parts of `member`: `r0_2` is the range 0 to 2, `r3` from 3 to the end."""
    attributes = {}
    for name, values in parts.items():
        first, _, last = name.removeprefix("r").partition("_")
        attributes[f"member;range={first}-{last or '*'}"] = values
    return Answer({GROUP: attributes})


def directory(*of_the_group: Answer) -> Answering:
    """People by DN, and the group with one answer after the other."""
    left = list(of_the_group)

    def answer(base: str, attributes: Sequence[str]) -> Answer:
        assert attributes
        if base == GROUP:
            return left.pop(0)
        entries: Mapping[str, Mapping[str, Sequence[str]]] = {base: PEOPLE[base]} if base in PEOPLE else {}
        return Answer(entries, code=0 if entries else 32)

    return answer


def fetch(answer: Answering) -> Subscribers:
    """Read the group."""
    with answering(answer) as server:
        asked = DirectorySettings(servers=(server.url,), start_tls=False)
        return LdapGroup(asked, LdapGroupSettings(group=GROUP), datetime(2026, 11, 21, tzinfo=UTC)).fetch()


def test_every_part_is_read() -> None:
    """Three parts, of different sizes, under the names that Active Directory gives them."""
    parts = of_group(r0_2=DNS[:3]), of_group(r3_4=DNS[3:5]), of_group(r5=DNS[5:])
    assert fetch(directory(*parts)).logins == {f"p{number}@nic.nl" for number in range(7)}


def test_one_part_may_be_the_whole() -> None:
    """A range that ends with "*"."""
    assert len(fetch(directory(of_group(r0=DNS))).people) == 7


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(Answer({}, code=51), id="busy"),
        pytest.param(Answer({}, code=52), id="unavailable"),
        pytest.param(Answer({}, code=1), id="an error"),
        pytest.param(Answer({}, code=3), id="the time limit"),
        pytest.param(Answer({}, code=4), id="the size limit"),
        pytest.param(Answer(of_group(r3=DNS[3:]).entries, code=4), id="the size limit behind the values"),
        pytest.param(Answer({}, code=11), id="a limit of the administrator"),
        pytest.param(Answer({}, code=32), id="no such object"),
        pytest.param(Answer({}, code=50), id="no access"),
        pytest.param(Answer({}, code=10), id="a referral"),
        pytest.param(Answer({}, ("ldap://ldap.example.net/",)), id="a reference"),
        pytest.param(Answer(of_group(r3=DNS[3:]).entries, ("ldap://ldap.example.net/",)), id="values and a reference"),
        pytest.param(Answer({}), id="no entry"),
        pytest.param(Answer({GROUP: {}}), id="no attribute"),
        pytest.param(Answer({GROUP: {"member": DNS[3:]}}), id="no range"),
        pytest.param(of_group(r3=[]), id="no values"),
        pytest.param(of_group(r4=DNS[4:]), id="a gap"),
        pytest.param(of_group(r2=DNS[2:]), id="an overlap"),
        pytest.param(of_group(r0_2=DNS[:3]), id="the first part again"),
        pytest.param(of_group(r3_4=DNS[3:]), id="more values than the range"),
        pytest.param(of_group(r3_6=DNS[3:5]), id="fewer values than the range"),
        pytest.param(of_group(r3_4=DNS[3:5], r5=DNS[5:]), id="two parts at once"),
        pytest.param(Answer({GROUP: {"member;range=3": DNS[3:]}}), id="no end of the range"),
        pytest.param(Answer({}, hangs_up=True), id="the connection ends"),
        pytest.param(Answer({}, is_silent=True), id="no answer"),
    ],
)
def test_a_part_that_is_missing_stops_it(second: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part is never taken for the whole."""
    monkeypatch.setattr(directories, "ANSWER_SECONDS", 1.0)
    with pytest.raises(ListError):
        fetch(directory(of_group(r0_2=DNS[:3]), second))


@pytest.mark.parametrize("first", [of_group(r1_2=DNS[1:3]), of_group(r0_3=DNS[:3]), of_group(r0_2=[]), of_group(r0=[])])
def test_a_first_part_that_is_wrong_stops_it(first: Answer) -> None:
    """Where the first value is missing, or the count is not that of the range."""
    with pytest.raises(ListError, match="only a part of the members"):
        fetch(directory(first))
