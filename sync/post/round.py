"""What a round of the post office did."""

from dataclasses import dataclass

from radicale_tldops.settings import MailSettings


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did. `fault` is why it stopped before its end, or ""; `left` are mails for a later one."""

    sent: int
    undelivered: int
    left: int
    fault: str = ""

    def __add__(self, other: "Round") -> "Round":
        return Round(
            self.sent + other.sent,
            self.undelivered + other.undelivered,
            self.left + other.left,
            self.fault or other.fault,
        )


def daily_fault(settings: MailSettings) -> str:
    """Say why the mails that are left wait."""
    return f"[mail] daily = {settings.daily} mails were sent within 24 hours; the others wait"
