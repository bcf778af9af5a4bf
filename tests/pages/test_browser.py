"""The pages in a real browser, with scripts and without: sign in, find, see what fails, take a copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.support import World, serve
from tests.support.browser import browser
from tests.support.people import ANNLIE, IVAN, JANE, JOHN, REGIS

LONG = '"' + "Wolfeschlegelsteinhausenbergerdorff" * 2 + ', #2, .de, +49 30 23125 001" <long@nic.example>'
ARABIC = '"محمد مثال, #1, .eg, +20 2 27956 001" <m@nic.eg>'
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYBODY = (JOHN, JANE, REGIS, IVAN, ANNLIE, LONG, ARABIC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a server, and a device password of john.doe@nic.nl."""
    world = World(tmp_path_factory.mktemp("pages"))
    world.sync(*EVERYBODY)
    password = world.device("john.doe@nic.nl").password
    with serve(world) as url:
        yield url, password


def sign_in(page: Page, site: tuple[str, str]) -> None:
    """Open the address and type what is asked for."""
    page.goto(site[0])
    page.get_by_label("Your mail address").fill("john.doe@nic.nl")
    page.get_by_label("Device password").fill(site[1])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="TLD-OPS directory").wait_for()


def seen(page: Page) -> set[str]:
    """The names that can be seen."""
    return {each.inner_text() for each in page.locator("article h3 bdi").all() if each.is_visible()}


def test_a_contact_is_found_as_people_type(site: tuple[str, str]) -> None:
    """A ccTLD with and without its dot and in both forms, a country, a name without accents, an address, digits."""
    with browser() as page:
        sign_in(page, site)
        assert len(seen(page)) == len(EVERYBODY)
        for typed, who in (
            (".nl", "John Doe"),
            ("nl", "John Doe"),
            ("NL ", "John Doe"),
            ("netherlands", "John Doe"),
            ("john nl", "John Doe"),
            ("oarc", "Jane Doe"),
            (".рф", "Иван Пример"),
            (".xn--p1ai", "Иван Пример"),
            ("regis example", "Régis Example"),
            (".pm", "Régis Example"),
            ("+31 (0)12 345", "John Doe"),
            ("0031 1234", "John Doe"),
            ("353861", "Annlie Example"),
            ("egypt", "محمد مثال"),
        ):
            page.get_by_label("Find a contact").fill(typed)
            assert seen(page) == {who}, typed
        page.get_by_label("Find a contact").fill("zz zz")
        assert (seen(page), page.locator("#found").inner_text()) == (set(), "Nobody is found")
        page.get_by_label("Find a contact").fill("nnl")
        assert seen(page) == {"Annlie Example"}


@pytest.mark.parametrize("with_script", [True, False])
def test_a_zone_that_is_down_is_struck_through(site: tuple[str, str], with_script: bool) -> None:
    """At once with scripts, and by a button without; the page is whole either way."""
    with browser(java_script_enabled=with_script) as page:
        sign_in(page, site)
        page.locator("summary").click()
        page.get_by_label("Its ccTLDs").fill(".vn")
        if not with_script:
            page.get_by_role("button", name="Show what fails").click()
        jane = page.locator("#vn article").first
        assert [" ".join(each.split()) for each in jane.locator("li").all_inner_texts()] == [
            "Mail, out of band jane@oarc.net",
            "Phone +84 12 345 67 89 may fail with .vn",
            "Mail jane.doe@nic.vn fails with .vn",
        ]
        assert page.get_by_label("Find a contact").is_visible() == with_script
        assert len(seen(page)) == len(EVERYBODY)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_pages(site: tuple[str, str], scheme: str) -> None:
    """axe-core finds nothing against WCAG 2.2 AA: not with a remark, a search, a zone that is down, or in the copy."""
    with browser(color_scheme=scheme) as page:
        page.goto(site[0])
        judge(page)
        page.goto(f"{site[0]}.web/x")
        judge(page)
        page.goto(site[0])
        page.get_by_label("Your mail address").fill("x")
        page.get_by_label("Device password").fill("x")
        page.get_by_role("button", name="Sign in").click()
        judge(page)
        sign_in(page, site)
        page.locator("summary").click()
        page.get_by_label("Its ccTLDs").fill(".vn .nl")
        judge(page)
        page.get_by_label("Find a contact").fill("jane")
        judge(page)


def judge(page: Page) -> None:
    """Let axe-core look at a page."""
    found = Axe().run(page, options={"runOnly": RULES})
    assert found.response["passes"]
    assert found.violations_count == 0, found.generate_report()


def test_nothing_is_wider_than_a_phone(site: tuple[str, str]) -> None:
    """Not the longest name, on no page."""
    with browser() as page:
        page.goto(site[0])
        widths = [page.evaluate("document.documentElement.scrollWidth")]
        sign_in(page, site)
        widths.append(page.evaluate("document.documentElement.scrollWidth"))
        assert widths == [360, 360]


def test_looking_somebody_up_sends_nothing(site: tuple[str, str]) -> None:
    """After the page has arrived, no request goes to anybody."""
    with browser() as page:
        sign_in(page, site)
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url))
        page.get_by_label("Find a contact").fill("jane")
        page.locator("summary").click()
        page.get_by_label("Its ccTLDs").fill(".vn")
        page.get_by_label("Its ccTLDs").press("Enter")
        page.wait_for_timeout(300)
        assert sent == []


def test_the_copy_works_without_a_server(site: tuple[str, str], tmp_path: Path) -> None:
    """Opened as a file: it finds, strikes through, loads nothing, and prints on paper with everybody."""
    with browser(accept_downloads=True) as page:
        sign_in(page, site)
        with page.expect_download() as arriving:
            page.get_by_role("button", name="Break-glass copy").click()
        copy = tmp_path / "copy.html"
        arriving.value.save_as(copy)
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(copy.as_uri())
        page.get_by_label("Find a contact").fill(".vn")
        assert seen(page) == {"Jane Doe"}
        page.locator("summary").click()
        page.get_by_label("Its ccTLDs").fill(".vn")
        assert page.locator("#vn li").last.inner_text().endswith("fails with .vn")
        assert "John Doe (john.doe@nic.nl)" in page.locator("header").inner_text()
        page.get_by_label("Find a contact").fill("")
        page.emulate_media(media="print")
        assert len(seen(page)) == len(EVERYBODY)
        assert not page.get_by_label("Find a contact").is_visible()
        assert page.pdf(format="A4").startswith(b"%PDF")
        assert requests == [copy.as_uri()]


def test_signing_out_and_back(site: tuple[str, str]) -> None:
    """The page before is not shown again: nothing of it is kept."""
    with browser() as page:
        sign_in(page, site)
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("button", name="Sign in").wait_for()
        page.go_back()
        assert page.locator("article").count() == 0


def test_a_wrong_password_is_told(site: tuple[str, str]) -> None:
    """In the page, for a screen reader, too."""
    with browser() as page:
        page.goto(site[0])
        page.get_by_label("Your mail address").fill("john.doe@nic.nl")
        page.get_by_label("Device password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        assert "do not open" in page.get_by_role("alert").inner_text()
