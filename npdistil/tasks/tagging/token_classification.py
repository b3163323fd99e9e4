"""`TokenClassification`: labels of tokens and of entities, as Transformers' pipeline gives them."""

from collections.abc import Collection, Iterator
from typing import Any, cast

import numpy as np

from ...arguments import as_flag, as_integer, as_texts, one_of
from ...dims import Floats
from ...encoder.packing import pack_rows
from ...errors import InputError
from ...heads.token_classification import TokenClassification as Head
from ...reference.forward import softmax
from ...text.decode import join_pieces
from ..call_defaults import with_defaults
from ..head_task import HeadTask
from ..results import Answers
from ..stream import BATCH_TOKENS, WINDOW, Bounds, answers, checked_bounds, in_token_spans
from .entities import (
    Entity,
    grouped_entities,
    in_no_group,
    single_entities,
    without_overlaps,
)
from .rows import TextRows, as_words, make_rows
from .tokens import gather
from .words import STRATEGIES, Strategy, tag


class TokenClassification(HeadTask[Head]):
    """A model that labels tokens: names, places, parts of speech. Safe to share between threads.

    Attributes:
        model: tokenizer, encoder, head, and the settings of config.json.
        tokenizer: cuts text into ids.
        max_length: tokens of a row, [CLS] and [SEP] included; longer texts lose their end unless
            `stride` is given.
    """

    task = "token-classification"

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each label, by the number of the score."""
        return self.model.settings.labels

    @with_defaults
    def __call__(
        self,
        inputs: Any,
        aggregation_strategy: str = "none",
        ignore_labels: Collection[str] = ("O",),
        stride: int | None = None,
        is_split_into_words: bool = False,
        delimiter: str = " ",
        *,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Label a text, a list of texts, or a stream of them.

        Args:
            inputs: a text; a list, tuple or array of texts; a `Path`, whose lines are the texts; or
                any other iterable.
            aggregation_strategy: "none" gives each token by itself. The others make entities of
                neighbours that have the same tag: "simple" of tokens as they are; "first",
                "average" and "max" of whole words, each of which has the best label of its first
                token, of the mean over its tokens, or of the token with the highest score.
            ignore_labels: what is left out; of entities their tag counts, "PER" and not "B-PER".
            stride: None cuts off what is longer than the model takes. Else a longer text is read in
                windows that share so many tokens; of entities that overlap the longer is kept, of
                equally long ones the surer.
            is_split_into_words: each text is a list of words.
            delimiter: stands between two words in their text, in which characters are counted.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: rows computed at a time; None: as many as `batch_tokens` allows.

        Returns:
            For a text a list, which says in its attribute `num_truncated_tokens` what was cut off.
            Without aggregation it has dicts of `entity`, `score`, `index` (of the token, [CLS] is
            0), `word`, `start` and `end` (characters of the text, half open); else of
            `entity_group`, `score`, `word`, `start` and `end`. For several texts a list of such
            lists, for a stream an iterator.

        Raises:
            InputError: an argument of the wrong kind, something that is no text, or `stride`
                without aggregation or too large for the model.
        """
        strategy = cast(Strategy, one_of(aggregation_strategy, STRATEGIES, "aggregation_strategy"))
        ignored = _checked_labels(ignore_labels)
        stride = self._checked_stride(stride, strategy)
        split = as_flag(is_split_into_words, "is_split_into_words")
        bounds = checked_bounds(batch_tokens, batch_size)
        if not isinstance(delimiter, str):
            raise InputError(f"delimiter: expected a str, received {type(delimiter).__name__}.")

        def window(items: list[Any], first: int) -> list[Answers]:
            texts = as_words(items, first) if split else as_texts(items, "inputs", first)
            rows = make_rows(
                self.tokenizer, texts, delimiter if split else None, self.max_length, stride
            )
            return self._answers(rows, strategy, ignored, bounds)

        return answers(inputs, _is_words if split else _is_text, window, "texts")

    def _checked_stride(self, stride: object, strategy: Strategy) -> int | None:
        if stride is None:
            return None
        value, most = as_integer(stride, "stride"), self.max_length - 2
        if not 0 <= value < most:
            raise InputError(
                f"stride: expected 0 to {most - 1}, as a window has {most} tokens of the text, "
                f"received {value}."
            )
        if strategy == "none":
            raise InputError(
                'stride: windows need an aggregation_strategy other than "none", which says how '
                "what they share becomes one."
            )
        return value

    def _answers(
        self, rows: TextRows, strategy: Strategy, ignored: frozenset[str], bounds: Bounds
    ) -> list[Answers]:
        found: list[list[Entity]] = [[] for _ in rows.texts]
        windows = [0] * len(rows.texts)
        logits = self._logits(rows, bounds)
        ignored_C = None  # of a word's tokens any may decide
        if strategy == "none":
            ignored_C = np.array([label in ignored for label in self.labels])
        elif strategy == "simple":
            ignored_C = in_no_group(self.labels, ignored)
        for row, number, logits_LC in zip(rows.rows, rows.text_N, logits, strict=True):
            scores_LC, text = softmax(logits_LC), rows.texts[number]
            tokens = gather(text, row, scores_LC, bool(self._prefix), ignored_C)
            tagged = tag(tokens, strategy, self.labels, self._join)
            if strategy == "none":
                found[number] += single_entities(tagged, ignored)
            else:
                found[number] += grouped_entities(tagged, ignored, self._join)
            windows[number] += 1
        return [
            Answers(without_overlaps(entities) if count > 1 else entities, truncated)
            for entities, count, truncated in zip(found, windows, rows.truncated_B, strict=True)
        ]

    def _logits(self, rows: TextRows, bounds: Bounds) -> Iterator[Floats]:
        """[L, C] of each row, some rows at a time: overlapping windows may be very many."""
        encoder, head = self.model.encoder, self.model.head
        for start in range(0, len(rows.input_ids), WINDOW):
            ids = rows.input_ids[start : start + WINDOW]
            ends = np.cumsum([0, *map(len, ids)])
            batch = pack_rows(np.concatenate(ids), ends, encoder.config)
            yield from in_token_spans(
                batch,
                bounds.batch_tokens,
                lambda part: head.logits(encoder.backend, part),
                bounds.batch_size,
            )

    @property
    def _prefix(self) -> str:
        return self.tokenizer.settings.continuing_subword_prefix

    def _join(self, pieces: list[str]) -> str:
        """Pieces to text, as the tokenizer's decoder does it."""
        cleanup = self.tokenizer.settings.decoder_cleanup
        return join_pieces(pieces, self._prefix, cleanup=cleanup)


def _is_text(item: object) -> bool:
    return isinstance(item, str)


def _is_words(item: object) -> bool:
    """One text as a list of its words."""
    return (
        isinstance(item, list | tuple)
        and len(item) > 0
        and all(isinstance(word, str) for word in item)
    )


def _checked_labels(ignore_labels: object) -> frozenset[str]:
    if isinstance(ignore_labels, str) or not isinstance(ignore_labels, Collection):
        raise InputError(
            'ignore_labels: expected a list of labels, such as ["O"], received '
            f"{ignore_labels!r:.80}."
        )
    wrong = [label for label in ignore_labels if not isinstance(label, str)]
    if wrong:
        raise InputError(f"ignore_labels: expected str, received {wrong[0]!r:.80}.")
    return frozenset(ignore_labels)
