"""The page does what a hand does to it, and shows the numbers that it was made of."""

import base64

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from npdistil import TracedModel
from tests.explain.models import array_of, sizes

READ = "#reading .token[data-place='{}']"
FROM = ".column.from .token[data-place='{}']"
TO = ".column.to .token[data-place='{}']"


def maps_of(found) -> np.ndarray:
    """[N, H, L, L] in 255ths."""
    N, H, L = sizes(found)
    return array_of(found["attention"], "u1", N, H, L, L)


def pieces_of(found) -> list[str]:
    return [token["piece"] for token in found["tokens"]]


def chosen(screen) -> list[int]:
    return [int(screen.find(f"#choose-{name}").get_property("value")) for name in ("layer", "head")]


def under(screen) -> list[str]:
    """The share below each token of the text."""
    return [text.strip("\u00a0") for text in screen.texts("#reading .under")]


def as_share(byte: int) -> str:
    """What is written for a share; `share` in dom.js."""
    text = f"{byte / 255:.2f}"
    return {"0.00": "", "1.00": "1.0"}.get(text, text[1:])


def open_head(screen, layer: int, head: int) -> None:
    screen.click(f"#head-grid [aria-label='Layer {layer}, head {head}']")


def test_pointing_shows_a_row_and_pinning_keeps_it(screen, page):
    """Catches a column for a row, another head's shares, and a pin that does not hold or let go."""
    path, found = page("pair")
    screen.open(path)
    layer, head = found["start"]["layer"], found["start"]["head"]
    map_LM = maps_of(found)[layer, head]
    assert chosen(screen) == [layer, head]
    screen.point(FROM.format(3))
    assert under(screen) == [as_share(byte) for byte in map_LM[3]]
    assert screen.texts("#readout h3") == [f"{pieces_of(found)[3]} looks at"]
    screen.point(TO.format(2))
    assert under(screen) == [as_share(byte) for byte in map_LM[:, 2]]
    assert screen.texts("#readout h3") == [f"{pieces_of(found)[2]} is looked at by"]

    screen.click(FROM.format(5))
    screen.point(READ.format(1))
    assert under(screen) == [as_share(byte) for byte in map_LM[5]]
    assert screen.find(FROM.format(5)).get_attribute("aria-pressed") == "true"
    assert "Pinned" in screen.texts("#status")[0] and screen.texts("#readout .badge") == ["pinned"]
    screen.press(Keys.ESCAPE)
    assert screen.find(FROM.format(5)).get_attribute("aria-pressed") == "false"
    screen.point(READ.format(1))
    assert under(screen) == [as_share(byte) for byte in map_LM[1]]
    screen.click(READ.format(4))
    screen.click(READ.format(4))
    assert "No token" in screen.texts("#status")[0]


def test_the_matrix_shows_the_shares_above_the_threshold(screen, page):
    """Catches rows for columns, another head's cells, and a filter that filters nothing."""
    path, found = page("pair")
    screen.open(path)
    L = len(found["tokens"])
    counts = []
    for (layer, head), threshold in [((2, 4), 0.05), ((5, 11), 0.05), ((5, 11), 0.2)]:
        open_head(screen, layer, head)
        assert chosen(screen) == [layer, head]
        screen.run(
            "const slider = byId('threshold'); slider.value = arguments[0];"
            "slider.dispatchEvent(new Event('input'));",
            threshold,
        )
        screen.drawn()
        wanted = maps_of(found)[layer, head] >= round(255 * threshold)
        assert screen.measure("filled", L, L) == wanted.tolist()
        counts.append(wanted.sum())
    assert counts[0] != counts[1] > counts[2] > 0


def test_lines_join_a_token_with_those_it_looks_at(screen, page):
    """Catches lines to other tokens, of another token, or below the threshold."""
    path, found = page("pair")
    screen.open(path)
    open_head(screen, 3, 0)
    map_LM = maps_of(found)[3, 0]
    for selector, places in ((FROM, map_LM[5]), (TO, map_LM[:, 12])):
        side, place = ("to", 5) if selector is FROM else ("from", 12)
        screen.click(selector.format(place))
        # The background's lines are fainter than any of the pinned token's.
        faint = 255 - 0.17 * (255 - screen.run("return channels(property('--accent'))[0]"))
        reds = screen.measure("ends", side, len(places))
        assert [red < faint for red in reds] == [byte >= round(255 * 0.02) for byte in places]
        met = screen.run(
            "return [...document.querySelectorAll(`.column.${arguments[0]} .met`)]"
            ".map((token) => Number(token.dataset.place));",
            side,
        )
        assert met == [n for n, byte in enumerate(places) if byte >= round(255 * 0.02)]
        assert 0 < len(met) < len(places)


