"""What a plan does to device passwords: who goes on reading, who is away from now on, and whose devices end.

Devices belong to people. What may happen to one stands in `radicale_tldops.roster.device`. Here it is decided how its
owner stands before and after a plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from radicale_tldops.roster.device import OwnerState
from radicale_tldops.roster.traits import address_digest
from radicale_tldops.store.values import RosterState

_FATES: Mapping[tuple[OwnerState, OwnerState], str] = {
    (OwnerState.READS, OwnerState.READS): "keeps {}",
    (OwnerState.READS, OwnerState.AWAY): "suspends {}",
    (OwnerState.READS, OwnerState.GONE): "ends {}: somebody else at this address",
    (OwnerState.AWAY, OwnerState.READS): "revives {}",
    (OwnerState.AWAY, OwnerState.GONE): "ends {}: somebody else at this address",
    (OwnerState.GONE, OwnerState.READS): "ends {}: away for too long",
}
"""What is said of the devices of somebody who stands so before and after a plan."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose the logins are after a plan, by login; `in_time` are the owners whose devices come back with them."""

    state: RosterState
    after: Mapping[str, str]
    in_time: frozenset[str] = frozenset()

    @property
    def before(self) -> Mapping[str, str]:
        """The owner of each login of today."""
        return {login: self.state.reader_uids[login] or login for login in self.state.readers}

    def known_since(self) -> Mapping[str, int]:
        """Return since which generation each owner reads who reads now or comes back in time."""
        back = {owner: self.state.absences[owner].since for owner in self.in_time}
        return back | {owner: self.state.readers[login].since for login, owner in self.before.items()}

    def absent(self) -> Mapping[str, int]:
        """Return the owners who read now and not afterwards, and since when, without those whose devices end."""
        leaving = set(self.before.values()) - set(self.after.values()) - self._replaced()
        since = self.known_since()
        return {owner: since[owner] for owner in sorted(leaving)}

    def present(self) -> frozenset[str]:
        """Return the owners whose absence is over: they read again, or somebody else has one of their addresses."""
        return frozenset(self.state.absences) & {*self.after.values(), *self._replaced()}

    def fates(self, devices: Mapping[str, int]) -> Mapping[str, str]:
        """Return what happens to the devices of the owner of each login that changes; once for each owner.

        `devices` are how many devices of each owner have not ended.
        """
        before, then, replaced = self.before, set(self.after.values()), self._replaced()
        now = set(before.values())
        said: dict[str, str] = {}
        told: set[str] = set()
        for login in sorted(before.keys() | self.after.keys()):
            changed = [self._last_of(login), before.get(login), self.after.get(login)]
            for owner in changed if before.get(login) != self.after.get(login) else ():
                if not owner or owner in told or not devices.get(owner):
                    continue
                stood = OwnerState.READS if owner in now else OwnerState.AWAY
                if owner not in now and owner not in self.in_time:
                    stood = OwnerState.GONE
                stands = OwnerState.READS if owner in then else OwnerState.AWAY
                if owner in replaced:
                    stands = OwnerState.GONE
                if (stood, stands) in _FATES:
                    told.add(owner)
                    count = f"{devices[owner]} device{'' if devices[owner] == 1 else 's'}"
                    said[login] = _FATES[stood, stands].format(count)
        return said

    def _last_of(self, login: str) -> str | None:
        """Return whose list address this is, or was last."""
        return self.state.addresses.get(address_digest(login))

    def _replaced(self) -> frozenset[str]:
        """Return who does not read afterwards because somebody else has one of the addresses."""
        before = self.before
        taken = {login: owner for login, owner in self.after.items() if before.get(login) != owner}
        lost = {owner for login in taken for owner in (before.get(login), self._last_of(login)) if owner}
        return frozenset(lost - set(self.after.values()))
