"""What stands on the page beside attention: steps, heads' habits, lengths, cosines, rollout."""

import numpy as np
import pytest

from tests.explain.models import array_of, sizes

TOKEN = 10  # of the pair, in its second text


@pytest.fixture(scope="module")
def opened(screen, page):
    """The page of a pair, at one of its tokens."""
    path, found = page("pair")
    screen.open(path)
    screen.run("choose({token: arguments[0]})", TOKEN)
    screen.drawn()
    return found


def as_numbers(text: str) -> list[float]:
    """The numbers of a text, with a true minus."""
    words = text.replace("\u2212", "-").replace(",", " ").rstrip(".").split()
    return [float(word) for word in words if word.lstrip("-").replace(".", "", 1).isdigit()]


def test_the_way_from_characters_to_ids(screen, opened):
    """Catches a word's pieces under another, ids of other tokens, and a step that is left out."""
    words = [word for way in opened["ways"] for word in way["words"]]
    assert screen.texts("#steps .whole") == [word["text"] for word in words]
    assert max(len(word["pieces"]) for word in words) > 1
    assert screen.texts("#steps .word .piece") == [p for word in words for p in word["pieces"]]
    assert screen.texts("#steps .word .id") == [str(i) for word in words for i in word["ids"]]
    last = "#steps > li:last-child"
    assert screen.texts(f"{last} .place") == [str(n) for n in range(len(opened["tokens"]))]
    assert screen.texts(f"{last} .id") == [str(token["id"]) for token in opened["tokens"]]
    changed = [
        step["text"]
        for way in opened["ways"]
        for step in way["steps"]
        if step["name"] == "given" or step["changed"]
    ]
    assert screen.texts("#steps .characters") == changed and len(changed) == 4


def test_the_grid_has_every_head_s_map(screen, opened):
    """Catches thumbnails of other heads, or turned."""
    N, H, L = sizes(opened)
    attention = array_of(opened["attention"], "u1", N, H, L, L)
    scale = screen.run("return scales.share")
    for layer, head in ((0, 0), (1, 8), (5, 11)):
        box = screen.run(
            "const at = document.querySelector(arguments[0]);"
            "return [at.offsetLeft, at.offsetTop, at.offsetWidth];",
            f"#head-grid [aria-label='Layer {layer}, head {head}']",
        )
        for row, column in ((0, 0), (2, L - 1), (L - 1, 0), (5, 4), (9, 3)):
            x, y = (
                start + (at + 0.5) * box[2] / L
                for start, at in zip(box[:2], (column, row), strict=True)
            )
            colour = screen.measure("pixel", "#head-grid canvas", x, y)
            assert colour[:3] == scale[attention[layer, head, row, column]]


def test_what_a_head_does_on_the_average(screen, opened):
    """Catches means over columns, and the token before for the one after."""
    layer, head = opened["start"]["layer"], opened["start"]["head"]
    N, H, L = sizes(opened)
    p_LM = array_of(opened["attention"], "u1", N, H, L, L)[layer, head] / 255
    special = np.array([token["special"] for token in opened["tokens"]])
    second = np.array([token["type"] == 1 for token in opened["tokens"]])
    other_LM = (second[:, None] != second) & ~special
    wanted = [
        p_LM[:, 0].mean(),
        p_LM[:, special][:, 1:].sum(axis=1).mean(),
        np.diagonal(p_LM).mean(),
        np.diagonal(p_LM, -1).mean(),
        np.diagonal(p_LM, 1).mean(),
        (p_LM * other_LM).sum(axis=1).mean(),
    ]
    shown = [float(text) for text in screen.texts("#head-facts .bar-value")]
    np.testing.assert_allclose(shown, wanted, atol=0.0051)
    entropy = opened["entropy"][layer][head]
    assert f"Entropy {entropy:.2f} nats" in screen.find("#head-facts").text
    cells = [float(text) for text in screen.texts("#entropy .heat")]
    np.testing.assert_allclose(cells, np.ravel(opened["entropy"]), atol=0.0501)


def test_how_tokens_change(screen, opened):
    """Catches another token's lengths or neighbours, and a layer that is left out."""
    N, L = opened["layers"], len(opened["tokens"])
    pieces = [token["piece"] for token in opened["tokens"]]
    norms = [row[TOKEN] for row in opened["norms"]]
    shown = as_numbers(screen.texts("#norms .chart p")[0].partition(":")[2])
    np.testing.assert_allclose(shown, norms, atol=0.0501)
    assert len(screen.texts("#norms .run")) == L + 1

    cosine_SL = array_of(opened["similarity"], "u1", N + 1, L, L)[:, TOKEN] / 127.5 - 1
    rows = screen.run(
        "return [...document.querySelectorAll('#nearest tbody tr')].map((row) =>"
        "[...row.querySelectorAll('.near')].map((near) => [near.firstChild.textContent,"
        "near.lastChild.textContent]));"
    )
    assert len(rows) == N + 1
    for row, cosine_L in zip(rows, cosine_SL, strict=True):
        order = [n for n in np.argsort(-cosine_L, kind="stable") if n != TOKEN][:4]
        assert [name for name, _ in row] == [pieces[n] for n in order]
        values = [as_numbers(text)[0] for _, text in row]
        np.testing.assert_allclose(values, cosine_L[order], atol=0.0051)

    rollout_L = array_of(opened["rollout"], "u1", L, L)[TOKEN] / 255
    shown = [float(text) for text in screen.texts("#rollout .bar-value")]
    np.testing.assert_allclose(shown, np.sort(rollout_L)[::-1][:8], atol=0.0051)
    names = screen.texts("#rollout .bar-name")
    assert names == [pieces[n] for n in np.argsort(-rollout_L, kind="stable")[:8]]
