"""`tldops device`: device passwords."""

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
from radicale_tldops.store.usage import LastUsed, load_usage
from radicale_tldops.store.values import RosterState
from sync.cli.context import OK, App, json_option, one_line, pass_app

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
@click.argument("login", required=False)
@json_option
@pass_app
def list_devices(app: App, login: str | None, as_json: bool) -> int:
    """List the device passwords, those of LOGIN or all, and when each was last used.

    \b
    Examples:
      tldops device list
      tldops device list john@nic.example
    """
    stores = app.stores()
    _, devices = load_devices(stores.members)
    used = {use.device: use for use in load_usage(stores.members)[0]}
    state = load_state(stores.roster, app.now)
    if login is not None:
        owner = _owner(state, canonical_login(login))
        devices = [device for device in devices if device.owner == owner]
    logins = {reader.owner: name for name, reader in sorted(state.readers.items(), reverse=True)}
    # Somebody who is away is shown under the address that the device was issued to.
    shown = [replace(device, login=logins.get(device.owner, device.login)) for device in devices]
    if as_json:
        app.json([_plain(device, used.get(device.id)) for device in shown])
        return OK
    app.table(
        ("device", "login", "label", "style", "issued", "last used", "state"),
        [
            (
                device.id,
                device.login,
                device.label,
                device.style,
                device.created_at[:10],
                used[device.id].last_seen[:10] if device.id in used else "never",
                _state(device),
            )
            for device in shown
        ],
    )
    return OK


@device.command()
@click.argument("devices", metavar="DEVICE...", nargs=-1, required=True)
@click.option(
    "--reason", default="revoked by hand", show_default=True, callback=one_line, help="Why; it is kept and shown."
)
@pass_app
def revoke(app: App, devices: tuple[str, ...], reason: str) -> int:
    """Revoke device passwords by the id that `device list` shows; live within a second.

    \b
    Examples:
      tldops device revoke 1a2b3c4d --reason "phone lost"
    """
    stores = app.stores()
    known = {device.id: device for device in load_devices(stores.members)[1]}
    unknown = [device_id for device_id in devices if device_id not in known]
    if unknown:
        raise UnknownSubjectError(f"there is no device {unknown[0]}. `tldops device list` shows them with their ids.")
    count = revoke_devices(stores.members, devices, reason, app.now)
    found = [known[device_id] for device_id in devices]
    for device in found:
        detail = {"device": device.id, "label": device.label, "reason": reason}
        audit.record(stores.members, app.actor, "device revoke", device.login, detail, app.now)
    app.print(
        f"Revoked: {count} of {len(found)}; the others were revoked already."
        if count < len(found)
        else f"Revoked: {count}."
    )
    return OK


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


def _owner(state: RosterState, login: str) -> str:
    """Return whose a list address is, or was last; the address itself where that is not known."""
    reader = state.readers.get(login)
    return reader.owner if reader else state.addresses.get(address_digest(login), login)


def _state(device: Device) -> str:
    """Return the state of a device in words."""
    if device.state is DeviceState.ENDED:
        return f"revoked {device.revoked_at[:10]}: {device.revoked_because}"
    return f"suspended {device.suspended_at[:10]}" if device.suspended_at else "valid"


def _plain(device: Device, used: LastUsed | None) -> dict[str, object]:
    return {
        "id": device.id,
        "login": device.login,
        "label": device.label,
        "style": device.style,
        "created_at": device.created_at,
        "issued_by": device.actor,
        "state": device.state.value,
        "revoked_at": device.revoked_at or None,
        "revoked_because": device.revoked_because or None,
        "last_used": used.last_seen if used else None,
        "app": used.agent or None if used else None,
        "generation": used.generation or None if used else None,
    }
