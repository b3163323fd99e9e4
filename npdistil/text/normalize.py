"""Steps 1 to 4 in their order: clean, space Chinese characters, strip accents, lower."""

from dataclasses import dataclass

from .accents import strip_accents
from .aligned import AlignedText
from .cjk import space_cjk
from .clean import clean
from .lower import lower


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

    def __call__(self, aligned: AlignedText) -> AlignedText:
        """Normalise; the steps that only know non-ASCII characters are skipped for ASCII."""
        is_ascii = aligned.text.isascii()
        if self.clean_text:
            aligned = clean(aligned)
        if self.tokenize_chinese_chars and not is_ascii:
            aligned = space_cjk(aligned)
        strip = self.do_lower_case if self.strip_accents is None else self.strip_accents
        if strip and not is_ascii:
            aligned = strip_accents(aligned)
        return lower(aligned) if self.do_lower_case else aligned
