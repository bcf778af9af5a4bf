"""The preferences that the page for Thunderbird gives for many machines."""

import re
from pathlib import Path

import pytest

from tests.clients.conftest import people
from tests.clients.desktop.conftest import BOOK
from tests.clients.desktop.thunderbird import thunderbird
from tests.support.site import Site

pytestmark = pytest.mark.client

PAGE = Path(__file__).parents[3] / "docs/clients/thunderbird.md"


def test_the_preferences_give_a_book_that_synchronises(demo: Site, tmp_path: Path) -> None:
    """With them and a stored password the read-only book is there, and every contact arrives."""
    page = PAGE.read_text()
    for example, real in (
        ("https://contacts.example.org/PRINCIPAL/tld-ops/", demo.url.rstrip("/") + demo.client().book()),
        ("john.doe@nic.nl", demo.login.user),
    ):
        page = page.replace(example, real)
    preferences = re.findall(r"^    (pref\(.*\);)$", page, re.MULTILINE)
    assert preferences
    with thunderbird(tmp_path, preferences) as mail:
        mail.until("return MailServices.ab.directories.some(book => book.dirName == given[0]);", BOOK)
        mail.run(
            """const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
            login.init(given[0], null, given[0], given[1], given[2], "", "");
            await Services.logins.addLoginAsync(login);""",
            demo.url.rstrip("/"),
            demo.login.user,
            demo.login.password,
        )
        mail.synchronize(BOOK)
        roster = people(demo.cards().values())
        assert mail.settle(BOOK, roster) == roster
        assert not mail.show(BOOK).may_create
