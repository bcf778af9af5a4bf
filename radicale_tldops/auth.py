"""Radicale's auth plugin: people who are on the list, by device password or LDAP."""

from radicale import auth, config

from radicale_tldops.login.gate import shared
from radicale_tldops.login.peer import Proxies
from radicale_tldops.plugin import plugin_settings


class Auth(auth.BaseAuth):
    """Maps a login and a password to the opaque name of the reader's principal."""

    def __init__(self, configuration: config.Configuration) -> None:
        super().__init__(configuration)
        settings = plugin_settings(configuration, "auth")
        self._gate = shared(settings)
        self._proxies = Proxies(settings.server.proxies)

    def _login_ext(self, login: str, password: str, context: auth.AuthContext) -> str:
        # Radicale gives only X-Remote-Addr of a proxy's headers. Anybody can send it, so it counts from our proxies
        # only. `DelayedError` and `StoreError` are not caught: a 401 would make phones forget their account.
        peer = self._proxies.peer(context.remote_addr or "", context.x_remote_addr or "")
        identity = self._gate.identify(login, password, peer)
        return identity.principal if identity else ""

    def _sleep_for_constant_exec_time(self, time_ns_begin: int) -> None:
        """Do nothing: unknown logins and wrong passwords take the same time here, and Radicale's delay only grows."""
