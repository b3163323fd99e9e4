"""What a page of `explain` is made of: one JSON object, `Explained`, described here key by key.

N layers, H heads, L tokens ([CLS] and [SEP] too), D features, K = D / H features of a head. Strings
hold the user's text as it is: a page puts it into elements as text, never as markup. Offsets count
code points, as `[...text].slice(start, end)` of JavaScript does, and not as its strings do.

Arrays are base64 of their bytes in C order, so that a page of 6 layers x 12 heads x 128 tokens
stays below 3 MB:

    attention    uint8 [N, H, L, L]  255 p, rounded; row l: whom token l looks at
    rollout      uint8 [L, L]        255 times the last layer's attention rollout, rounded
    similarity   uint8 [N + 1, L, L] 127.5 (c + 1), rounded, of the cosine c of two tokens' rows:
                                     of the embeddings, then behind each layer
    arithmetic   int16 [A, 3, L, K]  little-endian: query, key and value of A heads, in units

255 p loses at most 1/510 of a probability. One head's arithmetic begins with its queries, keys
and values: for any token l

    product_M = key_MK @ query_K      score_M = product_M / sqrt(K)
    exp_M = exp(score_M - max score)  prob_M = exp_M / sum(exp_M)      context_K = prob_M @ value_MK

which the page computes itself, for any token. Every head's would take 6 * N * L * D bytes, too
much for long texts: then there are as many heads as MAX_ARITHMETIC holds, of each layer those whose
words look most at another word (`between`), the page's first head always. `arithmetic.heads` says
which; up to 43 tokens of 384 features, or 21 of 768, in 6 layers it is all of them. An int16
beside a unit of its own for each head's query, key and value loses less than half a 32767th of the
largest.

`page.py` hands the object to `pages.shell` as its data. The body is `assets/page.html`, and behind
it a section with the id "plain": text, steps and tokens as tables, for readers without scripts and
for print. All `assets/*.css` and then all `assets/*.js` follow, each kind in the order of names.
"""

from typing import TypedDict

import numpy as np

from ..arguments import as_integer
from ..dims import Floats
from ..encoder.numpy_backend import NumpyBackend
from ..errors import InputError
from ..reference.pooling import normalize
from ..tasks.traced_model import TracedModel
from ..trace.attention import attention_rollout, head_entropy
from .heads import as_integers, between_words, heads_in_numbers, looking_token
from .json_numbers import as_bytes, digits, four_digits, in_base64
from .row import Part, Row, read_row
from .scores import Scored, lens_words, text_scores, token_scores


class Token(TypedDict):
    """One column of the model's input."""

    piece: str  # as the vocabulary has it: "un", "##able", "[CLS]"
    text: str  # what stands in the text there: "Un"; empty for [CLS] and [SEP]
    id: int
    type: (
        int  # 0 in the first text, 1 in the second; its [SEP] belongs to a text, [CLS] to the first
    )
    word: int | None  # number of the word in its text; None for [CLS] and [SEP]
    start: int  # code points of its text, half open; 0 and 0 for [CLS] and [SEP]
    end: int
    special: bool  # [CLS] or [SEP] that the tokenizer puts around texts


class Step(TypedDict):
    """The whole text after one step of normalisation."""

    name: str  # "given", "cleaned", "ideographs", "accents", "lower": in this order
    text: str
    used: bool  # False: this tokenizer leaves the step out, and the text stays as it was
    changed: bool  # whether it differs from the step before


class Word(TypedDict):
    """A word, a punctuation mark, or a token such as [MASK] that is found as it is written."""

    text: str  # normalised: "unable"
    start: int  # code points of the text as given, half open
    end: int
    pieces: list[str]
    ids: list[int]


class Way(TypedDict):
    """How one text becomes ids: given, cleaned, ideographs, accents, lower; words; pieces; ids."""

    text: str  # as given; of a text that was cut, the words that are left
    cut: int  # tokens that were left out because the text is too long
    steps: list[Step]
    words: list[Word]


class Place(TypedDict):
    """A token in a head."""

    layer: int
    head: int
    token: int


class Arithmetic(TypedDict):
    """Query, key and value of some heads."""

    heads: list[list[int]]  # [layer, head] of each, in the order of layers, then heads
    units: list[list[float]]  # for each head three: a number is its integer times the unit
    integers: str  # base64 of int16 [A, 3, L, K]: query, key, value


class Label(TypedDict):
    """What a head says."""

    label: str
    score: float


class Explained(TypedDict):
    """All that a page shows of one text, or of a pair."""

    model: str  # its folder's name
    model_type: str  # "bert" or "distilbert"
    layers: int
    heads: int
    hidden_size: int
    head_size: int
    token_types: bool  # whether the model itself tells first and second text apart
    ways: list[Way]  # one, or two of a pair
    tokens: list[Token]
    start: Place  # what the page opens with
    attention: str
    arithmetic: Arithmetic
    entropy: list[list[float]]  # [N][H], nats, mean over tokens: 0 looks at one, log L at all alike
    between: list[list[float]]  # [N][H], a word's largest look at another word, mean, 0 to 1
    rollout: str
    norms: list[list[float]]  # [N + 1][L], length of each token's row
    similarity: str
    lens: list[list[list[Label]]] | None  # [N + 1][L][5]: words that fill-mask's head reads there
    head_scores: list[Label] | None  # of the text, best first, from a classifier
    token_scores: list[list[Label]] | None  # [L][...]: of each token, best first, from tagging;
    # from question answering "start" and "end", softmax over tokens


