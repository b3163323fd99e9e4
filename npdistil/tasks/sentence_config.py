"""What a sentence-transformers folder says about pooling, normalisation and text length.

Two generations of these files exist: booleans such as `pooling_mode_mean_tokens` and classes under
`sentence_transformers.models`, and since version 5.4 one `pooling_mode` and classes under
`sentence_transformers.base.modules`. Both are read. No string of theirs is imported, and none
becomes a path: a module's folder is the one of its known names that the file agrees with.
"""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..encoder.backend import Pooling
from ..errors import ConfigError, InputError, ModelFileError
from ..files import read_json, read_json_object
from ..heads.sentence_embedding import POOLINGS, SentenceEmbedding

# The order in which several old booleans are concatenated.
OLD_POOLING_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
TRANSFORMER_FOLDERS = ("", "0_Transformer")
DEFAULT_MAX_SEQ_LENGTH = 512
SETTINGS_FILES = ("sentence_bert_config.json", "sentence_distilbert_config.json")
# Keys of these files that would change the vectors, and the only values that do not.
NEUTRAL: dict[str, tuple[object, ...]] = {
    "do_lower_case": (False, None),
    "transformer_task": ("feature-extraction", None),
    "module_output_name": ("token_embeddings", None),
    **{f"{part}_kwargs": ({}, None) for part in ("model", "processor", "processing", "config")},
    **{f"{part}_args": ({}, None) for part in ("model", "tokenizer", "config")},
}


@dataclass(frozen=True)
class SentenceConfig:
    """How a folder turns text into a vector."""

    transformer_folder: Path
    head: SentenceEmbedding
    max_seq_length: int | None  # None: as long as the tokenizer and the model allow
    guessed: bool = False  # there is no modules.json


def read_sentence_config(folder: Path, pooling: str | None) -> SentenceConfig:
    """Read modules.json and what it names; `pooling` overrides the folder's pooling.

    A folder without modules.json gets mean pooling, no normalisation and at most 512 tokens, with
    a warning unless `pooling` says what is wanted.

    Raises:
        ModelFileError: there is no such folder.
        ConfigError: a file is damaged, or asks for a module or pooling that is not built.
        InputError: `pooling` is none of "mean", "cls" and "max".
    """
    chosen = None if pooling is None else (checked_pooling(pooling),)
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "no such folder"
        raise ModelFileError(f"{folder}: {problem}; expected config.json and model.safetensors.")
    # lexists: a link that leads nowhere is an error and not an absent file
    if not os.path.lexists(folder / "modules.json"):
        if chosen is None:
            warnings.warn(
                f"{folder}: no modules.json, so pooling is a guess: mean of all tokens, at most "
                f"{DEFAULT_MAX_SEQ_LENGTH} of them. Choose with pooling='mean', 'cls' or 'max'.",
                UserWarning,
                stacklevel=3,
            )
        head = SentenceEmbedding(chosen or ("mean",), normalize=False)
        return SentenceConfig(folder, head, DEFAULT_MAX_SEQ_LENGTH, guessed=True)

    kinds = _module_kinds(folder)
    transformer_folder = folder / kinds[0][1]
    pooling_folder = folder / kinds[1][1]
    head = SentenceEmbedding(chosen or _read_pooling(pooling_folder), normalize=len(kinds) == 3)
    _refuse_prompts(folder)
    return SentenceConfig(transformer_folder, head, _read_max_seq_length(transformer_folder))


def checked_pooling(pooling: object) -> Pooling:
    """One of the poolings that are built.

    Raises:
        InputError: it is none of them.
    """
    for known in POOLINGS:
        if isinstance(pooling, str) and pooling == known:
            return known
    raise InputError(f"pooling: expected one of {list(POOLINGS)}, received {pooling!r:.80}.")


def _module_kinds(folder: Path) -> list[tuple[str, str]]:
    """(class, sub-folder) of each module: Transformer, Pooling, and perhaps Normalize."""
    path = folder / "modules.json"
    modules = read_json(path, ConfigError)
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ConfigError(f"{path}: expected a list of modules.")
    kinds = []
    for index, module in enumerate(modules):
        type_name, sub_folder = module.get("type"), module.get("path")
        if not isinstance(type_name, str) or not isinstance(sub_folder, str):
            raise ConfigError(f"{path}: module {index} needs a type and a path, both strings.")
        kind = type_name.rpartition(".")[2]
        known = TRANSFORMER_FOLDERS if index == 0 else (f"{index}_{kind}",)
        if kind in ("Transformer", "Pooling", "Normalize") and sub_folder not in known:
            raise ConfigError(
                f"{path}: module {index} ({kind}) lies in {sub_folder!r:.80}, "
                f"expected {known[-1]!r}."
            )
        kinds.append((kind, sub_folder))
    names = [kind for kind, _ in kinds]
    if names not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise ConfigError(
            f"{path}: modules {names!r:.120} are not built; "
            "only Transformer, Pooling and an optional Normalize, in this order, are."
        )
    return kinds


def _read_pooling(folder: Path) -> tuple[Pooling, ...]:
    path = folder / "config.json"
    values = read_json_object(path, ConfigError)
    wanted: Any = values.get("pooling_mode")
    if wanted is None:
        for key in OLD_POOLING_KEYS:
            if not isinstance(values.get(key), bool | None):
                raise ConfigError(
                    f"{path}: {key} must be true or false, received {values[key]!r:.80}."
                )
        # sentence-transformers takes the mean where no boolean is set
        wanted = [mode for key, mode in OLD_POOLING_KEYS.items() if values.get(key)] or "mean"
    modes = wanted if isinstance(wanted, list) else [wanted]
    built = tuple(known for mode in modes for known in POOLINGS if mode == known)
    if len(built) != len(modes) or not built:
        raise ConfigError(f"{path}: pooling {wanted!r:.80} is not built, only {list(POOLINGS)}.")
    return built


def _read_max_seq_length(folder: Path) -> int | None:
    """Its own file counts, not config.json nor tokenizer.json's truncation block."""
    path = next((folder / name for name in SETTINGS_FILES if os.path.lexists(folder / name)), None)
    if path is None:
        return None
    values = read_json_object(path, ConfigError)
    for key, accepted in NEUTRAL.items():
        if values.get(key) not in accepted:
            raise ConfigError(
                f"{path}: {key} {values[key]!r:.80} is not built here; settings of the text belong "
                "into tokenizer_config.json."
            )
    length = values.get("max_seq_length")
    if length is not None and (type(length) is not int or length < 2):
        raise ConfigError(
            f"{path}: max_seq_length must be an integer of at least 2, received {length!r:.80}."
        )
    return length


def _refuse_prompts(folder: Path) -> None:
    """A default prompt is put before every text; silently leaving it out would change vectors."""
    path = folder / "config_sentence_transformers.json"
    if os.path.lexists(path):
        name = read_json_object(path, ConfigError).get("default_prompt_name")
        if name is not None:
            raise ConfigError(f"{path}: default_prompt_name {name!r:.80}: prompts are not built.")
