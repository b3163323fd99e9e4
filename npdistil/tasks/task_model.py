"""A model folder to the parts of which every task with a head is made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, overload

from ..arguments import one_of
from ..checkpoint.head_names import Task
from ..checkpoint.load_task import OpenTask, open_task
from ..checkpoint.locate import locate
from ..checkpoint.task_settings import TaskSettings
from ..checkpoint.weights_file import folder_of
from ..encoder.backend import Dense
from ..encoder.encoder import BACKENDS, Encoder
from ..heads.masked_lm import MaskedLM
from ..heads.question_answering import QuestionAnswering
from ..heads.sequence_classification import SequenceClassification
from ..heads.token_classification import TokenClassification
from ..params import DenseParams, MaskedLMParams
from ..text.tokenizer import Tokenizer
from ..threads import resolve_num_threads
from .model_parts import expect_fitting, make_kernels

Head = TypeVar("Head")


@dataclass(frozen=True)
class TaskModel(Generic[Head]):
    """The parts of a model with a head. Safe to share between threads.

    Attributes:
        tokenizer: cuts text into ids.
        encoder: ids to hidden states.
        head: hidden states to scores, by `head.logits(encoder.backend, batch)`.
        settings: names of the scores, and what else config.json says about them.

    Raises:
        ConfigError: the vocabulary is larger than the encoder's table.
    """

    tokenizer: Tokenizer
    encoder: Encoder
    head: Head
    settings: TaskSettings

    def __post_init__(self) -> None:
        expect_fitting(self.tokenizer, self.encoder.config)

    @property
    def max_length(self) -> int:
        """The most tokens of a row, special ones too: the tokenizer's limit, or the model's."""
        return self.encoder.config.row_limit(self.tokenizer.model_max_length)


@overload
def open_task_model(
    folder: str | Path,
    task: Literal["text-classification"],
    backend: str = ...,
    num_threads: int | None = ...,
    revision: str | None = ...,
) -> TaskModel[SequenceClassification]: ...


@overload
def open_task_model(
    folder: str | Path,
    task: Literal["token-classification"],
    backend: str = ...,
    num_threads: int | None = ...,
    revision: str | None = ...,
) -> TaskModel[TokenClassification]: ...


@overload
def open_task_model(
    folder: str | Path,
    task: Literal["question-answering"],
    backend: str = ...,
    num_threads: int | None = ...,
    revision: str | None = ...,
) -> TaskModel[QuestionAnswering]: ...


@overload
def open_task_model(
    folder: str | Path,
    task: Literal["fill-mask"],
    backend: str = ...,
    num_threads: int | None = ...,
    revision: str | None = ...,
) -> TaskModel[MaskedLM]: ...


def open_task_model(
    folder: str | Path,
    task: Task,
    backend: str = "numba",
    num_threads: int | None = None,
    revision: str | None = None,
) -> TaskModel[Any]:
    """Load a folder as `save_pretrained` of Transformers writes it, or a model of the hub.

    Args:
        folder: see `Encoder.from_pretrained`; a vocabulary must be there too.
        task: a task of Transformers' pipelines, which names the head.
        backend: "numba" or "numpy"; the tokenizer follows.
        num_threads: see `Encoder`.
        revision: of a model of the hub: a branch, tag or commit; None means main.

    Raises:
        InputError: an argument is none of the above.
        ConfigError: config.json cannot be used, or the folder has no head of the task; says what
            it has.
        ModelFileError: weights, those of the head too, are missing, damaged or do not fit.
        TokenizerError: the vocabulary cannot be used.
    """
    one_of(task, tuple(_HEADS), "task")
    one_of(backend, BACKENDS, "backend")
    model = locate(folder, "task", revision)
    threads = resolve_num_threads(num_threads)
    with open_task(model, task, num_threads=threads) as found:
        if backend == "numba":
            make_kernels()  # which may take a minute: a folder without the head is refused before
        encoder = Encoder(found.config, found.params, backend, num_threads=threads)
        head = _HEADS[task](encoder, found)
    tokenizer = Tokenizer.from_pretrained(
        folder_of(model),
        backend="numba" if backend == "numba" else "python",
        num_threads=num_threads,
    )
    return TaskModel(tokenizer, encoder, head, found.settings)


def _layers(encoder: Encoder, found: OpenTask) -> tuple[Dense, ...]:
    pooler = [encoder.pooler] if found.on_pooler and encoder.pooler is not None else []
    own = [
        encoder.backend.dense(layer.linear, layer.activation)
        for layer in found.head
        if isinstance(layer, DenseParams)
    ]
    return (*pooler, *own)


def _question_answering(encoder: Encoder, found: OpenTask) -> QuestionAnswering:
    (layer,) = _layers(encoder, found)
    return QuestionAnswering(layer)


def _masked_lm(encoder: Encoder, found: OpenTask) -> MaskedLM:
    head = found.head
    assert isinstance(head, MaskedLMParams)
    return MaskedLM(
        encoder.backend.dense(head.transform.linear, head.transform.activation),
        encoder.backend.word_scores(head.norm, head.decoder_VD, head.bias_V),
    )


_HEADS: dict[Task, Callable[[Encoder, OpenTask], Any]] = {
    "text-classification": lambda encoder, found: SequenceClassification(_layers(encoder, found)),
    "token-classification": lambda encoder, found: TokenClassification(_layers(encoder, found)),
    "question-answering": _question_answering,
    "fill-mask": _masked_lm,
}
