"""`tldops device`: device passwords."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

import click

from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.roster.errors import RefusedError, UnknownSubjectError
from radicale_tldops.roster.login import canonical_login
from radicale_tldops.roster.snapshot import BOOK, Reader, Style
from radicale_tldops.roster.traits import address_digest
from radicale_tldops.settings import Settings
from radicale_tldops.store import audit
from radicale_tldops.store.members import add_device, load_devices, revoke_devices
from radicale_tldops.store.read import load_snapshot, load_state
from radicale_tldops.store.usage import by_device, load_usage
from radicale_tldops.store.values import RosterState
from sync.cli.context import OK, App, json_option, one_line, pass_app
from sync.cli.device_words import device_json, device_line
from sync.plan.whom import Subject, find_subject

MAX_LABEL = 60
"""Longest label of a device in characters."""


@click.group()
def device() -> None:
    """Issue, list and revoke device passwords: one for each app on each device."""


@device.command()
@click.argument("login")
@click.option("--label", required=True, help='What it is for: "Thunderbird", "phone".')
@click.option(
    "--style",
    type=click.Choice([style.value for style in Style]),
    default=Style.PLAIN.value,
    show_default=True,
    help="plain for Thunderbird, KDE, Evolution, Roundcube; groups for Apple and DAVx5.",
)
@json_option
@pass_app
def add(app: App, login: str, label: str, style: str, as_json: bool) -> int:
    """Issue a device password to a reader, and print it once, with how to set up each client.

    \b
    Examples:
      tldops device add john@nic.example --label Thunderbird
      tldops device add john@nic.example --label iPhone --style groups
    """
    if not label.strip() or len(label) > MAX_LABEL or not label.isprintable():
        raise click.UsageError(f"--label takes one line of 1 to {MAX_LABEL} characters.")
    stores = app.stores()
    snapshot = load_snapshot(stores.roster)
    name = canonical_login(login)
    reader = snapshot.readers.get(name)
    if reader is not None and snapshot.reader(name) is None:
        raise RefusedError(f"{name} is denied; `tldops access list` shows why, `tldops access allow` lifts it.")
    if reader is None:
        raise UnknownSubjectError(
            f"{login}: nobody on the list has this login. `tldops access list` shows who has one."
        )
    issued, password = add_device(stores.members, reader, label.strip(), Style(style), app.actor, app.now)
    audit.record(stores.members, app.actor, "device add", name, {"device": issued.id, "label": issued.label}, app.now)
    url = base_url(app.settings)
    if as_json:
        app.json(
            {"id": issued.id, "url": url, "user": name, "password": password, "style": style, "label": issued.label}
        )
        return OK
    app.print(f"URL: {url}")
    app.print(f"User: {name}")
    app.print(f"Password: {password}")
    app.print(
        f"Device {issued.id} ({issued.label}, style {style}). The password is shown this once and stored nowhere."
    )
    for line in set_up_lines(app.settings, name, reader):
        app.print(line)
    return OK


@device.command("list")
@click.argument("who", required=False)
@json_option
@pass_app
def list_devices(app: App, who: str | None, as_json: bool) -> int:
    """List the device passwords by person, the newest first, and when each was used.

    WHO is any address of a person, the name or the UID. Revoked ones stand at
    the end.

    \b
    Examples:
      tldops device list
      tldops device list john@nic.example
    """
    stores = app.stores()
    devices, state = list(reversed(load_devices(stores.members)[1])), load_state(stores.roster, app.now)
    used, networks = load_usage(stores.members)
    uses = by_device(used)
    if who is not None:
        owner = _owner(state, who)
        devices = [device for device in devices if device.owner == owner]
    logins = {reader.owner: name for name, reader in sorted(state.readers.items(), reverse=True)}
    # Somebody who is away is shown under the address that the device was issued to.
    shown = [replace(device, login=logins.get(device.owner, device.login)) for device in devices]
    if as_json:
        app.json([device_json(device, uses.get(device.id)) for device in reversed(shown)])
        return OK
    revoked = [device for device in shown if device.state is DeviceState.ENDED]
    for some, end in ((shown, ""), (revoked, "Revoked:")):
        if end and some:
            app.print(end, style="bold")
        for owner, its in _by_owner([device for device in some if (device in revoked) == bool(end)]).items():
            app.print(_heading(state, owner, its[0].login))
            for device in its:
                app.print(f"  {device.id} {device_line(device, uses.get(device.id), networks)}")
    if not shown:
        app.print("No device password.")
    return OK


def _by_owner(devices: Sequence[Device]) -> Mapping[str, Sequence[Device]]:
    found: dict[str, list[Device]] = {}
    for device in devices:
        found.setdefault(device.owner, []).append(device)
    return found


def _heading(state: RosterState, owner: str, login: str) -> str:
    person = state.people.get(owner)
    return f"{person.contact.served} {person.contact.name} ({login})" if person else login


@device.command()
@click.argument("whom", metavar="DEVICE...", nargs=-1, required=True)
@click.option("--label", help="Revoke the device with this label; DEVICE is then its person.")
@click.option(
    "--reason", default="revoked by hand", show_default=True, callback=one_line, help="Why; it is kept and shown."
)
@pass_app
def revoke(app: App, whom: tuple[str, ...], label: str | None, reason: str) -> int:
    """Revoke device passwords by the id that `device list` shows; live within a second.

    Or by the person, any address, the name or the UID, with --label.

    \b
    Examples:
      tldops device revoke 1a2b3c4d --reason "phone lost"
      tldops device revoke john@nic.example --label iPhone
    """
    stores = app.stores()
    devices = load_devices(stores.members)[1]
    if label is None:
        known = {device.id: device for device in devices}
        unknown = [device_id for device_id in whom if device_id not in known]
        if unknown:
            raise UnknownSubjectError(
                f"there is no device {unknown[0]}. `tldops device list` shows the ids. To name a person, add --label."
            )
        found = [known[device_id] for device_id in whom]
    else:
        found = [_labelled(devices, find_subject(load_state(stores.roster, app.now), " ".join(whom)), label)]
    count = revoke_devices(stores.members, [device.id for device in found], reason, app.now)
    for device in found:
        detail = {"device": device.id, "label": device.label, "reason": reason}
        audit.record(stores.members, app.actor, "device revoke", device.login, detail, app.now)
    app.print(
        f"Revoked: {count} of {len(found)}; the others were revoked already."
        if count < len(found)
        else f"Revoked: {count}."
    )
    return OK


def _labelled(devices: Sequence[Device], whose: Subject, label: str) -> Device:
    """Return the one device of a person, not revoked, that has this label.

    Raises:
        RefusedError: there is none, or more than one.
    """
    its = [device for device in devices if device.owner == whose.owner and device.state is not DeviceState.ENDED]
    found = [device for device in its if device.label.casefold() == label.strip().casefold()]
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} devices" if found else "no device"
    there = ", ".join(f"{device.id} ({device.label})" for device in found or its) or "none"
    raise RefusedError(f"{whose} has {what} with the label {label!r}. Nothing was revoked. There are: {there}.")


def base_url(settings: Settings) -> str:
    """Return the address that members type: the configured one, else where `tldops serve` listens."""
    server = settings.server
    return server.url.rstrip("/") + "/" if server.url else f"http://{server.host}:{server.port}/"


def set_up_lines(settings: Settings, login: str, reader: Reader) -> list[str]:
    """Return one line for each client on what to do with URL, user and password.

    Without `[server] url` there are none for phones, for which this machine's loopback is their own.
    """
    url = base_url(settings)
    host = url.partition("://")[2].rstrip("/")
    book = f"{url}{reader.principal}/{BOOK}/"
    user = quote(login, safe="")
    phones = [
        f"Apple: Settings > Contacts > Accounts > Add CardDAV Account; server {host}, user {login} (style groups)",
        f"Android: DAVx5 > + > Login with URL and user name, or open davx5://{user}@{host}/ (style groups)",
    ]
    missing = [
        "This URL works on this machine alone. For phones and other computers set the address of the server",
        'in tldops.toml, in [server], for example: url = "https://contacts.example.org/"',
    ]
    return [
        *([] if settings.server.url else missing),
        f"Thunderbird: Address Book > Add address book > Add remote Address Book; user name {login}, location {url}",
        *(phones if settings.server.url else []),
        f"Evolution: File > New > Address Book > CardDAV; URL {url}, user {login}, Find Address Books",
        f"KDE: Kontact > Settings > DAV groupware resource; {url}, user {login}",
        f"Roundcube: rcmcarddav preset; discovery_url {url}, readonly true, user {login}",
        f"vdirsyncer: type = carddav, url = {url}, username = {login}, read_only = true; then khard",
        f"curl: curl --user {login} {book}",
    ]


def _owner(state: RosterState, who: str) -> str:
    """Return whose a list address is, or was last; else who is meant by an address, a name or a UID."""
    return state.addresses.get(address_digest(canonical_login(who))) or find_subject(state, who).owner
