"""`tldops post`: the post office, and mails to the operator: a test, and that a service failed."""

import os
import re
import signal
import time
from threading import Event

import click

from radicale_tldops.roster.errors import SettingsError, TldopsError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store.change import file_mark
from sync.cli.context import FAILED, OK, App, counted, pass_app
from sync.post.codes import send_codes
from sync.post.message import new_message
from sync.post.office import send_due, write_new
from sync.post.round import Round
from sync.post.smtp import check, send
from sync.stores import Stores

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two looks, and the most of them while the mail server takes nothing."""
_LOOK_AGAIN = 30.0
"""Seconds after which the outbox is looked at though no file has changed."""

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
@click.option("--once", is_flag=True, help="Send what is to be sent now, and end.")
@pass_app
def post(app: App, test: str | None, failed: str | None, once: bool) -> int:
    """Send mails to members, or one to the operator.

    Members get the codes with which they sign in to the pages, and are told of
    each new device password: until it is stopped, or once. The mail server, and
    who the operator is, stand in [mail]. Exits with 2 if the server does not
    take a mail.

    \b
    Examples:
      tldops post
      tldops post --once
      tldops post --test operator@example.org
      tldops post --failed tldops-sync.service
    """
    if [test is not None, failed is not None, once].count(True) > 1:
        raise click.UsageError("give one of --once, --test ADDRESS and --failed SERVICE, or none.")
    app.require_configuration()
    settings = app.settings.mail
    check(settings)
    if test is None and failed is None:
        return _once(app) if once else _serve(app)
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
    done = _round(app, _stores(app))
    if done != Round(0, 0, 0):
        app.print(f"{counted(done.sent, 'mail')} sent, {done.undelivered} not delivered, {done.left} to be sent later.")
    if done.fault:
        app.note(f"tldops: {done.fault}")
    return FAILED if done.fault else OK


def _stores(app: App) -> Stores:
    stores = app.stores()
    if stores.desk_fault:
        raise stores.desk_fault
    return stores


def _round(app: App, stores: Stores) -> Round:
    """Codes first: somebody waits for them."""
    codes = send_codes(app.settings, stores, app.now)
    write_new(app.settings, stores, app.now)
    return codes + send_due(app.settings.mail, stores, app.now)


def _serve(app: App) -> int:
    """Do rounds until SIGTERM or SIGINT; a mail that is being sent is finished.

    A fault is printed when it begins and when it ends.
    """
    stores, stop = _stores(app), Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    said, wait, known, next_at = "", _PAUSE, None, 0.0
    while not stop.is_set():
        mark = file_mark(stores.members)
        if mark is None or mark != known or time.monotonic() >= next_at:
            try:
                fault = _round(app, stores).fault
            except TldopsError as error:
                fault = str(error)
            if fault != said:
                app.note(f"tldops: {fault or 'mails are sent again'}")
            said = fault
            wait = min(wait * 2, _LONGEST_PAUSE) if fault else _PAUSE
            # What waits in the outbox is due at a time that no file shows.
            known, next_at = None if fault else mark, time.monotonic() + _LOOK_AGAIN
        stop.wait(wait)
    return OK
