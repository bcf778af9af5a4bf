"""Where list and file disagree: every case, with what to do about it."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from radicale_tldops.roster.contact import Contact, serving
from radicale_tldops.settings import GuardSettings
from radicale_tldops.settings.reading import GuardLimit
from sync.problems import Origin, Problem, Severity
from sync.reconcile.compare import Disagreement, Do, Situation, reconcile
from sync.reconcile.list_changes import Standing, list_changes, objections
from sync.sources.subscribers import Delivery, Role, Subscriber
from sync.vet import Broken, Vetted

ADA = Contact("Ada Example", serving(("nl", 1)), ("ada@nic.example",), ("ada@example.net",))
BOB = Contact("Bob Example", serving(("fr", 1), ("re", 2)), ("bob@registry.example", "bob@example.org"))


def on(address: str, name: str = "", cctlds: Sequence[str] = (), **more: object) -> Subscriber:
    """Somebody on the list."""
    return Subscriber(address.lower(), address, name, tuple(cctlds), **more)  # type: ignore[arg-type]


def vetted(*people: Contact, **more: object) -> Vetted:
    """A file with these people, one line each."""
    contacts = tuple((contact, (Origin("lists/members.txt", line),)) for line, contact in enumerate(people, start=1))
    return Vetted(contacts, **more)  # type: ignore[arg-type]


def found(
    file: Vetted,
    *listed: Subscriber,
    readers: Mapping[str, str] | None = None,
    denied: Collection[str] = (),
) -> list[Disagreement]:
    """Return the findings."""
    return list(reconcile(file, listed, readers or {}, denied))


def doing(finding: Disagreement) -> list[tuple[Do, str]]:
    """Return what is to be done about a finding."""
    return [(action.do, action.address) for action in finding.actions]


def otherwise(finding: Disagreement) -> set[Do]:
    """Return what could be done instead."""
    return {action.do for action in finding.instead}


def test_what_agrees_is_no_finding() -> None:
    """A person under every list address, and whatever the case of the letters."""
    file = vetted(ADA, BOB)
    assert found(file, on("Ada@NIC.example"), on("bob@registry.example"), on("bob@example.org")) == []


def test_in_the_file_and_not_on_the_list() -> None:
    """Subscribe under the list address, with the name; or delete the entry of somebody who has left."""
    (finding,) = found(vetted(ADA))
    assert (finding.situation, finding.origins) == (Situation.NOT_ON_LIST, ("members.txt:1",))
    assert doing(finding) == [(Do.SUBSCRIBE, "ada@nic.example")]
    assert finding.actions[0].name == "Ada Example"
    assert otherwise(finding) == {Do.CHANGE_FILE}


def test_one_of_two_list_addresses_is_missing() -> None:
    """Who is on the list under one of two addresses is told apart from who is not on it at all."""
    (finding,) = found(vetted(BOB), on("bob@example.org"))
    assert finding.situation is Situation.NOT_ON_LIST
    assert "bob@example.org alone" in finding.detail
    assert doing(finding) == [(Do.SUBSCRIBE, "bob@registry.example")]


@pytest.mark.parametrize(
    "there",
    [
        on("ada@example.net"),
        on("ada.private@example.org", "ADA  example", ["nl"]),
        on("ada.private@example.org", "Ada Example"),
        on("ada.private@example.org", "Ada Example", ["NL", "fr"]),
    ],
    ids=["out-of-band address", "name within the ccTLD", "name alone", "one ccTLD of two"],
)
def test_on_the_list_with_another_address(there: Subscriber) -> None:
    """The same person by the out-of-band address or the name: first the one subscription, then the end of the other."""
    (finding,) = found(vetted(ADA, BOB), there, on("bob@registry.example"), on("bob@example.org"))
    assert finding.situation is Situation.OTHER_ADDRESS
    assert doing(finding) == [(Do.SUBSCRIBE, "ada@nic.example"), (Do.UNSUBSCRIBE, there.address)]
    assert otherwise(finding) == {Do.CHANGE_FILE}


@pytest.mark.parametrize(
    "there",
    [on("x@example.org", "Ada Example", ["de"]), on("x@example.org", "Ada Other", ["nl"])],
    ids=["another ccTLD", "another name"],
)
def test_a_namesake_is_somebody_else(there: Subscriber) -> None:
    """The name in another ccTLD, or another name in the same, is not guessed to be the person."""
    situations = [finding.situation for finding in found(vetted(ADA), there)]
    assert situations == [Situation.NOT_ON_LIST, Situation.NOT_IN_FILE]


def test_a_name_that_two_people_share_is_nobodys() -> None:
    """Without a ccTLD it could be either."""
    other = Contact("Ada Example", serving(("de", 1)), ("a@nic.example",))
    situations = [finding.situation for finding in found(vetted(ADA, other), on("x@example.org", "Ada Example"))]
    assert situations == [Situation.NOT_ON_LIST, Situation.NOT_ON_LIST, Situation.NOT_IN_FILE]


@pytest.mark.parametrize("second", [on("ada@example.net"), on("x@example.org", "Ada Example", ["nl"])])
def test_the_same_person_twice(second: Subscriber) -> None:
    """One subscription is enough, unless the file is to have both."""
    (finding,) = found(vetted(ADA), on("ada@nic.example"), second)
    assert (finding.situation, finding.on_list) == (Situation.TWICE, ("ada@nic.example", second.address))
    assert doing(finding) == [(Do.UNSUBSCRIBE, second.address)]
    assert otherwise(finding) == {Do.CHANGE_FILE}


def test_on_the_list_and_not_in_the_file() -> None:
    """Unsubscribe, or add the contact, or name a reader who is no SSC."""
    (finding,) = found(vetted(ADA), on("ada@nic.example"), on("who@example.org", "Who", ["de"]))
    assert (finding.situation, finding.served) == (Situation.NOT_IN_FILE, ".de")
    assert doing(finding) == [(Do.UNSUBSCRIBE, "who@example.org")]
    assert otherwise(finding) == {Do.ADD_TO_FILE, Do.WAIVE}
    assert '"who@example.org" = "why"' in finding.instead[1].how


def test_a_second_address_of_one_entry_is_no_stranger() -> None:
    """A directory may have two addresses for a person; the file knows one of them, and that is enough."""
    both = (on("ada@nic.example", entry="uid=ada"), on("ada2@nic.example", entry="uid=ada"))
    assert found(vetted(ADA), *both) == []


def test_readers_who_are_no_sscs() -> None:
    """They are explained by the configuration; one who is not on the list has no login."""
    readers = {"secretariat@icann.example": "ccNSO secretariat"}
    assert found(vetted(), on("secretariat@icann.example"), readers=readers) == []
    (finding,) = found(vetted(), readers=readers)
    assert doing(finding) == [(Do.SUBSCRIBE, "secretariat@icann.example")]
    assert "ccNSO secretariat" in finding.detail


def test_who_runs_the_list_is_not_unsubscribed() -> None:
    """An owner or a moderator who is nobody in the file is left to a person; a member who is an owner, too, is not."""
    (finding,) = found(vetted(), on("olga@example.org", "Olga", role=Role.OWNER))
    assert [do for do, _ in doing(finding)] == [Do.ASK]
    both = [on("olga@example.org", role=Role.OWNER), on("olga@example.org", role=Role.MEMBER)]
    (finding,) = found(vetted(), *both)
    assert doing(finding) == [(Do.UNSUBSCRIBE, "olga@example.org")]


def test_addresses_of_broken_records_are_in_the_file() -> None:
    """Nobody is to be unsubscribed because of a slip in the file."""
    broken = Broken((Origin("m", 2),), "Who", ("who@example.org",), ("who@example.net",), ("nl",))
    file = vetted(ADA, broken=(broken,), listed=frozenset({"ada@nic.example", "alone@example.org"}))
    on_list = [on(address) for address in ("ada@nic.example", "who@example.org", "alone@example.org")]
    assert found(file, *on_list) == []


@pytest.mark.parametrize(
    ("there", "situation", "todo"),
    [
        (on("ada@nic.example", delivery=Delivery.BY_BOUNCES, bounces=5), Situation.NO_DELIVERY, True),
        (on("ada@nic.example", delivery=Delivery.BY_USER), Situation.NO_DELIVERY, False),
        (on("ada@nic.example", delivery=Delivery.UNKNOWN), Situation.NO_DELIVERY, True),
        (on("ada@nic.example", delivery=Delivery.BY_MODERATOR), Situation.NO_DELIVERY, False),
        (on("ada@nic.example", bounces=2), Situation.BOUNCING, False),
    ],
)
def test_whom_the_mail_does_not_reach(there: Subscriber, situation: Situation, todo: bool) -> None:
    """A dead address is to be mended; who has stopped the mail on purpose, or bounced a little, is merely shown."""
    (finding,) = found(vetted(ADA), there)
    assert (finding.situation, bool(finding.actions)) == (situation, todo)
    assert all(action.do is Do.ASK for action in finding.actions)
    assert finding.detail


@pytest.mark.parametrize("denied", ["ada@nic.example", "ada@example.net"])
def test_nobody_denied_is_to_be_subscribed(denied: str) -> None:
    """A denial under any address of the person has to be settled first, and takes the other change along."""
    for listed in ((), (on("ada@example.net"),)):
        (finding,) = found(vetted(ADA), *listed, denied={denied})
        assert [do for do, _ in doing(finding)] == [Do.ASK]


def strangers(count: int) -> list[Subscriber]:
    """Addresses on the list that nobody knows."""
    return [on(f"stranger{number}@example.org") for number in range(count)]


def people(count: int) -> list[Contact]:
    """Invented people of the file."""
    return [Contact(f"P {number}", serving(("nl", 1)), (f"p{number}@nic.example",)) for number in range(count)]


@pytest.mark.parametrize(
    ("away", "unknown", "before", "said"),
    [
        (5, 5, {}, []),
        (6, 0, {}, ["6 addresses to subscribe; the limit is 5"]),
        (0, 6, {}, ["6 addresses to unsubscribe; the limit is 5"]),
        (3, 0, {Do.SUBSCRIBE: 3}, ["3 addresses to subscribe, after 3 in the last 24 hours"]),
        (3, 0, {Do.UNSUBSCRIBE: 9}, []),
        (0, 0, {Do.SUBSCRIBE: 9}, []),
    ],
)
def test_no_mass_change(away: int, unknown: int, before: Mapping[Do, int], said: Sequence[str]) -> None:
    """The limits for logins hold for the list, over the window; subscribing and unsubscribing are counted apart."""
    file = vetted(*people(40))
    listed = [on(contact.listed[0]) for contact in people(40)[away:]] + strangers(unknown)
    findings = found(file, *listed)
    limits = GuardSettings(mismatch=GuardLimit(100))
    reasons = objections(findings, list_changes(findings), file, Standing(len(listed), before), limits)
    assert len(reasons) == len(said)
    assert all(part in reason for part, reason in zip(said, reasons, strict=True))


def test_another_list_is_not_changed() -> None:
    """Where list and file disagree about more than a tenth of the people, not even one change is made."""
    file = vetted(*people(40))
    listed = [on(contact.listed[0]) for contact in people(40)[3:]] + strangers(2)
    findings = found(file, *listed)
    one_change = list_changes(findings)[:1]
    (reason,) = objections(findings, one_change, file, Standing(len(listed)), GuardSettings())
    assert "list-mismatch" in reason
    assert objections(findings[:4], one_change, file, Standing(len(listed)), GuardSettings()) == ()


def test_with_errors_in_the_file_nobody_is_unsubscribed() -> None:
    """A broken record may be of anybody; subscribing does no harm."""
    problem = Problem(Origin("m", 9), Severity.ERROR, "bad-slot", "there is no slot #9", "Mend it.")
    file = vetted(*people(40), problems=(problem,))
    listed = [on(contact.listed[0]) for contact in people(40)[1:]] + strangers(1)
    findings = found(file, *listed)
    subscribe, unsubscribe = list_changes(findings)
    limits = GuardSettings()
    assert objections(findings, [subscribe], file, Standing(len(listed)), limits) == ()
    (reason,) = objections(findings, [unsubscribe], file, Standing(len(listed)), limits)
    assert "the file has errors" in reason
