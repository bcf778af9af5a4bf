"""What the columns of a table are called: the names that are known, other spellings, and headings of one's own."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from radicale_tldops.roster.contact import OWN
from radicale_tldops.roster.errors import InputError, SettingsError
from sync.problems import Finding, printable

PEOPLE = ("name", "slot", "cctlds", "phones", "email", "oob_email")
"""The columns that a record has fields for."""

FURTHER = (
    *("organisation", "role", "languages", "timezone", "signal", "whatsapp", "matrix", "pgp_fingerprint", "pgp_url"),
    *("appointed_by", "appointed_on", "evidence", "confirmed_on", "note", "card_note"),
)
"""The columns that go into `Record.columns` as they stand."""

COLUMNS = PEOPLE + FURTHER
"""The columns that are known, in the order in which they are written."""

REQUIRED = ("name", "cctlds", "email")

ADDRESS_NAMES = ("email", "address", "subscriber", "subscriber_address", "member", "member_address")
"""How exports of list software name the column with the addresses. Where there are several, the first one counts."""

DISPLAY_NAMES = ("display_name", "displayname", "full_name", "real_name", "realname", "name")
"""How they name the column with the full names."""

ALIASES = {
    **dict.fromkeys(("e_mail", "mail", "email_address", "e_mail_address", "list_address"), "email"),
    **dict.fromkeys(("oob_e_mail", "out_of_band", "out_of_band_email", "out_of_band_e_mail"), "oob_email"),
    "out_of_band_address": "oob_email",
    **dict.fromkeys(("phone", "phone_number", "phone_numbers", "telephone", "telephones", "tel"), "phones"),
    **dict.fromkeys(("telephone_number", "telephone_numbers"), "phones"),
    "slots": "slot",
    **dict.fromkeys(("cctld", "tld", "tlds", "country_code", "country_codes"), "cctlds"),
    "roles": "role",
    "language": "languages",
    "time_zone": "timezone",
    "notes": "note",
    "organization": "organisation",
    "pgp_key_fingerprint": "pgp_fingerprint",
}
"""Other spellings of the names of columns."""

SEVERAL: Mapping[str, str] = {
    "name": " ",
    **dict.fromkeys(("cctlds", "phones", "email", "oob_email", "languages", "evidence", "note", "card_note"), "; "),
}
"""The columns that several headings may fill together, and what then stands between their cells."""

_REMARK = re.compile(r"(?<=\w)_?(?:\([^()]*\)|\d+)$")
"""What people write behind the name of a column: "Phone (mobile)", "E-mail 2"."""
_SHORT = 5  # letters of a name that with two other letters is another word: note, name, role, date


def spelled(heading: str) -> str:
    """Return a heading in small letters, with one "_" for spaces, hyphens and the like."""
    return re.sub(r"[\s_\-]+", "_", heading.strip(" \t\n\u00a0\ufeff").casefold())


@dataclass(frozen=True, slots=True)
class Headings:
    """Headings of one's own, as `spelled`.

    `columns` maps them to columns. What stands under those in `private` is kept, and not looked at. `written` are
    the headings that are mapped as the configuration has them.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    written: tuple[str, ...] = ()
    private: frozenset[str] = frozenset()

    @classmethod
    def of(cls, mapped: Mapping[str, Sequence[str]], private: Iterable[str] = ()) -> "Headings":
        """Return the headings that a configuration maps to columns, by column, and the private ones.

        Raises:
            SettingsError: a column is not known or takes one heading, or a heading is named twice.
        """
        columns = {spelled(heading): column for column, headings in mapped.items() for heading in headings}
        own = frozenset(map(spelled, private))
        for column, headings in mapped.items():
            where = f"[membership.columns] {printable(column)}"
            if column not in COLUMNS:
                raise SettingsError(f"{where}: there is no such column; the columns are {', '.join(COLUMNS)}.")
            if len(headings) > 1 and column not in SEVERAL:
                raise SettingsError(f"{where}: this column takes one heading; several may fill {', '.join(SEVERAL)}.")
            for heading in headings:
                if columns[spelled(heading)] != column or headings.count(heading) > 1 or spelled(heading) in own:
                    raise SettingsError(f"{where}: the heading {printable(heading)!r} is named twice; name it once.")
        return cls(columns, tuple(heading for headings in mapped.values() for heading in headings), own)

    def column(self, heading: str) -> str:
        """Return the column of a heading, or the heading itself as it is spelled."""
        name = spelled(heading)
        if name in self.private:
            return f"{OWN}{name}"
        return self.columns.get(name) or ALIASES.get(name, name)


