"""`CrossEncoder`: scores of pairs and reranking, as sentence-transformers does it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...arguments import as_flag, as_integer, as_positive_or_none, as_text, as_texts
from ...checkpoint.locate import locate
from ...checkpoint.weights_file import folder_of
from ...errors import InputError
from ...heads.sequence_classification import SequenceClassification
from ..call_defaults import expect_cpu, one_of_two, refuse_tensors, with_defaults
from ..head_task import HeadTask
from ..prompts import checked_prompt_name, chosen_prompt, merged_prompts
from ..results import Answer
from ..stream import BATCH_TOKENS, answers, tokens_of
from ..task_model import TaskModel
from .activations import Activation, activation_of, checked_activation, row_function
from .cross_encoder_settings import CrossEncoderSettings, read_settings
from .pair_scorer import PairScorer
from .samples import Sample, as_list, as_pairs, is_pair
from .sequence_logits import SequenceModel, checked_limits

Pair = Sequence[str] | dict[str, str]


class CrossEncoder(HeadTask[SequenceClassification]):
    """Reads two texts together and scores them. Safe to share between threads.

    Source: Reimers and Gurevych 2019, arXiv:1908.10084, section 1.

    Attributes:
        model: tokenizer, encoder, head, and the settings of config.json.
        activation_fn: what is applied to logits unless a call says otherwise: "sigmoid", "none",
            or a function of an array [1, C].
        max_seq_length: tokens of a pair, special ones included; longer pairs lose the end of the
            longer text.
        prompts: what is put before the first text of a pair, by name.
        default_prompt_name: which of them is put there unless a call says otherwise; None: none is.
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
        *,
        prompts: Mapping[str, str | None] | None = None,
        default_prompt_name: str | None = None,
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
            prompts: by name; they go before those of the folder that have the same name.
            default_prompt_name: instead of what the folder says.
            call_defaults: likewise, such as apply_softmax; for `predict` and `rank` they are not.

        Raises:
            InputError, ModelFileError, TokenizerError: as `HeadTask`.
            ConfigError: likewise; or the folder names a function that is not built.
        """
        of_folder = CrossEncoderSettings(None, {}, None)
        if not isinstance(model, TaskModel):
            model, revision = locate(model, "task", revision), None
            of_folder = read_settings(folder_of(model))
        self.prompts = merged_prompts(of_folder.prompts, prompts, always=())
        if default_prompt_name is None:
            default_prompt_name = of_folder.default_prompt_name
        else:
            checked_prompt_name(default_prompt_name, self.prompts, "default_prompt_name")
        self.default_prompt_name = default_prompt_name
        super().__init__(model, backend, num_threads, revision, **call_defaults)
        settings = self.model.settings
        self.activation_fn: Activation = (
            activation_of(settings.activation_fn, settings.num_labels)
            if activation_fn is None
            else checked_activation(activation_fn)
        )
        wanted = as_positive_or_none(max_length, "max_length") or of_folder.max_seq_length
        self.max_seq_length = self.model.encoder.config.row_limit(wanted or self.max_length)

    @property
    def num_labels(self) -> int:
        """Scores of a pair."""
        return self.model.settings.num_labels

    @with_defaults
    def __call__(
        self,
        inputs: Pair | Path | Iterable[Pair],
        *,
        prompt_name: str | None = None,
        prompt: str | None = None,
        activation_fn: Activation | None = None,
        apply_softmax: bool = False,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Score one pair, a list of them, or a stream of them; none depends on the others.

        Args:
            inputs: two texts in a tuple or list, or {"text": ..., "text_pair": ...}; a list of
                these; or any other iterable of them.
            prompt_name: as for `predict`.
            prompt: likewise.
            activation_fn: likewise.
            apply_softmax: likewise.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: pairs computed at a time, however short; None: as many as `batch_tokens`
                allows.

        Returns:
            For each pair {"score": float}, or {"scores": [float]} where there are several labels.
            A list of these for a list, an iterator for a stream.

        Raises:
            InputError: an input that is no pair of texts; the message has its number.
        """
        scorer = self._scorer(
            prompt_name, prompt, activation_fn, apply_softmax, batch_tokens, batch_size
        )

        def window(items: list[Any], first: int) -> list[Answer]:
            scores_BC, truncated_B = scorer.score(as_pairs(items, first))
            return [
                Answer({"score": row[0]} if self.num_labels == 1 else {"scores": row}, int(lost))
                for row, lost in zip(scores_BC.tolist(), truncated_B, strict=True)
            ]

        return answers(inputs, is_pair, window, "pairs")

    def predict(
        self,
        inputs: Pair | Iterable[Pair] | None = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        activation_fn: Activation | None = None,
        apply_softmax: bool = False,
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: Any = None,
        *,
        sentences: Pair | Iterable[Pair] | None = None,
    ) -> Any:
        """Score pairs; a pair's score does not depend on the others.

        Args:
            inputs: a pair, or any iterable of pairs: two texts in a tuple or list, or
                {"text": ..., "text_pair": ...}.
            prompt_name: which of `prompts` is put before the first text of each pair; None: the
                default one.
            prompt: what is put there, instead of one of `prompts`.
            batch_size: bounds the tokens that are computed at a time: as many as so many pairs
                of the greatest length have, at most 16,384. Changes no result.
            show_progress_bar: None shows it where standard error is a terminal.
            activation_fn: "sigmoid", "softmax", "none", or a function of an array [1, C] of one
                pair; None means the attribute of that name.
            apply_softmax: after it, a softmax over the labels, if there are several.
            convert_to_numpy: False gives a list of the rows.
            convert_to_tensor: for tensors there is no library here: must be False.
            device: None, "cpu" or -1.
            sentences: another name of `inputs`, as sentence-transformers 5 has it.

        Returns:
            float32 [n], or [n, num_labels] where there are several; for one pair its row.

        Raises:
            InputError: an input that is no pair of texts, with its number in the message; or an
                argument that is none of the above.
        """
        given, name = one_of_two(inputs, sentences)
        refuse_tensors(convert_to_tensor)
        expect_cpu(device)
        scorer = self._scorer(
            prompt_name,
            prompt,
            activation_fn,
            apply_softmax,
            tokens_of(batch_size, self.max_seq_length),
        )
        items: Any = given if is_pair(given) else as_list(given, name, "pairs")
        one = is_pair(items)  # an array of two texts is one, too
        pairs = as_pairs([items] if one else items, 0, name)
        scores_BC, _ = scorer.score_all(pairs, "pairs", show_progress_bar)
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
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        activation_fn: Activation | None = None,
        device: Any = None,
    ) -> list[Answer]:
        """Order documents by their relevance to a query, best first.

        Args:
            query: a text.
            documents: texts.
            top_k: how many to return; None means all, and so does more than there are.
            return_documents: add each document's "text".
            prompt_name: which of `prompts` is put before the query; None: the default one.
            prompt: what is put there, instead of one of `prompts`.
            batch_size: bounds the tokens that are computed at a time: as many as so many documents
                of the greatest length have, at most 16,384. Changes no result.
            show_progress_bar: None shows it where standard error is a terminal.
            activation_fn: as for `predict`.
            device: likewise.

        Returns:
            [{"corpus_id": int, "score": float}], with "text" if asked for; each says with
            `num_truncated_tokens` how much of query and document was cut off. Documents of equal
            score keep their order.

        Raises:
            InputError: the model has several labels, something is no text, top_k is below 1, or an
                argument is none of the above.
        """
        if self.num_labels != 1:
            raise InputError(
                f"rank: needs a model with one label, this one has {self.num_labels}; use predict, "
                "and order by the score that means relevance."
            )
        if top_k is not None and as_integer(top_k, "top_k") < 1:
            raise InputError(f"top_k: expected a positive integer or None, received {top_k}.")
        as_text(query, "query")
        expect_cpu(device)
        scorer = self._scorer(
            prompt_name, prompt, activation_fn, False, tokens_of(batch_size, self.max_seq_length)
        )
        texts = as_texts(as_list(documents, "documents", "str"), "documents")
        pairs = [Sample(query, text) for text in texts]
        scores_BC, truncated_B = scorer.score_all(pairs, "documents", show_progress_bar)
        found = zip(scores_BC[:, 0].tolist(), truncated_B.tolist(), strict=True)
        ranked = [
            Answer({"corpus_id": number, "score": score}, lost)
            for number, (score, lost) in enumerate(found)
        ]
        ranked.sort(key=lambda row: row["score"], reverse=True)
        if as_flag(return_documents, "return_documents"):
            for row in ranked:
                row["text"] = texts[row["corpus_id"]]
        return ranked[:top_k]

    def _scorer(
        self,
        prompt_name: object,
        prompt: object,
        activation_fn: Activation | None,
        apply_softmax: object,
        batch_tokens: object,
        batch_size: object = None,
    ) -> PairScorer:
        """What one call asks for, checked."""
        activation = (
            self.activation_fn if activation_fn is None else checked_activation(activation_fn)
        )
        return PairScorer(
            self.model,
            chosen_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt),
            row_function(activation, apply_softmax, self.num_labels),
            checked_limits(True, self.max_seq_length, batch_tokens, batch_size),
        )
