"""A probe of a model: what a few texts became once, to see later that they still do.

It goes the whole way from text to vector. Vectors must stay within a tolerance; where kernels,
versions and processor are those of then, the bytes must be the same.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, ModelFileError, NpdistilError, TokenizerError
from ..fields import Fields
from ..files import is_there
from .sentence_encoder import SentenceEncoder

TEXTS = (
    "",
    "A volcano may tremble for days before it erupts.",
    "Small earthquakes often announce an eruption.",
    "Bread dough rises faster in a warm kitchen.",
    "It was naïve; Ångström's café façade, coöperate!",
    "ALL CAPITALS, then lower case: HTTP, NumPy, iPhone.",
    "3.14159 is not 22/7, and 1,000,000 is a million.",
    "user@example.org wrote to https://example.org/a?b=c#d",
    "unbelievable antidisestablishmentarianism untranslatability",
    "'Quotes' \"everywhere\", (brackets) [and] {braces} - and... dots?!",
    "這是一個測試。日本語の文章と한국어 문장",
    "Съешь ещё этих мягких французских булок",
    "مرحبا بالعالم שלום עולם",
    "Ελληνικά: ΟΔΥΣΣΕΥΣ, ὀδυσσεύς",
    "emoji 😀🎉 and flags 🇫🇷 among words",
    "tabs\tand\nline ends\r\nand\u00a0other\u2003spaces",
    "[CLS] specials [SEP] in the [MASK] text [PAD] [UNK]",
    "x" * 120,
    "the quick brown fox jumps over the lazy dog " * 8,
    "a long text, cut at the model's limit: " + "one two three four five six seven " * 90,
)
# Two results of float32 kernels, each within 2e-5 of the exact one on values of order 1.
TOLERANCE = 4e-5
MAX_TOLERANCE, MAX_TEXTS, MAX_CHARACTERS, MAX_FEATURES = 1.0, 100, 10_000, 1 << 16


@dataclass(frozen=True)
class Outcome:
    """What came of a probe.

    Attributes:
        right: nothing speaks against the model.
        text: how far off it was, for the user.
    """

    right: bool
    text: str


def make_probe(folder: Path) -> dict[str, Any]:
    """Run the probe and return what to store, as JSON values.

    A folder that is no sentence encoder here has none, and the reason is stored instead.

    Raises:
        ModelFileError: the weights cannot be used.
    """
    try:
        vectors_BE = _embed(folder, TEXTS)
    except (ConfigError, TokenizerError) as failure:
        # Without the folder's name: it may have another one later, as a new folder does.
        return {"none": str(failure).removeprefix(f"{folder}: ").replace(str(folder), ".")[:500]}
    largest = float(np.abs(vectors_BE).max(initial=1.0))
    if not np.isfinite(vectors_BE).all():
        raise ModelFileError(f"{folder}: the model computes NaN or infinity from plain texts.")
    return {
        "texts": list(TEXTS),
        "features": vectors_BE.shape[1],
        "vectors": base64.b64encode(_bytes(vectors_BE)).decode(),  # float32, little-endian
        "tolerance": min(TOLERANCE * largest, MAX_TOLERANCE),
        "kernels": _kernels(),
        "sha256": hashlib.sha256(_bytes(vectors_BE)).hexdigest(),
    }


def run_probe(folder: Path, stored: Fields) -> Outcome:
    """Run a stored probe again.

    Args:
        folder: of the model.
        stored: what `make_probe` returned.

    Raises:
        ModelFileError: what is stored is no probe.
    """
    if "none" in stored:
        return Outcome(True, f"none, as there was none to store: {stored.text('none')[:500]}")
    texts, wanted_BE, tolerance = _read(stored)
    kernels, digest = stored.text("kernels"), stored.text("sha256")
    try:
        found_BE = _embed(folder, texts)
    except NpdistilError as failure:
        return Outcome(False, f"cannot be run any more: {failure}")
    count = f"{len(texts)} texts"
    if found_BE.shape != wanted_BE.shape:
        sizes = f"{found_BE.shape[1]} features instead of {wanted_BE.shape[1]}"
        return Outcome(False, f"{count}, {sizes}")
    same_kernels = kernels == _kernels()
    if same_kernels and hashlib.sha256(_bytes(found_BE)).hexdigest() == digest:
        return Outcome(True, f"{count}, the same bytes")
    difference_B = np.abs(found_BE.astype(np.float64) - wanted_BE).max(axis=1)
    worst = int(difference_B.argmax())
    off = f"off by {difference_B[worst]:.2g} at most, {tolerance:.2g} is allowed"
    if not difference_B[worst] <= tolerance:
        return Outcome(False, f"{count}, {off}; the worst is text {worst}: {texts[worst][:40]!r}")
    if same_kernels:
        return Outcome(False, f"{count}, {off}, but with these kernels the bytes must be the same")
    return Outcome(True, f"{count}, {off}; other kernels or processor than then")


def _embed(folder: Path, texts: tuple[str, ...]) -> NDArray[np.float32]:
    # Mean pooling where the folder has no word on it: what is compared is the same both times.
    pooling = None if is_there(folder / "modules.json", ModelFileError) else "mean"
    encoder = SentenceEncoder.from_pretrained(folder, pooling=pooling)
    return encoder.encode(texts, show_progress_bar=False)


def _bytes(vectors_BE: NDArray[np.float32]) -> bytes:
    return vectors_BE.astype("<f4").tobytes()


def _kernels() -> str:
    from ..kernels.entries import ENGINE  # late: the numpy backend has none
    from ..kernels.objects.key import unit_key

    return unit_key(ENGINE)


def _read(stored: Fields) -> tuple[tuple[str, ...], NDArray[np.float32], float]:
    texts: Any = stored.value.get("texts")
    if not (
        isinstance(texts, list)
        and 1 <= len(texts) <= MAX_TEXTS
        and all(isinstance(text, str) and len(text) <= MAX_CHARACTERS for text in texts)
    ):
        raise stored.fail("texts", f"expected 1 to {MAX_TEXTS} strings.")
    features = stored.integer("features", 1, MAX_FEATURES)
    try:
        content = base64.b64decode(stored.text("vectors"), validate=True)
    except ValueError:
        content = b""
    if len(content) != 4 * len(texts) * features:
        raise stored.fail("vectors", f"expected base64 of {len(texts)} x {features} float32.")
    tolerance: Any = stored.value.get("tolerance")
    if type(tolerance) is not float or not 0.0 < tolerance <= MAX_TOLERANCE:
        raise stored.fail("tolerance", f"expected a float above 0, at most {MAX_TOLERANCE}.")
    vectors_BE = np.frombuffer(content, "<f4").reshape(len(texts), features)
    return tuple(texts), vectors_BE.astype(np.float32), tolerance
