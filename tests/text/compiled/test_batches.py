"""Around the kernels: bundles, threads, buffers, cut texts, packed rows, tries."""

import random
import threading
from itertools import product

import numpy as np
import pytest

from npdistil.kernels.model import COUNTER_COLUMNS
from npdistil.kernels.text.entries import encode_parts
from npdistil.kernels.text.forms import BEHIND, EXPANDED, WITH_SPANS, word_space
from npdistil.text.compiled import encoder
from npdistil.text.compiled.build_trie import build_trie
from npdistil.text.compiled.characters import CODE_POINTS, CharacterSettings, character_map
from npdistil.text.compiled.joined import NO_LIMIT, join_texts
from tests.text.compiled.both import SPECIAL, Both, settings_of
from tests.text.compiled.test_equality import TOKENS, golden_texts

REQUEST = {"enough": None, "offsets": True, "special_as_text": False}


@pytest.mark.parametrize("characters", [1, 7, 100, 1 << 16])
@pytest.mark.parametrize("cut", ["BLOCK_CHARACTERS", "PART_CHARACTERS"])
def test_blocks_parts_and_threads_change_nothing(monkeypatch, cut, characters):
    """Catches a text lost or counted twice where parts meet, and memory that threads share."""
    monkeypatch.setattr(encoder, cut, characters)
    monkeypatch.setattr(encoder, "SMALLEST_SHARE", 1)
    texts = golden_texts()[:400]
    for threads in (1, 3):
        pair = Both(TOKENS, num_threads=threads)
        pair.check(texts)
        pair.check(texts, enough=3)
    for few in ([], [""], ["", "", "a", ""]):
        pair.check(few)


@pytest.mark.parametrize("texts", [["e\u0301 a"], ["abc", "\ud55c"], ["\ud55c", "abc [SEP]", ""]])
def test_ascii_beside_other_texts(texts):
    """Catches a text looked up in the other array, or at its place in the other one."""
    Both(TOKENS).check(texts * 9)


def test_same_bytes_on_any_number_of_threads(monkeypatch):
    """Catches an answer that depends on who comes first."""
    monkeypatch.setattr(encoder, "SMALLEST_SHARE", 1)
    monkeypatch.setattr(encoder, "PART_CHARACTERS", 64)
    texts = [text * 9 for text in golden_texts()]
    wanted = Both(TOKENS, num_threads=1).compiled(texts, **REQUEST)
    for threads in (2, 5):
        compiled = Both(TOKENS, num_threads=threads).compiled
        for _ in range(5):
            found = compiled(texts, **REQUEST)
            for name in ("ids_T", "words_T", "spans_T2", "cu_seqlens"):
                assert getattr(found, name).tobytes() == getattr(wanted, name).tobytes()


