"""A browser without scripts, which looks at every header: it keeps cookies and sends forms."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.support.http import Client, Response

HOME = "/.web/"


@dataclass
class Visitor:
    """Somebody with a browser. `cookie` is the session's, "" without one; `waits` is the one that waits for a code."""

    url: str
    cookie: str = ""
    waits: str = ""
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
        headers["Cookie"] = f"__Host-tldops={self.cookie}; __Host-tldops-code={self.waits}"
        answer = Client(self.url).request(method, path, body, **headers)
        given = dict(re.findall("(__Host-tldops(?:-code)?)=([^;]*);", answer.headers.get("set-cookie", "")))
        self.cookie = given.get("__Host-tldops", self.cookie)
        self.waits = given.get("__Host-tldops-code", self.waits)
        return answer
