"""Transformers as the other side: the same folder, or a model object of somebody's own.

A ready object is taken as it is, whatever was done to it. What it says of itself is read from its
parts (the eps of its LayerNorms, the normalizer of its tokenizer), and what it computes is watched
inside (`transformers_watch.py`): a port that says one thing and does another shows both.
"""

import importlib.util
import inspect
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..dims import Floats
from ..encoder.numpy_backend import POOLING
from ..errors import InputError, NpdistilError
from ..reference.pooling import normalize as to_length_one
from ..tasks.sentence_config import read_sentence_config
from .classifier import CLASSIFIER, has_classifier
from .side import Observed
from .texts import Text, as_inputs, halved
from .transformers_library import DTYPES, expect_installed, quiet
from .transformers_settings import dtype_of, of_model, of_tokenizer
from .transformers_watch import as_array, watched


class TransformersSide:
    """A model and a tokenizer of Transformers.

    Attributes:
        name: with the float type that the model computes in.
        model: a BERT or DistilBERT, with or without a head.
        tokenizer: of Transformers.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        max_length: int | None = None,
        pooling: str | Sequence[str] | None = None,
        normalize: bool = False,
        prompt: str = "",
        name: str = "transformers",
    ) -> None:
        """Watch ready objects; their float type is left as it is.

        Args:
            model: in evaluation mode; scores and probabilities of attention can be seen of models
                that were loaded with attn_implementation="eager".
            tokenizer: called with texts, as those of Transformers are.
            max_length: tokens of a text; None means what tokenizer and model allow.
            pooling: names of `SentenceEncoder.from_pretrained`; None: there are no embeddings.
            normalize: whether embeddings have length 1.
            prompt: put before each text.
            name: for the report.

        Raises:
            InputError: torch or transformers is missing, the model is in training mode, or there is
                no such pooling.
        """
        expect_installed()
        modes = [pooling] if isinstance(pooling, str) else [*(pooling or ())]
        if unknown := [mode for mode in modes if mode not in POOLING]:
            raise InputError(f"pooling: expected some of {[*POOLING]}, received {unknown[0]!r}.")
        if model.training:
            raise InputError(
                "model: is in training mode, so dropout is at work; call model.eval()."
            )
        self.model = model
        self.tokenizer = tokenizer
        self._base = getattr(model, getattr(model, "base_model_prefix", ""), model)
        self.name = f"{name} {dtype_of(self._base)}"
        own_length = max_length or tokenizer.model_max_length
        self._max_length = min(own_length, self._base.config.max_position_embeddings)
        self._prompt = prompt
        self._sentence: dict[str, Any] = {}
        self._embed: Callable[[Any, Any, Any], Floats] | None = None
        if modes:
            self._sentence = {"pooling": " + ".join(modes), "normalize": normalize}
            self._embed = lambda last, mask, _: _pooled(last, mask, modes, normalize)

    @classmethod
    def from_pretrained(cls, folder: str | Path, dtype: str = "float64") -> Self:
        """Load a folder with AutoModel and AutoTokenizer, or with sentence-transformers.

        With a modules.json, what follows the encoder is done by sentence-transformers where that is
        installed; else by the reference's poolings, as the folder's files say, and what these are
        not enough for is not shown.

        Args:
            folder: on this machine.
            dtype: "float64", in which another eps can be seen, or "float32".

        Raises:
            InputError: torch or transformers is missing, or cannot load the folder.
        """
        if dtype not in DTYPES:
            raise InputError(f"dtype: expected one of {[*DTYPES]}, received {dtype!r:.40}.")
        expect_installed()
        path = Path(folder)
        is_sentence = (path / "modules.json").is_file()
        try:
            with quiet():
                if is_sentence and importlib.util.find_spec("sentence_transformers"):
                    return cls._of_sentence_transformers(path, dtype)
                return cls._of_transformers(path, dtype, is_sentence)
        except NpdistilError:
            raise
        except Exception as failure:  # its checks raise errors of several libraries
            told = " ".join(str(failure).split()) or type(failure).__name__
            raise InputError(f"{path}: transformers cannot load it: {told:.200}") from None

    @classmethod
    def _of_sentence_transformers(cls, folder: Path, dtype: str) -> Self:
        import torch
        from sentence_transformers import SentenceTransformer

        options = {"attn_implementation": "eager", "dtype": getattr(torch, dtype)}
        whole = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs=options
        ).eval()
        first, *behind = whole
        prompt = whole.prompts.get(whole.default_prompt_name) or ""
        side = cls(
            first.auto_model, whole.tokenizer, max_length=whole.max_seq_length, prompt=prompt
        )

        def embed(last: Any, mask: Any, ids: Any) -> Floats:
            features = {"token_embeddings": last, "attention_mask": mask, "input_ids": ids}
            if prompt:
                features["prompt_length"] = len(side.tokenizer(prompt)["input_ids"]) - 1
            for module in behind:
                features = module(features)
            return as_array(features["sentence_embedding"][:, : whole.truncate_dim])

        kinds = [type(module).__name__ for module in behind]
        modes = getattr(behind[0], "pooling_mode", ()) if behind else ()
        if modes:
            shown = modes if isinstance(modes, str) else " + ".join(modes)
            side._sentence = {"pooling": shown, "normalize": kinds[-1] == "Normalize"}
            side._embed = embed
        return side

    @classmethod
    def _of_transformers(cls, folder: Path, dtype: str, is_sentence: bool) -> Self:
        import torch
        from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

        options: dict[str, Any] = {}
        kind: Any = AutoModel
        if is_sentence:
            sentence = read_sentence_config(folder, None)
            folder = sentence.transformer_folder
            options["max_length"] = sentence.max_seq_length
            settings, pooling = sentence.settings, sentence.pooling
            options["prompt"] = (settings.prompts.get(settings.default_prompt_name or "")) or ""
            whole = settings.truncate_dim is None and all(x is None for x in sentence.modules)
            if whole and (pooling.include_prompt or not options["prompt"]):
                options |= {"pooling": pooling.modes, "normalize": sentence.normalize}
        elif has_classifier(folder):
            kind = AutoModelForSequenceClassification
        model = kind.from_pretrained(
            folder,
            attn_implementation="eager",
            dtype=getattr(torch, dtype),
            local_files_only=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(model.eval(), tokenizer, **options)

    def observe(self, texts: Sequence[Text]) -> Observed:
        """See `Side.observe`."""
        import torch

        halves = map(halved, as_inputs(texts, "texts"))
        prompted = [
            self._prompt + first if second is None else (self._prompt + first, second)
            for first, second in halves
        ]
        batch = self.tokenizer(
            prompted,
            padding=True,
            truncation=True,
            max_length=self._max_length,
            padding_side="right",
            return_tensors="pt",
        )
        ids, mask = batch["input_ids"], batch["attention_mask"]
        taken = inspect.signature(self._base.forward).parameters
        device = next(self._base.parameters()).device
        inputs = {name: value.to(device) for name, value in batch.items() if name in taken}
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            whole = self.model if type(self.model).__name__.endswith(CLASSIFIER) else self._base
            output, last, activations = watched(self._base, inputs, whole)
            vectors = None if self._embed is None else self._embed(last, mask, ids)
            scores = None if whole is self._base else as_array(output.logits)
        types = None
        if "token_type_ids" in taken:  # of which a model makes 0, where it is given none
            types = _rows(batch.get("token_type_ids", 0 * ids), mask)
        return Observed(self.settings, _rows(ids, mask), types, activations, vectors, scores)

    @property
    def settings(self) -> dict[str, Any]:
        """What model and tokenizer say of themselves, by our names."""
        return {
            **of_tokenizer(self.tokenizer),
            "max_length": self._max_length,
            "prompt": self._prompt,
            **self._sentence,
            **of_model(self._base),
        }


def _rows(values: Any, mask: Any) -> list[list[int]]:
    """Integers of the tokens of each text."""
    return [row[kept == 1].tolist() for row, kept in zip(values, mask, strict=True)]


def _pooled(last: Any, mask: Any, modes: Sequence[str], normalize: bool) -> Floats:
    """The reference's poolings of the rows where the tokenizer's mask is 1."""
    keep_BL = mask.numpy() == 1
    ends = np.concatenate([[0], np.cumsum(keep_BL.sum(axis=1))])
    rows_TD = as_array(last)[keep_BL]
    pooled_BE = np.concatenate([POOLING[mode](rows_TD, ends, 0) for mode in modes], axis=1)
    return to_length_one(pooled_BE) if normalize else pooled_BE
