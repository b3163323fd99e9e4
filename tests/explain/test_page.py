"""The page: one file of a known size that text cannot get out of, and that asks for nothing."""

import re
from dataclasses import replace

import numpy as np
import pytest

from npdistil import Tokenizer, TracedModel
from npdistil.explain.page import page_html
from npdistil.explain.record import explained
from npdistil.heads.masked_lm import MaskedLM
from tests.elements import NASTY, Elements, data_of
from tests.explain.models import traced_model
from tests.models import TINY, Draw
from tests.text.tiny import VOCAB
from tests.trace.traced import make

MB = 1_000_000
ROWS = ("tr", "td", "code", "bdi")  # of which longer texts have more
NAMESPACE = "http://www.w3.org/2000/svg"  # a name, which nobody fetches


@pytest.fixture(scope="module")
def plain() -> str:
    return page_html(explained(traced_model(), "a", "a", name="a"))


def is_harmless(page: str, plain: str) -> bool:
    """Whether a page has the elements and attributes of another, but for rows of tables."""
    pages = [Elements(page), Elements(plain)]
    tags = [[tag for tag in one.tags if tag not in ROWS] for one in pages]
    return tags[0] == tags[1] and len({frozenset(dict(one.attributes)) for one in pages}) == 1


@pytest.mark.parametrize("text", [text for text in NASTY if "\ud800" not in text])
def test_text_stays_text(text, plain):
    """A tag, a quote or a comment of a text, a pair, or a name that becomes part of the page."""
    found = explained(traced_model(), f"a {text}", f"{text} a", name=text)
    page = page_html(found)
    assert is_harmless(page, plain) and data_of(page) == found
    assert [way["text"] for way in found["ways"]] == [f"a {text}", f"{text} a"]
    assert found["model"] == text


def test_the_check_can_fail(plain, monkeypatch):
    """The same look at a page whose text is put in as it is."""
    monkeypatch.setattr("npdistil.explain.page.escaped", str)
    found = explained(traced_model(), "a <img src=x onerror=alert(1)>", "a")
    assert not is_harmless(page_html(found), plain)


def test_a_word_of_the_vocabulary_is_text_too():
    """A piece that is a tag: vocabularies come from strangers, as texts do."""
    words = [*VOCAB, "<img>", "<b"]
    config = replace(TINY, vocab_size=len(words))
    draw = Draw(np.random.default_rng(3))
    encoder = make(config=config)
    head = MaskedLM(
        encoder.backend.dense(draw.linear(12, 12), "gelu"),
        encoder.backend.word_scores(
            draw.norm(12), draw.array(len(words), 12), np.float32([0] * len(VOCAB) + [99, 0])
        ),
    )
    tokenizer = Tokenizer.from_vocab(words, backend="python")
    found = explained(TracedModel(tokenizer, encoder, head), "a")
    assert found["lens"][0][0][0]["label"] == "<img>"
    page = page_html(found)
    assert "img" not in Elements(page).tags and data_of(page)["lens"] == found["lens"]


def test_the_page_asks_for_nothing(plain):
    """A script, a font or a picture of another place: the page is to work without a network."""
    code = plain.replace(NAMESPACE, "")
    assert not re.search(r"\b(https?|wss?)://|@import|url\(|\bimport\s*\(|from\s+[\"']", code)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon", code)
    links = [v for name, v in Elements(plain).attributes if name in ("href", "src", "srcset") and v]
    assert [link for link in links if not link.startswith("#")] == ["data:,"]


def test_the_same_text_is_the_same_page(plain):
    """A date, a set's order or a memory address in the page."""
    assert page_html(explained(traced_model(), "a", "a", name="a")) == plain


def test_the_page_speaks_without_scripts():
    """A reader, or a printer, that runs no scripts and sees an empty page."""
    page = page_html(explained(traced_model(), "É [MASK] unable", "c zzz", name="tiny"))
    (section,) = re.findall(r'<section id="plain">(.*)</section>', page, re.DOTALL)
    cells = Elements(section).texts
    assert cells["caption"] == ["First text", "Second text", "Tokens"]
    ways, tokens = section.split("<caption>Tokens</caption>")
    assert re.findall(r"<td>[A-Za-z ,]+</td><td><bdi>([^<]*)", ways) == [
        *["É [MASK] unable"] * 3, "E [MASK] unable", "e [MASK] unable", *["c zzz"] * 5,
    ]  # fmt: skip
    assert re.findall(r"<code><bdi>([^<]*)", ways) == ["e", "[MASK]", "unable", "c", "zzz"]
    pieces = ["[CLS]", "e", "[MASK]", "un", "##able", "[SEP]", "c", "[UNK]", "[SEP]"]
    assert re.findall(r"<code><bdi>([^<]*)", tokens) == pieces
    assert "<td>4</td>" in tokens and "11 to 15" in tokens and "<title>tiny: É [MASK]" in page


def test_steps_that_are_left_out_and_tokens_that_were_cut():
    """Catches a cased model that seems to lower-case, and a cut that the page keeps to itself."""
    model = traced_model(do_lower_case=False)
    page = page_html(explained(model, "É A a a a", max_length=4))
    left_out = re.findall(r"<td>([a-z ]+)</td><td>this model leaves it out", page)
    assert left_out == ["accents stripped", "lower case"]
    assert "<p>3 more tokens of this text were too many and are left out.</p>" in page
    page = page_html(explained(model, "É A a a a", max_length=6))
    assert "<p>1 more token of this text was too many and is left out.</p>" in page
    whole = page_html(explained(traced_model(), "É A"))
    assert "leaves it out" not in whole and "too many" not in whole


def large_model(hidden_size: int) -> TracedModel:
    """6 layers x 12 heads with random weights, 512 words, and a head that reads them."""
    config = replace(
        TINY,
        vocab_size=512,
        hidden_size=hidden_size,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=32,
        max_position_embeddings=256,
    )
    draw, D = Draw(np.random.default_rng(3)), hidden_size
    encoder = make(config=config)
    letters = np.random.default_rng(9).choice([*"abcdefghijklmnopqrstuvwxyz"], (507, 10))
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, letters.tolist())]
    head = MaskedLM(
        encoder.backend.dense(draw.linear(D, D), "gelu"),
        encoder.backend.word_scores(draw.norm(D), draw.array(512, D), draw.array(512)),
    )
    return TracedModel(Tokenizer.from_vocab(words, backend="python"), encoder, head)


@pytest.mark.parametrize("hidden_size", [384, 768])
def test_a_page_of_128_tokens_is_below_3_mb(hidden_size):
    """Catches data that grows unseen; attention alone is 1.6 MB of it."""
    model = large_model(hidden_size)
    words = [word for word in model.tokenizer.tokens if word][5:]
    text, pair = " ".join(words[:70]), " ".join(words[70:125])
    found = explained(model, text, pair)
    page = page_html(found).encode()
    assert len(found["tokens"]) == 128 and 2 * MB < len(page) < 3 * MB
    arithmetic = found["arithmetic"]
    layers = {layer for layer, _ in arithmetic["heads"]}
    assert layers == {*range(6)} and 12 <= len(arithmetic["heads"]) < 72