def explained(
    model: TracedModel,
    text: str,
    text_pair: str | None = None,
    *,
    name: str = "",
    max_length: int | None = None,
    head: tuple[int, int] | None = None,
) -> Explained:
    """Compute a text, or a pair, and all that a page shows of it.

    Args:
        model: loaded with the numpy backend; with a head, what that says is shown, too.
        text: the text.
        text_pair: a second one.
        name: of the model, to be shown.
        max_length: tokens at most, [CLS] and [SEP] too; None: as many as the model takes. A page
            grows by the square of it.
        head: (layer, head) that the page opens with; None: the one whose words look most at
            another word.

    Raises:
        InputError: a text without a token, a head or a length that there is not, or a model of the
            compiled backend, which does not show queries, keys and values.
    """
    config = model.encoder.config
    if not isinstance(model.encoder.backend, NumpyBackend):
        raise InputError(
            "model: the compiled backend shows no queries, keys and values; load the model with "
            'backend="numpy".'
        )
    N, H, D = config.num_hidden_layers, config.num_attention_heads, config.hidden_size
    first = None if head is None else checked_head(head, N, H)
    row = read_row(model, text, text_pair, max_length)
    names = [
        "embeddings",
        "layers.*.output",
        *(f"layers.*.attention.{part}" for part in ("query", "key", "value", "probs")),
    ]
    traced = model.run_with_cache(row.batch, names_filter=names)
    cache, logits = traced.cache, traced.logits
    prob_NHLM = cache.stacked("layers.*.attention.probs")[:, 0]
    states = [cache["embeddings"][0], *cache.stacked("layers.*.output")[:, 0]]
    is_word_L = np.array([part is not None for part in row.of])
    between_NH = between_words(prob_NHLM, is_word_L)
    if first is None:
        layer, number = np.unravel_index(between_NH.argmax(), between_NH.shape)
        first = int(layer), int(number)
    L, K = len(row.ids), D // H
    chosen = heads_in_numbers(between_NH, first, 6 * L * K)
    three = [
        cache.stacked(f"layers.*.attention.{part}")[:, 0] for part in ("query", "key", "value")
    ]
    numbers = as_integers(three[0], three[1], three[2], H, chosen)
    words = lens_words(model, states)
    of_text = None if logits is None else text_scores(model, logits)
    of_tokens = None if logits is None else token_scores(model, logits)
    return {
        "model": name,
        "model_type": config.model_type,
        "layers": N,
        "heads": H,
        "hidden_size": D,
        "head_size": K,
        "token_types": config.type_vocab_size > 0,
        "ways": [_way(part) for part in row.parts],
        "tokens": _tokens(model, row),
        "start": {
            "layer": first[0],
            "head": first[1],
            "token": looking_token(prob_NHLM[first], is_word_L),
        },
        "attention": as_bytes(prob_NHLM * 255),
        "arithmetic": {
            "heads": [[n, h] for n, h in chosen],
            "units": numbers.unit_A3.tolist(),
            "integers": in_base64(numbers.integer_A3LK),
        },
        "entropy": four_digits(head_entropy(prob_NHLM[:, None])[:, 0]),
        "between": four_digits(between_NH),
        "rollout": as_bytes(attention_rollout(prob_NHLM[:, None])[-1, 0] * 255),
        "norms": four_digits(np.linalg.norm(np.stack(states).astype(np.float64), axis=-1)),
        "similarity": as_bytes((_cosines(states) + 1) * 127.5),
        "lens": None if words is None else [[_labels(one) for one in state] for state in words],
        "head_scores": None if of_text is None else _labels(of_text),
        "token_scores": None if of_tokens is None else [_labels(one) for one in of_tokens],
    }


def checked_head(head: object, layers: int, heads: int) -> tuple[int, int]:
    """A (layer, head) of a model with so many.

    Raises:
        InputError: anything else.
    """
    if not isinstance(head, tuple | list) or len(head) != 2:
        raise InputError(f"head: expected (layer, head), received {head!r:.80}.")
    layer, number = (as_integer(value, "head") for value in head)
    if not (0 <= layer < layers and 0 <= number < heads):
        raise InputError(
            f"head: expected a layer from 0 to {layers - 1} and a head from 0 to {heads - 1}, "
            f"received {layer}.{number}."
        )
    return layer, number


def _way(part: Part) -> Way:
    texts = [step.text for step in part.steps]
    steps: list[Step] = [
        {"name": step.name, "text": step.text, "used": step.used, "changed": step.text != before}
        for step, before in zip(part.steps, [texts[0], *texts], strict=False)
    ]
    return {
        "text": part.text,
        "cut": part.cut,
        "steps": steps,
        "words": [
            {
                "text": word.text,
                "start": word.start,
                "end": word.end,
                "pieces": word.pieces,
                "ids": word.ids,
            }
            for word in part.words
        ],
    }


def _tokens(model: TracedModel, row: Row) -> list[Token]:
    pieces = model.tokenizer.convert_ids_to_tokens(row.ids)
    tokens: list[Token] = []
    done = 0  # texts that have ended
    for column, (piece, of, (start, end)) in enumerate(zip(pieces, row.of, row.spans, strict=True)):
        tokens.append(
            {
                "piece": piece,
                "text": "" if of is None else row.parts[of].text[start:end],
                "id": row.ids[column],
                "type": done,
                "word": row.words[column],
                "start": start,
                "end": end,
                "special": of is None,
            }
        )
        done += of is None and column > 0
    return tokens


def _labels(scored: Scored) -> list[Label]:
    return [{"label": label, "score": digits(score)} for label, score in scored]


def _cosines(states: list[Floats]) -> Floats:
    """[S, L, L]; 0 beside a row of zeros."""
    unit_SLD = normalize(np.stack(states).astype(np.float64))
    cosine_SLM: Floats = unit_SLD @ unit_SLD.swapaxes(1, 2)
    return cosine_SLM.clip(-1, 1)
