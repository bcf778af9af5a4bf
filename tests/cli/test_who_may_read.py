"""Who may read after each order of leave, return, rename, re-address, deny, allow, revoke, restore and rollback."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from radicale_tldops.serve.live import LiveStore
from radicale_tldops.settings.file import load
from tests.support import World
from tests.support.lists import subscribe
from tests.support.people import people

OTHERS = people(9)
OLD, NEW, OUT_OF_BAND = "jane@nic.example", "jane.new@nic.example", "jane@oarc.net"
BESIDE = '"Nell Example, #2, .nl, +31 20 000 0000" <nell@nic.example>'


class Story:
    """Jane, the membership file and the list; one method for each word of an order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.name, self.address = "Jane Doe", OLD
        self.in_file = self.on_list = True
        self.has_successor = False
        self.writes = 0
        self.same: tuple[str, ...] = ()

    def sync(self) -> None:
        """Apply the file, which has other bytes each time."""
        self.writes += 1
        jane = f'"{self.name}, #1, .nl, +31 6 12345678, {OUT_OF_BAND}" <{self.address}>'
        maria = f'"Maria Roe, #3, .nl, +31 20 000 0001" <{OLD}>'
        chosen = [jane] * self.in_file + [maria] * self.has_successor
        self.world.write(*OTHERS, BESIDE, *chosen, f"# {self.writes}")
        self._subscribe()
        self.world.do("sync", "--yes", *self.same)

    def follow(self) -> None:
        """Apply the list alone."""
        self._subscribe()
        self.world.do("follow", "--yes")

    def _subscribe(self) -> None:
        here = [self.address] * self.on_list + [OLD] * self.has_successor
        subscribe(self.world, [*OTHERS, "nell@nic.example", *here])

    def change(self, **values: object) -> None:
        """Change what the file says of Jane, and apply it."""
        vars(self).update(values)
        self.sync()

    def list(self, on_list: bool) -> None:
        """Put Jane on the list or take her off."""
        self.on_list = on_list
        self.follow()

    def wait(self, days: int) -> None:
        """Let days pass; the timer runs."""
        self.world.ahead += timedelta(days=days)
        self.follow()

    def lose(self, database: str) -> None:
        """Lose a database, and restore the backup from before the story."""
        (self.world.folder / database).unlink()
        self.restore()

    def restore(self) -> None:
        """Restore the backup from before the story."""
        self.world.do("restore", str(self.world.folder / "backup"), "--yes")

    def revoke(self) -> None:
        """Revoke every device of Jane."""
        listed = self.world.do("device", "list", OLD, "--json").json
        self.world.do("device", "revoke", *(device["id"] for device in listed))


STEPS: Mapping[str, Callable[[Story], object]] = {
    "off": lambda story: story.list(False),
    "on": lambda story: story.list(True),
    "out": lambda story: story.change(in_file=False),
    "in": lambda story: story.change(in_file=True),
    "moves": lambda story: story.change(address=NEW),
    "home": lambda story: story.change(address=OLD),
    "marries": lambda story: story.change(name="Jane Smith"),
    "maria": lambda story: story.change(name="Maria Roe"),
    "jane": lambda story: story.change(name="Jane Doe"),
    "renamed": lambda story: story.change(name="Maria Roe", same=("--same-person", OLD)),
    "taken": lambda story: story.change(has_successor=True, in_file=False, address=NEW),
    "both": lambda story: story.change(has_successor=True, in_file=True, address=NEW),
    "20days": lambda story: story.wait(20),
    "31days": lambda story: story.wait(31),
    "deny": lambda story: story.world.do("access", "deny", OUT_OF_BAND, "--reason", "test"),
    "allow": lambda story: story.world.do("access", "allow", OUT_OF_BAND),
    "revoke": Story.revoke,
    "sync": Story.sync,
    "rollback": lambda story: story.world.do("rollback", "1", "--yes"),
    "restore": Story.restore,
    "lost-members": lambda story: story.lose("members.sqlite"),
    "lost-roster": lambda story: story.lose("roster.sqlite"),
}

