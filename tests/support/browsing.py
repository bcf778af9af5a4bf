"""A browser without scripts, which looks at every header: it keeps cookies and sends forms."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.support.http import Client, Response

HOME = "/.web/"


@dataclass
class Visitor:
    """Somebody with a browser. `cookie` is the session's, "" without one."""

    url: str
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"Sec_Fetch_Site": "same-origin"})

    def get(self, path: str = HOME, **headers: str) -> Response:
        """Open a page."""
        return self._request("GET", path, "", **headers)

    def post(self, path: str, **fields: str) -> Response:
        """Send a form."""
        return self._request(
            "POST", path, urlencode(fields), **self.headers, Content_Type="application/x-www-form-urlencoded"
        )

    def sign_in(self, login: str, password: str) -> Response:
        """Type a login and a password."""
        return self.post("/.web/sign-in", login=login, password=password)

    @property
    def is_in(self) -> bool:
        """Whether the directory is shown, and not the page to sign in."""
        return 'id="people"' in self.get().body.decode()

    def _request(self, method: str, path: str, body: str, **headers: str) -> Response:
        if self.cookie:
            headers["Cookie"] = f"__Host-tldops={self.cookie}"
        answer = Client(self.url).request(method, path, body, **headers)
        given = re.match("__Host-tldops=([^;]*);", answer.headers.get("set-cookie", ""))
        if given:
            self.cookie = given[1]
        return answer
