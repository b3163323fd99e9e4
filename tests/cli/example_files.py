"""What the examples of the verbs read: small models and inputs under the names that they use."""

from collections.abc import Callable
from pathlib import Path

from npdistil.tasks.folder_lock import write_lock
from tests.tasks.answering.span_models import write_span_model
from tests.tasks.classification.folders import write_classifier
from tests.tasks.folders import write_model, write_settings
from tests.tasks.head_folders import write_masked_lm, write_token_classifier


def sentence_model(folder: Path) -> None:
    """A sentence-transformers folder."""
    write_settings(write_model(folder), kinds=("Transformer", "Pooling", "Normalize"))


def locked_model(folder: Path) -> None:
    """A bare folder, with the lock that fetch writes."""
    write_lock(write_model(folder))


def cross_encoder(folder: Path) -> None:
    """A folder that scores pairs."""
    write_classifier(folder, 1)


FILES = {
    "texts.txt": "the unable\n\na b c é\n",
    "masked.txt": "the [MASK] c\n[MASK] a\n",
    "boat.txt": "the unable a\nc é b!\n",
}
# By the verb where a name must be a model for one, and free for another.
MODELS: dict[str, Callable[[Path], object]] = {
    "weights/all-MiniLM-L6-v2": sentence_model,
    "weights/heads/squad": write_span_model,
    "downloads/xtremedistil-l6-h256": write_model,
    "weights/heads/wnut17": write_token_classifier,
    "weights/heads/wikitext": write_masked_lm,
    "weights/cross-encoder": cross_encoder,
    "weights/heads/sst2": write_classifier,
}
MODELS_OF_VERB: dict[str, dict[str, Callable[[Path], object]]] = {
    "verify": {"weights/xtremedistil-l6-h256": locked_model},
}


def write_example_files(place: Path, verb: str, example: str) -> None:
    """The files and models that an example names."""
    for name, content in FILES.items():
        (place / name).write_text(content, encoding="utf-8")
    (place / "weights").mkdir()
    for name, write in {**MODELS, **MODELS_OF_VERB.get(verb, {})}.items():
        if name in example:
            write(place / name)
