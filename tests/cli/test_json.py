"""Every `--json` with something of each kind in it; `Result` compares each with its schema in docs/json."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from sync.cli.show import plan_json
from tests.docs.test_json_schemas import WITH_JSON
from tests.support import World
from tests.support.lists import subscribe
from tests.support.people import ANNLIE, IVAN, JANE, JOHN, REGIS
from tests.sync.people import person, state, vetted
from tests.sync.test_plan import plan

ADDRESSES = ("john.doe@nic.nl", "jane.doe@nic.vn", "regis@nic.example", "ivan@nic.example", "annlie@nic.example")
JOHN_IS, IVAN_IS, REGIS_IS = ADDRESSES[0], ADDRESSES[3], ADDRESSES[2]
A_LABEL = "xn--p1ai"
TODAY = str(datetime.now(UTC).date())
COMMANDS: Mapping[str, Sequence[Sequence[str]]] = {
    "check": [()],
    "plan": [(), ("--show-values",)],
    "follow": [("--dry-run",), ("--yes",), ("--yes",)],
    "sync": [("--yes",), ("--yes", "--quarantine"), ("--yes", "--quarantine")],
    "rollback": [("1", "--yes")],
    "reconcile": [()],
    "status": [(), ("--missing",), ("--usage",)],
    "people": [(), ("--show-values",), ("jane",)],
    "history": [()],
    "show": [("1",), ("--on", TODAY), ("--on", TODAY, "jane")],
    "changes": [("--since", TODAY), ("--since", TODAY, "--show-values")],
    "access-list": [()],
    "device-add": [(ADDRESSES[1], "--label", "phone", "--style", "groups")],
    "device-list": [()],
    "examples": [("examples",)],
    "audit": [("--limit", "1000"), ("--verify",), ("--prune",), ("--accept",)],
}
"""The commands by the name of their schema, each with the arguments of some runs."""


@pytest.fixture
def busy(tldops: World) -> World:
    """A roster with a denial, devices, confirmations and somebody who left the list, and a file with changes."""
    tldops.configure('[subscribers]\nfile = "list.txt"\n[guards]\nmismatch = "2"\n')
    subscribe(tldops, ADDRESSES)
    tldops.sync(JOHN, JANE, REGIS, IVAN, ANNLIE)
    for login in (JOHN_IS, REGIS_IS):
        tldops.device(login)
    tldops.do("access", "deny", JOHN_IS, "--reason", "phone stolen")
    tldops.do("confirm", JANE.split()[0].strip("“") + " Doe", "--how", "called")
    subscribe(tldops, [address for address in ADDRESSES if address != IVAN_IS])
    tldops.write(JOHN.replace("56789", "56780"), JANE, REGIS.replace("#2, ", ""), IVAN, ANNLIE.replace("Annlie", "Ann"))
    return tldops


def test_every_command_prints_what_its_schema_says(busy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it finds or refuses, there is something in it."""
    monkeypatch.chdir(busy.folder)
    assert set(COMMANDS) == WITH_JSON
    for name, runs in COMMANDS.items():
        words = name.split("-")
        for arguments in runs:
            assert busy(*words, *arguments, "--json").json, (words, arguments)


def test_a_cctld_is_its_a_label_in_every_command(busy: World) -> None:
    """So a program can compare what two commands say of one person."""

    def found(*arguments: str, of: str = "") -> list[list[str]]:
        value = busy(*arguments, "--json").json
        return [person["cctlds"] for person in (value[of] if of else value) if person["name"] == "Иван Пример"]

    assert found("check", of="contacts") == found("people") == found("reconcile", of="findings") == [[A_LABEL]]
    assert found("status", of="off_list") == []
    busy.do("follow", "--yes")
    assert found("status", of="off_list") == found("plan", of="people") == [[A_LABEL]]


@pytest.mark.parametrize("show_values", [False, True])
def test_a_plan_shows_a_number_in_a_name_on_request_only(show_values: bool) -> None:
    """An older version let such a name into the roster; the plan that corrects it can go into a mail, as in words."""
    old = person("Jim +31 20 123 4567", "jim@nic.example")
    for before, after in ((state(), vetted(old)), (state(old), vetted())):
        printed = json.dumps(plan_json(plan(before, after), (), show_values=show_values))
        assert ("123 4567" in printed) == show_values
