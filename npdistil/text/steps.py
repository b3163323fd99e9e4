"""How a text becomes ids, to be shown step by step: the tokenizer's own steps, none left out."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .aligned import AlignedText
from .normalize import Normalizer
from .special import TokenCutter
from .tokenizer import Tokenizer


class TextStep(NamedTuple):
    """A text behind a step of normalisation.

    Attributes:
        name: "given", "cleaned", "ideographs", "accents", "lower", in this order.
        text: the whole text; tokens that are searched in the text as it is written stay so.
        used: whether the tokenizer takes the step at all.
    """

    name: str
    text: str
    used: bool


class WordPieces(NamedTuple):
    """A word and its pieces.

    Attributes:
        text: normalised; of a token that is searched in the text, as it is listed.
        start: where it begins in the text as given, in characters.
        end: behind its last character.
        pieces: of the vocabulary.
        ids: of the pieces.
    """

    text: str
    start: int
    end: int
    pieces: list[str]
    ids: list[int]


def text_steps(tokenizer: Tokenizer, text: str) -> list[TextStep]:
    """A text as given, and after each step of normalisation.

    Args:
        tokenizer: whose steps.
        text: Unicode text.

    >>> tokenizer = Tokenizer.from_vocab(["[PAD]", "[UNK]", "[CLS]", "[SEP]"], backend="python")
    >>> [step.text for step in text_steps(tokenizer, "É\\t[SEP]")]
    ['É\\t[SEP]', 'É [SEP]', 'É [SEP]', 'E [SEP]', 'e [SEP]']
    """
    as_text = tokenizer.settings.special_tokens_in_text == "text"
    raw = {token.content: token for token in tokenizer.added_tokens if not token.normalized}
    parts = [*TokenCutter(raw).cut(text, special_as_text=as_text)]
    texts = [AlignedText.of(text[start:end], start) for start, end, _ in parts]
    found = [TextStep("given", text, True)]
    for name, used, apply in Normalizer.of(tokenizer.settings).steps():
        if used:
            texts = [
                aligned if added_id is not None else apply(aligned)
                for aligned, (_, _, added_id) in zip(texts, parts, strict=True)
            ]
        found.append(TextStep(name, "".join(aligned.text for aligned in texts), used))
    return found


def word_pieces(tokenizer: Tokenizer, text: str) -> list[WordPieces]:
    """The words of a text and the pieces of each, without [CLS] and [SEP].

    Args:
        tokenizer: whose words.
        text: Unicode text.

    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##able"]
    >>> tokenizer = Tokenizer.from_vocab(words, backend="python")
    >>> word_pieces(tokenizer, "Unable")
    [WordPieces(text='unable', start=0, end=6, pieces=['un', '##able'], ids=[4, 5])]
    """
    batch = tokenizer(text, truncation=False, padding=False, return_offsets_mapping=True)
    ids, spans = batch.input_ids[0], np.asarray(batch["offset_mapping"][0])
    numbers = np.array([-1 if word is None else word for word in batch.word_ids()])
    bounds = np.flatnonzero(np.diff(numbers, append=-1))  # last tokens of [CLS] and of each word
    added = {token.id: token.content for token in tokenizer.added_tokens}
    normalize = Normalizer.of(tokenizer.settings)
    found = []
    for before, last in pairwise(bounds.tolist()):
        own = ids[before + 1 : last + 1]
        start, end = int(spans[before + 1, 0]), int(spans[last, 1])
        given = text[start:end]
        # A word that is unknown has the id of [UNK], too, and is not written so.
        as_listed = added.get(int(own[0])) == given.strip()
        shown = given.strip() if as_listed else normalize(AlignedText.of(given)).text.strip()
        pieces = tokenizer.convert_ids_to_tokens(own)
        found.append(WordPieces(shown, start, end, pieces, own.tolist()))
    return found
