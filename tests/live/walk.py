"""Each configuration, saved in each format, on each backend, beside Transformers in float64."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from transformers import AutoModel

from npdistil.checkpoint.load import load_encoder
from npdistil.config import EncoderConfig
from npdistil.encoder import Encoder
from npdistil.params import named_arrays
from tests.live.exact import BACKENDS, exact_outputs, min_cosine, worst_differences
from tests.live.hub_files import WRITERS, Weights, write_config
from tests.live.random_models import CONFIGS, random_model

MINILM = "all-MiniLM-L6-v2"  # its real weights
MODELS = (MINILM, *CONFIGS)
FORMATS = ("safetensors", *WRITERS)
ONCE = "512 tokens"  # the batch that is compared for the first format alone


class Step(NamedTuple):
    """One batch on one backend, from one format."""

    format: str
    backend: str
    dtype: str
    parameters: int  # as loaded
    what: str
    worst: dict[str, float]  # activation -> largest difference, in the order of computation
    one_minus_cosine: float


def config_of(name: str, minilm: Path) -> EncoderConfig:
    """The configuration of one of MODELS."""
    return EncoderConfig.from_folder(minilm) if name == MINILM else CONFIGS[name]


def walk(name: str, root: Path, minilm: Path) -> Iterator[Step]:
    """All steps of one model; its files are made below `root` and removed again.

    Transformers computes once, for all formats and backends.
    """
    if name == MINILM:
        model = AutoModel.from_pretrained(minilm, attn_implementation="eager")
    else:
        model = random_model(name)
    folder = root / name / FORMATS[0]
    model.save_pretrained(folder)
    weights = Weights.of(name, model)
    exact = exact_outputs(model)  # turns the model into float64
    del model
    for format in FORMATS:
        folder = root / name / format
        if format in WRITERS:
            folder.mkdir(parents=True)
            write_config(weights, folder)
            WRITERS[format](weights, folder)
        source = minilm if (name, format) == (MINILM, FORMATS[0]) else folder
        parameters = sum(array.size for array in named_arrays(load_encoder(source)[1]).values())
        for backend, dtype in BACKENDS:
            encoder = Encoder.from_pretrained(source, backend, dtype)
            for what, batch, expected in exact:
                if what != ONCE or format == FORMATS[0]:
                    mask_BL = batch["attention_mask"]
                    ours = encoder(**batch, output_hidden_states=True, output_attentions=True)
                    worst = worst_differences(ours, expected, mask_BL == 1)
                    cosine = min_cosine(ours, expected, mask_BL)
                    yield Step(format, backend, dtype, parameters, what, worst, 1 - cosine)
        shutil.rmtree(folder)
