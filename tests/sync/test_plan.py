"""A plan is a value: what happens to whom, and an id over all of it."""

from dataclasses import replace
from datetime import date

from radicale_tldops.roster.contact import Contact, Phone, serving
from radicale_tldops.settings import GuardSettings
from radicale_tldops.store.values import RosterState, Source
from sync.plan.fields import Kind
from sync.plan.hazards import Part
from sync.plan.identify import Identities
from sync.plan.plan import Basis, Plan, make_plan
from sync.plan.wanted import Given, build
from sync.vet import Broken, Vetted
from tests.sync.people import NOW, key, person, state, uid, vetted

JANE, JOHN, JIM = person("Jane Doe"), person("John Roe", slot=2), person("Jim Poe", slot=3)


def plan(
    store: RosterState,
    found: Vetted,
    subscribers: frozenset[str] | None = None,
    claims: dict[str, date] | None = None,
    sources: tuple[Source, ...] = (),
) -> Plan:
    """Make the plan of a sync."""
    given = Given(found, NOW.date(), subscribers, claims=claims or {})
    wanted = build(given, store, Identities.of(store, lambda address: f"uid-{address}"))
    basis = Basis(sources=sources, devices={uid(JANE): 2})
    return make_plan(store, wanted, GuardSettings(), NOW, key, basis)


def kinds(made: Plan) -> dict[str, Kind]:
    """What happens to whom, by name."""
    return {change.name: change.kind for change in made.people}


def test_added_changed_removed_and_nothing_else() -> None:
    """Only who differs is named, field by field, and people who stay as they are do not appear."""
    changed = replace(JOHN, phones=(Phone("+31201234567"),), organisation="SIDN")
    made = plan(state(JANE, JOHN), vetted(changed, JIM))
    assert kinds(made) == {"Jim Poe": Kind.ADDED, "John Roe": Kind.CHANGED, "Jane Doe": Kind.REMOVED}
    (john,) = made.of_kind(Kind.CHANGED)
    assert [(f.field, f.old, f.new) for f in john.fields] == [
        ("phones", "", "+31201234567"),
        ("organisation", "", "SIDN"),
    ]
    assert {change.login: change.kind for change in made.access} == {
        JIM.listed[0]: Kind.ADDED,
        JANE.listed[0]: Kind.REMOVED,
    }


def test_nothing_to_do_is_an_empty_plan() -> None:
    """The same people again write nothing."""
    assert plan(state(JANE, JOHN), vetted(JOHN, JANE)).is_empty


def test_the_id_covers_base_input_changes_and_hazards() -> None:
    """The same plan has the same id; another input, base or change has another."""
    source = Source("membership", "members.txt", "a" * 64, "2026-11-21T00:00:00+00:00")
    base = plan(state(JANE), vetted(JANE, JOHN), sources=(source,))
    again = plan(state(JANE), vetted(JANE, JOHN), sources=(source,))
    others = [
        plan(state(JANE), vetted(JANE, JOHN), sources=(replace(source, sha256="b" * 64),)),
        plan(replace(state(JANE), lineage="other"), vetted(JANE, JOHN), sources=(source,)),
        plan(state(JANE), vetted(JANE, JIM), sources=(source,)),
        plan(state(JANE, JIM), vetted(JANE, JOHN, JIM), sources=(source,)),
    ]
    assert base.id == again.id
    assert base.id not in {other.id for other in others[:3]}


def test_a_broken_record_holds_its_person() -> None:
    """Tied by address or by name within the ccTLD: card, UID and access stay, and everybody else goes on."""
    for broken in (
        Broken((), name="", listed=(JANE.listed[0],)),
        Broken((), name="Jane Doe", cctlds=("nl",)),
        Broken((), name="jane  DOE", out_of_band=("new@example.org",), cctlds=("nl",)),
    ):
        found = replace(vetted(JIM), broken=(broken,))
        made = plan(state(JANE, JOHN), found)
        assert kinds(made) == {"Jane Doe": Kind.HELD, "John Roe": Kind.REMOVED, "Jim Poe": Kind.ADDED}
        assert JANE.listed[0] not in {change.login for change in made.access}


