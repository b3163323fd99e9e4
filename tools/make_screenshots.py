"""Draw docs/images: the page of `npdistil explain` for a short and a long text, light and dark."""

import argparse
import base64
import io
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from npdistil import TracedModel
from npdistil.explain.page import page_html
from npdistil.explain.record import explained
from tools.screen import Screen

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
# The page's own colours, and on the way from the ground to each so many steps: few enough for a
# small file, and none that the page does not have.
GROUNDS = "--ground", "--raised"
INKS = {"--text": 3, "--quiet": 2, "--accent": 3, "--on-accent": 1, "--mark": 1, "--line": 1}
LONG = (
    "The bank of the river was steep, and the children who had come to fish from it sat a little "
    "higher, under the willows. An old fisherman told them that the water had once been so clear "
    "that you could count the stones on its bed. Nobody believed him, although his grandson, who "
    "was studying hydrology at the university, said that measurements from the archives supported "
    "the story. In the evening the bank lent them a boat; the other bank in town had not done so."
)


class Picture(NamedTuple):
    """One picture: what is shown of which text, from an element down."""

    text: str
    head: tuple[int, int]
    token: int  # that is pinned
    theme: str
    top: str
    size: tuple[int, int]
    shades: int  # of the scale


SHORT, OPEN = "Rivers bend.", ".overview"
PICTURES = {
    "explain-5-light.png": Picture(SHORT, (4, 6), 2, "light", OPEN, (1120, 920), 17),
    "explain-5-dark.png": Picture(SHORT, (4, 6), 2, "dark", OPEN, (1120, 920), 17),
    "explain-100-light.png": Picture(LONG, (3, 1), 18, "light", OPEN, (1200, 1070), 8),
    "explain-100-dark.png": Picture(LONG, (3, 1), 18, "dark", ".filters", (1200, 830), 10),
}


def palette(screen: Screen, shades: int) -> Image.Image:
    """The colours of a page's theme, as a picture that others are reduced to."""
    names = [*GROUNDS, *INKS]
    colours = {name: screen.run("return channels(property(arguments[0]))", name) for name in names}
    scale = "return makeScales().plain.filter((_, byte) => byte % arguments[0] === 0)"
    found = screen.run(scale, 255 // shades)
    for ground in (colours[name] for name in GROUNDS):
        found.append(ground)
        for name, steps in INKS.items():
            for step in range(1, steps + 1):
                pairs = zip(ground, colours[name], strict=True)
                found.append([round(a + (b - a) * step / steps) for a, b in pairs])
    image = Image.new("P", (1, 1))
    image.putpalette([value for colour in found for value in colour])
    return image


def drawn(screen: Screen, page: Path, picture: Picture) -> bytes:
    """A PNG of few colours."""
    screen.open(page, *picture.size, picture.theme)
    # The bar that stays at the top would cover it.
    screen.run(
        "pin('from', arguments[0]);"
        "document.querySelector('.bar').style.position = 'static';"
        "const { top } = document.querySelector(arguments[1]).getBoundingClientRect();"
        "window.scrollTo(0, top - 16);",
        picture.token,
        picture.top,
    )
    screen.drawn()
    taken = base64.b64decode(screen.command("Page.captureScreenshot", format="png")["data"])
    image = Image.open(io.BytesIO(taken)).convert("RGB")
    reduced = image.quantize(palette=palette(screen, picture.shades), dither=Image.Dither.NONE)
    file = io.BytesIO()
    reduced.save(file, "PNG", optimize=True)
    return file.getvalue()


def main() -> None:
    """Write the pictures and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-m", "--model", default=ROOT / "weights" / "all-MiniLM-L6-v2")
    parser.add_argument("-o", "--output", type=Path, default=IMAGES)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    model = TracedModel.from_pretrained(options.model)
    screen = Screen()
    try:
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.html"
            for name, picture in PICTURES.items():
                found = explained(
                    model, picture.text, name=Path(options.model).name, head=picture.head
                )
                page.write_text(page_html(found), encoding="utf-8")
                taken = drawn(screen, page, picture)
                (options.output / name).write_bytes(taken)
                print(f"{name}: {len(found['tokens'])} tokens, {len(taken) / 1000:.0f} kB")
    finally:
        screen.close()


if __name__ == "__main__":
    main()
