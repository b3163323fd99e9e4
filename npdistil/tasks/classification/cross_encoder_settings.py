"""What a sentence-transformers folder says of a cross-encoder besides config.json.

Since version 5.4 there are modules.json, config_sentence_transformers.json and
sentence_bert_config.json; older folders have config.json alone. No string of theirs is imported.
"""

from pathlib import Path

from ...errors import ConfigError
from ...fields import Fields, active_keys, shown
from ...files import is_there, read_json

# Keys of sentence_bert_config.json that would change the scores, and the only values that do not.
NEUTRAL: dict[str, tuple[object, ...]] = {
    "do_lower_case": (False, None),
    "transformer_task": ("sequence-classification", None),
    "module_output_name": ("scores", None),
}


def read_max_seq_length(folder: Path) -> int | None:
    """Tokens of a pair, special ones included; None: as the tokenizer says.

    Raises:
        ConfigError: a file is damaged, or asks for a module or a prompt that is not built.
    """
    if is_there(folder / "modules.json", ConfigError):
        _check_modules(folder / "modules.json")
    file = Fields.from_optional_file(folder / "config_sentence_transformers.json", ConfigError)
    prompt = file.value.get("default_prompt_name")
    if prompt is not None:
        raise file.fail("default_prompt_name", f"{shown(prompt)}: prompts are not built.")
    text = Fields.from_optional_file(folder / "sentence_bert_config.json", ConfigError)
    if faults := active_keys(text.value, NEUTRAL):
        raise ConfigError(f"{text.where}: {'; '.join(faults)} here.")
    given = text.value.get("max_seq_length") is not None
    return text.integer("max_seq_length", 3) if given else None


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
