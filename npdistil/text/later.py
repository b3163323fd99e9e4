"""The readable encoder behind the compiled one, which seldom needs it."""

from collections.abc import Sequence

from .encoded import EncodedTexts, Int32s, Int64s, TextsToIds
from .settings import TokenizerSettings
from .special import AddedToken
from .vocab import Vocabulary

Parts = tuple[TokenizerSettings, Vocabulary, Sequence[AddedToken]]


class LaterEncoder:
    """A `TextEncoder` that is imported and made when it is first called."""

    def __init__(self, *parts: *Parts) -> None:
        """As `TextEncoder`; no token may be searched in normalised text, so nothing can fail."""
        self._parts = parts
        self._made: TextsToIds | None = None

    def __call__(
        self, texts: Sequence[str], *, enough: int | None, offsets: bool, special_as_text: bool
    ) -> EncodedTexts:
        """See `TextsToIds`."""
        return self._encoder()(
            texts, enough=enough, offsets=offsets, special_as_text=special_as_text
        )

    def pack(
        self, texts: Sequence[str], *, enough: int | None, special_as_text: bool
    ) -> tuple[Int32s, Int64s]:
        """See `TextsToIds`."""
        return self._encoder().pack(texts, enough=enough, special_as_text=special_as_text)

    def _encoder(self) -> TextsToIds:
        # Without a lock: a child that is forked meanwhile would find it closed for ever.
        if self._made is None:
            from .encode import TextEncoder

            self._made = TextEncoder(*self._parts)
        return self._made
