"""What a server of a world records in the members database."""

from datetime import UTC, datetime

from radicale_tldops.serve.recorder import Recorder
from radicale_tldops.settings import Settings, StoreSettings
from tests.support.world import World


def record(tldops: World, *calls: tuple[object, ...]) -> None:
    """Let a server of this store record something."""
    folder = tldops.folder
    store = StoreSettings(folder / "roster.sqlite", folder / "members.sqlite")
    recorder = Recorder(Settings(store=store), now=lambda: datetime.now(UTC) + tldops.ahead)
    for method, *arguments in calls:
        getattr(recorder, str(method))(*arguments)
    recorder.close(30)
