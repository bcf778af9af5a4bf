"""Country-code top-level domains, compared by their A-label."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Cctld:
    """One ccTLD by its A-label in lower case, without the dot ("nl", "xn--p1ai")."""

    a_label: str

    def __post_init__(self) -> None:
        if not self.a_label.isascii() or self.a_label != self.a_label.lower() or "." in self.a_label:
            raise ValueError(f"not an A-label: {self.a_label!r}")

    @property
    def u_label(self) -> str:
        """The label as people read it ("рф"); the A-label again where that is ASCII (RFC 5890, 2.3.2.1)."""
        if not self.a_label.startswith("xn--"):
            return self.a_label
        return self.a_label[4:].encode("ascii").decode("punycode")

    @property
    def dotted(self) -> str:
        """The U-label behind a dot, the way the community writes it: ".nl", ".рф"."""
        return "." + self.u_label

    @property
    def iana_page(self) -> str:
        """Address of the entry in IANA's root zone database."""
        return f"https://www.iana.org/domains/root/db/{self.a_label}.html"