NO_HEADINGS = Headings()
"""No headings of one's own."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: the columns' names in canonical spelling, the separator, its line, the index after it.

    `names` are the names of all columns that have one. `spelled` are the headings as they stand.
    """

    columns: tuple[str, ...]
    delimiter: str
    after: int
    line: int
    spelled: tuple[str, ...] = ()
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(name for name in self.columns if name and not is_own(name)))

    @classmethod
    def of(cls, cells: Sequence[str], headings: Headings, delimiter: str, line: int) -> "Header":
        """Return the header with these headings in this line of the file."""
        columns = [headings.column(cell) for cell in cells]
        full_names = [name for name in columns if name in DISPLAY_NAMES]
        if len(full_names) == 1 and any(name in PEOPLE and name != "email" for name in columns):
            columns[columns.index(full_names[0])] = "name"
        return cls(tuple(columns), delimiter, line, line, tuple(map(spelled, cells)))

    @property
    def is_roster(self) -> bool:
        """Whether the table has columns of a roster, and not only addresses and names."""
        return any(name in PEOPLE and name not in ("name", "email") for name in self.columns)

    @property
    def address_column(self) -> str:
        """The column with the addresses of a list of subscribers, or ""."""
        return next((name for name in ADDRESS_NAMES if name in self.columns), "")

    @property
    def known(self) -> int:
        """How many of its columns have a name that is known."""
        return sum(name in COLUMNS or name in ADDRESS_NAMES or name in DISPLAY_NAMES for name in self.columns)

    @property
    def is_likely(self) -> bool:
        """Whether it looks like a header: two of its cells name known columns, or it has a column of addresses."""
        return self.known > 1 or bool(self.address_column)

    @property
    def is_certain(self) -> bool:
        """Whether it is a header wherever it stands: what is required, or most of its cells, name columns."""
        filled = sum(map(bool, self.columns))
        if self.names.issuperset(REQUIRED):
            return True
        return bool(self.address_column) and filled > 1 and self.known * 2 > filled

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """Return the cells of a row by column, those of several headings for one column joined."""
        found: dict[str, list[str]] = {}
        for name, cell in zip(self.columns, cells, strict=True):
            if name:
                found.setdefault(name, []).append(cell)
        return {
            name: some[0] if len(some) == 1 else SEVERAL.get(name, "; ").join(filter(None, some))
            for name, some in found.items()
        }


def is_own(name: str) -> bool:
    """Whether a column is one of the secretariat's own."""
    return name.startswith(OWN)


def check_header(header: Header, file: str, headings: Headings = NO_HEADINGS) -> tuple[Finding, ...]:
    """Return a finding for each unknown column, an error where it may be a known one that is missing.

    Raises `InputError` if a required one is missing, one stands there twice, or one of `headings` is not there.
    """
    where = f"{file}:{header.line}"
    for heading in headings.written:
        if spelled(heading) not in header.spelled:
            setting = f"[membership.columns] {headings.column(heading)}"
            raise InputError(
                f"{where}: {setting}: the table has no column {printable(heading)!r} "
                f"(it has {_listed(header.spelled)}); write the heading as it stands in the file"
            )
    most = Counter(headings.columns.values())
    doubled = sorted(name for name, times in Counter(header.columns).items() if times > max(1, most[name]))
    doubled = [name for name in doubled if name in header.names]
    if doubled:
        raise InputError(
            f"{where}: the column {printable(doubled[0])} is there twice, perhaps in two spellings; "
            f"rename or delete one of them"
        )
    if not header.is_roster and header.address_column:
        return ()
    missing = [name for name in REQUIRED if name not in header.names]
    if missing:
        raise InputError(
            f"{where}: the table has no column {' and no column '.join(missing)} (it has {_listed(header.spelled)}); "
            f"name it so, or say in [membership.columns] what it is called: {', '.join(REQUIRED)} are required"
        )
    return tuple(_unknown(name, header.names) for name in header.columns if name in header.names - {*COLUMNS})


def _listed(names: Iterable[str]) -> str:
    return printable(", ".join(filter(None, names)))


def _unknown(name: str, present: frozenset[str]) -> Finding:
    """Return the finding of a column that is not known: an error where it may be one that is not `present`.

    Without that column everybody would lose what stands in it.
    """
    spellings = {**{known: known for known in COLUMNS}, **ALIASES}
    plain = _REMARK.sub("", name)
    near = {spelling: _edits(plain, spelling) for spelling, known in spellings.items() if known not in present}
    likely = [spelling for spelling, edits in near.items() if edits <= (1 if len(spelling) <= _SHORT else 2)]
    if not likely:
        return Finding("unknown-column", f"“{printable(name)}”")
    least = min(near[spelling] for spelling in likely)
    meant = dict.fromkeys(f"“{spellings[spelling]}”" for spelling in likely if near[spelling] == least)
    return Finding("misspelt-column", f"“{printable(name)}” is probably {' or '.join(meant)}")


def _edits(name: str, known: str) -> int:
    """Return how many letters have to be added, left out, replaced or swapped with their neighbour; 3 for more.

    "_" does not count: people write it, a space, or nothing.
    """
    name, known = name.replace("_", ""), known.replace("_", "")
    if abs(len(name) - len(known)) > 2 or len(set(name) - set(known)) > 2:
        return 3
    before, row = list[int](), list(range(len(known) + 1))
    for i, letter in enumerate(name, 1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(known, 1):
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and (letter, name[i - 2]) == (known[j - 2], wanted):
                edits = min(edits, above[j - 2] + 1)
            row.append(edits)
    return min(row[-1], 3)
