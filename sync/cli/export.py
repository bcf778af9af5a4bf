"""`tldops export`: the roster as text for people, spreadsheets and offline use."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import click

from radicale_tldops.roster.contact import Contact
from radicale_tldops.roster.errors import InputError, RefusedError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.store.kept import load_people
from radicale_tldops.store.read import load_cards, load_head, load_snapshot
from sync.cli.context import OK, App, pass_app
from sync.documents.export import report, spreadsheet, table

_Form = TypeVar("_Form")


def _contacts(app: App, write: Callable[[Iterable[Contact]], _Form], *, private: bool = False) -> _Form:
    stores = app.stores()
    roster, (values, fault) = stores.roster, stores.read_desk() if private else ({}, None)
    if fault is not None:
        raise fault
    head = load_head(roster)
    if head is None:
        raise InputError("the store holds no generation yet; `tldops sync` makes the first one.")
    _, people = load_people(roster, head.id)
    return write(person.contact.with_private(values.get(uid, {})) for uid, person in people.items())


def _workbook(app: App, private: bool) -> bytes:
    # Imported here: the other forms do not wait for the library.
    from sync.sources import workbook

    return workbook.write(_contacts(app, table, private=private))


def _page(app: App, address: str) -> bytes:
    """Return the break-glass copy for a reader, as the members' pages give it to the same one."""
    # Imported here: the other forms do not wait for the libraries.
    from radicale_tldops.pages.directory import copy_page
    from radicale_tldops.zones.countries import countries_of

    snapshot = load_snapshot(app.stores().roster)
    reader = snapshot.reader(canonical_login(address))
    if reader is None:
        raise RefusedError(f"{address} is not on the list, or denied: no copy is made for it.")
    vetting = app.settings.vetting
    countries = countries_of(vetting.add_cctlds, vetting.retire_cctlds)
    return copy_page(snapshot, countries, app.settings.cards, reader).encode()


# Excel takes a file with this mark for UTF-8.
_FORMATS: Mapping[str, Callable[[App, bool], bytes]] = {
    "report": lambda app, _: _contacts(app, report).encode(),
    "csv": lambda app, private: _contacts(app, spreadsheet, private=private).encode("utf-8-sig"),
    "xlsx": _workbook,
    "vcf": lambda app, _: "".join(load_cards(app.stores().roster)).encode(),
}


@click.command()
@click.option(
    "--format", "form", type=click.Choice([*_FORMATS, "html"]), default="report", show_default=True, help="Which form."
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="A new file, readable by you alone, instead of standard output.",
)
@click.option(
    "--private",
    is_flag=True,
    help="With csv and xlsx: note, evidence and columns of your own, too, which members must not see.",
)
@click.option("--for", "address", metavar="ADDRESS", help="With html: the list address of the member who gets it.")
@pass_app
def export(app: App, form: str, output: Path | None, private: bool, address: str | None) -> int:
    """Write the roster out: it holds names and telephone numbers, so mind where.

    \b
    report  the repository message in the form that the list knows
    csv     a spreadsheet; with --private, `tldops sync` reads the same roster
    xlsx    the same for Excel and LibreOffice, with every cell as text
    vcf     an offline copy for any address book
    html    the break-glass copy: one page with a search, for a browser or paper

    \b
    Examples:
      tldops export > message.txt
      tldops export --format xlsx --private -o members.xlsx
      tldops export --format html --for jane@nic.example -o copy.html
    """
    if private and form not in ("csv", "xlsx"):
        raise click.UsageError(
            "--private goes with --format csv or xlsx: nothing else holds what members must not see."
        )
    if (form == "html") != (address is not None):
        raise click.UsageError("--format html needs --for ADDRESS, and nothing else takes it: a copy says whose it is.")
    written = _page(app, address) if address is not None else _FORMATS[form](app, private)
    if output is None:
        if form == "xlsx" and sys.stdout.isatty():
            raise click.UsageError("an .xlsx file is nothing for a terminal; name a file with --output.")
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return OK
    try:
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(written)
    except OSError as error:
        raise InputError(f"{output}: cannot write the export: {error.strerror}.") from error
    return OK