def test_threads_share_a_batch_of_short_texts(monkeypatch):
    """Catches parts that one thread takes alone: the caller waits here for a second one."""
    taken, both = set(), threading.Barrier(2, timeout=20)
    original = encoder.encode_parts

    def meeting(*arguments):
        taken.add(threading.current_thread().name)
        both.wait()
        original(*arguments)

    monkeypatch.setattr(encoder, "encode_parts", meeting)
    texts = ["abc ab"] * (2 * encoder.SMALLEST_SHARE // 6)
    assert len(Both(TOKENS, num_threads=2).compiled(texts, **REQUEST).cu_seqlens) == len(texts) + 1
    assert len(taken) == 2
    monkeypatch.setattr(both, "wait", lambda: None)
    taken.clear()
    Both(TOKENS, num_threads=2).compiled(texts[: len(texts) // 3], **REQUEST)
    assert taken == {threading.current_thread().name}


@pytest.mark.parametrize("switches", [*product((True, False), repeat=4)])
def test_no_character_has_more_parts_than_bytes(switches):
    """Catches a table that breaks the bound by which the outputs are sized."""
    names = ("clean_text", "tokenize_chinese_chars", "strip_accents", "do_lower_case")
    chars = character_map(CharacterSettings(**dict(zip(names, switches, strict=True))))
    code_U = np.arange(CODE_POINTS)
    bytes_U = 1 + (code_U > 0x7F) + (code_U > 0x7FF) + (code_U > 0xFFFF)
    expanded = chars.kind_U == EXPANDED
    assert np.all(chars.pool_image[chars.image_U[expanded]] <= bytes_U[expanded])
    assert not expanded[:0x80].any()


@pytest.mark.parametrize(
    "text, most",
    [
        ("." * 500, 1),
        ("\u0130" * 400, 1),
        ("\uac01" * 300, 1),
        ("[SEP]" * 90, 0.2),
        ("a " * 90, 0.5),
    ],
)
def test_outputs_stay_inside(text, most):
    """Catches a write in front of or behind the arrays, in the texts that fill them most."""
    parts = ("i", "\u0307", "\u1100", "\u1161", "\u11a8")
    tokens = [*SPECIAL, ".", "a", *parts, *(f"##{part}" for part in parts)]
    tables = Both(
        tokens,
        settings_of((True, text[0] == "\uac01", True), max_input_chars_per_word=1000),
    ).compiled._tables._replace(cls_id=2, sep_id=3)
    joined = join_texts([text, text], NO_LIMIT)
    room = int(joined.place_B[-1]) + 4
    ids, words = (np.full(room + 8, -77, np.int32) for _ in range(2))
    spans, counts = np.full((room + 8, 2), -77, np.int32), np.full(6, -77)
    begins, ends, text_U = counts.copy(), counts.copy(), np.full(room - 4 + BEHIND, 77, np.uint8)
    status_B, inside, two = np.empty(2, np.uint8), slice(4, 4 + room), slice(2, 4)
    encode_parts(
        *(*joined, np.array([0, 2]), 1 << 40, WITH_SPANS, tables, word_space(1000)),
        *(np.empty(4, np.int64), text_U, np.zeros((1, COUNTER_COLUMNS), np.int64)),
        *(begins[two], ends[two], ids[inside], words[inside], spans[inside], counts[two], status_B),
    )
    used = counts[two].sum()
    assert used - 4 == most * 2 * len(text.encode()) and not status_B.any()
    for array in (ids, words, spans, counts, begins, ends):
        assert np.all(array[:2] == -77) and np.all(array[-2:] == -77)
    for array in (ids, words, spans):
        assert np.all(array[:4] == -77) and np.all(array[4 + used :] == -77)
    assert np.all(text_U[2 * len(text.encode()) :] == 77)


def test_a_cut_text_is_read_no_further_than_needed(monkeypatch):
    """Catches a call that copies a book for eight tokens, or starts over at each step."""
    read = []

    def counting(texts, characters):
        read.append(characters)
        return join_texts(texts, characters)

    monkeypatch.setattr(encoder, "join_texts", counting)
    compiled = Both(TOKENS).compiled
    book = "abc " * 1_000_000
    assert len(compiled([book, book], **{**REQUEST, "enough": 6}).ids_T) == 12
    assert read == [160]
    read.clear()
    assert len(compiled([" " * 100_000 + "a"], **{**REQUEST, "enough": 6}).ids_T) == 1
    assert read == [160 * 8**step for step in range(5)]


def test_where_a_text_is_cut_changes_nothing(monkeypatch):
    """Catches a word, a token or a run of marks taken for ended because the bytes at hand end."""
    monkeypatch.setattr(encoder, "FIRST_CHARACTERS", 1)
    monkeypatch.setattr(encoder, "CHARACTERS_PER_ID", 1)
    monkeypatch.setattr(encoder, "NEXT_STEP", 2)
    pair = Both(TOKENS)
    parts = ("abc", "[SEP]", "a[SE", "\u302e\u08d4", " ", "\ud55c", "e\u0301", "[MASK][MASK]", ".")
    texts = ["".join(chosen) for chosen in product(parts, repeat=3)]
    for enough in (1, 2, 3, 5):
        pair.check(texts, enough=enough)
        pair.check(texts, enough=enough, offsets=False)


@pytest.mark.parametrize("special_as_text", [False, True])
@pytest.mark.parametrize("enough", [None, 0, 1, 4, 50])
def test_packed_rows(enough, special_as_text):
    """Catches [CLS] or [SEP] missing, doubled, or counted against the limit."""
    pair = Both(TOKENS)
    texts = ["abc ab", "", "[SEP]", "ab" * 90, *golden_texts()]
    request = {"enough": enough, "special_as_text": special_as_text}
    wanted, found = (engine.pack(texts, **request) for engine in (pair.readable, pair.compiled))
    for mine, theirs in zip(found, wanted, strict=True):
        assert mine.dtype == theirs.dtype and np.array_equal(mine, theirs)
    ids_T, cu_seqlens = found
    assert np.all(ids_T[cu_seqlens[:-1]] == 2) and np.all(ids_T[cu_seqlens[1:] - 1] == 3)
    assert enough is None or np.diff(cu_seqlens).max() == enough + 2
    alone = pair.compiled(texts[:4], **{**REQUEST, **request})
    for b in range(4):
        inner = alone.ids_T[alone.cu_seqlens[b] : alone.cu_seqlens[b + 1]][:enough].tolist()
        assert ids_T[cu_seqlens[b] : cu_seqlens[b + 1]].tolist() == [2, *inner, 3]


@pytest.mark.parametrize("symbols", [2, 40, 5000])
def test_tries_hold_their_tokens_and_no_others(symbols):
    """Catches a node placed on another one, also where places run out and the array grows."""
    rng = random.Random(symbols)
    drawn = {tuple(rng.choices(range(1, symbols + 1), k=rng.randrange(1, 6))) for _ in range(4000)}
    tokens = sorted(drawn)[:: 2 if symbols == 5000 else 1]
    trie = build_trie(
        np.array([symbol for token in tokens for symbol in token], np.uint32),
        np.array([len(token) for token in tokens]),
        np.arange(len(tokens), dtype=np.int32),
        symbols,
    )

    def look_up(token):
        node = trie.root
        for symbol in token:
            child = int(trie.base_N[node]) + symbol
            if trie.parent_N[child] != node:
                return None
            node = child
        return int(trie.id_N[node]) if trie.id_N[node] >= 0 else None

    numbers = {token: number for number, token in enumerate(tokens)}
    for token in drawn | {token[:-1] for token in drawn if len(token) > 1}:
        assert look_up(token) == numbers.get(token)
        assert look_up((*token, 0)) is None


def test_an_empty_token_is_no_piece():
    """Catches the vocabulary row "" taken for a match of no letters, which would never end."""
    pair = Both([*SPECIAL, "", "a", "##b"])
    pair.check(["ab", "b", "abc", ""])
