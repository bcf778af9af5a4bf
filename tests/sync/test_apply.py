"""Applying a plan: what is done before the store is locked, and what after."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from radicale_tldops.roster.errors import RefusedError
from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.engine import writing
from radicale_tldops.store.read import load_history, load_state
from radicale_tldops.store.write import deny
from sync.apply import Approval, Rendering, Stores, apply_plan
from sync.plan.identify import Identities
from sync.plan.plan import Plan, make_plan
from sync.plan.wanted import Given, build
from sync.vcard.card import contact_uid
from tests.support.store import denial, ensure

from .people import person, vetted

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEOPLE = [person(f"Person {number}", cctld=cctld) for number, cctld in enumerate(("at", "be", "nl", "za"))]


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    """Two empty databases."""
    found = Stores(tmp_path / "roster.sqlite", tmp_path / "members.sqlite", tmp_path / "desk.sqlite")
    ensure(found.roster, found.members)
    return found


def rendering(tlp: str = "TLP:AMBER") -> Rendering:
    """How cards are made here."""
    return Rendering(tlp, lambda contact: "nic.example")


def planned(stores: Stores) -> Plan:
    """A plan that adds everybody."""
    state = load_state(stores.roster, NOW)
    wanted = build(Given(vetted(*PEOPLE), NOW.date()), state, Identities.of(state, contact_uid))
    return make_plan(state, wanted, GuardSettings(), NOW, rendering().key)


def test_others_may_write_while_cards_are_rendered(stores: Stores) -> None:
    """Rendering takes long: until the last card is there, another command gets the store at once and writes."""
    plan = planned(stores)
    rendered = []

    def another_command(done: int, total: int) -> None:
        with writing(stores.roster):
            rendered.append((done, total))
        deny(stores.roster, denial(f"somebody{done}@nic.example"))

    state = load_state(stores.roster, NOW)
    apply_plan(stores, state, plan, rendering(), Approval("tester", NOW), another_command)
    assert rendered == [(number, len(PEOPLE)) for number in range(1, len(PEOPLE) + 1)]
    after = load_state(stores.roster, NOW)
    assert {found.contact.name for found in after.people.values()} == {contact.name for contact in PEOPLE}
    assert len(after.denied) == len(PEOPLE)


def test_a_card_that_cannot_be_written_is_refused_before_anything_is(stores: Stores) -> None:
    """The refusal names the person, and the store is as it was."""
    plan = planned(stores)
    state = load_state(stores.roster, NOW)
    before = stores.roster.read_bytes()
    with pytest.raises(RefusedError, match=r"nothing was applied: Person \d \(\.\w\w\): tlp: the character U\+0085"):
        apply_plan(stores, state, plan, rendering("TLP:\x85"), Approval("tester", NOW))
    assert stores.roster.read_bytes() == before
    assert load_history(stores.roster) == []
