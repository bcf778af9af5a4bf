"""What a rollback leaves as it is, in words, each with the command that gets it back."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from radicale_tldops.roster.device import Device, DeviceState
from radicale_tldops.store.values import Generation
from sync.cli.context import counted, few
from sync.plan.fields import Kind
from sync.prepare import Prepared


def left_out(prepared: Prepared, past: Generation, devices: Sequence[Device]) -> Iterator[str]:
    """Yield what the rollback to the generation `past` does not bring back."""
    state, plan = prepared.state, prepared.plan
    yield f"This brings back the cards of {past.created_at:%Y-%m-%d %H:%M} UTC. It does not bring back:"
    reading = {*state.reader_uids.values()}
    names = [change.name for change in plan.of_kind(Kind.ADDED) if change.uid not in reading]
    if names:
        yield f"- access of {counted(len(names), 'person', 'people')}: {few(names)}"
        yield "    correct the membership file, then: tldops sync"
    since = past.created_at.isoformat()
    suspended = [device for device in devices if device.state is DeviceState.SUSPENDED and device.suspended_at > since]
    if suspended:
        yield f"- {counted(len(suspended), 'device password')} suspended since: the same sync makes them good again"
    ended = [device for device in devices if device.revoked_at > since]
    if ended:
        yield f"- {counted(len(ended), 'device password')} revoked since: {few([device.login for device in ended])}"
        yield "    tldops device add LOGIN --label LABEL"
    if state.denials:
        yield f"- access of those who are denied, {len(state.denials)}"
        yield "    tldops access list"
    yield "- note, evidence and columns of your own: the next `tldops sync` takes them from the file"
    files = ", ".join(Path(source.name).name for source in plan.sources)
    if files:
        yield f"The file is refused as it is now (stale-source): {files}"
