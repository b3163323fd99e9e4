"""What two implementations compute: texts and pairs of texts; those where nobody names others."""

from ..arguments import as_texts
from ..errors import InputError

# One text, or two that are read together.
Text = str | tuple[str, str]

# Each is there for mistakes that the others would not show. Together they are short: one batch of
# them is computed four times, and every activation is kept.
DEFAULT_TEXTS = (
    "Hi",  # nearly all padding beside the long text: a mask that is forgotten
    "The Quick Brown Fox JUMPS over the lazy dog.",  # lower-casing
    "Café Müller à São Paulo: naïve façade, Ångström.",  # accents, also without lower case
    "Unbelievable! It isn't (re)tokenised, is it? $3.50, 20 %, e-mail@example.org",
    "東京 is the capital of 日本; Москва and Αθήνα are others.",  # ideographs are words
    "A volcano may tremble for days before it erupts, and the people who live on its slopes have "
    "learned to listen. " * 7,  # more than 128 tokens, and fewer than 256: a length that was cut
)
# Token types that are forgotten; of a text alone all are 0.
DEFAULT_PAIR = "Where do lions live?", "Lions live in the savannas of Africa."


def default_texts(typed: bool) -> list[Text]:
    """The texts above; the pair for a model that is `Ours.typed`."""
    return [*DEFAULT_TEXTS, *([DEFAULT_PAIR] if typed else [])]


def as_inputs(texts: object, name: str) -> list[Text]:
    """As `as_texts`, of texts and tuples of two.

    Raises:
        InputError: anything else, or a lone surrogate; names the item.
    """
    if not isinstance(texts, list | tuple):
        return [*as_texts(texts, name)]
    for number, item in enumerate(texts):
        if not isinstance(item, str) and not (isinstance(item, tuple) and len(item) == 2):
            length = f" of {len(item)}" if isinstance(item, list | tuple) else ""
            raise InputError(
                f"{name}[{number}]: expected a str, or a tuple of two, received "
                f"{type(item).__name__}{length}."
            )
    halves = [halved(item) for item in texts]
    as_texts([first for first, _ in halves], name)
    as_texts(["" if second is None else second for _, second in halves], f"{name}, second texts")
    return [*texts]


def halved(text: Text) -> tuple[str, str | None]:
    """The first text, and the second one if there is one; an empty one is one.

    >>> halved("a"), halved(("a", ""))
    (('a', None), ('a', ''))
    """
    return (text, None) if isinstance(text, str) else text


def joined(text: Text) -> str:
    """How a report shows it.

    >>> joined("a"), joined(("a", "b"))
    ('a', 'a | b')
    """
    return text if isinstance(text, str) else " | ".join(text)
