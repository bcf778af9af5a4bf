"""The ccTLDs without a contact: IDN ccTLDs stand with the ASCII one of their country, and some need no contact."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from radicale_tldops.roster.cctld import Cctld, Delegations


@dataclass(frozen=True, slots=True)
class Missing:
    """A ccTLD without a contact.

    `ascii_form` is the two-letter ccTLD of the same country, for an IDN ccTLD, and `contacts` how many that one has.
    `reason` says why no contact is expected, or is "".
    """

    cctld: Cctld
    ascii_form: Cctld | None = None
    contacts: int = 0
    reason: str = ""

    @property
    def shown(self) -> str:
        """The ccTLD as people read it, an IDN ccTLD with its A-label."""
        label = self.cctld.a_label
        return self.cctld.dotted if label == self.cctld.u_label else f"{self.cctld.dotted} ({label})"

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "a_label": self.cctld.a_label,
            "u_label": self.cctld.u_label,
            "ascii": self.ascii_form.a_label if self.ascii_form else None,
            "no_contact_expected": self.reason or None,
        }


def missing(have: Mapping[str, int], known: Delegations, waived: Mapping[str, str]) -> tuple[Missing, ...]:
    """Return the ccTLDs without a contact, first the two-letter ones.

    `have` is the number of contacts of each ccTLD by A-label. `waived` says of which ccTLDs no contact is expected, and
    why; it holds for the IDN ccTLDs of the same country, too.
    """
    found = []
    for cctld in known.all():
        if cctld.a_label not in have:
            form = known.ascii_of.get(cctld.a_label, "")
            reason = waived.get(cctld.a_label) or waived.get(form, "")
            found.append(Missing(cctld, known.by_label.get(form), have.get(form, 0), reason))
    return tuple(found)


def missing_lines(found: Sequence[Missing]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the list for a person: headings, each with its lines. Right-to-left labels have lines of their own."""
    wanted = [cctld for cctld in found if not cctld.reason]
    plain = [cctld for cctld in wanted if cctld.ascii_form is None]
    beside: dict[str, list[str]] = {}
    for cctld in wanted:
        if cctld.ascii_form and not cctld.contacts:
            beside.setdefault(cctld.ascii_form.dotted, []).append(cctld.shown)
    apart = [cctld for cctld in wanted if cctld.ascii_form and cctld.contacts]
    waived = [cctld for cctld in found if cctld.reason]
    yield f"Without a contact, {len(plain)}:", [" ".join(cctld.shown for cctld in plain) or "none"]
    if beside:
        lines = [f"{form} with {shown}" for form, forms in sorted(beside.items()) for shown in forms]
        yield f"IDN forms of these, {len(lines)}:", lines
    if apart:
        lines = [f"{cctld.shown}: {cctld.ascii_form.dotted}" for cctld in apart if cctld.ascii_form]
        heading = f"IDN ccTLDs of a country whose ASCII ccTLD has contacts, {len(apart)}"
        yield f"{heading} (do these serve both? Add the IDN ccTLD to their entries):", lines
    if waived:
        yield f"No contact expected, {len(waived)}:", [f"{cctld.shown}: {cctld.reason}" for cctld in waived]
