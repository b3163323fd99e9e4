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
much for long texts: then there are as many heads as MAX_ARITHMETIC holds, of each layer those that
look most at other words (`between`), the page's first head always. `arithmetic.heads` says which;
up to about 45 tokens of 384 features, or 22 of 768, in 6 layers it is all of them. An int16 beside
a unit of its own for each head's query, key and value loses less than half a 32767th of the
largest.

`page.py` hands the object to `pages.shell` as its data. The body is `assets/page.html`, and behind
it a section with the id "plain": text, steps and tokens as tables, for readers without scripts and
for print. All `assets/*.css` and then all `assets/*.js` follow, each kind in the order of names.
"""

from typing import TypedDict


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
    between: list[list[float]]  # [N][H], how much of a word's attention goes to other words, 0 to 1
    rollout: str
    norms: list[list[float]]  # [N + 1][L], length of each token's row
    similarity: str
    lens: list[list[list[Label]]] | None  # [N + 1][L][5]: words that fill-mask's head reads there
    head_scores: list[Label] | None  # of the text, best first, from a classifier
    token_scores: list[list[Label]] | None  # [L][...]: of each token, best first, from tagging;
    # from question answering "start" and "end", softmax over tokens
