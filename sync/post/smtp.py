"""Sending one mail by SMTP: encrypted, to a server whose certificate is verified, and nothing else is tried.

No password and no mail goes over a connection that is not encrypted, but to this machine. What a server answers stands
in errors shortened and escaped; it may hold the recipient's address, and never the password.
"""

import smtplib
import ssl
from email.message import EmailMessage

from radicale_tldops.login.directory import is_this_machine
from radicale_tldops.login.passwords import read_password
from radicale_tldops.roster.errors import SettingsError, TldopsError
from radicale_tldops.settings import MailSettings
from sync.post.message import ascii_domain

WAIT_SECONDS = 30
"""Longest time in seconds for connecting, and for one answer."""
_MOST = 200
"""So many characters of an answer stand in an error."""


class DeliveryError(TldopsError):
    """A mail was not accepted by the server. `is_final` says that trying again is of no use (RFC 5321, 4.2.1)."""

    def __init__(self, text: str, *, is_final: bool = False) -> None:
        super().__init__(text)
        self.is_final = is_final


def check(settings: MailSettings) -> None:
    """Raise a SettingsError where mail cannot be sent with these settings."""
    for key in ("server", "sender"):
        if not getattr(settings, key):
            raise SettingsError(f"[mail] has no `{key}`: set it, or no mail can be sent.")
    if settings.security == "none" and not is_this_machine(settings.server):
        raise SettingsError(
            f'[mail] security = "none": mails to {settings.server} would cross the network unencrypted. Set "starttls" '
            'or "tls".'
        )


def send(settings: MailSettings, message: EmailMessage) -> None:
    """Hand a mail over to the server, for the addresses in its `To`.

    Raises:
        SettingsError: the settings are not complete, or no password or no CA certificates can be read.
        DeliveryError: the server cannot be reached or trusted, or does not accept the mail for one of the addresses.
    """
    check(settings)
    password = read_password(settings.password_file, "[mail]") if settings.user else ""
    if not (settings.user + password).isascii():
        raise SettingsError("[mail] `user` or its password has characters that are not ASCII: choose others.")
    trusted = _trusted(settings)
    where = f"{settings.server}:{settings.port}"
    try:
        with _connected(settings, trusted) as server:
            if settings.user:
                server.login(settings.user, password)
            refused = server.send_message(message)
    except smtplib.SMTPException as error:
        raise _delivery_error(where, settings, error) from None
    except ssl.SSLCertVerificationError as error:
        raise DeliveryError(
            f"{where}: the certificate is not trusted: {error.verify_message}. Nothing was sent. Does [mail] server "
            "have the name in the certificate? A CA of your own stands in ca_file."
        ) from None
    except OSError as error:  # also of TLS
        reason = getattr(error, "reason", None) or error.strerror or error
        raise DeliveryError(f"{where}: no connection: {reason}. Check [mail] server, port and security.") from None
    if refused:
        raise _refused(where, refused)


def _trusted(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{settings.ca_file}: no CA certificates can be read: {error.strerror or error}.") from None


def _connected(settings: MailSettings, trusted: ssl.SSLContext) -> smtplib.SMTP:
    """Connect, encrypted but for `none`."""
    # The name to greet with: to look up that of this machine can take minutes while DNS is down.
    own = ascii_domain(settings.sender).rpartition("@")[2]
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.server, settings.port, own, timeout=WAIT_SECONDS, context=trusted)
    server = smtplib.SMTP(settings.server, settings.port, own, timeout=WAIT_SECONDS)
    if settings.security == "starttls":
        try:
            server.starttls(context=trusted)
        except BaseException:
            server.close()
            raise
    return server


def _delivery_error(where: str, settings: MailSettings, error: smtplib.SMTPException) -> DeliveryError:
    """Return in words what a server did not do."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _refused(where, error.recipients)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryError(f"{where}: the server does not accept [mail] user and its password ({_answer(error)}).")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if "SMTPUTF8" in str(error):
            return DeliveryError(
                f"{where}: the server does not take addresses with letters outside of ASCII (no SMTPUTF8).",
                is_final=True,
            )
        what = "StartTLS" if settings.security == "starttls" else "a login"
        return DeliveryError(
            f"{where}: the server does not offer {what}. Nothing was sent. Check [mail] port and security."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        # What a server has against the sender is set right; what it has against this mail is not.
        is_final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        return DeliveryError(f"{where}: the server answers {_answer(error)}", is_final=is_final)
    return DeliveryError(f"{where}: {str(error)[:_MOST]!r}. Check [mail] server, port and security.")


def _refused(where: str, refused: dict[str, tuple[int, bytes]]) -> DeliveryError:
    answers = "; ".join(f"{address}: {code} {_shown(text)}" for address, (code, text) in refused.items())
    return DeliveryError(
        f"{where}: the mail is not accepted for {answers}", is_final=all(code >= 500 for code, _ in refused.values())
    )


def _answer(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_shown(error.smtp_error)}"


def _shown(text: bytes | str) -> str:
    """Return what a server answered on one line, shortened and escaped."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return ascii(" ".join(plain.split()))[1:-1][:_MOST]