def test_special_tokens_can_be_hidden(screen, page):
    """Catches a filter of one side alone, and shares that are silently scaled up."""
    path, found = page("short")
    screen.open(path)
    open_head(screen, 3, 5)
    screen.click("#hide-special")
    words = [piece for piece in pieces_of(found) if piece not in ("[CLS]", "[SEP]")]
    for labels in (".column.from .token", ".column.to .token", ".rows .label", "#reading .piece"):
        assert screen.texts(labels) == words
    map_LM = maps_of(found)[3, 5]
    left = map_LM[1:-1, 1:-1].sum(axis=1).mean() / 255
    assert f"Of each row's 1, {left:.2f}" in screen.texts("#filter-note")[0]
    screen.point(FROM.format(2))
    assert under(screen) == [as_share(byte) for byte in map_LM[2, 1:-1]]


@pytest.mark.parametrize("part, rows, columns", [("BA", 1, 0), ("AB", 0, 1), ("BB", 1, 1)])
def test_attention_between_sentences(screen, page, part, rows, columns):
    """Catches sentences that are swapped, and a first sentence's [SEP] counted to the second."""
    path, found = page("pair")
    screen.open(path)
    screen.click(f"input[name=part][value={part}]")
    pieces = [
        [token["piece"] for token in found["tokens"] if token["type"] == type_] for type_ in (0, 1)
    ]
    assert pieces[0][0] == "[CLS]" and pieces[0][-1] == pieces[1][-1] == "[SEP]"
    assert screen.texts(".rows .label") == screen.texts(".column.from .token") == pieces[rows]
    assert screen.texts(".columns .label") == screen.texts(".column.to .token") == pieces[columns]
    types = np.array([token["type"] for token in found["tokens"]])
    layer, head = chosen(screen)
    wanted = maps_of(found)[layer, head][types == rows][:, types == columns] >= 5  # 0.02 of 255
    assert screen.measure("filled", *wanted.shape) == wanted.tolist()


def test_the_keyboard_alone(screen, page):
    """Catches a place that only a mouse reaches, and a focus that is not to be seen."""
    path, found = page("short")
    screen.open(path)
    screen.run("document.querySelector('#head-grid [aria-checked=true]').focus()")
    layer, head = chosen(screen)
    screen.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert chosen(screen) == [layer + 1, head + 1]
    screen.press(Keys.ARROW_UP, Keys.ARROW_LEFT)
    assert chosen(screen) == [layer, head]
    reached = []
    for _ in range(8):
        screen.press(Keys.TAB)
        reached.append(
            screen.run(
                "const at = document.activeElement; const style = getComputedStyle(at.matches("
                "'.segments input') ? at.nextElementSibling : at);"
                "return [at.id || at.closest('[id]').id, style.outlineStyle !== 'none'];"
            )
        )
    assert [name for name, _ in reached[:5]] == [
        "threshold", "hide-special", "choose-view", "reading", "lines",
    ]  # fmt: skip
    assert all(outlined for _, outlined in reached)
    screen.run("document.querySelector('#reading .token').focus()")
    screen.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    assert f"Pinned: {pieces_of(found)[2]} (2)." in screen.texts("#status")[0]
    screen.press(Keys.ESCAPE)
    assert "No token" in screen.texts("#status")[0]


PAINTED = "#head-grid", "#matrix", "#similarity"


def numbers(screen, selector: str) -> list[float]:
    """The numbers of cells that hold one."""
    texts = [text.replace("\u2212", "-") for text in screen.texts(selector)]
    return [float(text) for text in texts if text]