ORDERS = (
    ("", "old reads"),
    ("off", ""),
    ("off on", "old reads"),
    ("out", ""),
    ("out in", "old reads"),
    ("off 20days on", "old reads"),
    ("off 31days on", "reads"),
    ("out 20days in", "old reads"),
    ("out 31days in", "reads"),
    ("off out on", ""),
    ("off out on in", "old reads"),
    ("off out in", ""),
    ("moves", "old new reads"),
    ("moves home", "old new reads"),
    ("moves off", ""),
    ("moves off on", "old new reads"),
    ("out moves in", "old new reads"),
    ("marries", "old reads"),
    ("marries moves", "old new reads"),
    ("maria", "reads"),
    ("maria jane", "reads"),
    ("renamed", "old reads"),
    ("renamed off on", "old reads"),
    ("both", "new reads"),
    ("taken", ""),
    ("taken both", "reads"),
    ("out taken both", "reads"),
    ("revoke", "reads"),
    ("revoke off on", "reads"),
    ("revoke restore", "reads"),
    ("revoke lost-members", "reads"),
    ("lost-members", "old reads"),
    ("deny", ""),
    ("deny allow", "reads"),
    ("deny off on", ""),
    ("deny out in", ""),
    ("deny out 31days in", ""),
    ("deny moves", ""),
    ("deny moves allow", "reads"),
    ("deny marries", ""),
    ("deny maria", "reads"),
    ("deny rollback", ""),
    ("deny restore", ""),
    ("deny restore sync", ""),
    ("deny allow restore", "reads"),
    ("deny allow lost-members", "reads"),
    ("off restore", ""),
    ("off restore sync", ""),
    ("off restore on", ""),
    ("off restore on sync", "old reads"),
    ("out rollback", ""),
    ("out rollback sync", ""),
    ("out rollback in", "old reads"),
    ("off lost-roster sync", ""),
    ("off lost-roster on sync", "old reads"),
    ("moves rollback", "old new reads"),
    ("moves restore sync", "old new reads"),
)


@pytest.mark.parametrize(("order", "expected"), ORDERS)
def test_who_may_read(tldops: World, order: str, expected: str) -> None:
    """Jane's device under her old and her new address, and whether her address is a login; others always read."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    story = Story(tldops)
    story.sync()
    device, other = tldops.device(OLD), tldops.device(OTHERS[0].login)
    tldops.do("backup", str(tldops.folder / "backup"))
    for step in order.split():
        STEPS[step](story)
    live = LiveStore(load(tldops.config))
    found = {
        "old": live.identify(OLD, device.password) is not None,
        "new": live.identify(NEW, device.password) is not None,
        "reads": story.address in tldops.logins(),
    }
    assert " ".join(name for name, holds in found.items() if holds) == expected
    assert live.identify(other.user, other.password) is not None


def test_what_was_suspended_is_not_revived_by_old_cards(tldops: World) -> None:
    """The roster is lost after Jane has left: the backup says that she reads, but her device stays suspended."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n')
    story = Story(tldops)
    story.sync()
    device = tldops.device(OLD)
    tldops.do("backup", str(tldops.folder / "backup"))
    story.list(False)
    story.lose("roster.sqlite")
    assert OLD in tldops.logins()
    assert LiveStore(load(tldops.config)).identify(OLD, device.password) is None


def test_what_a_restore_does_not_take_back_is_said(tldops: World) -> None:
    """A device that was revoked after the backup, and a person who was denied."""
    story = Story(tldops)
    story.sync()
    tldops.device(OTHERS[0].login)
    tldops.device(OLD)
    tldops.do("backup", str(tldops.folder / "backup"))
    story.revoke()
    tldops.do("access", "deny", OLD, "--reason", "test")
    (tldops.folder / "members.sqlite").unlink()
    said = tldops.do("restore", str(tldops.folder / "backup"), "--yes").out
    assert "2 devices restored." in said
    assert "Ended after the backup, and still ended: 1 device." in said
    assert f"Denied after the backup, and still denied: {OLD}" in said
    assert tldops.devices(OLD) == [False]
    assert tldops.devices(OTHERS[0].login) == [True]
