"""An invented contact, as a line or row of a membership file would describe it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """One person. The fields are the columns of the CSV format, in their order.

    `slot` is the same for all the ccTLDs that the person serves; `cctlds` are U-labels without the dot; `phones` are
    written the many ways in which people write them, and every one of them dials. `oob_email` is in another
    registrable domain than `email`, or empty.
    """

    name: str
    slot: int
    cctlds: tuple[str, ...]
    phones: tuple[str, ...]
    email: str
    oob_email: str = ""
    organisation: str = ""
    role: str = ""
    languages: tuple[str, ...] = ()
    timezone: str = ""
    signal: str = ""
    whatsapp: str = ""
    matrix: str = ""
    pgp_fingerprint: str = ""
    pgp_url: str = ""
    appointed_by: str = ""
    appointed_on: date | None = None
    evidence: str = ""
    confirmed_on: date | None = None
    note: str = ""
    card_note: str = ""
