"""What a sentence-transformers folder says about pooling, normalisation and text length.

Two generations of these files exist: booleans such as `pooling_mode_mean_tokens` and classes under
`sentence_transformers.models`, and since version 5.4 one `pooling_mode` and classes under
`sentence_transformers.base.modules`. Both are read. No string of theirs is imported, and none
becomes a path: a module's folder is the one of its known names that the file agrees with.
"""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

from ..encoder.backend import POOLINGS, Pooling
from ..errors import ConfigError, InputError, ModelFileError
from ..fields import Fields, active_keys, shown
from ..files import is_there, read_json
from ..heads.sentence_embedding import SentenceEmbedding

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


class SentenceConfig(NamedTuple):
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
        raise ModelFileError(f"{folder}: {problem}; expected config.json and weights.")
    if not is_there(folder / "modules.json", ConfigError):
        if chosen is None:
            warnings.warn(
                f"{folder}: no modules.json, so pooling is a guess: mean of all tokens, at most "
                f"{DEFAULT_MAX_SEQ_LENGTH} of them. Choose with pooling='mean', 'cls' or 'max' "
                "(--pooling on the command line).",
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
    built = _built(pooling)
    if built is None:
        raise InputError(f"pooling: expected one of {list(POOLINGS)}, received {shown(pooling)}.")
    return built


def _built(pooling: object) -> Pooling | None:
    return next((known for known in POOLINGS if pooling == known), None)


def _module_kinds(folder: Path) -> list[tuple[str, str]]:
    """(class, sub-folder) of each module: Transformer, Pooling, and perhaps Normalize."""
    path = folder / "modules.json"
    modules = read_json(path, ConfigError)
    if not isinstance(modules, list):
        raise ConfigError(f"{path}: expected a list of modules, received an object.")
    kinds = []
    for index, value in enumerate(modules):
        module = Fields(value, f"{path}: module {index}", ConfigError)
        sub_folder = module.text("path")
        kind = module.text("type").rpartition(".")[2]
        known = TRANSFORMER_FOLDERS if index == 0 else (f"{index}_{kind}",)
        if kind in ("Transformer", "Pooling", "Normalize") and sub_folder not in known:
            raise ConfigError(
                f"{module.where} ({kind}) lies in {shown(sub_folder)}, expected {known[-1]!r}."
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
    file = Fields.from_file(folder / "config.json", ConfigError)
    wanted: Any = file.value.get("pooling_mode")
    if wanted is None:
        modes = [mode for key, mode in OLD_POOLING_KEYS.items() if file.optional_flag(key)]
        # sentence-transformers takes the mean where no boolean is set
        wanted = modes or "mean"
    built = [_built(mode) for mode in (wanted if isinstance(wanted, list) else [wanted])]
    if not built or None in built:
        raise ConfigError(
            f"{file.where}: pooling {shown(wanted)} is not built, only {list(POOLINGS)}."
        )
    return tuple(mode for mode in built if mode)


def _read_max_seq_length(folder: Path) -> int | None:
    """Its own file counts, not config.json nor tokenizer.json's truncation block."""
    paths = (folder / name for name in SETTINGS_FILES if is_there(folder / name, ConfigError))
    path = next(paths, None)
    if path is None:
        return None
    file = Fields.from_file(path, ConfigError)
    if faults := active_keys(file.value, NEUTRAL):
        raise ConfigError(
            f"{file.where}: {'; '.join(faults)} here; settings of the text belong into "
            "tokenizer_config.json."
        )
    return None if file.value.get("max_seq_length") is None else file.integer("max_seq_length", 2)


def _refuse_prompts(folder: Path) -> None:
    """A default prompt is put before every text; silently leaving it out would change vectors."""
    file = Fields.from_optional_file(folder / "config_sentence_transformers.json", ConfigError)
    name = file.value.get("default_prompt_name")
    if name is not None:
        raise file.fail("default_prompt_name", f"{shown(name)}: prompts are not built.")