def test_a_broken_record_that_could_be_anybodys_removes_nobody() -> None:
    """Who is missing may be the one who cannot be read."""
    found = replace(vetted(JIM), broken=(Broken((), name="J?n", listed=("x@nic.example",)),))
    made = plan(state(JANE, JOHN), found)
    assert kinds(made) == {"Jane Doe": Kind.HELD, "John Roe": Kind.HELD, "Jim Poe": Kind.ADDED}


def test_a_separate_list_ends_access_even_of_people_who_are_held() -> None:
    """Nothing is served to somebody who is not on the list, whatever the state of the file."""
    found = replace(vetted(JOHN), broken=(Broken((), listed=(JANE.listed[0],)),))
    made = plan(state(JANE, JOHN), found, subscribers=frozenset({JOHN.listed[0]}))
    assert kinds(made) == {"Jane Doe": Kind.HELD}
    assert [(change.login, change.kind, change.off_list) for change in made.access] == [
        (JANE.listed[0], Kind.REMOVED, True)
    ]


def test_every_listed_address_is_a_login_and_the_others_are_not() -> None:
    """On the list under any address of the record; an address that is not on the list opens nothing."""
    both = replace(JANE, out_of_band=("jane@oarc.net",))
    subscribers = frozenset({"jane@oarc.net", JOHN.listed[0]})
    made = plan(state(), vetted(both, JOHN), subscribers=subscribers)
    assert {change.login for change in made.access} == subscribers


def test_what_happens_to_devices_is_told() -> None:
    """The reviewer sees how many stay with the person, and how many wait or end; once for each person."""
    moved = replace(JANE, listed=("jd@nic.example",))
    successor = replace(JANE, name="Somebody Else")
    told = {
        name: [change.devices for change in plan(state(JANE), vetted(*contacts)).access if change.devices]
        for name, contacts in (("moved", [moved]), ("left", [JOHN]), ("successor", [successor]))
    }
    assert told == {
        "moved": ["keeps 2 devices"],
        "left": ["suspends 2 devices"],
        "successor": ["ends 2 devices: somebody else at this address"],
    }


def test_a_claim_brings_the_later_date() -> None:
    """`tldops confirm` counts where it is later than the file."""
    early, late = date(2026, 1, 1), date(2026, 11, 1)
    dated = replace(JANE, confirmed_on=early)
    made = plan(state(dated), vetted(dated), claims={uid(JANE): late})
    assert made.contacts[uid(JANE)].confirmed_on == late
    assert plan(state(dated), vetted(dated), claims={uid(JANE): date(2025, 1, 1)}).is_empty


def test_only_what_left_the_list_goes_when_the_roster_is_refused() -> None:
    """With a separate list, a file that lost people takes nobody's access who is on the list still."""
    everybody = [person(f"Person {number}", cctld=f"a{chr(97 + number)}") for number in range(20)]
    listed = frozenset(contact.listed[0] for contact in everybody[1:])
    made = plan(state(*everybody), vetted(*everybody[12:]), subscribers=listed)
    assert "mass-removal" in {hazard.code for hazard in made.hazards if hazard.part is Part.ROSTER}
    part = made.removals_of_access()
    assert [change.login for change in part.access] == [everybody[0].listed[0]]
    assert (part.people, part.contacts, part.readers) == ((), {}, {})


def test_members_of_a_cctld_are_listed_once_each_in_order() -> None:
    """What the group cards are made of."""
    many = Contact(name="Ann", services=serving(("fr", 1), ("re", 1)), listed=("ann@nic.example",))
    made = plan(state(), vetted(many, JANE))
    assert dict(made.members) == {"fr": (uid(many),), "re": (uid(many),), "nl": (uid(JANE),)}
