"""A real browser, Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, ViewportSize, sync_playwright

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
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.set_default_timeout(60_000)
            yield page
        finally:
            running.close()
    # A browser says that it was refused, too.
    assert not [text for text in complaints if "status of 403" not in text], complaints