def test_the_arithmetic_is_the_model_s(screen, page, minilm_folder):
    """Catches another token's query, a missing root, a softmax over the wrong side."""
    path, found = page("short")
    screen.open(path)
    layer, head, token, K = 4, 7, 3, found["head_size"]
    open_head(screen, layer, head)
    screen.click(READ.format(token))
    cache = TracedModel.from_pretrained(minilm_folder).run_with_cache("Rivers bend.").cache
    score_L = cache[f"layers.{layer}.attention.scores"][0, head, token]
    prob_L = cache[f"layers.{layer}.attention.probs"][0, head, token]
    context_D = cache[f"layers.{layer}.attention.context"][0, token]
    order = np.argsort(-prob_L)
    cells = np.array(numbers(screen, "#softmax tbody td")).reshape(-1, 5)
    assert screen.texts("#softmax tbody .pick") == [pieces_of(found)[place] for place in order]
    np.testing.assert_allclose(cells[:, 0], score_L[order] * np.sqrt(K), atol=0.02)
    np.testing.assert_allclose(cells[:, 1], score_L[order], atol=0.0051 + 1e-3)
    np.testing.assert_allclose(cells[:, 4], prob_L[order], atol=1e-3)
    context_K = context_D[head * K : (head + 1) * K]
    np.testing.assert_allclose(numbers(screen, "#mixture .feature"), context_K, atol=0.0051 + 1e-3)
    assert numbers(screen, "#mixture tfoot td:last-child") == [
        pytest.approx(context_K[np.abs(context_K).argmax()], abs=2e-3)
    ]
    screen.click("#softmax tbody tr:nth-child(3) .pick")
    terms = numbers(screen, ".terms .tinted")
    assert len(terms) == K and abs(sum(terms) - score_L[order[2]] * np.sqrt(K)) < 0.2
    screen.click("#mixture .feature:nth-child(5)")
    assert numbers(screen, "#mixture tfoot td:last-child") == [
        pytest.approx(context_K[4], abs=2e-3)
    ]


def test_a_head_without_numbers_names_those_that_have_them(screen, page):
    """Catches arithmetic of another head, and a dead end."""
    path, found = page("long")
    screen.open(path)
    with_numbers = {tuple(place) for place in found["arithmetic"]["heads"]}
    layer, head = next(
        (layer, head)
        for layer in range(found["layers"])
        for head in range(found["heads"])
        if (layer, head) not in with_numbers
    )
    open_head(screen, layer, head)
    assert not screen.find("#softmax").is_displayed()
    assert len(screen.texts(".offered button")) == len(with_numbers)
    screen.click(".offered button:last-child")
    assert chosen(screen) == found["arithmetic"]["heads"][-1]
    assert screen.find("#softmax").is_displayed()
    assert abs(sum(numbers(screen, "#softmax tbody td:last-child")) - 1) < 5e-3


def test_the_theme_changes_what_is_painted(screen, page):
    """Catches pictures that keep the colours of the theme before, on the screen and on paper."""
    path, _ = page("short")
    screen.open(path, theme="dark")
    open_head(screen, 0, 2)
    colours = []
    for _ in range(3):
        colours.append([screen.measure("pixel", f"{at} canvas", 40, 40) for at in PAINTED])
        screen.click("#theme")
    dark, light, again = colours
    assert dark == again and all(a != b for a, b in zip(dark, light, strict=True))
    # Paper is light.
    screen.click("#theme")
    screen.run("window.dispatchEvent(new Event('beforeprint'))")
    assert light == [screen.measure("pixel", f"{at} canvas", 40, 40) for at in PAINTED]
    screen.run("window.dispatchEvent(new Event('afterprint'))")
    assert screen.run("return document.documentElement.dataset.theme") == "dark"


def test_paper(screen, page):
    """Catches controls on paper, and a page that cannot be printed."""
    path, found = page("short")
    screen.open(path)
    printed = screen.command("Page.printToPDF", printBackground=True)
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    screen.command("Emulation.setEmulatedMedia", media="print")
    tokens = len(found["tokens"])
    for selector, count in (
        (".bar, .filters", 0),
        ("#reading .token", tokens),
        (".terms .term", 33),
    ):
        assert screen.measure("overlapping", selector) == [[], count]
    assert screen.measure("tooWide") == [0, []]
    assert screen.measure("faint", 4.5)[0] == []
