"""A real browser, Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, Response, ViewportSize, sync_playwright

from tests.support.servers import needs

PHONE = ViewportSize(width=360, height=740)
DESKTOP = ViewportSize(width=1280, height=900)


@contextmanager
def browser(**options: Any) -> Iterator[Page]:
    """Open a page of a new browser; fails where the page reports an error. `options` are those of a context."""
    program = needs("chromium")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            page = running.new_context(viewport=PHONE, **options).new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if _is_fault(said.type, said.text) else None)
            page.on("response", lambda answer: complaints.append(answer.url) if _is_missing(answer) else None)
            page.set_default_timeout(60_000)
            yield page
        finally:
            running.close()
    assert not complaints


def _is_fault(kind: str, text: str) -> bool:
    # A page of an error is none.
    return kind == "error" and "Failed to load resource" not in text


def _is_missing(answer: Response) -> bool:
    return answer.status >= 400 and not answer.request.is_navigation_request() and "favicon" not in answer.url
