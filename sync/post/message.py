"""Mails that a program writes: their headers, for readers and for other programs. Pure: the time is given."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import uuid4

from radicale_tldops.roster.login import canonical_domain

_SENT_AS = "TLD-OPS"
"""The name beside the sender's address."""


def ascii_domain(address: str) -> str:
    """Return a mail address with its domain in A-labels, as every mail server takes it (RFC 5890, 2.3.2.1)."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{canonical_domain(domain)}"


def new_message(sender: str, recipients: Sequence[str], subject: str, text: str, now: datetime) -> EmailMessage:
    """Return a mail of plain text. No mail program answers it by itself: `Auto-Submitted` says why (RFC 3834, 5)."""
    message = EmailMessage(SMTP)
    message["From"] = _address(sender, _SENT_AS)
    message["To"] = [_address(address) for address in recipients]
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{uuid4()}@{ascii_domain(sender).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message


def _address(address: str, name: str = "") -> Address:
    local, _, domain = ascii_domain(address).rpartition("@")
    return Address(name, local, domain)
