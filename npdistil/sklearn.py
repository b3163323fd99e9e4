"""`TextEmbedder`: texts to vectors as a step of a scikit-learn pipeline; extra `[sklearn]`."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from .errors import InputError
from .tasks.lazy_encoder import LazyEncoder


class TextEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Embeds texts; there is nothing to learn, so `fit` only loads the model.

    The model is loaded at the first `fit` or `transform`, and again in another process: clones and
    pickles carry the parameters alone.

    Examples:
        make_pipeline(TextEmbedder("weights/all-MiniLM-L6-v2"), LogisticRegression())
    """

    def __init__(
        self,
        model: str = "sentence-transformers/all-MiniLM-L6-v2",
        *,
        prompt: str | None = None,
        normalize: bool = False,
        batch_size: int = 32,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
    ) -> None:
        """Store the parameters.

        Args:
            model: a folder, or a name at the hub; as for `SentenceEncoder.from_pretrained`.
            prompt: is put before each text; None: the model's default one, if it has one.
            normalize: scale vectors to length 1, whatever the folder says.
            batch_size: as for `SentenceEncoder.encode`; changes no result.
            backend: "numba" or "numpy".
            num_threads: of the kernels; None takes what the process may use.
            revision: of a model of the hub.
        """
        self.model = model
        self.prompt = prompt
        self.normalize = normalize
        self.batch_size = batch_size
        self.backend = backend
        self.num_threads = num_threads
        self.revision = revision

    def fit(self, X: Iterable[str], y: object = None) -> Self:
        """Load the model.

        Args:
            X: texts; not looked at.
            y: not looked at.

        Raises:
            NpdistilError: the model cannot be loaded; says why.
        """
        self._model().encoder  # noqa: B018  # asked for, it is loaded
        return self

    def transform(self, X: Iterable[str]) -> NDArray[np.float32]:
        """Embed texts.

        Args:
            X: a list, array or column of strings.

        Returns:
            float32 [n, dimension], or what `set_output` asked for.

        Raises:
            InputError: a table instead of a column, or an item that is no string.
            NpdistilError: the model cannot be loaded; says why.
        """
        other = isinstance(X, str | bytes | Mapping) or not isinstance(X, Iterable)
        if other or getattr(X, "ndim", 1) != 1:
            raise InputError(
                f"X: expected a column of texts, received {type(X).__name__}; a ColumnTransformer "
                "gives one where the column is named by a string and not by a list."
            )
        return self._model().encode(X, self.prompt, name="X")

    @property
    def _n_features_out(self) -> int:
        """How many names get_feature_names_out makes."""
        return self._model().encoder.embedding_dimension

    def _model(self) -> LazyEncoder:
        wanted = LazyEncoder(
            self.model,
            self.backend,
            self.num_threads,
            self.revision,
            self.normalize,
            self.batch_size,
        )
        if getattr(self, "_lazy", None) != wanted:  # a parameter was changed by set_params
            self._lazy = wanted
        return self._lazy

    def __getstate__(self) -> Any:
        state = {**super().__getstate__()}
        state.pop("_lazy", None)
        return state

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags
