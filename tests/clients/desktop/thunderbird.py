"""Thunderbird with a profile of its own, driven by what a user clicks and types."""

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.clients.conftest import People
from tests.clients.desktop.display import display, ended
from tests.clients.desktop.marionette import Marionette
from tests.support import Login

T = TypeVar("T")

NEEDED = ("thunderbird", "Xvfb", "openbox", "import")

PREFERENCES: dict[str, str | int | bool] = {
    # Marionette writes the port that it chose into a file of the profile.
    "marionette.port": 0,
    # One account that never asks for mail, so that messages can be written.
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.accountmanager.localfoldersserver": "server2",
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.account.account2.server": "server2",
    "mail.identity.id1.fullName": "Kim Example",
    "mail.identity.id1.useremail": "kim@nic-kr.example",
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.identity.id1.valid": True,
    "mail.server.server1.type": "pop3",
    "mail.server.server1.hostname": "127.0.0.1",
    "mail.server.server1.userName": "kim",
    "mail.server.server1.name": "kim@nic-kr.example",
    "mail.server.server1.check_new_mail": False,
    "mail.server.server1.login_at_startup": False,
    "mail.server.server2.type": "none",
    "mail.server.server2.hostname": "Local Folders",
    "mail.server.server2.userName": "nobody",
    "mail.server.server2.name": "Local Folders",
    "mail.smtpservers": "smtp1",
    "mail.smtp.defaultserver": "smtp1",
    "mail.smtpserver.smtp1.hostname": "127.0.0.1",
    # Everything but the loopback goes to a proxy that does not exist.
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    # No page, question or notice at the start.
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mailnews.start_page.enabled": False,
}

PATIENCE = 60
"""Seconds to wait for something that Thunderbird is about to do."""

ADDRESS_BOOK = """
const tab = tabmail.tabInfo.find(tab => tab.mode.name == "addressBookTab");
const page = tab.browser.contentWindow, $ = id => page.document.getElementById(id);
"""
"""The start of a script that works in the address book's tab, which is open."""

BOOK = "const book = MailServices.ab.directories.find(book => book.dirName == given[0]);"
"""The start of a script that is about the address book that its first argument names."""

HUB = """
const inside = root => [...root.querySelectorAll("*")].flatMap(
    element => [element, ...(element.shadowRoot ? inside(element.shadowRoot) : [])]);
const all = selector => inside(document).filter(element => element.matches(selector));
const $ = selector => all(selector)[0];
const step = () => all("account-hub-address-book .account-hub-step").find(step => !step.hidden);
const within = selector => step() && inside(step().shadowRoot).find(element => element.matches(selector));
"""
"""The start of a script that works in the Account Hub, whose elements stand in shadow trees."""

TO = "#toAddrInput"

OFFERED = """
const field = document.querySelector("#toAddrInput"), search = field.controller;
const ended = [search.STATUS_COMPLETE_NO_MATCH, search.STATUS_COMPLETE_MATCH].includes(search.searchStatus);
if (search.searchString != given[0] || !ended) return null;
if (search.matchCount == 0) return [];
const rows = [...field.popup.richlistbox.itemChildren].filter(row => !row.collapsed);
return field.popupOpen && rows.length ? rows.map(row => row.getAttribute("ac-value")) : null;
"""
"""What is offered for what was typed, once the search has ended and the list is open."""


def missing() -> str:
    """Return which program is not installed, or nothing."""
    return ", ".join(f"{program} is not installed" for program in NEEDED if shutil.which(program) is None)


@dataclass(frozen=True)
class Added:
    """What Thunderbird said while an address book was added."""

    steps: tuple[str, ...]
    """The title of each step."""

    offered: tuple[str, ...]
    """The names of the books that it found."""

    failure: str
    """The message after the password, where it found none."""


@dataclass(frozen=True)
class Shown:
    """What the tab of the address book offers, and what it shows of the contact that is selected."""

    may_create: bool
    may_edit: bool
    text: str


