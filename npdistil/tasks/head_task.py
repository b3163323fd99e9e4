"""`HeadTask`: what the tasks of a model with a head share: loading, and options of all calls."""

from pathlib import Path
from typing import Any, ClassVar, Generic, Self

from ..checkpoint.head_names import Task
from ..errors import InputError
from ..text.tokenizer import Tokenizer
from .call_defaults import checked_defaults
from .task_model import Head, TaskModel, open_task_model


class HeadTask(Generic[Head]):
    """A model with a head, and what calls of it do unless they say otherwise.

    Attributes:
        task: which head is loaded, by Transformers' name.
        model: tokenizer, encoder, head, and the settings of config.json.
        tokenizer: of the model: cuts text into ids.
        max_length: tokens of a row, special ones included; the most that the model takes.
        call_defaults: options that every call has unless it is given others.
    """

    task: ClassVar[Task]

    def __init__(
        self,
        model: TaskModel[Head] | str | Path,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
        **call_defaults: Any,
    ) -> None:
        """Load a model, or take one that is loaded.

        Args:
            model: a folder with config.json, weights with a head of the task, and a vocabulary; or
                the file of weights in it that is meant; or as a string a model's name at the hub,
                as for `Encoder`. Or the parts, as `open_task_model` gives them.
            backend: "numba" or "numpy".
            num_threads: see `Encoder`.
            revision: of a model of the hub: a branch, tag or commit; None means main.
            call_defaults: options of the calls, for those that do not say them.

        Raises:
            InputError: an argument is none of the above.
            ConfigError: among others, there is no head of the task; says which there are.
            ModelFileError, TokenizerError: the folder cannot be used; says why.
        """
        self.call_defaults = checked_defaults(type(self), call_defaults)
        if not isinstance(model, TaskModel):
            loaded: Any = open_task_model(model, self.task, backend, num_threads, revision)
        elif (backend, num_threads, revision) == ("numba", None, None):
            loaded = model
        else:
            raise InputError(
                "backend, num_threads and revision are of loading, and this model is loaded; pass "
                "them to open_task_model."
            )
        self.model: TaskModel[Head] = loaded
        self.tokenizer: Tokenizer = self.model.tokenizer
        self.max_length = self.model.max_length
        self._prepare()

    def _prepare(self) -> None:
        """What else a task needs to know about its model."""

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
        **options: Any,
    ) -> Self:
        """Load a folder as `save_pretrained` of Transformers writes it, or a model of the hub.

        Args:
            folder: as `model` of the class.
            backend: "numba" or "numpy".
            num_threads: see `Encoder`.
            revision: of a model of the hub: a branch, tag or commit; None means main.
            options: the other arguments of the class.

        Raises:
            InputError, ConfigError, ModelFileError, TokenizerError: as the class.
        """
        return cls(folder, backend, num_threads, revision, **options)
