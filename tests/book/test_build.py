"""The book as `make book` builds it: no warning, every cell run, nothing asked of the network."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.book.pages import BOOK, PAGES, build

WORDS = 1500
LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page loads and links to, its anchors and its figures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.figures: list[str] = []
        self.cells = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if LOADING.get(tag) in given:
            self.loaded.append(given[LOADING[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "svg":
            self.figures.append(given.get("aria-label", ""))
        self.cells += "cell_input" in (given.get("class") or "").split()


@pytest.fixture(scope="module")
def built(tmp_path_factory, minilm_folder) -> Path:
    """The built book; -W makes a warning an error."""
    target = tmp_path_factory.mktemp("book")
    done = build(BOOK, target)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def pages(built) -> dict[Path, Page]:
    """Every page by its file."""
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(built.glob("*.html"))}


def test_every_chapter_is_there_with_its_cells_and_pictures(built, pages):
    """Catches a chapter left out of the contents, a cell that is not run, a nameless picture."""
    contents = pages[built / "index.html"].links
    assert PAGES
    for source in PAGES.values():
        page = pages[built / source.with_suffix(".html").name]
        assert source.with_suffix(".html").name in contents
        assert page.cells == source.read_text(encoding="utf-8").count("```{code-cell}") > 3
        assert page.figures and all(page.figures)


def test_pages_ask_for_nothing_from_elsewhere(built, pages):
    """Catches a formula, font or script that a reader without a network would miss."""
    loaded = [place for page in pages.values() for place in page.loaded]
    styles = "".join(path.read_text(encoding="utf-8") for path in built.rglob("*.css"))
    loaded += re.findall(r"(?:@import\s*|url\(\s*)['\"]?([^'\")\s;]+)", styles)
    assert len(loaded) > 5
    assert [place for place in loaded if re.match(r"(?!data:)[a-z]+:|//", place, re.I)] == []


def test_links_lead_somewhere(built, pages):
    """Catches a chapter that was renamed, and a heading that a link still names."""
    checked = 0
    for path, page in pages.items():
        for link in page.links:
            place, anchor = urldefrag(link)
            goal = (path.parent / unquote(place)).resolve() if place else path
            if re.match(r"[a-z]+:", link):
                continue
            assert goal.exists(), f"{path.name}: {link}"
            if anchor and goal in pages:
                assert unquote(anchor) in pages[goal].anchors, f"{path.name}: {link}"
            checked += 1
    assert checked > 10


@pytest.mark.parametrize("source", PAGES.values(), ids=lambda path: path.stem)
def test_chapters_take_less_than_ten_minutes(source):
    """Catches a chapter that grew beyond what one reads in one go, code included."""
    assert len(source.read_text(encoding="utf-8").split()) <= WORDS


@pytest.mark.parametrize(
    "cell, said",
    [
        ("assert 1 + 1 == 3", "AssertionError"),
        ("import warnings; warnings.warn('odd')", "stderr was found"),
    ],
)
def test_a_cell_that_fails_or_warns_fails_the_build(tmp_path, cell, said):
    """Catches settings under which a false claim would be printed into the book."""
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(BOOK / "conf.py", source)
    shutil.copytree(BOOK / "_static", source / "_static")
    head = PAGES[1].read_text(encoding="utf-8").split("\n# ")[0]
    (source / "index.md").write_text(f"{head}\n# Page\n\n```{{code-cell}} ipython3\n{cell}\n```\n")
    done = build(source, tmp_path / "target")
    assert done.returncode != 0 and said in done.stderr