@dataclass(frozen=True)
class Message:
    """A window in which a message is written."""

    marionette: Marionette
    handle: str

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the window."""
        self.marionette.send("WebDriver:SwitchToWindow", {"handle": self.handle})
        return self.marionette.run(script, *arguments)

    def type_into(self, field: str, text: str) -> None:
        """Press keys in a field."""
        self.run("window.focus();")
        found = self.marionette.send("WebDriver:FindElement", {"using": "css selector", "value": field})
        element = next(iter(found["value"].values()))
        self.marionette.send("WebDriver:ElementSendKeys", {"id": element, "text": text})

    def offered(self, typed: str) -> list[str]:
        """Type into the field "To"; return what is offered, in order."""
        self.type_into(TO, typed)
        seen = settled(lambda: self.run(OFFERED, typed), lambda seen: seen is not None)
        assert seen is not None, "the search did not end"
        return list(seen)

    def recipients(self) -> list[str]:
        """Return the addresses that were chosen."""
        return list(
            self.run('return [...document.querySelectorAll("mail-address-pill")].map(pill => pill.fullAddress);')
        )

    def resize(self, width: int, height: int) -> None:
        """Give the window a size in pixels, and wait until it has it."""
        self.run("window.moveTo(40, 40); window.resizeTo(given[0], given[1]);", width, height)
        assert settled(lambda: bool(self.run("return outerWidth == given[0];", width)), bool), "it was not resized"

    def area(self) -> str:
        """Return where the inside of the window is on the display."""
        return str(self.run("return `${innerWidth}x${innerHeight}+${mozInnerScreenX}+${mozInnerScreenY}`;"))


@dataclass(frozen=True)
class Thunderbird:
    """A running Thunderbird."""

    marionette: Marionette
    environment: Mapping[str, str]
    main: str
    """The handle of its main window."""

    def version(self) -> str:
        """Return the version."""
        return str(self.run("return Services.appinfo.version;"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the main window; what it is called with stands in `given`."""
        self.marionette.send("WebDriver:SwitchToWindow", {"handle": self.main})
        return self.marionette.run(script, *arguments)

    def until(self, script: str, *arguments: Any) -> Any:
        """Run a script in the main window again and again until it returns something that is true; return that."""
        found = settled(lambda: self.run(script, *arguments), bool)
        assert found, f"it did not happen: {script} {arguments}"
        return found

    @contextlib.contextmanager
    def message(self) -> Iterator[Message]:
        """Open a window for a new message until the block ends."""
        before = set(self.marionette.send("WebDriver:GetWindowHandles"))
        self.run(
            "MailServices.compose.OpenComposeWindow(null, null, null, Ci.nsIMsgCompType.New,"
            "Ci.nsIMsgCompFormat.Default, MailServices.accounts.defaultAccount.defaultIdentity, null, null);"
        )
        opened = settled(lambda: set(self.marionette.send("WebDriver:GetWindowHandles")) - before, bool)
        message = Message(self.marionette, opened.pop())
        ready = 'return document.readyState == "complete" && !!window.gMsgCompose?.editor;'
        assert settled(lambda: message.run(ready), bool), "the window for a message did not open"
        try:
            yield message
        finally:
            # A message that was begun would be asked about.
            message.run("window.gContentChanged = false; gMsgCompose.bodyModified = false; window.close();")

    def people(self, book: str) -> People:
        """Return the contacts of an address book."""
        held = self.run(
            f"{BOOK} return [...book?.childCards ?? []].map(card =>"
            " [card.UID, card.displayName, card.emailAddresses, card.vCardProperties.getAllValues('tel')]);",
            book,
        )
        return {uid: (name, tuple(emails), tuple(phones)) for uid, name, emails, phones in held}

    def settle(self, book: str, wanted: People) -> People:
        """Wait until an address book is as wanted, or for a minute; return it."""
        return settled(lambda: self.people(book), lambda held: held == wanted)

    def show(self, book: str, contact: str = "") -> Shown:
        """Show a book in the tab of the address book, and one of its contacts; return what is offered there."""
        self.open_address_book()
        self.run(f"{BOOK} {ADDRESS_BOOK} await page.displayAddressBook(book.UID);", book)
        if contact:
            self.until(
                f"""{ADDRESS_BOOK} const cards = $("cards"), view = cards.view;
                for (let row = 0; row < view.rowCount; row++)
                    if (view.getCardFromRow(row).displayName == given[0]) {{
                        cards.selectedIndex = row;
                        return !$("detailsPane").hidden && $("viewContactName").textContent == given[0];
                    }}
                return false;""",
                contact,
            )
        return Shown(
            *self.run(
                f"{ADDRESS_BOOK} const shown = id => !$(id).hidden && !$(id).disabled;"
                'return [shown("booksPaneCreateContact"), shown("editButton"), $("detailsBody").textContent];'
            )
        )

    def add_contact(self, book: str, name: str, email: str) -> None:
        """Put a contact into a book of Thunderbird's own."""
        self.run(
            f"""{BOOK} const card = Cc["@mozilla.org/addressbook/cardproperty;1"].createInstance(Ci.nsIAbCard);
            card.displayName = given[1]; card.primaryEmail = given[2]; book.addCard(card);""",
            book,
            name,
            email,
        )

    def synchronize(self, book: str) -> None:
        """Choose "Synchronize" in the menu of a book."""
        self.show(book)
        self.run(f'{ADDRESS_BOOK} $("books").synchronizeSelected();')

    def open_address_book(self) -> None:
        """Open the tab of the address book."""
        self.run("await window.toAddressBook();")
        self.until(
            'return tabmail.tabInfo.some(tab => tab.mode.name == "addressBookTab"'
            ' && tab.browser.contentDocument.getElementById("books")?.rowCount);'
        )

    def add_address_book(self, server: str, login: Login, password: str = "") -> Added:
        """Do what the user does with a server, name and password, up to the last button."""
        self.open_address_book()
        self.run(f"{ADDRESS_BOOK} $('booksPaneCreateBook').click();")
        steps = [self._step("address-book-option-select")]
        self._press("#addRemoteAddressBook")
        steps.append(self._step("address-book-remote-account-form"))
        self._fill("#accountHubRemoteAddressBookForm #username", login.user)
        self._fill("#accountHubRemoteAddressBookForm #davServer", server)
        self.press_continue()
        steps.append(self._step("email-password-form"))
        self._fill("#addressBookPasswordSubview #password", password or login.password)
        self.press_continue()
        failure = self.until(
            f"""{HUB}
            if (step()?.localName == "address-book-sync") return {{text: ""}};
            const text = within("#emailFormNotification.error #emailFormNotificationTitle")?.textContent.trim();
            return text && {{text}};
            """
        )["text"]
        if failure:
            return Added(tuple(steps), (), failure)
        steps.append(self._step("address-book-sync"))
        offered = self.until(
            f'{HUB} return all("#addressBookAccountsContainer label").map(label => label.textContent.trim());'
        )
        return Added(tuple(steps), tuple(offered), "")

    def press_continue(self) -> None:
        """Press the button that goes on; on the last page it adds the books."""
        self._press("#addressBookFooter #forward")

    def close_hub(self) -> None:
        """Leave the Account Hub without adding anything."""
        self.run(
            f'{HUB} $("account-hub-address-book").dispatchEvent(new CustomEvent("request-close", {{bubbles: true}}));'
        )

    def _press(self, button: str) -> None:
        """Press a button as soon as it can be pressed."""
        self.until(
            f"{HUB} const button = $(given[0]); if (!button || button.disabled) return false;"
            "button.click(); return true;",
            button,
        )

    def _step(self, name: str) -> str:
        """Wait until a step is shown; return its title."""
        script = f'{HUB} return step()?.localName == given[0] && within("#title")?.textContent.trim();'
        return str(self.until(script, name))

    def _fill(self, field: str, text: str) -> None:
        self.run(
            f"{HUB} const field = $(given[0]); field.focus(); field.value = given[1];"
            'field.dispatchEvent(new InputEvent("input", {bubbles: true}));',
            field,
            text,
        )


