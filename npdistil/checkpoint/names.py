"""Names on disk against the fields of `EncoderParams`: one table per family.

A file may carry one prefix (`bert.`, `distilbert.`) before every name of the encoder, and old
files call LayerNorm's tensors gamma and beta. Heads, which `head_names.py` has, and leftovers are
ignored by explicit name; any other name that is too many or too few is an error of the loader.
"""

from collections.abc import Collection, Iterable

from ..config import EncoderConfig
from ..named_tuple import NamedTuple

# Axis letter of dims.py -> field of EncoderConfig.
AXES = {
    "V": "vocab_size",
    "P": "max_position_embeddings",
    "G": "type_vocab_size",
    "D": "hidden_size",
    "F": "intermediate_size",
}

# Field path -> (axes, name of the module on disk). Two axes: a linear, (outputs, inputs), with
# its bias. One axis: a LayerNorm. The embedding tables have no bias and stand apart.
_Modules = dict[str, tuple[str, str]]


class Family(NamedTuple):
    """How one architecture names its tensors."""

    prefix: str
    layer_prefix: str  # before the layer's number
    tables: _Modules
    modules: _Modules
    layer: _Modules
    pooler: str  # the module after the layers; "": the family has none
    ignored: tuple[str, ...]  # starts of names, with the prefix taken off


FAMILIES = {
    "bert": Family(
        prefix="bert.",
        layer_prefix="encoder.layer.",
        tables={
            "embeddings.word_VD": ("VD", "embeddings.word_embeddings"),
            "embeddings.position_PD": ("PD", "embeddings.position_embeddings"),
            "embeddings.token_type_GD": ("GD", "embeddings.token_type_embeddings"),
        },
        modules={"embeddings.norm": ("D", "embeddings.LayerNorm")},
        layer={
            "attention.query": ("DD", "attention.self.query"),
            "attention.key": ("DD", "attention.self.key"),
            "attention.value": ("DD", "attention.self.value"),
            "attention.output": ("DD", "attention.output.dense"),
            "attention.norm": ("D", "attention.output.LayerNorm"),
            "feed_forward.intermediate": ("FD", "intermediate.dense"),
            "feed_forward.output": ("DF", "output.dense"),
            "feed_forward.norm": ("D", "output.LayerNorm"),
        },
        pooler="pooler.dense",
        # position_ids: the numbers 0, 1, 2 ...; cls: both pre-training heads; projection: of
        # XtremeDistil's classifier; fit_denses: TinyBERT's projections to its teacher.
        ignored=(
            "embeddings.position_ids",
            "cls.",
            "classifier.",
            "projection.",
            "qa_outputs.",
            "fit_denses.",
        ),
    ),
    "distilbert": Family(
        prefix="distilbert.",
        layer_prefix="transformer.layer.",
        tables={
            "embeddings.word_VD": ("VD", "embeddings.word_embeddings"),
            "embeddings.position_PD": ("PD", "embeddings.position_embeddings"),
        },
        modules={"embeddings.norm": ("D", "embeddings.LayerNorm")},
        layer={
            "attention.query": ("DD", "attention.q_lin"),
            "attention.key": ("DD", "attention.k_lin"),
            "attention.value": ("DD", "attention.v_lin"),
            "attention.output": ("DD", "attention.out_lin"),
            "attention.norm": ("D", "sa_layer_norm"),
            "feed_forward.intermediate": ("FD", "ffn.lin1"),
            "feed_forward.output": ("DF", "ffn.lin2"),
            "feed_forward.norm": ("D", "output_layer_norm"),
        },
        pooler="",
        ignored=(
            "embeddings.position_ids",
            "vocab_transform.",
            "vocab_layer_norm.",
            "vocab_projector.",
            "pre_classifier.",
            "classifier.",
            "qa_outputs.",
        ),
    ),
}


class Expected(NamedTuple):
    """One tensor that a configuration calls for."""

    path: str  # in EncoderParams
    axes: str  # letters of dims.py
    shape: tuple[int, ...]


def expected_tensors(config: EncoderConfig, *, pooler: bool) -> dict[str, Expected]:
    """Name on disk (no prefix, new spelling) -> what it must be, in data-flow order."""
    family = FAMILIES[config.model_type]
    expected: dict[str, Expected] = {}

    def add(name: str, path: str, axes: str) -> None:
        shape = tuple(getattr(config, AXES[axis]) for axis in axes)
        expected[name] = Expected(path, axes, shape)

    def add_module(name: str, path: str, axes: str) -> None:
        letters = ("EI", "E") if len(axes) == 2 else ("D", "D")
        add(f"{name}.weight", f"{path}.weight_{letters[0]}", axes)
        add(f"{name}.bias", f"{path}.bias_{letters[1]}", axes[0])

    for path, (axes, name) in family.tables.items():
        if axes != "GD" or config.type_vocab_size:
            add(f"{name}.weight", path, axes)
    for path, (axes, name) in family.modules.items():
        add_module(name, path, axes)
    for n in range(config.num_hidden_layers):
        for path, (axes, name) in family.layer.items():
            add_module(f"{family.layer_prefix}{n}.{name}", f"layers.{n}.{path}", axes)
    if pooler and family.pooler:
        add_module(family.pooler, "pooler", "DD")
    return expected


WRAPPER = "module."  # what torch's DataParallel puts before every name


def wrapper_of(names: Collection[str]) -> str:
    """What stands before all names of a file, those of heads too, because of how it was trained."""
    return WRAPPER if names and all(name.startswith(WRAPPER) for name in names) else ""


def prefix_of(names: Iterable[str], model_type: str) -> str:
    """The prefix that the encoder's names carry in a file: all of them do, or none."""
    prefix = FAMILIES[model_type].prefix
    return prefix if any(name.startswith(prefix) for name in names) else ""


def new_spelling(name: str) -> str:
    """LayerNorm's tensors under the names of today.

    >>> new_spelling("embeddings.LayerNorm.gamma")
    'embeddings.LayerNorm.weight'
    """
    for old, new in (("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def is_ignored(name: str, model_type: str) -> bool:
    """Whether a name, its prefix taken off, belongs to a head or is a known leftover."""
    return name.startswith(FAMILIES[model_type].ignored)
