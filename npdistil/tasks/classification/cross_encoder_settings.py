"""What a sentence-transformers folder says of a cross-encoder besides config.json.

Since version 5.4 there are modules.json, config_sentence_transformers.json and
sentence_bert_config.json; older folders have config.json alone. No string of theirs is imported.
"""

from pathlib import Path

from ...errors import ConfigError
from ...fields import Fields, active_keys
from ...files import is_there, read_json
from ...named_tuple import NamedTuple
from ..prompts import prompts_in

# Keys of sentence_bert_config.json that would change the scores, and the only values that do not.
NEUTRAL: dict[str, tuple[object, ...]] = {
    "do_lower_case": (False, None),
    "transformer_task": ("sequence-classification", None),
    "module_output_name": ("scores", None),
}


class CrossEncoderSettings(NamedTuple):
    """What the files say."""

    max_seq_length: int | None  # of a pair, special tokens included; None: the tokenizer's
    prompts: dict[str, str | None]
    default_prompt_name: str | None


def read_settings(folder: Path) -> CrossEncoderSettings:
    """Read the three files, none of which need be there.

    Prompts that were saved for another kind of model are not for this one: sentence-transformers
    drops them as well.

    Raises:
        ConfigError: a file is damaged, contradicts itself, or asks for a module that is not built.
    """
    if is_there(folder / "modules.json", ConfigError):
        _check_modules(folder / "modules.json")
    file = Fields.from_optional_file(folder / "config_sentence_transformers.json", ConfigError)
    own = file.value.get("model_type") == "CrossEncoder"
    prompts, default = prompts_in(file, always=()) if own else ({}, None)
    text = Fields.from_optional_file(folder / "sentence_bert_config.json", ConfigError)
    if faults := active_keys(text.value, NEUTRAL):
        raise ConfigError(f"{text.where}: {'; '.join(faults)} here.")
    given = text.value.get("max_seq_length") is not None
    max_seq_length = text.integer("max_seq_length", 3) if given else None
    return CrossEncoderSettings(max_seq_length, prompts, default)


def _check_modules(path: Path) -> None:
    modules = read_json(path, ConfigError)
    if not isinstance(modules, list):
        raise ConfigError(f"{path}: expected a list of modules, received an object.")
    kinds = []
    for index, value in enumerate(modules):
        module = Fields(value, f"{path}: module {index}", ConfigError)
        kinds.append((module.text("type").rpartition(".")[2], module.text("path")))
    if kinds != [("Transformer", "")]:
        raise ConfigError(
            f"{path}: modules {kinds!r:.120} are no cross-encoder that is built; only a single "
            "Transformer in the folder itself is."
        )
