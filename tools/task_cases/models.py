"""The models on which tasks are compared with their peers, each made once and kept in a folder."""

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
MINILM = ROOT / "weights" / "all-MiniLM-L6-v2"
RANDOM = ("xtremedistil-l6-h256", "xtremedistil-l12-h384", "distilbert")  # shapes
FITTED = ("sst2", "wnut17", "squad", "wikitext")  # heads of tools/fit_heads.py


class RandomHead(NamedTuple):
    """What `tests/live/random_heads.py` puts on a random encoder.

    Attributes:
        task: a task of Transformers, which names the head.
        labels: of its scores; none: Transformers' own two.
        config: further keys of config.json with their values.
    """

    task: str
    labels: tuple[str, ...] = ()
    config: tuple[tuple[str, Any], ...] = ()


# What a random model gets; or what writes all of its folder, for models with golden answers.
Head = RandomHead | Callable[[str, Path], object]


class Case(NamedTuple):
    """What a comparison works on.

    Attributes:
        model: its name in the table.
        folder: with config.json, weights and a vocabulary.
        data: the folder of real texts.
    """

    model: str
    folder: Path
    data: Path


@dataclass
class Models:
    """Cases by name; random models are made when they are first asked for.

    Attributes:
        root: where those are saved, each head once.
        data: the folder of real texts.
    """

    root: Path
    data: Path
    _made: dict[tuple[str, Head], Path] = field(default_factory=dict)

    def case(self, model: str, head: Head | None = None) -> Case:
        """The case of one model.

        Args:
            model: one of RANDOM, "all-MiniLM-L6-v2", or one of FITTED.
            head: what a random model gets; the others have what they have.

        Raises:
            FileNotFoundError: the weights are not there; says how to get them.
        """
        if model == MINILM.name:
            return Case(
                model, _existing(MINILM, f"tools/fetch_weights.py {MINILM.name}"), self.data
            )
        if model in FITTED:
            return Case(model, fitted_folder(model), self.data)
        assert head is not None, f"{model} needs a head"
        if (model, head) not in self._made:
            folder = self.root / f"{model}-{len(self._made)}"
            if isinstance(head, RandomHead):
                heads = importlib.import_module("tests.live.random_heads")  # it needs torch
                heads.save_random_head(
                    model, head.task, folder, MINILM, head.labels, **dict(head.config)
                )
            else:
                head(model, folder)
            self._made[model, head] = folder
        return Case(model, self._made[model, head], self.data)


def fitted_folder(name: str) -> Path:
    """The folder of a fitted head.

    Raises:
        FileNotFoundError: it was not made yet; says how.
    """
    return _existing(ROOT / "weights" / "heads" / name, "make heads")


def data_folder() -> Path:
    """The folder of real texts.

    Raises:
        FileNotFoundError: NPDISTIL_DATA names none.
    """
    folder = Path(os.environ.get("NPDISTIL_DATA", ""))
    if not folder.is_dir() or folder == Path():
        raise FileNotFoundError("NPDISTIL_DATA must name the folder of real texts.")
    return folder


def _existing(folder: Path, how: str) -> Path:
    if not (folder / "model.safetensors").exists():
        raise FileNotFoundError(f"{folder} is missing; run `{how}`.")
    return folder
