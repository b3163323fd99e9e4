"""Steps 1 to 4 in their order: clean, space Chinese characters, strip accents, lower."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from .accents import strip_accents
from .aligned import AlignedText
from .cjk import space_cjk
from .clean import clean
from .lower import lower
from .settings import TokenizerSettings


class Normalization(NamedTuple):
    """One of the steps: its name, and whether this tokenizer takes it."""

    name: str
    used: bool
    apply: Callable[[AlignedText], AlignedText]


@dataclass(frozen=True, kw_only=True)
class Normalizer:
    """The switches of BertNormalizer (tokenizers); strip_accents None means "as do_lower_case".

    >>> normalizer = Normalizer(
    ...     clean_text=True, tokenize_chinese_chars=True, strip_accents=None, do_lower_case=True
    ... )
    >>> normalizer(AlignedText.of("Ünï\\tcode")).text
    'uni code'
    """

    clean_text: bool
    tokenize_chinese_chars: bool
    strip_accents: bool | None
    do_lower_case: bool

    @classmethod
    def of(cls, settings: TokenizerSettings) -> Self:
        """The one of a tokenizer."""
        return cls(
            clean_text=settings.clean_text,
            tokenize_chinese_chars=settings.tokenize_chinese_chars,
            strip_accents=settings.strip_accents,
            do_lower_case=settings.do_lower_case,
        )

    def __call__(self, aligned: AlignedText) -> AlignedText:
        """Normalise; the steps that only know non-ASCII characters are skipped for ASCII."""
        is_ascii = aligned.text.isascii()
        for name, used, apply in self.steps():
            if used and not (is_ascii and name in ("ideographs", "accents")):
                aligned = apply(aligned)
        return aligned

    def steps(self) -> Iterator[Normalization]:
        """All steps in their order, those that are left out, too."""
        strip = self.do_lower_case if self.strip_accents is None else self.strip_accents
        yield Normalization("cleaned", self.clean_text, clean)
        yield Normalization("ideographs", self.tokenize_chinese_chars, space_cjk)
        yield Normalization("accents", strip, strip_accents)
        yield Normalization("lower", self.do_lower_case, lower)
