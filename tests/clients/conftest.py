"""A running server with a small roster, for clients that are programs of their own."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import vobject

from tests.support import World
from tests.support.people import ROSTER
from tests.support.site import SERVERS, Site, running

People = dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]
"""Contacts by UID: full name, e-mail addresses and phone numbers, each in the order of the card."""


def people(cards: Iterable[str]) -> People:
    """Read vCards."""
    found: People = {}
    for card in cards:
        fields = vobject.readOne(card).contents
        emails, phones = (tuple(field.value for field in fields.get(name, [])) for name in ("email", "tel"))
        found[fields["uid"][0].value] = (fields["fn"][0].value, emails, phones)
    return found


@pytest.fixture(scope="session", params=SERVERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Each server in turn, for tests that only read."""
    with running(World(tmp_path_factory.mktemp(request.param)), request.param, ROSTER) as served:
        yield served


@pytest.fixture(params=SERVERS)
def changing_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Each server in turn, with a roster that the test may change."""
    with running(World(tmp_path), request.param, ROSTER) as served:
        yield served
