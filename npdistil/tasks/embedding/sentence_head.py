"""From what a folder says about its modules to the head that does it: weights are read here."""

from ...dims import Floats
from ...encoder.backend import Backend
from ...errors import ConfigError
from ...heads.sentence_embedding import Normalization, Projection, SentenceEmbedding
from ..sentence_config import SentenceConfig
from .dense_folder import DenseConfig, load_dense


def load_head(config: SentenceConfig, backend: Backend, hidden_size: int) -> SentenceEmbedding:
    """The head of a folder.

    Args:
        config: of the folder.
        backend: where Dense weights are packed.
        hidden_size: of the encoder.

    Raises:
        ConfigError: a Dense takes another number of features than reach it.
        ModelFileError: its weights are missing, damaged or misshapen.
    """
    normalize = config.modules[:1] == (None,)  # right behind the pooling
    features = hidden_size * len(config.pooling.modes)
    modules: list[Projection | Normalization] = []
    for module in config.modules[int(normalize) :]:
        if module is None:
            modules.append(Normalization())
            continue
        if module.in_features != features:
            raise ConfigError(
                f"{module.folder}: in_features is {module.in_features}, but {features} reach it."
            )
        modules.append(_projection(module, backend))
        features = module.out_features
    return SentenceEmbedding(
        config.pooling.modes, normalize, config.pooling.include_prompt, tuple(modules)
    )


def _projection(config: DenseConfig, backend: Backend) -> Projection:
    linear, residual = load_dense(config)
    added = None
    if residual is not None:
        added = backend.dense(residual, "identity")
    elif config.use_residual:
        added = _itself
    return Projection(backend.dense(linear, config.activation), config.out_features, added)


def _itself(rows_BE: Floats) -> Floats:
    return rows_BE
