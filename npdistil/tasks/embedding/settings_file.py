"""config_sentence_transformers.json: prompts, the length of vectors, how they are compared."""

from pathlib import Path

from ...errors import ConfigError
from ...fields import Fields, shown
from ...named_tuple import NamedTuple
from .prompts import ALWAYS
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
    prompts: dict[str, str | None] = {}
    if file.value.get("prompts") is not None:
        for name, prompt in file.object("prompts").value.items():
            if prompt is not None and not isinstance(prompt, str):
                raise file.fail("prompts", f"expected strings, received {shown(prompt)}.")
            prompts[name] = prompt
    default = file.value.get("default_prompt_name")
    if default is not None and (not isinstance(default, str) or default not in (*ALWAYS, *prompts)):
        raise file.fail("default_prompt_name", f"{shown(default)} is none of the file's prompts.")
    similarity = file.value.get("similarity_fn_name")
    if not isinstance(similarity, str) or similarity not in SIMILARITY_NAMES:
        similarity = None
    cut = None
    if file.value.get("truncate_dim") is not None:
        cut = file.integer("truncate_dim", 1)
    return SentenceSettings(prompts, default, similarity, cut)
