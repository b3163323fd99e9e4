"""What a browser makes of a page: its elements, their texts, and the data that it carries."""

import json
from html.parser import HTMLParser

# Texts that want out of the place where a page puts them.
NASTY = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '" onload="alert(1)',
    "' & &amp; &#60;",
    "\u2028 \u2029 \x00 \x1b[0m \r\n",
    "]]> </title> </main>",
    "\ud800 lone",
    "😀 naïve 中",
]


class Elements(HTMLParser):
    """The elements of a page in order, and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self._open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._open = tag
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data):
        if self._open:
            self.texts[self._open][-1] += data

    def handle_endtag(self, tag):
        self._open = ""


def data_of(page: str) -> dict[str, object]:
    """The object that the page's scripts read."""
    return json.loads(Elements(page).texts["script"][0])
