"""What holds for every page: links lead somewhere, and no page comes from one person's machine."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, pages

EACH = pytest.mark.parametrize("page", pages(), ids=lambda shown: shown.name)
OWN = re.compile(r"(?:tests|sync|radicale_tldops|config|docs)/[\w./-]+")
"""Something in the repository, as a code span names it."""
READERS = re.compile(r"\b(?:members?|secretariat|operators?|administrators?|programmers?|contributors?)\b")
"""Those for whom a page can be."""


@EACH
def test_links_inside_the_repository_lead_somewhere(page: Page) -> None:
    """The file is there, and so is the heading that an anchor names."""
    known = {known.path: known for known in pages()}
    broken = []
    for link in page.links:
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.path.parent / file).resolve() if file else page.path
        if not target.exists() or not target.is_relative_to(ROOT.resolve()):
            broken.append(f"{link}: there is no such file")
        elif anchor and anchor not in known[target].anchors:
            broken.append(f"{link}: {target.name} has no such heading")
    assert not broken, f"{page.name}: {broken}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    """No page is left that nobody finds."""
    known = {known.path: known for known in pages()}
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        path = ahead.pop()
        if path in reached or path not in known:
            continue
        reached.add(path)
        ahead += [(path.parent / link.partition("#")[0]).resolve() for link in known[path].links if "://" not in link]
    lost = [lost.name for lost in pages() if lost.path not in reached]
    assert not lost, f"no link leads to {lost}"


@EACH
def test_the_first_sentence_says_whom_the_page_helps(page: Page) -> None:
    """A reader knows at once whether this is the right page."""
    title, blank, *rest = page.text.splitlines()
    assert title.startswith("# ")
    assert not blank
    first = " ".join(rest).split(". ")[0]
    if page.name.startswith("docs/"):
        assert READERS.search(first), f"{page.name} begins with {first!r}"


@EACH
def test_what_is_named_in_the_repository_is_there(page: Page) -> None:
    """A file or folder of ours in backticks exists."""
    named = [span.partition("::")[0].rstrip("/") for span in page.spans if OWN.match(span) and " " not in span]
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, f"{page.name} names {missing}, which are not there"


@EACH
def test_no_page_shows_a_developers_machine(page: Page) -> None:
    """Paths are those that an operator would choose, and the invented Jane's home."""
    strange = re.findall(r"(?<![\w.])(?:/home/(?!jane/)|/root/|/work/|/tmp/|/Users/|[A-Z]:\\)\S*", page.text)
    for own in (ROOT, Path.home()):
        strange += re.findall(rf"(?<![\w.]){re.escape(str(own))}/\S*", page.text) if own.name else []
    assert not strange, f"{page.name}: {strange}"
