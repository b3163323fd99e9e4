"""A `SentenceEncoder` for objects that are made, copied and pickled long before it is used."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_texts
from ..errors import InputError
from .sentence_encoder import SentenceEncoder


@dataclass(frozen=True)
class LazyEncoder:
    """Loads at the first text; equal, copied and pickled by its settings alone.

    Attributes:
        model: as the folder of `SentenceEncoder.from_pretrained`; so are the next three.
        backend: "numba" or "numpy".
        num_threads: of the kernels.
        revision: of a model of the hub.
        normalize: scale vectors to length 1, whatever the folder says.
        batch_size: as for `SentenceEncoder.encode`.
    """

    model: str | Path
    backend: str = "numba"
    num_threads: int | None = None
    revision: str | None = None
    normalize: bool = False
    batch_size: int = 32
    _loaded: list[SentenceEncoder] = field(default_factory=list, compare=False, repr=False)
    _lock: Any = field(default_factory=threading.Lock, compare=False, repr=False)

    @property
    def encoder(self) -> SentenceEncoder:
        """The model, loaded once.

        Raises:
            InputError, ConfigError, ModelFileError, TokenizerError: it cannot be used; says why.
        """
        with self._lock:
            if not self._loaded:
                self._loaded.append(
                    SentenceEncoder.from_pretrained(
                        self.model, self.backend, self.num_threads, revision=self.revision
                    )
                )
        return self._loaded[0]

    def encode(
        self, texts: Iterable[str], prompt: str | None = None, kind: str = "", name: str = "texts"
    ) -> NDArray[np.float32]:
        """Embed texts.

        Args:
            texts: any number; a list, or another iterable.
            prompt: is put before each; None: the model's own for this kind, if it has one.
            kind: "query", "document" or "" for neither.
            name: what the caller knows `texts` by, for messages.

        Returns:
            float32 [n, embedding_dimension].

        Raises:
            InputError: a str, or whatever else is no list; an item that is no text; and as for
                `encoder`.
        """
        if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Iterable):
            raise InputError(f"{name}: expected a list of texts, received {type(texts).__name__}.")
        checked = as_texts([*texts], name)
        encoder = self.encoder
        ways = {"query": encoder.encode_query, "document": encoder.encode_document}
        return ways.get(kind, encoder.encode)(
            checked,
            prompt=prompt,
            batch_size=self.batch_size,
            show_progress_bar=False,
            normalize_embeddings=self.normalize,
        )

    def __reduce__(self) -> Any:
        settings = (self.model, self.backend, self.num_threads, self.revision)
        return type(self), (*settings, self.normalize, self.batch_size)
