"""A text, or a pair, as the one row that a model computes, and what of the texts is in it."""

from typing import Any, NamedTuple

import numpy as np

from ..arguments import as_positive_or_none, as_text
from ..errors import InputError
from ..tasks.traced_model import TracedModel
from ..text.steps import TextStep, WordPieces, text_steps, word_pieces

# Mean characters a token at most: beyond, a page would show little else than one endless word.
MAX_CHARACTERS = 100


class Part(NamedTuple):
    """One of the texts.

    Attributes:
        text: of a text that was cut, from the first to the last word of which a token is left.
        cut: tokens that were left out.
        first: number of its first word in the text as a whole.
        offset: where it begins there, in characters.
        steps: see `text_steps`.
        words: see `word_pieces`; the last one's pieces may have been cut off in part.
    """

    text: str
    cut: int
    first: int
    offset: int
    steps: list[TextStep]
    words: list[WordPieces]


class Row(NamedTuple):
    """The columns of one text or pair.

    Attributes:
        batch: what `TracedModel.run_with_cache` takes.
        ids: of each token.
        of: number of each token's text, None for [CLS] and [SEP].
        words: number of its word in the part, None likewise.
        spans: characters of the part, half open; (0, 0) likewise.
        parts: the texts.
    """

    batch: dict[str, Any]
    ids: list[int]
    of: list[int | None]
    words: list[int | None]
    spans: list[tuple[int, int]]
    parts: list[Part]


def read_row(
    model: TracedModel, text: str, text_pair: str | None = None, max_length: int | None = None
) -> Row:
    """Tokenize as the model does.

    Args:
        model: whose tokenizer and limits.
        text: the text.
        text_pair: a second one.
        max_length: tokens at most, [CLS] and [SEP] too; None: as many as the model takes.

    Raises:
        InputError: no text, a text without a token or of endless words, or one of which nothing
            is left.
    """
    config, tokenizer = model.encoder.config, model.tokenizer
    texts = [as_text(text, "text")]
    if text_pair is not None:
        texts.append(as_text(text_pair, "text_pair"))
    given = [word_pieces(tokenizer, one) for one in texts]
    for name, one, words in zip(("text", "text_pair"), texts, given, strict=False):
        if not words:
            raise InputError(f"{name}: {one!r:.40} has no token; there is nothing to explain.")
    asked = as_positive_or_none(max_length, "max_length")
    limit = model.max_length if asked is None else min(asked, model.max_length)
    batch = tokenizer(
        texts[:1],
        texts[1:] or None,
        max_length=limit,
        padding_side="right",
        return_offsets_mapping=True,
    )
    of, numbers = batch.sequence_ids(), batch.word_ids()
    spans = np.asarray(batch["offset_mapping"][0]).tolist()
    parts = []
    for number, (one, words) in enumerate(zip(texts, given, strict=True)):
        own = [word for word, part in zip(numbers, of, strict=True) if part == number]
        if not own:
            raise InputError(
                f"max_length: {limit} tokens hold nothing of the "
                f"{'second' if number else 'first'} text; give more."
            )
        parts.append(_part(model, one, words, own))
    characters = sum(len(part.text) for part in parts)
    if characters > MAX_CHARACTERS * limit:
        raise InputError(
            f"text: {limit} tokens of it have {characters} characters; at most "
            f"{MAX_CHARACTERS * limit} are shown, as it is hardly text."
        )
    for column, part in enumerate(of):
        if part is not None:
            offset, first = parts[part].offset, parts[part].first
            start, end = spans[column]
            spans[column] = (start - offset, end - offset)
            numbers[column] = (numbers[column] or 0) - first
    wanted = [
        "input_ids",
        "attention_mask",
        *(["token_type_ids"] if config.type_vocab_size else []),
    ]
    return Row(
        {name: batch[name] for name in wanted if name in batch},
        np.asarray(batch.input_ids[0]).tolist(),
        of,
        numbers,
        [(start, end) for start, end in spans],
        parts,
    )


def _part(model: TracedModel, text: str, words: list[WordPieces], own: list[int | None]) -> Part:
    """What is left of a text whose tokens are of the words `own`."""
    first, last = own[0] or 0, own[-1] or 0
    start = words[first].start if first else 0
    end = words[last].end if last + 1 < len(words) else len(text)
    kept = [
        word._replace(start=word.start - start, end=word.end - start)
        for word in words[first : last + 1]
    ]
    cut = sum(len(word.ids) for word in words) - len(own)
    return Part(
        text[start:end], cut, first, start, text_steps(model.tokenizer, text[start:end]), kept
    )
