"""Settings and a vocabulary to the tables that the kernel reads."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ...kernels.text.forms import (
    ALONE,
    AT_TOKEN,
    EXPANDED,
    LETTER,
    LONG,
    NUMBER_SHIFT,
    RANK_SHIFT,
    Table,
    TextTables,
    Trie,
)
from ..settings import TokenizerSettings
from ..vocab import Vocabulary
from .build_trie import build_trie, frozen
from .characters import CODE_POINTS, CharacterMap, CharacterSettings, character_map
from .known_words import known_words

PAGE = 256


def text_tables(
    settings: TokenizerSettings, vocabulary: Vocabulary, added: Mapping[str, int]
) -> TextTables:
    """Everything that a text needs to become ids.

    A symbol is the rank of a character among those that occur in tokens, from 1; all other
    characters have 0, which no trie knows, so that their words become [UNK].

    Args:
        settings: as for the readable tokenizer.
        vocabulary: likewise.
        added: what is cut out of the raw text, with its id.
    """
    strip = settings.strip_accents
    chars = character_map(
        CharacterSettings(
            clean_text=settings.clean_text,
            tokenize_chinese_chars=settings.tokenize_chinese_chars,
            strip_accents=settings.do_lower_case if strip is None else strip,
            do_lower_case=settings.do_lower_case,
        )
    )
    tokens = sorted(token for token in vocabulary.pieces if token)
    code_C = _code_points(tokens)
    is_known_U = np.zeros(CODE_POINTS, bool)
    is_known_U[code_C] = True
    alphabet = np.flatnonzero(is_known_U)
    symbol_U = np.zeros(CODE_POINTS, np.uint32)
    symbol_U[alphabet] = np.arange(1, len(alphabet) + 1)
    words = build_trie(
        symbol_U[code_C],
        np.fromiter(map(len, tokens), np.int64, len(tokens)),
        np.fromiter(map(vocabulary.pieces.__getitem__, tokens), np.int32, len(tokens)),
        len(alphabet),
    )
    entry_U = _entries(chars.kind_U, chars.image_U, chars.rank_U, symbol_U)
    page_of, page_entry = _pages(entry_U)
    pool = _entries(chars.pool_kind, chars.pool_image, chars.pool_rank, symbol_U)
    _put_counts(pool, chars)
    return TextTables(
        byte_entry=frozen(_byte_entries(entry_U, added)),
        page_of=frozen(page_of),
        page_entry=frozen(page_entry),
        pool=frozen(pool),
        words=words,
        suffix_root=_descend(words, symbol_U[_code_points([settings.continuing_subword_prefix])]),
        known=known_words(vocabulary.pieces, chars, added, settings.max_input_chars_per_word),
        added=_added_trie(added),
        unk_id=vocabulary.id_of(settings.unk_token),
        max_chars=settings.max_input_chars_per_word,
        cls_id=-1,
        sep_id=-1,
    )


def without_added(tables: TextTables) -> TextTables:
    """The same tables, but nothing is cut out of the raw text."""
    return tables._replace(byte_entry=frozen(tables.byte_entry & ~np.uint32(AT_TOKEN)))


def _code_points(tokens: Sequence[str]) -> NDArray[np.uint32]:
    return np.frombuffer("".join(tokens).encode("utf-32-le"), np.uint32)


def _entries(
    kind: NDArray[np.uint8], image: Table, rank: NDArray[np.uint8], symbol_U: Table
) -> Table:
    number: Table = np.where(kind == EXPANDED, image, 0).astype(np.uint32)
    is_char = (kind == LETTER) | (kind == ALONE)
    number[is_char] = symbol_U[image[is_char]]
    entry: Table = number << np.uint32(NUMBER_SHIFT)
    entry |= rank.astype(np.uint32) << np.uint32(RANK_SHIFT)
    entry |= kind
    return entry


def _put_counts(pool: Table, chars: CharacterMap) -> None:
    place = chars.image_U[chars.kind_U == EXPANDED]
    pool[place] = chars.pool_image[place]


def _pages(entry_U: Table) -> tuple[Table, Table]:
    """Pages that are equal are kept once."""
    place_of_page: dict[bytes, int] = {}
    page_of = [
        place_of_page.setdefault(page.tobytes(), PAGE * len(place_of_page))
        for page in entry_U.reshape(-1, PAGE)
    ]
    return np.array(page_of, np.uint32), np.frombuffer(b"".join(place_of_page), np.uint32)


def _byte_entries(entry_U: Table, added: Mapping[str, int]) -> Table:
    entries: Table = entry_U[:256].copy()
    entries[128:] = LONG
    first = [content.encode()[0] for content in added]
    entries[first] |= AT_TOKEN
    return entries


def _added_trie(added: Mapping[str, int]) -> Trie:
    encoded = sorted((content.encode(), token_id) for content, token_id in added.items())
    symbol_C = np.frombuffer(b"".join(token for token, _ in encoded), np.uint8)
    return build_trie(
        symbol_C.astype(np.uint32) + np.uint32(1),
        np.array([len(token) for token, _ in encoded], np.int64),
        np.array([token_id for _, token_id in encoded], np.int32),
        256,
    )


def _descend(trie: Trie, symbols: Table) -> int:
    """The node that symbols lead to; without one, a place that is nobody's."""
    node = trie.root
    for symbol in symbols.tolist():
        child = int(trie.base_N[node]) + symbol
        if trie.parent_N[child] != node:
            return 0
        node = child
    return node
