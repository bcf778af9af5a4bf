"""The programs that read the address book: what each of them needs, and the files that set it up."""

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from radicale_tldops.roster.snapshot import Style


@dataclass(frozen=True, slots=True)
class ClientProgram:
    """A program, as people call it. `style` is the one of the book that it shows best."""

    key: str
    title: str
    style: Style = Style.PLAIN


PROGRAMS: Mapping[str, ClientProgram] = {
    program.key: program
    for program in (
        ClientProgram("thunderbird", "Thunderbird"),
        ClientProgram("iphone", "iPhone or iPad", Style.GROUPS),
        ClientProgram("mac", "Mac", Style.GROUPS),
        ClientProgram("android", "Android", Style.GROUPS),
        ClientProgram("evolution", "Evolution"),
        ClientProgram("kde", "KDE Kontact"),
        ClientProgram("roundcube", "Roundcube"),
        ClientProgram("vdirsyncer", "vdirsyncer and khard"),
        ClientProgram("other", "Another program"),
    )
}


def apple_profile(url: str, login: str, book: str) -> bytes:
    """Return a configuration profile for iPhone, iPad and Mac, without a password: the device asks for it.

    The same login always gets the same identifiers: a profile that is installed again replaces the one before.
    """
    parts = urlsplit(url)
    account = uuid5(NAMESPACE_URL, f"{url}{login}")
    host = parts.hostname or ""
    is_tls = parts.scheme == "https"
    names = ".".join(reversed(host.split(".")))
    payload = {
        "PayloadType": "com.apple.carddav.account",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{names}.carddav.{account}",
        "PayloadUUID": str(account).upper(),
        "PayloadDisplayName": book,
        "CardDAVAccountDescription": book,
        "CardDAVHostName": host,
        "CardDAVPort": parts.port or (443 if is_tls else 80),
        "CardDAVUseSSL": is_tls,
        "CardDAVUsername": login,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{names}.{account}",
        "PayloadUUID": str(uuid5(account, "profile")).upper(),
        "PayloadDisplayName": f"{book} contacts",
        "PayloadContent": [payload],
    }
    return plistlib.dumps(profile)


def davx5_link(url: str, login: str, password: str) -> str:
    """Return the link that opens DAVx5 with everything filled in, on the phone itself."""
    return f"davx5://{quote(login, safe='')}:{quote(password, safe='')}@{urlsplit(url).netloc}/"
