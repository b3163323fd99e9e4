"""config_sentence_transformers.json: prompts, the length of vectors, how they are compared."""

from pathlib import Path

from ...errors import ConfigError
from ...fields import Fields
from ...named_tuple import NamedTuple
from ..prompts import prompts_in
from .request import SIMILARITY_NAMES


class SentenceSettings(NamedTuple):
    """What the file says, or the defaults where there is none."""

    prompts: dict[str, str | None]
    default_prompt_name: str | None
    similarity_fn_name: str | None
    truncate_dim: int | None


def read_settings(folder: Path) -> SentenceSettings:
    """Read config_sentence_transformers.json, which need not be there.

    A similarity that is not built, such as that of another kind of model, counts as none, as in
    sentence-transformers.

    Raises:
        ConfigError: the file is damaged or contradicts itself.
    """
    file = Fields.from_optional_file(folder / "config_sentence_transformers.json", ConfigError)
    prompts, default = prompts_in(file)
    similarity = file.value.get("similarity_fn_name")
    if not isinstance(similarity, str) or similarity not in SIMILARITY_NAMES:
        similarity = None
    cut = None
    if file.value.get("truncate_dim") is not None:
        cut = file.integer("truncate_dim", 1)
    return SentenceSettings(prompts, default, similarity, cut)
