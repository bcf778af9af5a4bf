"""What changes on the list from one export to the next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from radicale_tldops.zones.root_data import delegations
from tests.data.making import Taken, draw_person, moved_mail, new_phones, renamed
from tests.data.person import Person
from tests.data.registries import Registry, registry_of

MAX_JOINS = 3
"""Most people who join in one step, and most who leave."""


@dataclass(frozen=True, slots=True)
class _Step:
    """How many people a step touches, and in which way. Nobody is touched twice."""

    leave: int
    rename: int
    move_mail: int
    new_phones: int
    move_slot: int
    confirm: int
    join: int


def churn(people: Sequence[Person], rng: Random, today: date, per_cctld: int = 3) -> list[Person]:
    """Return the list after one ordinary step: a few people join, leave, confirm, or change one thing about them.

    At most three people join and three leave, fewer where the list has less than thirty. Who stays keeps the ccTLDs,
    the order, and name or addresses; who joins stands at the end. As long as no two held one slot of a ccTLD, no
    two will. No new slot is above `per_cctld`.
    """
    step = _draw_step(rng, len(people))
    places = rng.sample(range(len(people)), len(people))
    taken = Taken.by(people)
    now: list[Person | None] = list(people)
    for _ in range(step.leave):
        now[places.pop()] = None
    for place in _some(places, step.rename):
        now[place] = renamed(rng, people[place], taken)
    for place in _some(places, step.move_mail):
        now[place] = moved_mail(rng, people[place], taken)
    for place in _some(places, step.new_phones):
        now[place] = new_phones(rng, people[place])
    for place in _some(places, step.confirm):
        now[place] = replace(people[place], confirmed_on=today)
    seats = {(label, person.slot) for person in now if person for label in person.cctlds}
    for place in _some(places, step.move_slot):
        now[place] = _in_another_slot(rng, people[place], seats, per_cctld)
    staying = [person for person in now if person]
    return staying + _joining(rng, staying, step.join, seats, taken, today, per_cctld)


def _draw_step(rng: Random, count: int) -> _Step:
    few = max(1, min(MAX_JOINS, count // 10))
    return _Step(
        leave=min(rng.choice((0, 0, 1, 1, 2, 3)), few, max(0, count - 1)),
        rename=rng.choice((0, 0, 1)),
        move_mail=rng.choice((0, 1, 1, 2)),
        new_phones=rng.choice((0, 1, 2, 3)),
        move_slot=rng.choice((0, 0, 1)),
        confirm=count // 40 + 1,
        join=min(rng.choice((0, 0, 1, 1, 2, 3)), few),
    )


def _some(places: list[int], count: int) -> list[int]:
    """Take that many places out of `places`, or as many as there are."""
    return [places.pop() for _ in range(min(count, len(places)))]


def _in_another_slot(rng: Random, person: Person, seats: set[tuple[str, int]], per_cctld: int) -> Person:
    """Return the person in a slot that is free in all of the ccTLDs, or as before where there is none."""
    free = _free_slots(person.cctlds, seats, per_cctld)
    if not free:
        return person
    slot = rng.choice(free)
    seats.difference_update((label, person.slot) for label in person.cctlds)
    seats.update((label, slot) for label in person.cctlds)
    return replace(person, slot=slot)


def _free_slots(cctlds: Sequence[str], seats: set[tuple[str, int]], per_cctld: int) -> list[int]:
    return [slot for slot in range(1, per_cctld + 1) if not any((label, slot) in seats for label in cctlds)]


def _joining(
    rng: Random,
    staying: Sequence[Person],
    count: int,
    seats: set[tuple[str, int]],
    taken: Taken,
    today: date,
    per_cctld: int,
) -> list[Person]:
    """Return new people, most of them in free slots of registries on the list, the others of registries new to it."""
    joined: list[Person] = []
    registries = list(dict.fromkeys(person.cctlds for person in staying))
    served = {label for cctlds in registries for label in cctlds}
    others = [(cctld.u_label,) for cctld in delegations().all() if cctld.u_label not in served]
    for _ in range(count):
        pool = others if others and rng.random() < 0.2 else registries
        open_ = [cctlds for cctlds in pool if _free_slots(cctlds, seats, per_cctld)]
        if not open_:
            continue
        registry = registry_of(rng.choice(open_))
        slot = _free_slots(registry.cctlds, seats, per_cctld)[0]
        person = _newcomer(rng, registry, slot, taken, today)
        seats.update((label, slot) for label in person.cctlds)
        joined.append(person)
    return joined


def _newcomer(rng: Random, registry: Registry, slot: int, taken: Taken, today: date) -> Person:
    person = draw_person(rng, registry, slot, taken, today)
    return replace(person, appointed_on=person.appointed_on and today, confirmed_on=today)
