"""Pages of a model with real weights, and a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npdistil import TracedModel
from npdistil.explain.page import page_html
from npdistil.explain.record import Explained, explained
from tools.make_screenshots import LONG, SHORT
from tools.screen import Screen

NASTY = '<script>alert(1)</script> "quoted" & \'<img src=x onerror=alert(2)> ${x} `'
TEXTS = {
    "short": (SHORT, None),
    "long": (LONG, None),
    "pair": ("A man plays the guitar.", "Someone makes unbelievably good music."),
    "nasty": (NASTY, NASTY),
}


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """A browser for each process of tests; that there is none is a failure, for then nothing here
    was tested."""
    opened = Screen((Path(__file__).parent / "measure.js").read_text(encoding="utf-8"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def page(minilm_folder, tmp_path_factory) -> Callable[[str], tuple[Path, Explained]]:
    """The page of a text of TEXTS, and what it shows."""
    folder = tmp_path_factory.mktemp("pages")
    model = TracedModel.from_pretrained(minilm_folder)
    made: dict[str, tuple[Path, Explained]] = {}

    def make(name: str) -> tuple[Path, Explained]:
        if name not in made:
            found = explained(model, *TEXTS[name], name="all-MiniLM-L6-v2")
            path = folder / f"{name}.html"
            path.write_text(page_html(found), encoding="utf-8")
            made[name] = path, found
        return made[name]

    return make
