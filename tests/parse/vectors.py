"""The numbered lines of the membership file's specification, and what parsing and vetting must make of each."""

from dataclasses import dataclass

JOHN = '"John Doe, #1, .nl, +31 123456789" <john.doe@nic.nl>'


@dataclass(frozen=True)
class Vector:
    """One line: `cctlds` and `phones` are as written, `labels` are A-labels and `numbers` in E.164.

    `refusal` is the code of the error with which parsing or vetting refuses the line, `warning` that of parsing.
    """

    line: str
    name: str = ""
    slot: int | None = None
    cctlds: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    listed: str = ""
    out_of_band: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    refusal: str = ""
    warning: str = ""


def _split(**fields: str | int | None) -> dict[str, object]:
    several = ("cctlds", "labels", "numbers", "out_of_band")
    return {name: tuple(str(value).split()) if name in several else value for name, value in fields.items()}


def _vector(line: str, name: str, slot: int, cctlds: str, phones: str, listed: str, **more: str) -> Vector:
    """Return a vector; `cctlds` and the like are separated by spaces, `phones` by "|"."""
    written = tuple(phones.split("|"))
    values = _split(**{"cctlds": cctlds, "labels": cctlds, **more})
    return Vector(line, name, slot, phones=written, listed=listed, **values)  # type: ignore[arg-type]


VECTORS = {
    1: _vector(JOHN, "John Doe", 1, "nl", "+31 123456789", "john.doe@nic.nl", numbers="+31123456789"),
    2: _vector(
        "“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net",
        *("Jane Doe", 1, "vn", "+84 123456789", "jane.doe@nic.vn"),
        out_of_band="jane@oarc.net",
        numbers="+84123456789",
    ),
    3: _vector(
        "John Doe, #1, .nl, +31 123456789 <john.doe@nic.nl>",
        *("John Doe", 1, "nl", "+31 123456789", "john.doe@nic.nl"),
        numbers="+31123456789",
    ),
    4: _vector(
        '"R?gis Example, #2, .fr, +33 1 00 00 00 00" <r@nic.example>',
        *("R?gis Example", 2, "fr", "+33 1 00 00 00 00", "r@nic.example"),
        numbers="+33100000000",
        warning="lossy-export",
    ),
    5: _vector(
        "=?utf-8?b?UsOpZ2lzIEV4YW1wbGUsICMyLCAuZnIsICszMyAxIDAwIDAwIDAwIDAw?= <r@nic.example>",
        *("Régis Example", 2, "fr", "+33 1 00 00 00 00", "r@nic.example"),
        numbers="+33100000000",
    ),
    6: _vector(
        "Régis Example, #2, .fr/.re/.pm/.yt/.tf/.wf, +33 1 00 00 00 00 <r@nic.example>",
        *("Régis Example", 2, "fr re pm yt tf wf", "+33 1 00 00 00 00", "r@nic.example"),
        numbers="+33100000000",
    ),
    7: _vector(
        '"R&#233;gis Example, #2, .fr, .re, +33 1 00 00 00 00" <r@nic.example>',
        *("Régis Example", 2, "fr re", "+33 1 00 00 00 00", "r@nic.example"),
        numbers="+33100000000",
    ),
    8: _vector(
        r""""Sean \(NOC\) O'Example, #3, .ie, +353 \(0\)86 123 4567" <sean@nic.example>""",
        *("Sean (NOC) O'Example", 3, "ie", "+353 (0)86 123 4567", "sean@nic.example"),
        numbers="+353861234567",
    ),
    9: _vector(
        '"Doe, Jr., John, #1, .us, +1 202 555 0100" <john@nic.example>',
        *("Doe, Jr., John", 1, "us", "+1 202 555 0100", "john@nic.example"),
        numbers="+12025550100",
    ),
    10: _vector(
        '"Maria Example, #1, .do, +1 809 535-0111 #2141" <maria@nic.example>',
        *("Maria Example", 1, "do", "+1 809 535-0111 #2141", "maria@nic.example"),
        numbers="+18095350111;ext=2141",
    ),
    11: _vector(
        '"Ana Example, #2, .mw, +265 1 000 000, +265 888 000 000" <ana@nic.example>',
        *("Ana Example", 2, "mw", "+265 1 000 000|+265 888 000 000", "ana@nic.example"),
        numbers="+2651000000 +265888000000",
    ),
    12: _vector(
        '"Li Example, SSC #1, .tw / .台灣 / .台湾, +886-2-0000-0000 ext. 126, li@example.net" <li@nic.example>',
        *("Li Example", 1, "tw 台灣 台湾", "+886-2-0000-0000 ext. 126", "li@nic.example"),
        out_of_band="li@example.net",
        labels="tw xn--kpry57d xn--kprw13d",
        numbers="+886200000000;ext=126",
    ),
    13: _vector(
        '"Иван Пример, #1, .рф, +7 (7222) 60-00-06" <ivan@nic.example>',
        *("Иван Пример", 1, "рф", "+7 (7222) 60-00-06", "ivan@nic.example"),
        labels="xn--p1ai",
        numbers="+77222600006",
    ),
    14: _vector(
        '"Omar Example, #1, .مصر, +20 2 0000 0000" <omar@nic.example>',
        *("Omar Example", 1, "مصر", "+20 2 0000 0000", "omar@nic.example"),
        labels="xn--wgbh1c",
        numbers="+20200000000",
    ),
    15: _vector(
        '"G. Example; #2; UK; 0044 1865 000000" <g@nic.example>',
        *("G. Example", 2, "UK", "0044 1865 000000", "g@nic.example"),
        labels="uk",
        numbers="+441865000000",
    ),
    16: Vector(
        '"Kim Example #1 .kr +82 2 000 0000" <kim@nic.example>',
        name="Kim Example",
        listed="kim@nic.example",
        refusal="no-separators",
    ),
    17: Vector(
        '"Secretariat, ccNSO" <secretariat@icann.example>',
        name="Secretariat, ccNSO",
        listed="secretariat@icann.example",
        refusal="no-slot",
    ),
    18: Vector("john@oarc.net", listed="john@oarc.net", refusal="address-only"),
    19: _vector(
        '"Zoë Example, #4, .gb, +44 1865 000000" <zoe@nic.example>',
        *("Zoë Example", 4, "gb", "+44 1865 000000", "zoe@nic.example"),
        refusal="bad-slot",
    ),
    20: _vector(
        '"Max Example, #1, .example, +49 30 000000" <MAX@Example.DE>',
        *("Max Example", 1, "example", "+49 30 000000", "MAX@Example.DE"),
        refusal="unknown-cctld",
    ),
}
"""The lines with a number. 21 to 24 are whole files, and have tests of their own."""
