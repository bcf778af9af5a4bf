"""Requests per second from wrk: each client a member of his own, connections kept where that is possible."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from rich.table import Table

from tests.bench import contenders
from tests.bench.contenders import FLOOR, SERVE
from tests.bench.figures import Tell, Wanted, figure, new_table
from tests.bench.kinds import POLL, Ask, Place
from tests.bench.timing import key
from tests.bench.wire import Answer
from tests.support import World

CONNECTIONS, FEW = 16, 4
"""How many clients poll, and how many where the tail is judged: so few that none waits for another one."""

P99 = 5
"""Most milliseconds of 99 of 100 polls of `FEW` clients."""

MISSING = "wrk is not here, so nothing is said about polls and logins per second: apt-get install wrk"

FIRST, AGAIN = f"{SERVE}, new bytes each time", f"{SERVE}, the same bytes"
FIRST_FEW, AGAIN_FEW = f"{FIRST}, {FEW} clients", f"{AGAIN}, {FEW} clients"

_SCRIPT = """\
local method, fresh, number = %(method)s, %(fresh)s, %(start)d
local body = %(body)s
local targets = {%(targets)s}
local headers = {%(headers)s}
local ready = {}

local function made(target, text)
  headers["Authorization"] = target[2]
  return wrk.format(method, target[1], headers, text)
end

function request()
  number = number + 1
  local index = number %% #targets + 1
  if fresh then
    return made(targets[index], body .. string.format("<!--%%010d-->", number))
  end
  ready[index] = ready[index] or made(targets[index], body)
  return ready[index]
end

function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\\n{"answers": %%d, "microseconds": %%d, "refused": %%d, "lost": %%d, "p50": %%d, "p99": %%d}\\n',
    summary.requests, summary.duration, errors.status, lost, latency:percentile(50), latency:percentile(99)))
end
"""

_starts = count(0, 10_000_000)


@dataclass(frozen=True, slots=True)
class Polls:
    """What wrk counted: requests per second, and milliseconds. `bad` are answers that were none, or refusals."""

    contender: str
    rate: float
    p50: float
    p99: float
    bad: int


def has_wrk() -> bool:
    """Tell whether wrk is installed."""
    return shutil.which("wrk") is not None


def measure(
    tell: Tell, world: World, answers: Mapping[str, Answer], others: Sequence[Place], *, seconds: int
) -> Sequence[Polls]:
    """Count no-change syncs: `tldops serve` and the floor, and the others."""
    if not has_wrk():
        return ()
    found = []
    members = contenders.issue(world, CONNECTIONS)
    with contenders.served(world, members[0].login) as place:
        targets = [(member.book, member.authorization) for member in members]
        with contenders.floor(world, place, answers) as other:
            for where, label, fresh in ((place, FIRST, True), (place, AGAIN, False), (other, FLOOR, True)):
                tell(f"polls per second: {label}")
                asked = POLL.asks(where)[0]
                found.append(run(world.folder, where.port, asked, targets, label, seconds, fresh=fresh))
            for label, fresh in ((FIRST_FEW, True), (AGAIN_FEW, False)):
                tell(f"polls per second: {label}")
                asked, few = POLL.asks(place)[0], targets[:FEW]
                found.append(run(world.folder, place.port, asked, few, label, seconds, fresh=fresh, clients=FEW))
    for other in others:
        tell(f"polls per second: {other.name}")
        targets = [(other.book, other.authorization)]
        found.append(run(world.folder, other.port, POLL.asks(other)[0], targets, other.name, seconds))
    return found


def run(
    folder: Path,
    port: int,
    ask: Ask,
    targets: Sequence[tuple[str, str]],
    label: str,
    seconds: int,
    *,
    fresh: bool = True,
    clients: int = CONNECTIONS,
) -> Polls:
    """Let wrk send one request for so many seconds, to these paths with these values of Authorization in turn."""
    headers = {"Content-Type": "application/xml; charset=utf-8", "X-Bench": key(POLL, 0, packed=False)}
    headers |= {"Depth": ask.depth} if ask.depth else {}
    script = folder / "poll.lua"
    script.write_text(
        _SCRIPT
        % {
            "method": json.dumps(ask.method),
            "body": json.dumps(ask.body),
            "fresh": str(fresh).lower(),
            "start": next(_starts),
            "targets": ", ".join(f"{{{json.dumps(path)}, {json.dumps(login)}}}" for path, login in targets),
            "headers": ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()),
        }
    )
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    rate = found["answers"] / found["microseconds"] * 1e6
    return Polls(label, rate, found["p50"] / 1000, found["p99"] / 1000, found["refused"] + found["lost"])


def wanted(found: Sequence[Polls]) -> Iterator[Wanted]:
    """Yield what is wanted of polls per second, where they were counted."""
    rates = {polled.contender: polled.rate for polled in found}
    if rates:
        # A client that polls sends the same bytes until something changes.
        share = rates[AGAIN] / rates[FLOOR]
        yield Wanted("polls per second: share of the floor's", share, 1 / 3, "", at_least=True)
        for polled in found:
            if polled.contender in (FIRST_FEW, AGAIN_FEW):
                yield Wanted(f"99 % of polls: {polled.contender}", polled.p99, P99, "ms")
        yield Wanted("polls that were not answered", sum(polled.bad for polled in found), 1, "")


def table(found: Sequence[Polls]) -> Table:
    """Return what was counted, as a table."""
    title = f"No-change syncs from wrk, {CONNECTIONS} clients where nothing else is said"
    shown = new_table(title, "server", "a second", "share of the floor", "median ms", "99 % ms", "not answered")
    floor = next((polled.rate for polled in found if polled.contender == FLOOR), None)
    for polled in found:
        share = figure(polled.rate / floor) if floor else ""
        shown.add_row(
            polled.contender, f"{polled.rate:,.0f}", share, figure(polled.p50), figure(polled.p99), str(polled.bad)
        )
    if not found:
        shown.add_row(MISSING)
    return shown
