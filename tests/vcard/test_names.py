import pytest
from hypothesis import given

from sync.vcard.names import SplitName, split_name

from .people import UNTIMED, filled


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("John Doe", SplitName("Doe", "John")),
        ("John Fitzgerald Doe", SplitName("Doe", "John Fitzgerald")),
        ("Madonna", SplitName("Madonna")),
        ("  John \u00a0 Doe\u3000", SplitName("Doe", "John")),
        ("Doe, John", SplitName("Doe", "John")),
        ("Doe, Jr., John", SplitName("Doe", "John", suffix="Jr.")),
        ("John Doe, Jr.", SplitName("Doe", "John", suffix="Jr.")),
        ("John Doe Jr.", SplitName("Doe", "John", suffix="Jr.")),
        ("John Doe III, PhD", SplitName("Doe", "John", suffix="III PhD")),
        ("Jr., John", SplitName("Jr.", "John")),
        ("Aoi Naomi Ii", SplitName("Ii", "Aoi Naomi")),
        ("Dr. Jane Doe", SplitName("Doe", "Jane", prefix="Dr.")),
        ("van der Example, Jan", SplitName("van der Example", "Jan")),
        ("Jan van der Example", SplitName("van der Example", "Jan")),
        ("van der Example", SplitName("van der Example")),
        ("Jan Van Example", SplitName("Example", "Jan Van")),
        ("Omar bin al Khattab", SplitName("bin al Khattab", "Omar")),
        ("Otto von Example", SplitName("von Example", "Otto")),
        ("Maria de los Angeles Garcia", SplitName("Garcia", "Maria de los Angeles")),
        ("José Ortega y Gasset", SplitName("Ortega y Gasset", "José")),
        ("Ana de Souza e Silva", SplitName("de Souza e Silva", "Ana")),
        ("Sean O'Example", SplitName("O'Example", "Sean")),
        ('John "Jack" Doe', SplitName("Doe", 'John "Jack"')),
        ("Иван Иванович Пример", SplitName("Пример", "Иван Иванович")),
        ("عمر بن خالد", SplitName("خالد", "عمر بن")),
        ("山田 太郎", SplitName("山田", "太郎")),
        ("김 철수", SplitName("김", "철수")),
        ("ジョン スミス", SplitName("スミス", "ジョン")),
        ("山田太郎", SplitName("山田太郎")),
        (",", SplitName(",")),
        ("Doe,", SplitName("Doe")),
    ],
)
def test_names_are_split_the_way_their_owners_would(name: str, wanted: SplitName) -> None:
    """Order, commas, particles, titles and suffixes of the names that the list really has."""
    assert split_name(name) == wanted


@UNTIMED
@given(filled())
def test_no_word_of_a_name_is_lost_or_invented(name: str) -> None:
    """The words of the five parts are the words of the name, whatever the name is."""
    words = sorted(name.replace(",", " ").split())
    parts = sorted(word for part in split_name(name) for word in part.split())
    assert parts == (words or [name.strip()])


@UNTIMED
@given(filled())
def test_every_name_has_a_family_name(name: str) -> None:
    """Clients sort by the family name, so it is never empty."""
    assert split_name(name).family
