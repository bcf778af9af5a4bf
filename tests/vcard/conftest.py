"""The second parser, started once for all the tests of the cards."""

from collections.abc import Iterator

import pytest

from .ical import IcalReader, ical_reader


@pytest.fixture(scope="session")
def ical() -> Iterator[IcalReader]:
    """Give ical.js, or skip with the reason where it cannot be had."""
    with ical_reader() as reader:
        yield reader
