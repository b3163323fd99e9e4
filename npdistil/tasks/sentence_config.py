"""What a sentence-transformers folder says: its modules, the longest text, prompts and so on.

Each file has a reader of its own in `embedding/`. Old and new spellings are both read.
"""

from pathlib import Path

from ..errors import ConfigError, ModelFileError
from ..fields import Fields, active_keys
from ..files import is_there
from ..named_tuple import NamedTuple
from .embedding.dense_folder import DenseConfig, read_dense
from .embedding.modules_file import Module, read_modules
from .embedding.pooling_file import PoolingConfig, checked_pooling, read_pooling
from .embedding.settings_file import SentenceSettings, read_settings
from .user_warning import warn_user

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
    pooling: PoolingConfig
    modules: tuple[DenseConfig | None, ...]  # behind the pooling, in order; None: a Normalize
    max_seq_length: int | None  # None: as long as the tokenizer and the model allow
    settings: SentenceSettings
    guessed: bool = False  # there is no modules.json

    @property
    def normalize(self) -> bool:
        """Whether vectors have length 1."""
        return bool(self.modules) and self.modules[-1] is None


def read_sentence_config(folder: Path, pooling: str | None) -> SentenceConfig:
    """Read modules.json and what it names; `pooling` overrides the folder's pooling.

    A folder without modules.json gets mean pooling, no normalisation and at most 512 tokens, with
    a warning unless `pooling` says what is wanted.

    Raises:
        ModelFileError: there is no such folder.
        ConfigError: a file is damaged, or asks for a module or pooling that is not built.
        InputError: `pooling` is none of the six.
    """
    chosen = None if pooling is None else (checked_pooling(pooling),)
    if not folder.is_dir():
        problem = "is not a folder" if folder.exists() else "no such folder"
        raise ModelFileError(f"{folder}: {problem}; expected config.json and weights.")
    settings = read_settings(folder)
    if not is_there(folder / "modules.json", ConfigError):
        if chosen is None:
            warn_user(
                f"{folder}: no modules.json, so pooling is a guess: mean of all tokens, at most "
                f"{DEFAULT_MAX_SEQ_LENGTH} of them. Choose with pooling='mean', 'cls' or another "
                "(--pooling on the command line)."
            )
        guess = PoolingConfig(chosen or ("mean",))
        return SentenceConfig(folder, guess, (), DEFAULT_MAX_SEQ_LENGTH, settings, guessed=True)

    transformer, pooling_module, *behind = read_modules(folder)
    config = PoolingConfig(chosen) if chosen else read_pooling(pooling_module.folder)
    return SentenceConfig(
        transformer.folder,
        config,
        tuple(_behind(module) for module in behind if module.kind != "Dropout"),
        _read_max_seq_length(transformer.folder),
        settings,
    )


def _behind(module: Module) -> DenseConfig | None:
    if module.kind == "Dense":
        return read_dense(module.folder)
    file = Fields.from_optional_file(module.folder / "config.json", ConfigError)
    for name in ("module_input_name", "module_output_name"):
        if file.value.get(name) not in ("sentence_embedding", None):
            raise file.fail(name, "only sentence_embedding is built here.")
    return None


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
