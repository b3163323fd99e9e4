"""One self-contained HTML document: no network, no other file, light and dark, printable.

Text from strangers gets into a page in two ways only: through `escaped`, or as a string of `data`.
Even what got past both could load nothing: the page's own policy forbids every request.
"""

import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files

# What a page may do: its own inline styles and scripts, and pictures that are in it.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
# In JSON these stand in strings alone. The first three could end the element or begin a comment
# in it; the last two end a line of JavaScript.
_IN_JSON = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})
# HTML drops or replaces these; their pictures show that they are there.
_PICTURES = {n: 0x2400 + n for n in range(0x20) if chr(n) not in "\n\t"} | {0x7F: 0x2421}
_LINE = {ord(char): 0x2400 + ord(char) for char in "\n\t"}


def shell(
    title: str,
    body_html: str,
    styles: str = "",
    scripts: str = "",
    data: Mapping[str, object] | None = None,
) -> str:
    """The text of a page, the same for the same arguments, to be written as UTF-8.

    Args:
        title: of the window and above the page; any text.
        body_html: what the page says, as HTML that is trusted: text in it went through `escaped`.
        styles: CSS behind `base.css`, whose custom properties it uses.
        scripts: JavaScript, run when the whole page is there.
        data: JSON values, to be read by `JSON.parse(document.getElementById("data").textContent)`;
            its strings may hold anything.

    Raises:
        ValueError: styles or scripts would end their element; data holds NaN or an infinity.
        TypeError: data is not JSON.
    """
    for name, code in (("style", styles), ("script", scripts)):
        if re.search(f"</{name}|<!--", code, re.IGNORECASE):
            raise ValueError(f"{name}s: holds </{name} or <!--, which would not end where it does.")
    content = "" if data is None else f"{_json_element(data)}\n"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{escaped(title)}</title>
<style>
{_own("base.css")}{styles}
</style>
</head>
<body>
<header class="shell">
<h1 dir="auto">{escaped(title)}</h1>
<button id="theme" type="button" hidden>Light or dark</button>
</header>
<main>
{body_html}
</main>
{content}<script>
{_own("base.js")}{scripts}
</script>
</body>
</html>
"""


def escaped(text: str) -> str:
    """Any text as HTML that shows it, in elements and in quoted attributes.

    Control characters are shown as their pictures, lone surrogates as U+FFFD, for a page could hold
    neither.

    >>> escaped('<b title="x">\\x00')
    '&lt;b title=&quot;x&quot;&gt;␀'
    """
    return html.escape(in_pictures(text))


def in_pictures(text: str, in_one_line: bool = False) -> str:
    """Any text as one that HTML and XML can hold: see `escaped`, which does this too.

    Args:
        text: any.
        in_one_line: whether line ends and tabs are shown by their pictures, as all the others are.

    >>> in_pictures("a\\x07\\n", in_one_line=True)
    'a␇␊'
    """
    sound = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return sound.translate(_PICTURES | _LINE if in_one_line else _PICTURES)


def _json_element(data: Mapping[str, object]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Lone surrogates stay what they are in JSON's own spelling.
    text = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return f'<script type="application/json" id="data">{text.translate(_IN_JSON)}</script>'


def _own(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
