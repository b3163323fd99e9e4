"""What whoever joins a tokenizer and an encoder must see to."""

from typing import TYPE_CHECKING

from ..config import EncoderConfig
from ..errors import ConfigError

if TYPE_CHECKING:
    from ..text.tokenizer import Tokenizer


def make_kernels() -> None:
    """Load the engine; before, compile what is not kept yet of both units, side by side."""
    # Late, as all of it brings compiled code. The backend is only imported: `Encoder` finds it so.
    from ..encoder import numba_backend  # noqa: F401
    from ..kernels.entries import ENGINE, encode
    from ..kernels.objects.warm_up import make_missing
    from ..kernels.text.entries import TEXT

    make_missing((ENGINE, TEXT))
    encode.load()


def expect_fitting(tokenizer: "Tokenizer", config: EncoderConfig) -> None:
    """Refuse a tokenizer whose ids an encoder has no rows for.

    Raises:
        ConfigError: the vocabulary is larger than the encoder's table.
    """
    if tokenizer.vocab_size > config.vocab_size:
        raise ConfigError(
            f"the vocabulary has {tokenizer.vocab_size} ids, but the model's table only "
            f"{config.vocab_size} rows: they do not belong together."
        )
