"""What a folder says about its tokenizer, read and checked once for each content its files have."""

import sys
from pathlib import Path

from ..errors import TokenizerError
from ..kernels.objects.sealed import Sealed
from .kept import find, keep, key_of
from .listed import ListedVocabulary, listing_of
from .settings import Parts, TokenizerSettings, resolve, say
from .special import AddedToken
from .tokenizer_files import MAX_BYTES, TokenizerFiles

FEWEST_TOKENS = 5000  # a smaller tokenizer is made as fast as it is read
KIND = "vocabulary"


def load_parts(folder: Path) -> tuple[Parts, str | None]:
    """As `load_settings`, or what that returned before for files of the same bytes.

    What is refused, or warned of, is not kept, so it is said every time.

    Returns:
        The parts, and the key of all they were read from: what else is made of them may be kept
        under it. None: it is not worth it.

    Raises:
        TokenizerError: as `load_settings`.
    """
    files = TokenizerFiles(folder)
    key = _key(files)
    found = None if key is None else find(KIND, key)
    if found is not None:
        return _unpacked(found), key
    parts, doubts = resolve(files)
    say(doubts)
    if key is None or len(parts.vocabulary.pieces) < FEWEST_TOKENS:
        return parts, None
    # Where rows of vocab.txt are repeated, which was warned of too, there is no listing.
    listing = None if doubts else listing_of(parts.vocabulary)
    if listing is not None:
        keep(KIND, key, _about(parts), listing)
    return parts, key


def _key(files: TokenizerFiles) -> str | None:
    try:
        contents = [files.content(name) for name in MAX_BYTES]
    except TokenizerError:  # `resolve` meets it in its turn, or something else before
        return None
    return key_of(sys.byteorder.encode(), *contents)


def _about(parts: Parts) -> dict[str, object]:
    """All but the listing, as JSON can say it."""
    return {
        "settings": parts.settings._asdict(),
        "added_tokens": [token._asdict() for token in parts.added_tokens],
        "rows": len(parts.vocabulary),
        "pieces": len(parts.vocabulary.pieces),
    }


def _unpacked(found: Sealed) -> Parts:
    about, listing = found
    added = tuple(AddedToken(**token) for token in about["added_tokens"])
    named = {token.content: token.id for token in added}
    vocabulary = ListedVocabulary(bytes(listing), about["rows"], about["pieces"], named)
    return Parts(TokenizerSettings(**about["settings"]), vocabulary, added)
