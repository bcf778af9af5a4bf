"""Letters that look like others or cannot be seen, in names and addresses."""

import pytest

from sync.vet.look_alikes import look_alikes, look_alikes_in_address


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("J\u043ehn Doe", "U+043E (cyrillic small letter o)"),
        ("Jane D\u03bfe", "U+03BF (greek small letter omicron)"),
        ("\u0418\u0432a\u043d \u041f\u0435\u0442\u0440\u043e\u0432", "U+0061 (latin small letter a)"),
        ("\u0391\u03bbe\u03be\u03b7\u03c2", "U+0065 (latin small letter e)"),
        ("\u0555liver", "U+0555 (armenian capital letter oh)"),
        ("Ja\u200dne", "U+200D (zero width joiner)"),
        ("\u200cJane", "U+200C (zero width non-joiner)"),
        ("Jane\ufe0f", "U+FE0F (variation selector-16)"),
        ("\U0001d409ane", "U+1D409 (mathematical bold capital j)"),
        ("So\ufb01a", "U+FB01 (latin small ligature fi)"),
    ],
)
def test_a_letter_that_deceives_is_named(text: str, letter: str) -> None:
    """One of another script in a word, one that nobody can see, and one that only stands for a plain letter."""
    assert look_alikes(text) == (letter,)


@pytest.mark.parametrize(
    "text",
    [
        "Jane Doe",
        "R\u00e9gis",
        "\u0141ukasz \u0110or\u0111e",
        "\u0130lker I\u015f\u0131k",
        "Stra\u00dfe",
        "M\u00aa Jos\u00e9",
        "O\u02bcNeil",
        "O\u2019Neil",
        "\u0133sbrand",
        "\u0418\u0432\u0430\u043d \u041f\u0440\u0438\u043c\u0435\u0440",
        "\u0421\u0430\u0440\u0430 \u041e\u043a\u0441\u0430",
        "Ivan (\u0418\u0432\u0430\u043d)",
        "\u0391\u03bb\u03ad\u03be\u03b7\u03c2 \u03a0\u03b1\u03c0\u03ac\u03c2",
        "\u674e\u5c0f\u9f8d",
        "Li \u674e",
        "\u5c71\u7530\u305f\u308d\u3046",
        "\u30a2\u30f3\u30ca\u5b50",
        "\uae40\ubbfc\uc218",
        "Kim\u91d1",
        "\uff2a\uff2f\uff28\uff2e",
        "\u845b\U000e0100\u57ce",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0639\u0645\u0631 \u0645\u062b\u0627\u0644",
        "\u0d15\u0d4d\u200d",
        "\u0915\u094d\u200d\u0937",
        "\u0e2a\u0e21\u0e0a\u0e32\u0e22",
        "\u10d2\u10d8\u10dd\u10e0\u10d2\u10d8",
        "\u0531\u0580\u0561\u0574",
        "Marko/\u041c\u0430\u0440\u043a\u043e",
        "\u182e\u180b\u1820",
    ],
)
def test_a_name_in_any_script_is_normal(text: str) -> None:
    """Also two words in two scripts, mixtures that Chinese, Japanese and Korean have, and joiners where they count."""
    assert look_alikes(text) == ()


@pytest.mark.parametrize(
    "address",
    [
        "j\u0430ne@nic.nl",
        "jane@gm\u0430il.com",
        "jane@\u0443\u0430\u04bb\u043e\u043e.com",
        "\u0430\u0441\u0435@nic.nl",
        "ja\ufe0fne@nic.nl",
        "\u0438\u0432\u0430\u043d\ufe0f@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "jane@\u0441om.example",
        "jane.d\u043ee@nic.example",
    ],
)
def test_an_address_of_letters_that_deceive(address: str) -> None:
    """In the local part or the domain, one letter or all of them."""
    assert look_alikes_in_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "jane@nic.nl",
        "j\u00e9@m\u00fcnchen.example",
        "\u0438\u0432\u0430\u043d@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "\u043e\u0440@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
        "jane@\u043f\u0440\u0438\u043c\u0435\u0440.com",
        "jane@\u0440\u043e\u0441\u0430.\u0440\u0444",
        "jane@\u03bf\u03ba.gr",
        "\u674e@\u4f8b.\u4e2d\u56fd",
    ],
)
def test_an_address_in_any_script_is_normal(address: str) -> None:
    """Also Latin before the sign and another script behind it."""
    assert look_alikes_in_address(address) == ()
