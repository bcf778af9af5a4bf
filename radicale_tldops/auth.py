"""Radicale's auth plugin: device passwords of people who are on the list."""

from radicale import auth, config

from radicale_tldops.plugin import open_live


class Auth(auth.BaseAuth):
    """Maps a login and a device password to the opaque name of the reader's principal."""

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)
        self._live = open_live(configuration, "auth")

    def _login(self, login: str, password: str) -> str:
        # A `StoreError` goes through: a 401 while the store cannot be read would make phones forget their account.
        identity = self._live.identify(login, password)
        return identity.principal if identity else ""

    def _sleep_for_constant_exec_time(self, time_ns_begin: int) -> None:
        """Do nothing: unknown logins and wrong passwords cost the same here, and Radicale's delay only ever grows."""
