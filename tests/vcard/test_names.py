import re

import pytest
from hypothesis import given

from sync.vcard.names import SplitName, split_name

from .hard_names import HARD_NAMES
from .people import UNTIMED, filled


@pytest.mark.parametrize(("name", "wanted"), HARD_NAMES.items())
def test_names_are_split_the_way_their_owners_would(name: str, wanted: SplitName) -> None:
    """Order, commas, particles, titles, suffixes and remarks of names of many languages."""
    assert split_name(name) == wanted


@UNTIMED
@given(filled())
def test_no_character_of_a_name_is_lost_or_invented(name: str) -> None:
    """The five parts hold the characters of the name, white space and the commas between words apart."""
    assert sorted(re.sub(r"[\s,]", "", "".join(split_name(name)))) == sorted(re.sub(r"[\s,]", "", name))


@UNTIMED
@given(filled().filter(lambda name: not set("()[]（）【】「\"“„«'‘") & set(name)))
def test_no_word_of_a_name_is_lost_or_invented(name: str) -> None:
    """Without remarks the words of the five parts are the words of the name, whatever the name is."""
    words = sorted(name.replace(",", " ").split())
    parts = sorted(word for part in split_name(name) for word in part.split())
    assert parts == (words or [name.strip()])


@UNTIMED
@given(filled())
def test_every_name_has_a_family_name(name: str) -> None:
    """Clients sort by the family name, so it is never empty."""
    assert split_name(name).family
