"""Which files make a model: what to ask of a repository, and what a folder must hold to be used."""

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from .need import Need
from .weights_file import FORMATS

CONFIG = "config.json"
MODULES = "modules.json"
VOCABULARIES = ("tokenizer.json", "vocab.txt")
TOKENIZER_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
SETTINGS = "config_sentence_transformers.json"  # of sentence-transformers: prompts, or a function
_SENTENCE = (
    MODULES,
    SETTINGS,
    "1_Pooling/config.json",
)
WITH_WEIGHTS = ("encoder", "sentence", "task")  # needs
_LENGTHS = ("sentence_bert_config.json", "sentence_distilbert_config.json")
OLD_FOLDER = "0_Transformer/"  # where old sentence-transformers folders keep the encoder
# What follows the pooling of a sentence-transformers folder; `tasks/embedding/` reads it.
_MODULE_CONFIG = re.compile(r"(\d{1,2})_(Dense|Normalize)/config\.json")
_SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")


def needed_files(names: Collection[str], need: Need) -> list[str]:
    """The names among a repository's that are read, in the order in which to fetch them.

    Weights are of one format, the first that is there. What makes a folder usable comes last, so
    that a folder that was interrupted is never taken for one that is whole.
    """
    old = OLD_FOLDER if CONFIG not in names and OLD_FOLDER + CONFIG in names else ""
    beside = {"sentence": _SENTENCE, "settings": _SENTENCE, "task": (SETTINGS,)}
    wanted = [*beside.get(need, ()), old + CONFIG]
    if need != "encoder":
        wanted += [old + name for name in (*_LENGTHS, *TOKENIZER_FILES, *VOCABULARIES)]
    if need in ("sentence", "settings"):
        wanted = [*_behind_the_pooling(names, weights=need == "sentence"), *wanted]
    if need in WITH_WEIGHTS:
        wanted += [old + name for name in weights_files(_inside(names, old))]
    return [name for name in wanted if name in names]


def _behind_the_pooling(names: Collection[str], weights: bool) -> list[str]:
    """config.json of every module there, and perhaps the weights of Dense."""
    wanted = []
    for name in sorted(names):
        module = _MODULE_CONFIG.fullmatch(name)
        if module:
            folder = name.removesuffix(CONFIG)
            wanted.append(name)
            if weights and module[2] == "Dense":
                wanted += [folder + file for file in weights_files(_inside(names, folder))]
    return wanted


def weights_files(names: Iterable[str]) -> list[str]:
    """Those of the first format that is there; an index behind all its shards."""
    names = set(names)
    for name in FORMATS:
        if name in names:
            shards = sorted(filter(_SHARD.fullmatch, names)) if _is_index(name) else []
            return [*shards, name]
    return []


def is_weights(name: str) -> bool:
    """Whether a file of a repository holds weights, or lists those that do."""
    last = name.removeprefix(OLD_FOLDER)
    return last in FORMATS or _SHARD.fullmatch(last) is not None


def lacking(folder: Path, need: Need) -> str | None:
    """What a folder lacks to be loaded as `need`, in words; None if it can be.

    A link that leads nowhere counts as nothing: that is how a cache looks that was tidied up.
    """
    if need == "sentence" and (folder / OLD_FOLDER / CONFIG).is_file():
        folder = folder / OLD_FOLDER
    if need in WITH_WEIGHTS:
        if not (folder / CONFIG).is_file():
            return CONFIG
        if not _has_weights(folder):
            return "weights"
    if need != "encoder" and not any((folder / name).is_file() for name in VOCABULARIES):
        return " or ".join(VOCABULARIES)
    return None


def _has_weights(folder: Path) -> bool:
    names = weights_files(path.name for path in folder.iterdir() if path.is_file())
    if not names or not _is_index(names[-1]):
        return bool(names)
    totals = {match[2] for name in names if (match := _SHARD.fullmatch(name))}
    return totals == {f"{len(names) - 1:05}"}


def _is_index(name: str) -> bool:
    return name.endswith(".index.json")


def _inside(names: Iterable[str], folder: str) -> list[str]:
    """The names in a folder, without it; "" is the repository's own."""
    return [name.removeprefix(folder) for name in names if name.startswith(folder)]
