"""The pictures of docs/explain.md are those that tools/make_screenshots.py draws, and small."""

from PIL import Image

from tests.pages import ROOT
from tools.make_screenshots import IMAGES, PICTURES

MOST = 250_000  # bytes of all, for everybody who clones fetches them


def test_pictures_are_there_and_small():
    """Catches a picture that no page shows, that nobody draws any more, or of any size."""
    files = sorted(IMAGES.iterdir())
    page = (ROOT / "docs" / "explain.md").read_text("utf-8")
    assert [file.name for file in files] == sorted(PICTURES)
    assert all(f"images/{file.name}" in page for file in files)
    assert sum(file.stat().st_size for file in files) < MOST
    for file in files:
        with Image.open(file) as image:
            assert image.size == PICTURES[file.name].size
