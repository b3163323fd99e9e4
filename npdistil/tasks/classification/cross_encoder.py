"""`CrossEncoder`: scores of pairs and reranking, as sentence-transformers does it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_flag, as_integer, as_text, as_texts
from ...checkpoint.locate import locate
from ...checkpoint.weights_file import folder_of
from ...errors import InputError
from ...heads.sequence_classification import SequenceClassification
from ...progress import progress
from ..call_defaults import with_defaults
from ..head_task import HeadTask
from ..results import Answer
from ..stream import BATCH_TOKENS, answers
from ..task_model import TaskModel
from .activations import Activation, RowFunction, activation_of, checked_activation, row_function
from .cross_encoder_settings import read_max_seq_length
from .samples import Sample, as_list, as_pairs, is_pair
from .sequence_logits import Limits, SequenceModel, checked_limits, sequence_logits

Pair = Sequence[str] | dict[str, str]
PAIRS_AT_A_TIME = 1024  # that are tokenised and ordered by length


class CrossEncoder(HeadTask[SequenceClassification]):
    """Reads two texts together and scores them. Safe to share between threads.

    Source: Reimers and Gurevych 2019, arXiv:1908.10084, section 1.

    Attributes:
        model: tokenizer, encoder, head, and the settings of config.json.
        activation_fn: what is applied to logits unless a call says otherwise: "sigmoid", "none",
            or a function of an array [1, C].
        max_seq_length: tokens of a pair, special ones included; longer pairs lose the end of the
            longer text.
    """

    task = "text-classification"

    def __init__(
        self,
        model: SequenceModel | str | Path,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
        activation_fn: Activation | None = None,
        max_length: int | None = None,
        **call_defaults: Any,
    ) -> None:
        """Load a folder of Transformers or sentence-transformers, or take a loaded model.

        Args:
            model: as for `HeadTask`, with a head for sequences.
            backend: likewise.
            num_threads: likewise.
            revision: likewise.
            activation_fn: "sigmoid", "softmax", "none", or a function of an array [1, C]; None
                means as the folder says, else a sigmoid for one label and nothing for several.
            max_length: tokens of a pair; None means as the folder says, of a loaded model the
                tokenizer's own limit. Never more than the model has positions.
            call_defaults: likewise, such as apply_softmax; for `predict` and `rank` they are not.

        Raises:
            InputError, ModelFileError, TokenizerError: as `HeadTask`.
            ConfigError: likewise; or the folder names a function that is not built.
        """
        if not isinstance(model, TaskModel):
            model, revision = locate(model, "task", revision), None
            if max_length is None:
                max_length = read_max_seq_length(folder_of(model))
        super().__init__(model, backend, num_threads, revision, **call_defaults)
        settings = self.model.settings
        self.activation_fn: Activation = (
            activation_of(settings.activation_fn, settings.num_labels)
            if activation_fn is None
            else checked_activation(activation_fn)
        )
        wanted = checked_limits(True, max_length, BATCH_TOKENS, None).max_length
        positions = self.model.encoder.config.max_position_embeddings
        self.max_seq_length = min(wanted or self.max_length, positions)

    @property
    def num_labels(self) -> int:
        """Scores of a pair."""
        return self.model.settings.num_labels

    @with_defaults
    def __call__(
        self,
        inputs: Pair | Path | Iterable[Pair],
        *,
        activation_fn: Activation | None = None,
        apply_softmax: bool = False,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Score one pair, a list of them, or a stream of them; none depends on the others.

        Args:
            inputs: two texts in a tuple or list, or {"text": ..., "text_pair": ...}; a list of
                these; or any other iterable of them.
            activation_fn: as for `predict`.
            apply_softmax: likewise.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: pairs computed at a time; None: as many as `batch_tokens` allows.

        Returns:
            For each pair {"score": float}, or {"scores": [float]} where there are several labels.
            A list of these for a list, an iterator for a stream.

        Raises:
            InputError: an input that is no pair of texts; the message has its number.
        """
        function = row_function(self._activation(activation_fn), apply_softmax, self.num_labels)
        limits = checked_limits(True, self.max_seq_length, batch_tokens, batch_size)

        def window(items: list[Any], first: int) -> list[Answer]:
            scores_BC, truncated_B = self._scores(as_pairs(items, first), function, limits)
            return [
                Answer({"score": row[0]} if self.num_labels == 1 else {"scores": row}, int(lost))
                for row, lost in zip(scores_BC.tolist(), truncated_B, strict=True)
            ]

        return answers(inputs, is_pair, window, "pairs")

    def predict(
        self,
        inputs: Pair | Iterable[Pair],
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        activation_fn: Activation | None = None,
        apply_softmax: bool = False,
        convert_to_numpy: bool = True,
    ) -> Any:
        """Score pairs; a pair's score does not depend on the others.

        Args:
            inputs: a pair, or any iterable of pairs: two texts in a tuple or list, or
                {"text": ..., "text_pair": ...}.
            batch_size: pairs computed at a time; bounds memory, changes no result.
            show_progress_bar: None shows it where standard error is a terminal.
            activation_fn: "sigmoid", "softmax", "none", or a function of an array [1, C] of one
                pair; None means the attribute of that name.
            apply_softmax: after it, a softmax over the labels, if there are several.
            convert_to_numpy: False gives a list of the rows.

        Returns:
            float32 [n], or [n, num_labels] where there are several; for one pair its row.

        Raises:
            InputError: an input that is no pair of texts; the message has its number.
        """
        function = row_function(self._activation(activation_fn), apply_softmax, self.num_labels)
        limits = checked_limits(True, self.max_seq_length, BATCH_TOKENS, batch_size)
        if show_progress_bar is not None:
            show_progress_bar = as_flag(show_progress_bar, "show_progress_bar")
        items: Any = inputs if is_pair(inputs) else as_list(inputs, "inputs", "pairs")
        one = is_pair(items)  # an array of two texts is one, too
        pairs = as_pairs([items] if one else items, 0)
        scores_BC = np.empty((len(pairs), self.num_labels), np.float32)
        with progress(len(pairs), "pairs", show_progress_bar) as bar:
            for start in range(0, len(pairs), PAIRS_AT_A_TIME):
                part = pairs[start : start + PAIRS_AT_A_TIME]
                scores_BC[start : start + len(part)], _ = self._scores(part, function, limits)
                bar.update(len(part))
        scores = scores_BC[:, 0] if self.num_labels == 1 else scores_BC
        if one:
            return scores[0]
        return scores if as_flag(convert_to_numpy, "convert_to_numpy") else [*scores]

    def rank(
        self,
        query: str,
        documents: Iterable[str],
        top_k: int | None = None,
        return_documents: bool = False,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        activation_fn: Activation | None = None,
    ) -> list[Answer]:
        """Order documents by their relevance to a query, best first.

        Args:
            query: a text.
            documents: texts.
            top_k: how many to return; None means all, and so does more than there are.
            return_documents: add each document's "text".
            batch_size: documents computed at a time; bounds memory, changes no result.
            show_progress_bar: None shows it where standard error is a terminal.
            activation_fn: as for `predict`.

        Returns:
            [{"corpus_id": int, "score": float}], with "text" if asked for; each says with
            `num_truncated_tokens` how much of query and document was cut off. Documents of equal
            score keep their order.

        Raises:
            InputError: the model has several labels, something is no text, or top_k is below 1.
        """
        if self.num_labels != 1:
            raise InputError(
                f"rank: needs a model with one label, this one has {self.num_labels}; use predict, "
                "and order by the score that means relevance."
            )
        if top_k is not None and as_integer(top_k, "top_k") < 1:
            raise InputError(f"top_k: expected a positive integer or None, received {top_k}.")
        as_text(query, "query")
        function = row_function(self._activation(activation_fn), False, self.num_labels)
        limits = checked_limits(True, self.max_seq_length, BATCH_TOKENS, batch_size)
        texts = as_texts(as_list(documents, "documents", "str"), "documents")
        ranked = []
        with progress(len(texts), "documents", show_progress_bar) as bar:
            for start in range(0, len(texts), PAIRS_AT_A_TIME):
                part = texts[start : start + PAIRS_AT_A_TIME]
                pairs = [Sample(query, text) for text in part]
                scores_BC, truncated_B = self._scores(pairs, function, limits)
                found = zip(scores_BC[:, 0].tolist(), truncated_B.tolist(), strict=True)
                for number, (score, lost) in enumerate(found, start):
                    ranked.append(Answer({"corpus_id": number, "score": score}, lost))
                bar.update(len(part))
        ranked.sort(key=lambda row: row["score"], reverse=True)
        if as_flag(return_documents, "return_documents"):
            for row in ranked:
                row["text"] = texts[row["corpus_id"]]
        return ranked[:top_k]

    def _activation(self, activation_fn: Activation | None) -> Activation:
        return self.activation_fn if activation_fn is None else checked_activation(activation_fn)

    def _scores(
        self, pairs: list[Sample], function: RowFunction, limits: Limits
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        logits_BC, truncated_B = sequence_logits(self.model, pairs, limits)
        return np.stack([function(logits_C) for logits_C in logits_BC]), truncated_B
