"""A real SMTP server (aiosmtpd) on the loopback."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.directory import Certificate
from tests.support.servers import free_port

USER, PASSWORD = "tld-ops", "pass word"


@dataclass
class MailServer:
    """A mail server: what it has taken, and what it answers to some recipients instead."""

    port: int
    answers: dict[str, str] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails that it has taken."""
        contents = (each.content for each in self.envelopes)
        return [message_from_bytes(content, policy=default) for content in contents if isinstance(content, bytes)]

    # The names that aiosmtpd calls them by.
    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or give the answer that is set."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        """Compare the password."""
        assert isinstance(given, LoginPassword)
        self.passwords.append(given.password)
        return AuthResult(success=given == LoginPassword(USER.encode(), PASSWORD.encode()), handled=False)


@contextlib.contextmanager
def mail_server(shown: Certificate | None = None, *, tls: bool = False, utf8: bool = True) -> Iterator[MailServer]:
    """Run a mail server until the block ends; with `shown` by StartTLS and after a login alone, with `tls` by TLS."""
    server = MailServer(free_port())
    context = None
    if shown is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(shown.certificate, shown.key)
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=server.port,
        enable_SMTPUTF8=utf8,
        ssl_context=context if tls else None,
        tls_context=None if tls else context,
        require_starttls=shown is not None and not tls,
        auth_require_tls=not tls,  # it does not know that all of it is encrypted
        auth_required=shown is not None,
        authenticator=server.authenticate,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
