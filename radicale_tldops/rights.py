"""Radicale's rights plugin: a reader may read the own principal and book, and nothing else."""

from radicale import config, rights

from radicale_tldops.plugin import plugin_settings
from radicale_tldops.roster.snapshot import BOOK, split_principal
from radicale_tldops.serve.live import shared


class Rights(rights.BaseRights):
    """Grants "R" on the root and the reader's principals, "r" on the book, and no right to write anywhere."""

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)
        self._live = shared(plugin_settings(configuration, "rights"))

    def authorization(self, user: str, user_groups: set[str], path: str) -> str:
        """Return "R", "r" or nothing for a sanitised path; every call looks at the list."""
        principal, _ = split_principal(user)
        if not user or not self._live.snapshot().may_read(principal):
            return ""
        parts = [part for part in path.split("/") if part]
        if not parts:
            return "R"
        if split_principal(parts[0])[0] != principal or len(parts) > 3 or (len(parts) > 1 and parts[1] != BOOK):
            return ""
        return "R" if len(parts) == 1 else "r"
