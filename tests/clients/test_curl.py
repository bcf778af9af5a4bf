"""curl: the whole way from the host's URL to a card by hand, as an operator checks an installation."""

import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import DAV
from tests.support.servers import skip_where
from tests.support.site import Site

pytestmark = pytest.mark.client


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    """Skip where there is no curl."""
    skip_where("" if shutil.which("curl") else "curl is not installed")


@dataclass(frozen=True)
class Curl:
    """curl with a member's login."""

    site: Site

    def __call__(self, path: str, *options: str) -> tuple[int, str]:
        """Run curl; return the status and the body of the last response."""
        login = self.site.login
        done = subprocess.run(
            [
                "curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "30", "--user",
                f"{login.user}:{login.password}", "--write-out", "\n%{http_code}", *options, f"{self.site.url}{path}",
            ],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body


@pytest.fixture
def curl(site: Site) -> Curl:
    """Return curl with the login for each server in turn."""
    return Curl(site)


def test_the_well_known_address_leads_to_the_principal(curl: Curl) -> None:
    """A PROPFIND that follows the redirect of /.well-known/carddav finds the member's own principal."""
    status, body = curl(".well-known/carddav", "--location", "--request", "PROPFIND", "--header", "Depth: 0")
    assert status == 207
    found = ET.fromstring(body).findtext(f".//{DAV}current-user-principal/{DAV}href")
    assert found == curl.site.client().principal()


def path_of(site: Site, cctld: str) -> str:
    """Return the path of the card with this ccTLD, below the URL of the server."""
    name = next(name for name, card in site.cards().items() if f"NICKNAME:{cctld}" in card)
    return f"{site.client().book()}{name}".lstrip("/")


def test_a_card_is_downloaded(curl: Curl, tmp_path: Path) -> None:
    """A card comes as a file, with the line ends of a vCard."""
    card = tmp_path / "card.vcf"
    assert curl(path_of(curl.site, ".nl"), "--output", str(card))[0] == 200
    fetched = card.read_bytes()
    assert fetched.startswith(b"BEGIN:VCARD\r\nVERSION:3.0\r\n")
    assert b"\r\nFN:John Doe (.nl)\r\n" in fetched


# A stock Radicale knows no conditional GET.
@pytest.mark.parametrize("site", ["tldops"], indirect=True)
def test_a_card_that_has_not_changed_is_not_sent_again(curl: Curl, tmp_path: Path) -> None:
    """With the ETag that curl kept, the answer is 304 and empty (RFC 9110, 13.1.2)."""
    path = path_of(curl.site, ".nl")
    kept, card = tmp_path / "etag", tmp_path / "card.vcf"
    options = ("--etag-save", str(kept), "--etag-compare", str(kept), "--output", str(card))
    assert curl(path, *options)[0] == 200
    fetched = card.read_bytes()
    assert curl(path, *options)[0] == 304
    assert card.read_bytes() == fetched


def test_uploads_are_forbidden(curl: Curl, tmp_path: Path) -> None:
    """Neither a new card nor another version of an old one is taken, and the book stays as it was."""
    before = curl.site.cards()
    book = curl.site.client().book().lstrip("/")
    card = tmp_path / "mallory.vcf"
    card.write_text("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:mallory\r\nFN:Mallory Example\r\nN:Example;;;;\r\nEND:VCARD\r\n")
    for name in ("mallory.vcf", next(iter(before))):
        assert curl(f"{book}{name}", "--upload-file", str(card), "--header", "Content-Type: text/vcard")[0] == 403
    assert curl.site.cards() == before


def test_without_the_password_there_is_nothing(curl: Curl) -> None:
    """A wrong password gets 401 for the book, and no byte of it."""
    book = curl.site.client().book().lstrip("/")
    status, body = curl(
        book, "--user", f"{curl.site.login.user}:wrong", "--request", "PROPFIND", "--header", "Depth: 1"
    )
    assert status == 401
    assert ".vcf" not in body
