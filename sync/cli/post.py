"""`tldops post`: one round of the post office, and mails to the operator: a test, and that a service failed."""

import os
import re

import click

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.roster.login import canonical_login
from sync.cli.context import FAILED, OK, App, counted, pass_app
from sync.post.message import new_message
from sync.post.office import Round, send_due, write_new
from sync.post.smtp import check, send

_TEST = """\
This is a test of `tldops post` on {host}.

The mail server takes mails for you. There is nothing to do.
"""
_FAILED = """\
{unit} failed on {host}.

The reason:  journalctl -u {unit}
The state:   tldops status
"""


def _address(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not canonical_login(value):
        raise click.BadParameter(f"{value!r} is no mail address.", context, option)
    return value


def _service(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Za-z0-9:_.@\\-]{1,255}", value):
        raise click.BadParameter(f"{value!r} is not the name of a service.", context, option)
    return value


@click.command()
@click.option(
    "--test", metavar="ADDRESS", callback=_address, help="Send a mail there, to see whether the mail server is set up."
)
@click.option("--failed", metavar="SERVICE", callback=_service, help="Tell [mail] operator that a service has failed.")
@click.option("--once", is_flag=True, help="Tell members of new device passwords, and try again what waits.")
@pass_app
def post(app: App, test: str | None, failed: str | None, once: bool) -> int:
    """Send mails to members, or one to the operator.

    --once tells members of each new device password. The mail server, and who the
    operator is, stand in [mail]. Exits with 2 if the server does not take a mail.

    \b
    Examples:
      tldops post --once
      tldops post --test operator@example.org
      tldops post --failed tldops-sync.service
    """
    if [test is not None, failed is not None, once].count(True) != 1:
        raise click.UsageError("give --once, --test ADDRESS or --failed SERVICE.")
    app.require_configuration()
    settings = app.settings.mail
    check(settings)
    if once:
        return _once(app)
    host = os.uname().nodename
    if test is not None:
        recipients, subject, text = [test], f"Test of tldops on {host}", _TEST.format(host=host)
    else:
        recipients, subject = [*settings.operator], f"{failed} failed on {host}"
        text = _FAILED.format(host=host, unit=failed)
    if not recipients:
        raise SettingsError("[mail] has no `operator`: set it, or nobody is told.")
    send(settings, new_message(settings.sender, recipients, subject, text, app.now))
    app.print(f"{settings.server}:{settings.port} has taken the mail for {', '.join(recipients)}.")
    return OK


def _once(app: App) -> int:
    """Do one round of the post office."""
    stores = app.stores()
    if stores.desk_fault:
        raise stores.desk_fault
    write_new(app.settings, stores, app.now)
    done = send_due(app.settings.mail, stores, app.now)
    if done != Round(0, 0, 0):
        app.print(f"{counted(done.sent, 'mail')} sent, {done.undelivered} not delivered, {done.left} to be sent later.")
    if done.fault:
        app.note(f"tldops: {done.fault}")
    return FAILED if done.fault else OK
