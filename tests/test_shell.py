"""`pages.shell`: nothing gets out of a page's data or markup, and a page asks for nothing."""

import re

import pytest

from npdistil.pages.shell import POLICY, escaped, shell
from tests.elements import NASTY, Elements, data_of


@pytest.mark.parametrize("text", NASTY)
def test_text_stays_text(text):
    """A tag, a quote or a line end of a text that becomes part of the page."""
    page = shell(text, f'<p title="{escaped(text)}">x</p>', data={"text": text, text: [text]})
    plain = shell("a", '<p title="b">x</p>', data={"text": "a"})
    found, harmless = Elements(page), Elements(plain)
    assert found.tags == harmless.tags
    assert [name for name, _ in found.attributes] == [name for name, _ in harmless.attributes]
    assert data_of(page) == {"text": text, text: [text]}
    (content,) = re.findall(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert not set(content) & set("<>&\u2028\u2029\n\r\x00")
    assert page.encode()  # lone surrogates would raise


def test_escaped_shows_what_it_cannot_hold():
    """A control character that HTML drops, so that two texts look alike."""
    assert escaped("a\x00b\rc\x7f\ud800") == "a␀b␍c␡\ufffd"
    assert escaped("a\n\tb") == "a\n\tb"


def test_a_page_asks_for_nothing():
    """An address that a browser would fetch, or a policy that lets one through."""
    page = shell("t", "<p>b</p>", "p { color: var(--text) }", "void 0;", {})
    assert not re.search(r"https?:|//\w|@import|url\(", page)
    assert f'content="{POLICY}"' in page and POLICY.startswith("default-src 'none';")
    links = [v for name, v in Elements(page).attributes if name in ("href", "src") and v]
    assert links == ["data:,"]


def test_parts_stand_where_they_belong():
    """Styles of a page that base.css overrides, and scripts that run before there is anything."""
    page = shell("t", "<p id=b>b</p>", "#b { margin: 0 }", "/*mine*/", {"a": 1})
    places = [page.index(part) for part in ("--ground", "#b {", "<p id=b>", '{"a":1}', "/*mine*/")]
    assert places == sorted(places)
    assert shell("t", "b").count("<script") == 1


@pytest.mark.parametrize(
    "arguments", [{"styles": "</STYLE >"}, {"scripts": "'</script'"}, {"scripts": "<!-- "}]
)
def test_code_that_would_end_its_element(arguments):
    """The rest of a script shown as text."""
    with pytest.raises(ValueError, match="which would not end where it does"):
        shell("t", "b", **arguments)


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_numbers_that_json_does_not_have(value):
    """A page whose data no browser can read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        shell("t", "b", data={"a": value})


def test_colours_have_contrast():
    """Text that fades into the ground, in light or in dark: WCAG 2.1, 1.4.3, asks for 4.5."""

    def luminance(colour):
        channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(one, other):
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    page = shell("t", "b")
    themes = re.findall(r"color-scheme: \w+;([^}]*)}", page)
    themes += re.findall(r"@media print {\s*:root {([^}]*)}", page)
    assert len(themes) == 4  # light, dark by the system, dark by the button, print
    # Dark never gets to paper, whose colours are those of light but for its own.
    assert len(re.findall(r"@media screen[^{]*{\s*:root\S* {\s*color-scheme: dark;", page)) == 2
    colours = [dict(re.findall(r"(--[\w-]+): (#\w{6});", theme)) for theme in themes]
    colours[3] = {**colours[0], **colours[3]}
    assert colours[1] == colours[2] and len({*map(frozenset, colours)}) == 1
    inks = ("--text", "--quiet", "--accent", "--first", "--second", "--good", "--bad")
    for theme in colours:
        for ink in inks:
            for ground in ("--ground", "--raised"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground, theme)
        assert contrast(theme["--on-accent"], theme["--accent"]) >= 4.5
