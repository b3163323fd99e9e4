"""A small SVG canvas that a notebook page shows in its place; what `figures.py` draws on."""

from html import escape

SANS = "system-ui, sans-serif"
MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"
# Told apart by every kind of colour vision: Okabe and Ito's palette, darkest first.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555", "#e69f00")
LETTER = 0.62  # width of a letter of MONO to its size


class Drawing:
    """Shapes in pixels, from the upper left corner; the last expression of a cell shows it."""

    def __init__(self, width: float, height: float, title: str) -> None:
        """Begin an empty drawing; the title stands beneath it and is read aloud."""
        self.width, self.height, self.title = width, height, title
        self._shapes: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, fill: str, **more: str) -> None:
        """A filled rectangle; `more` are attributes such as stroke."""
        self._add("rect", more, x=x, y=y, width=width, height=height, fill=fill)

    def line(self, points: list[tuple[float, float]], colour: str, **more: str) -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add("polyline", more, points=path, fill="none", stroke=colour)

    def text(
        self,
        x: float,
        y: float,
        text: object,
        anchor: str = "start",
        size: float = 12,
        colour: str = "#222",
        font: str = MONO,
        turned: bool = False,
    ) -> None:
        """A line of text whose baseline is at y, with its start, middle or end at x."""
        more = {"font-family": font, "font-size": f"{size}", "text-anchor": anchor}
        if turned:
            more["transform"] = f"rotate(-90 {x:.1f} {y:.1f})"
        self._add("text", more, escape(str(text)), x=x, y=y, fill=colour)

    def _repr_html_(self) -> str:
        """What Jupyter and the book's pages show."""
        title = escape(self.title)
        return (
            f'<figure class="drawing"><svg xmlns="http://www.w3.org/2000/svg" role="img"'
            f' aria-label="{title}" width="{self.width:.0f}" height="{self.height:.0f}"'
            f' viewBox="0 0 {self.width:.0f} {self.height:.0f}">{"".join(self._shapes)}</svg>'
            f"<figcaption>{title}</figcaption></figure>"
        )

    def _add(self, tag: str, more: dict[str, str], content: str = "", **own: float | str) -> None:
        attributes = {
            name: value if isinstance(value, str) else f"{value:.1f}"
            for name, value in {**own, **more}.items()
        }
        shown = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
        self._shapes.append(f"<{tag} {shown}>{content}</{tag}>")


def shade(share: float, colour: str = COLOURS[0]) -> str:
    """White for 0, the colour for 1 and a mixture between."""
    full = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in full)