def settled(look: Callable[[], T], right: Callable[[T], bool]) -> T:
    """Look until it is right, or for a minute; return what was seen last."""
    deadline = time.monotonic() + PATIENCE
    while not right(seen := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return seen


@contextlib.contextmanager
def thunderbird(folder: Path, preferences: Iterable[str] = ()) -> Iterator[Thunderbird]:
    """Run Thunderbird with a new profile, on a display of its own, until the block ends.

    `preferences` are further lines like those of AutoConfig.
    """
    profile = folder / "profile"
    profile.mkdir()
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join([*lines, *(f"user_{line}\n" for line in preferences)]))
    with display(folder / "home") as shown, (folder / "thunderbird.log").open("wb") as log:
        # This variable makes Thunderbird crash at the first connection that would leave the machine.
        environment = {**shown, "MOZ_DISABLE_NONLOCAL_CONNECTIONS": "1"}
        command = ["thunderbird", "--marionette", "--remote-allow-system-access", "--no-remote"]
        running = subprocess.Popen(
            [*command, "--profile", str(profile)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        with ended(running), contextlib.closing(Marionette(_port(profile, running))) as marionette:
            main = settled(lambda: marionette.send("WebDriver:GetWindowHandles"), bool)[0]
            yield Thunderbird(marionette, environment, main)


def _port(profile: Path, running: "subprocess.Popen[bytes]") -> int:
    """Return the port on which Marionette listens."""
    file = profile / "MarionetteActivePort"
    text = settled(
        lambda: file.read_text() if file.exists() else "", lambda seen: bool(seen) or running.poll() is not None
    )
    assert text, "Thunderbird did not start"
    return int(text)
