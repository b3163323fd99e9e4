"""The page in a notebook's cell."""

from html import escape

from .page import page_html
from .record import Explained

HEIGHT = 720


class Page:
    """A page of `explain` that a notebook shows as the result of a cell.

    It stands in a frame of its own: neither its styles and scripts nor the notebook's reach the
    other, and its scripts may do nothing but change the page.

    Attributes:
        html: the whole document, as `page.page_html` makes it.
        height: of the frame, in pixels.
    """

    def __init__(self, explained: Explained, height: int = HEIGHT) -> None:
        """Make the page.

        Args:
            explained: of `record.explained`.
            height: of the frame, in pixels.
        """
        self.html = page_html(explained)
        self.height = height

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="explain" sandbox="allow-scripts" width="100%" height="{self.height}" '
            f'style="border: 0" srcdoc="{escape(self.html)}"></iframe>'
        )
