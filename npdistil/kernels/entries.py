"""The engine's compiled functions, as Python calls them."""

from .model import DENSE, ENCODE, LAYER_NORM, NORMALIZE, PACK_PANELS, SCORE_WORDS
from .objects.unit import Entry, Function, Unit

ENGINE = Unit(
    "engine",
    __name__,
    (
        Function(".forward", "encode", ENCODE),
        Function(".dense", "dense", DENSE),
        Function(".pooling", "normalize", NORMALIZE),
        Function(".pack_panels", "pack_panels", PACK_PANELS),
        Function(".layer_norm", "layer_norm", LAYER_NORM),
        Function(".score_words", "score_words", SCORE_WORDS),
    ),
)

encode = Entry(ENGINE, "encode")
dense = Entry(ENGINE, "dense")
normalize = Entry(ENGINE, "normalize")
pack_panels = Entry(ENGINE, "pack_panels")
layer_norm = Entry(ENGINE, "layer_norm")
score_words = Entry(ENGINE, "score_words")
