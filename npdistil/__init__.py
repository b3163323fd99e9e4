"""XtremeDistil and its BERT family on a CPU: exact, small, and readable in an afternoon."""

from typing import TYPE_CHECKING, Any

from .version import __version__ as __version__

if TYPE_CHECKING:
    from .config import EncoderConfig as EncoderConfig
    from .encoder.encoder import Encoder as Encoder
    from .encoder.output import EncoderOutput as EncoderOutput
    from .errors import ConfigError as ConfigError
    from .errors import InputError as InputError
    from .errors import ModelFileError as ModelFileError
    from .errors import NpdistilError as NpdistilError
    from .errors import TokenizerError as TokenizerError
    from .tasks.answering.question_answering import QuestionAnswering as QuestionAnswering
    from .tasks.classification.cross_encoder import CrossEncoder as CrossEncoder
    from .tasks.classification.text_classification import TextClassification as TextClassification
    from .tasks.classification.zero_shot import ZeroShotClassification as ZeroShotClassification
    from .tasks.embedding.quantization import quantize_embeddings as quantize_embeddings
    from .tasks.filling.fill_mask import FillMask as FillMask
    from .tasks.pipeline import pipeline as pipeline
    from .tasks.search.index import SearchIndex as SearchIndex
    from .tasks.search.paraphrase_mining import paraphrase_mining as paraphrase_mining
    from .tasks.search.paraphrase_mining import (
        paraphrase_mining_embeddings as paraphrase_mining_embeddings,
    )
    from .tasks.search.semantic_search import semantic_search as semantic_search
    from .tasks.sentence_encoder import SentenceEncoder as SentenceEncoder
    from .tasks.tagging.token_classification import TokenClassification as TokenClassification
    from .tasks.traced_model import TracedModel as TracedModel
    from .text.tokenizer import Tokenizer as Tokenizer

# Name -> module, imported when somebody asks for the name: a program pays for what it uses. Each
# stands above for type checkers too, one name a line in both places.
_HOMES = {
    "ConfigError": "errors",
    "CrossEncoder": "tasks.classification.cross_encoder",
    "Encoder": "encoder.encoder",
    "EncoderConfig": "config",
    "EncoderOutput": "encoder.output",
    "FillMask": "tasks.filling.fill_mask",
    "InputError": "errors",
    "ModelFileError": "errors",
    "NpdistilError": "errors",
    "QuestionAnswering": "tasks.answering.question_answering",
    "SearchIndex": "tasks.search.index",
    "SentenceEncoder": "tasks.sentence_encoder",
    "TextClassification": "tasks.classification.text_classification",
    "TokenClassification": "tasks.tagging.token_classification",
    "Tokenizer": "text.tokenizer",
    "TokenizerError": "errors",
    "TracedModel": "tasks.traced_model",
    "ZeroShotClassification": "tasks.classification.zero_shot",
    "paraphrase_mining": "tasks.search.paraphrase_mining",
    "paraphrase_mining_embeddings": "tasks.search.paraphrase_mining",
    "pipeline": "tasks.pipeline",
    "quantize_embeddings": "tasks.embedding.quantization",
    "semantic_search": "tasks.search.semantic_search",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """A public name, at its first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import gc
    from importlib import import_module

    from .blas import resting_threads

    # What is imported stays. Looking for garbage in it would take a tenth of the time, with NumPy.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        with resting_threads():
            module = import_module(f".{_HOMES[name]}", __name__)
    finally:
        if was_enabled:
            gc.enable()
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
